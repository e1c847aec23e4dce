// Words of the one note on a merge request. Nothing in it was written by whoever opened the merge request: what an author chooses (title, branch,
// reason, names) is not an argument of any function here, and of what is, only letters that no Markdown and no quick action is made of get through.
import type { JudgedApproval, NotCountedReason } from '../evidence/approval.ts';
import type { RefusalCode } from '../judge/effective.ts';
import type { End } from '../judge/grants.ts';
import { instant, type Uid } from '../names.ts';
import type { Effect } from '../check/proposed-change.ts';
import { count, day, renderInstant } from '../time.ts';
import { renderMoment } from '../text.ts';

/** What a note of ours is known by. It is never shown. */
export const noteMarker = '<!-- muster: the note on this merge request, kept up to date -->';

/** A validated name, path or number as code: in it GitLab makes no mention, link or emphasis of anything. */
export function code(token: string | number): string {
  return `\`${String(token).replaceAll(/[^A-Za-z0-9._/-]/g, '?')}\``;
}

export function codes(tokens: readonly (string | number)[], joint = ', '): string {
  return tokens.map(code).join(joint);
}

export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}\n`).join('');
}

/** Sections without lines are left out. */
export function renderNote(headline: string, sections: readonly { readonly title: string; readonly text: string }[]): string {
  const told = sections.filter(({ text }) => text !== '').map(({ title, text }) => `\n#### ${title}\n\n${text}`);
  return `${noteMarker}\n\n**${headline}**\n${told.join('')}`;
}

/** A day counts to its end, and people wrote it as a day. */
export function renderUntil(until: End): string {
  if (until === 'open') return 'without an end';
  return until % day === 0 ? `until the end of ${renderInstant(instant(until - day)).slice(0, 10)} (UTC)` : `until ${renderMoment(until)}`;
}

export function renderEffect({ path, group, uid, effect, until, from }: Effect): string {
  if (effect === 'rules')
    return group === null ? 'The people, teams and rules of the policy change.' : `The rules of ${code(group)} change.`;
  if (group === null || uid === null) return `${code(path)} changes.`;
  const term = `${from === undefined ? '' : `from ${renderMoment(from)} `}${until === null ? '' : renderUntil(until)}`;
  switch (effect) {
    case 'gains':
      return `${code(uid)} gets into ${code(group)}, ${term}.`;
    case 'loses':
      return `${code(uid)} leaves ${code(group)}.`;
    case 'extends':
      return `${code(uid)} has more time in ${code(group)}: ${term}.`;
    case 'shortens':
      return `${code(uid)} has less time in ${code(group)}: ${term}.`;
  }
}

export function renderAccount(person: Uid | undefined, account: number): string {
  return person === undefined ? `the GitLab account number ${code(account)}` : code(person);
}

/** Each approval, and why it does not count where it does not. */
export function approvalLines(approvals: readonly JudgedApproval[], why: (reason: NotCountedReason) => string): readonly string[] {
  const counted = approvals.flatMap((one) => (one.kind === 'counted' ? [`The approval by ${code(one.person)} counts.`] : []));
  const others = approvals.flatMap((one) => {
    if (one.kind === 'counted') return [];
    const person = renderAccount(one.person, one.approval.account.id);
    return [`The approval by ${person} does not count: ${person} ${why(one.reason)}.`];
  });
  return [...counted, ...others];
}

export function renderPaths(paths: readonly string[]): string {
  return paths.length <= 5 ? codes(paths) : `${codes(paths.slice(0, 3))} and ${count(paths.length - 3, 'more file')}`;
}

/** What to do about an obstacle while the merge request is still open. */
export const mending: Readonly<Record<RefusalCode, string>> = {
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
  'off-chain': 'Merge into the branch, never the branch into something else.',
  'no-merge-request': 'Bring it by a merge request.',
  'not-bound': 'Merge it with the merge button, by itself.',
  'no-approval': 'Have it approved before it is merged.',
  'refused-by-hand': 'Ask the administrators of the host.',
};
