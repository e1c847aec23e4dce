// Why a change of the policy is not in force, and what to do next, in words that somebody understands who only knows GitLab's web pages.
import type { Refusal, RefusalCode } from '../record/policy-state.ts';
import type { RunReport } from '../reconcile/run.ts';
import type { Pending } from '../record/effective-policy.ts';
import { plain } from '../text.ts';

/** With `signed` and `none` there is no GitLab to speak of; with `none` nobody approves either. */
type Evidence = RunReport['evidence'];

/** The way back after a merge that nobody approved. */
const wayBack = [
  'On GitLab, press "Revert" on the page of the merge request (or of the commit). Merge what this opens: nobody needs to approve it.',
  'On that one, press "Revert" again. This opens a second merge request, which brings the change back.',
  'Have the second one approved by somebody who may approve it.',
  'Only then merge it.',
] as const;

/** The way back where whatever is well-formed and clean counts, as test/journeys/without-evidence.test.ts goes it. */
const wayBackByPush = [
  'Whoever may push commits the file as it was when it last counted, or deletes it if it never did.',
  'A second commit brings the change again, mended. Both may go in one push, but not in one commit or one merge.',
] as const;

/** The way back where people sign branches and no forge is asked, as test/journeys/signed-alone.test.ts goes it. */
const wayBackBySigning = [
  'Whoever may push reverts the change on the branch (git revert): nobody needs to sign that.',
  'On a branch of its own they revert the revert, which brings the change again, mended where something was wrong with it.',
  'Enough of those who may approve it sign that branch: muster approve BRANCH.',
  'Only then it is merged.',
] as const;

export function wayBackBy(evidence: Evidence): readonly string[] {
  return { gitlab: wayBack, signed: wayBackBySigning, none: wayBackByPush }[evidence];
}

/** In one line. */
export function renderWayBack(evidence: Evidence): string {
  return wayBackBy(evidence)
    .map((step, index) => `${index + 1}. ${step}`)
    .join(' ');
}

interface Words {
  readonly what: string;
  /** What to do about this; before the way back, unless `closes`. */
  readonly first?: string;
  /** `first` is all there is to do. */
  readonly closes?: true;
  /** `first` comes before the revert; otherwise it is what has to be different the second time. */
  readonly prior?: true;
}

const words: Readonly<Record<RefusalCode, Words>> = {
  'hidden-diff': {
    what: 'a .gitattributes file hides policy files in the diff, so nobody can have seen the change',
    first: 'Remove the attribute for the policy folder first.',
    prior: true,
  },
  'too-many-files': { what: 'the change has more policy files than a person can review', first: 'Split it.' },
  impure: {
    what: 'the change touches files outside the policy folder too',
    first: 'Put the policy into a merge request of its own.',
  },
  'file-mode': { what: 'a policy file is a link, executable or no regular file', first: 'Make it a plain file.' },
  'unexpected-path': {
    what: 'a file is not where a policy file may be, or its name has other characters than a-z, 0-9, dots, dashes and underscores',
    first: 'Delete or rename it.',
  },
  'too-large': { what: 'a policy file is larger than 16 KiB', first: 'Shorten it.' },
  unreadable: { what: 'a policy file cannot be understood', first: 'Run "muster check" on it, and mend what it finds.' },
  mixed: { what: 'rules and grants change together', first: 'Change the rules and the grants in two merge requests.' },
  'too-few-approvers': {
    what: 'the new rules name too few approvers: one more than the approvals needed, because nobody approves their own change',
    first: 'Name more approvers.',
  },
  'rules-invalid': {
    what: 'the new rules cannot be understood or contradict themselves',
    first: 'Run "muster check", and mend what it finds.',
  },
  'unknown-group': {
    what: 'the rules in force have no such group',
    first: 'Add the group first, in a merge request of its own.',
    prior: true,
  },
  'not-by-grants': {
    what: 'the members of this group come from a roster, not from grants',
    first: 'Ask those who keep the roster, and delete the file.',
    closes: true,
  },
  'too-long': { what: 'the grant is longer than its group allows', first: 'Shorten it.' },
  'too-dormant': { what: 'the grant begins more than 30 days after its merge', first: 'Ask again closer to its start.' },
  'missing-field': { what: 'the grant lacks a field that its group requires', first: 'Add it.' },
  'understood-version': {
    what: 'the person has not confirmed the current version of the text',
    first: 'Have them read it, and write its version.',
  },
  'until-before-from': { what: 'the grant ends before it begins', first: 'Correct the times.' },
  dirty: {
    what: 'the file already held an unapproved change, so an approval of this one does not cover all of it',
    first:
      'Put the file back as it was when it last counted, or delete it if it never did: nobody needs to approve that. Then bring what is wanted in a new merge request, and have it approved before it is merged.',
    closes: true,
  },
  'rules-dirty': {
    what: 'the rules on the branch are not the rules in force; no change counts until they are',
    first: 'First revert the change of the rules that nobody had approved.',
    prior: true,
  },
  'off-chain': {
    what: 'the branch was replaced by another one, into which it had been merged',
    first: 'Merge other branches into this one; never put another branch in its place.',
    prior: true,
  },
  'no-merge-request': { what: 'it was pushed to the branch without a merge request' },
  'not-bound': { what: 'no merge request on GitLab was merged as exactly this commit' },
  'no-approval': { what: 'no authorised person had approved this exact content before the merge' },
  'not-signed': {
    what: 'too few of those who approved it signed exactly this change before it was merged',
    first: 'Have those who may approve sign it with "muster approve" before it is merged.',
  },
  unanswered: { what: 'the questions about it got no answer from GitLab, though it answered them about other changes' },
  'refused-by-hand': { what: 'an administrator of the host refused it' },
};

/** What is said otherwise where nobody is asked for evidence. The last four were judged before, or are no landing of the usual kind. */
const wordsWithoutEvidence: Readonly<Partial<Record<RefusalCode, Words>>> = {
  impure: { ...words.impure, first: 'Put the policy into a commit of its own.' },
  mixed: { ...words.mixed, first: 'Change the rules in one commit, and the grants in another one after it.' },
  'too-few-approvers': {
    what: 'the new rules name too few approvers: one more than the approvals they ask for, even where nobody is asked',
    first: 'Name more approvers, or ask for fewer approvals.',
  },
  'unknown-group': { ...words['unknown-group'], first: 'Add the group first, in a commit of its own.' },
  'too-dormant': { ...words['too-dormant'], what: 'the grant begins more than 30 days after its commit' },
  dirty: { what: 'the file already held a change that is not in force, and nothing built on it counts' },
  'rules-dirty': {
    ...words['rules-dirty'],
    first:
      'First take back the change of policy.yaml or groups/ that was refused: one commit that makes these files what they were before it.',
  },
  'no-merge-request': { what: 'it was pushed to the branch without a merge request while this host still asked for one' },
  'not-bound': { what: 'the commit is not one change that can be judged by itself' },
  'no-approval': { what: 'no authorised person had approved this exact content while this host still asked for that' },
  'not-signed': { what: 'too few people had signed exactly this content while this host still asked for that' },
  unanswered: { what: 'the questions about it got no answer from GitLab while this host still asked' },
};

/** What is said otherwise where signatures are asked for, and no forge. */
const wordsBySignatures: Readonly<Partial<Record<RefusalCode, Words>>> = {
  impure: { ...words.impure, first: 'Put the policy into a change of its own.' },
  mixed: { ...words.mixed, first: 'Change the rules and the grants on two branches.' },
  'unknown-group': { ...words['unknown-group'], first: 'Add the group first, in a change of its own.' },
  dirty: { what: 'the file already held a change that too few had signed, so a signature of this one does not cover all of it' },
  'rules-dirty': { ...words['rules-dirty'], first: 'First revert the change of the rules that too few had signed.' },
  'no-merge-request': { what: 'it was pushed to the branch without a merge request while this host still asked GitLab' },
  'not-bound': { what: 'the commit is not one change that can be judged by itself' },
  'no-approval': { what: 'no authorised person had approved this exact content while this host still asked GitLab' },
  'not-signed': { what: 'too few of those who may approve it had signed exactly this change' },
  unanswered: { what: 'the questions about it stayed without an answer from GitLab while this host still asked' },
};

const otherWords: Readonly<Record<Evidence, Readonly<Partial<Record<RefusalCode, Words>>>>> = {
  gitlab: {},
  signed: wordsBySignatures,
  none: wordsWithoutEvidence,
};

function wordsFor(code: RefusalCode, evidence: Evidence): Words {
  return otherWords[evidence][code] ?? words[code];
}

/** What is wrong, without the detail: for places where nothing may stand that an author wrote. */
export function renderRefusalCode(code: RefusalCode, evidence: Evidence = 'gitlab'): string {
  return wordsFor(code, evidence).what;
}

/** What to do about one that was merged on GitLab, step by step. */
export function renderRemedy(code: RefusalCode): readonly string[] {
  const { first, closes, prior } = words[code];
  if (first === undefined) return wayBack;
  if (closes) return [first];
  if (prior) return [first, ...wayBack];
  const [revert, again, ...rest] = wayBack;
  return [revert, `${again} Mend it there: ${first.charAt(0).toLowerCase()}${first.slice(1)}`, ...rest];
}

type Told = Pick<Refusal, 'code' | 'detail'>;

/** What is wrong and what to do, whole: for one refusal by itself. */
export function renderRefusal({ code, detail }: Told, evidence: Evidence): string {
  const brief = renderRefusalBriefly({ code, detail }, evidence);
  return needsWayBack({ code }, evidence) ? `${brief} The way back: ${renderWayBack(evidence)}` : brief;
}

/** The same without the way back, which is told once below; and without the detail where that only repeats the path above. */
export function renderRefusalBriefly({ code, detail, path }: Told & { readonly path?: string }, evidence: Evidence): string {
  const { what, first } = wordsFor(code, evidence);
  const more = detail === path ? '' : ` (${plain(detail)})`;
  return `${what}${more}.${first === undefined ? '' : ` ${first}`}`;
}

export function needsWayBack({ code }: Pick<Refusal, 'code'>, evidence: Evidence): boolean {
  return !wordsFor(code, evidence).closes;
}

export function renderPending({ code, detail }: Pick<Pending, 'code' | 'detail'>): string {
  return code === 'waits-for-earlier'
    ? 'an earlier change waits for its verdict; this one is judged after it.'
    : `${plain(detail)}. muster asks again at every run; until then the change has no effect.`;
}

/** What to do about an obstacle while the merge request is still open. */
export const mending: Readonly<Record<RefusalCode | 'ended', string>> = {
  ended: 'Write a later "until"; to end access, delete the file.',
  'hidden-diff': 'Remove the attribute for the policy folder first, in a merge request of its own.',
  'too-many-files': 'Split it into several merge requests of at most 50 policy files.',
  impure: 'Put the other files into a merge request of their own.',
  'file-mode': 'Make it a plain file that is not executable.',
  'unexpected-path': 'Delete or rename the file: a grant is called grants/GROUP/UID.yaml, in small letters.',
  'too-large': 'Shorten it to 16 KiB.',
  unreadable: 'The job "policy" of the pipeline, or "muster check", says what is wrong in it.',
  mixed: 'Change the rules and the grants in two merge requests.',
  'too-few-approvers': 'Put more people on the teams, or ask for fewer approvals.',
  'rules-invalid': 'The job "policy" of the pipeline, or "muster check", says what is wrong in them.',
  'unknown-group': 'Add the group first, in a merge request of its own, or move the file to the folder of a group that is there.',
  'not-by-grants': 'Ask those who keep the roster, and delete the file.',
  'too-long': 'Write an earlier "until", and renew the grant when it is needed longer.',
  'too-dormant': 'Ask nearer to the day, or write an earlier "from".',
  'missing-field': 'Add it; the job "policy" of the pipeline, or "muster check", names it.',
  'understood-version': 'Have the person read the present text, and write its version.',
  'until-before-from': 'Write an "until" that is later than "from".',
  dirty:
    'Somebody put it there without approval. Revert that on the branch first (nobody needs to approve that), then update this merge request.',
  'rules-dirty': 'Revert the unapproved change of the rules first, or have it approved: nothing else counts until then.',
  'off-chain': 'Merge other branches into this one; never put another branch in its place.',
  'no-merge-request': 'Bring it by a merge request.',
  'not-bound': 'Merge it with the merge button, by itself.',
  'no-approval': 'Have it approved before it is merged.',
  'not-signed': 'Have it signed with "muster approve" before it is merged.',
  unanswered: 'Open it anew, from a branch of its own.',
  'refused-by-hand': 'Ask the administrators of the host.',
};
