// Why a change of the policy is not in force, and what to do next, in words that somebody understands who only knows GitLab's web pages.
import type { Refusal, RefusalCode } from '../domain/effective.ts';
import type { Pending } from '../domain/waiting.ts';
import { plain } from './words.ts';

/** The way back after a merge that nobody approved. */
export const wayBack =
  'Revert it on GitLab (merge that revert, nobody needs to approve it); then revert the revert in a second merge request, have that one approved by somebody entitled, and only then merge it.';

const newMergeRequest = 'Open a new merge request that mends this, and have it approved before it is merged.';

interface Words {
  readonly what: string;
  readonly next: string;
}

const words: Readonly<Record<RefusalCode, Words>> = {
  'hidden-diff': {
    what: 'a .gitattributes file hides policy files in the diff, so nobody can have seen the change',
    next: 'Remove the attribute for the policy folder first. ' + wayBack,
  },
  'too-many-files': { what: 'the change has more policy files than a person can look at', next: `Split it. ${wayBack}` },
  impure: {
    what: 'the change touches files outside the policy folder too',
    next: `Put the policy into a merge request of its own. ${wayBack}`,
  },
  'file-mode': { what: 'a policy file is a link, executable or no regular file', next: `Make it a plain file. ${wayBack}` },
  'unexpected-path': {
    what: 'a file is not where a policy file may be, or its name has other letters than lower-case ASCII',
    next: `Delete or rename it. ${wayBack}`,
  },
  'too-large': { what: 'a policy file is larger than 16 KiB', next: `Shorten it. ${wayBack}` },
  unreadable: { what: 'a policy file cannot be understood', next: `Run "muster check" on it, and mend what it finds. ${wayBack}` },
  mixed: { what: 'rules and grants change together', next: `Change the rules and the grants in two merge requests. ${wayBack}` },
  'too-few-approvers': {
    what: 'the new rules would not leave one approver more than the approvals needed',
    next: `Name more approvers. ${wayBack}`,
  },
  'rules-invalid': {
    what: 'the new rules cannot be understood or contradict themselves',
    next: `Run "muster check", and mend what it finds. ${wayBack}`,
  },
  'unknown-group': {
    what: 'the rules in force have no such group',
    next: `Add the group first, in a merge request of its own. ${wayBack}`,
  },
  'not-by-grants': {
    what: 'the members of this group come from a roster, not from grants',
    next: 'Ask those who keep the roster, and delete the file.',
  },
  'too-long': { what: 'the grant is longer than its group allows', next: `Shorten it. ${wayBack}` },
  'too-dormant': { what: 'the grant begins more than 30 days after its merge', next: `Ask again closer to its start. ${wayBack}` },
  'missing-field': { what: 'the grant lacks a field that its group requires', next: `Add it. ${wayBack}` },
  'understood-version': {
    what: 'the person has not confirmed the current version of the text',
    next: `Have them read it, and write its version. ${wayBack}`,
  },
  'until-before-from': { what: 'the grant ends before it begins', next: `Correct the times. ${wayBack}` },
  dirty: { what: 'what stood there before had not been approved, so whoever approved this change did not see all of it', next: wayBack },
  'rules-dirty': {
    what: 'the rules on the branch are not the rules in force, and nothing is endorsed until they are again',
    next: `Revert the unapproved change of the rules, or have it approved. ${wayBack}`,
  },
  'off-chain': {
    what: 'the branch jumped to a history in which the last judged commit was only merged',
    next: `Merge into the branch, never the branch into something else. ${wayBack}`,
  },
  'no-merge-request': { what: 'it came to the branch without a merge request', next: wayBack },
  'not-bound': { what: 'no merge request became exactly this commit', next: wayBack },
  'no-approval': { what: 'nobody entitled approved exactly this content before it was merged', next: wayBack },
  'refused-by-hand': { what: 'a person refused it on the host', next: newMergeRequest },
};

/** What is wrong, without the detail: for places where nothing may stand that an author wrote. */
export function renderRefusalCode(code: RefusalCode): string {
  return words[code].what;
}

export function renderRefusal({ code, detail }: Pick<Refusal, 'code' | 'detail'>): string {
  const { what, next } = words[code];
  return `${what} (${plain(detail)}). ${next}`;
}

export function renderPending({ code, detail }: Pick<Pending, 'code' | 'detail'>): string {
  return code === 'waits-for-earlier'
    ? 'an earlier change waits for its verdict; this one is judged after it'
    : `${plain(detail)}. It is judged as soon as that is known; until then nobody gains by it`;
}
