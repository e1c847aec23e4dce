// The note on an open merge request: what it does, what it needs, which approvals count and which do not, what happens next.
import type { JudgedApproval } from '../domain/approval.ts';
import type { OpenReview } from '../domain/review.ts';
import { count } from '../domain/time.ts';
import { bullets, code, codes, mending, renderAccount, renderEffect, renderNote, renderWhyNot } from './note-words.ts';
import { renderRefusalCode } from './refusals.ts';

/** What else can be said of a merge request that was not merged. */
export type Unmerged = 'closed' | 'merging' | 'other-branch';

export function renderOpenNote(review: OpenReview): string {
  const { effects, empty } = review;
  const what = effects.length > 0 ? effects.map(renderEffect) : [empty ? '' : 'Nobody gains or loses anything: only words change.'];
  return renderNote(headline(review), [
    { title: 'What it does', text: bullets(what.filter((line) => line !== '')) },
    { title: 'What must be mended', text: bullets(mendings(review)) },
    { title: 'Approvals', text: empty ? '' : bullets(approvals(review)) },
    { title: 'What happens next', text: bullets(nextSteps(review)) },
  ]);
}

function isStopped({ obstacles, overlaps }: OpenReview): boolean {
  return obstacles.length + overlaps.length > 0;
}

function headline(review: OpenReview): string {
  if (review.empty) return review.slippedIn.length > 0 ? 'Merging this would change nothing: its files are on the branch already, unapproved.' : 'Merging this changes nothing in the policy.';
  if (isStopped(review)) return 'Not ready: merged as it is, nobody would gain anything by it.';
  return review.enough ? 'Approved: it can be merged now.' : 'An approval is missing. Merged without it, nobody would gain anything by it.';
}

function mendings({ obstacles, overlaps, slippedIn }: OpenReview): readonly string[] {
  const ofForm = obstacles.map(({ code: of, path, line }) => {
    const where = path === undefined ? '' : `${code(path)}${line === undefined ? '' : `, line ${line}`}: `;
    return `${where}${renderRefusalCode(of)}. ${mending[of]}`;
  });
  const mixed = overlaps.map((path) => `${code(path)}: the branch changed it too, so nobody has seen what a merge would make of it. Merge the branch into this one, or rebase, and have that approved.`);
  const unapproved = slippedIn.map(({ path, commit }) => `${code(path)}: on the branch since commit ${code(commit.slice(0, 12))}, and not in force: ${renderRefusalCode('no-approval')}. What is said above is measured against what is in force.`);
  return [...ofForm, ...mixed, ...unapproved];
}

function approvals({ quorum, needs, approvals: given }: OpenReview): readonly string[] {
  const counted = given.flatMap((one) => (one.kind === 'counted' ? [`${code(one.person)} approved: counts.`] : []));
  const needed = needs.flatMap(({ paths, teams, approvals: number, notCounted }) => {
    const of = quorum.filter(({ path }) => paths.includes(path));
    const there = Math.min(...of.map(({ by }) => by.length));
    const who = teams.length > 0 ? `by people of ${codes(teams, ' or ')}` : ', and nobody may give it';
    const barred = notCounted.length > 0 ? ` Not by ${codes(notCounted)}, who gained by it, opened it or pushed to it.` : '';
    return [`${renderPaths(paths)}: ${count(number, 'approval')} needed ${who}, ${there === Infinity ? 0 : there} counted.${barred}`];
  });
  return [...needed, ...counted, ...given.flatMap(notCounted)];
}

function renderPaths(paths: readonly string[]): string {
  return paths.length <= 5 ? codes(paths) : `${codes(paths.slice(0, 3))} and ${count(paths.length - 3, 'more file')}`;
}

function notCounted(one: JudgedApproval): readonly string[] {
  if (one.kind === 'counted') return [];
  const person = renderAccount(one.person, one.approval.account.id);
  return [`The approval by ${person} does not count: ${person} ${renderWhyNot(one.reason)}.`];
}

function nextSteps(review: OpenReview): readonly string[] {
  const { empty, slippedIn, waiting, enough } = review;
  const earlier = waiting > 0 ? [`On the branch ${count(waiting, 'file')} of earlier changes wait for their verdict; this one is judged after them.`] : [];
  if (empty && slippedIn.length > 0) return ['Revert what is on the branch first (nobody needs to approve that), then revert the revert in a merge request, and have that one approved before it is merged.', ...earlier];
  if (empty) return earlier;
  if (isStopped(review)) return ['Mend what is named above. Each push asks for the approvals anew: whoever approved before it revokes the approval and approves again.', ...earlier];
  if (enough) return ['Merge it within 14 days of the approval, without a further push. Some minutes after the merge muster acts on it, and says so here.', ...earlier];
  return [
    'Somebody who may approve looks at the changes and presses "Approve". What is pushed afterwards needs a new approval: revoke, and approve again.',
    'Only then is it merged. Some minutes later muster acts on it, and says so here.',
    ...earlier,
  ];
}

export function renderUnmergedNote(kind: Unmerged): string {
  switch (kind) {
    case 'closed':
      return renderNote('Closed: nothing of this is in force.', []);
    case 'merging':
      return renderNote('GitLab is merging this. It is judged as soon as that is done.', []);
    case 'other-branch':
      return renderNote('This is for another branch than the one the policy is read from: merging it gives and takes nothing.', []);
  }
}
