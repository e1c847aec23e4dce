// The one note on a merge request, open or merged: there is one, written anew when something became different. Of one that was merged it says whether
// it is in force, since when and until when, or what it did all the same, why it gives nothing, and how to mend that.
import { renderNotCountedThen, renderUnbound } from '../evidence/approval-words.ts';
import { isShort, lacksSignatures } from '../evidence/approval.ts';
import { count } from '../time.ts';
import {
  approvalLines,
  asSentence,
  bullets,
  code,
  codes,
  renderEffects,
  renderGrant,
  renderNames,
  renderPaths,
  renderQuorum,
  renderSections,
  signatureLines,
  steps,
} from './note-words.ts';
import { renderRefusalCode, renderRemedy } from './refusals.ts';
import type { GrantStanding, SettledGrant, SettledReview, TakenAway } from './settled-review.ts';
import { renderMoment, renderUntil, renderSigners } from '../text.ts';
import { renderOpen } from './note-open.ts';
import type { OpenReview } from './review.ts';

/** What else can be said of a merge request that was not merged. */
export type Unmerged = 'closed' | 'merging' | 'other-branch';

export type Reviewed = OpenReview | SettledReview | { readonly kind: 'unmerged'; readonly why: Unmerged };

export function renderNote(review: Reviewed): string {
  switch (review.kind) {
    case 'open':
      return renderOpen(review);
    case 'unmerged':
      return renderUnmerged(review.why);
    case 'nothing':
      return renderSections('Merged. It changes nothing in the policy.', []);
    case 'waiting':
      return renderSections('Merged, and not judged yet: until then it has no effect.', [
        { title: 'Why', text: bullets([renderWaiting(review.code)]) },
      ]);
    case 'refused':
      return renderRefused(review);
    case 'endorsed':
      return renderEndorsed(review);
  }
}

function renderUnmerged(kind: Unmerged): string {
  switch (kind) {
    case 'closed':
      return renderSections('Closed without being merged: it has no effect.', []);
    case 'merging':
      return renderSections('GitLab is merging this. muster judges it as soon as that is done.', []);
    case 'other-branch':
      return renderSections('This is for another branch than the one the policy is read from: merging it has no effect.', []);
  }
}

function renderWaiting(reason: string): string {
  if (reason === 'waits-for-earlier') return 'An earlier change on the branch is not judged yet; this one is judged after it.';
  return 'muster does not have all the answers from GitLab that it needs. It asks again at every run.';
}

type RefusedReview = Extract<SettledReview, { kind: 'refused' }>;

function renderRefused(review: RefusedReview): string {
  const { code: of, paths, healed, restores, took, takenOut, unbound } = review;
  if (restores && healed)
    return renderSections('Done: it undid an unapproved change. The files are again what is in force.', [
      {
        title: 'If that change is wanted after all',
        text: steps([
          'Press "Revert" here: this opens a merge request that brings the change back.',
          'Have that one approved, and only then merge it.',
        ]),
      },
    ]);
  const why = [renderRefusalCode(of), ...(unbound === undefined || unbound === of ? [] : [renderUnbound(unbound)])].map(asSentence);
  const notInForce = paths.length > 0 ? [`Not in force: ${renderPaths(paths)}.`] : [];
  return renderSections(refusedHeadline(review), [
    {
      title: 'What it took away',
      text: bullets([...took.slice(0, 20).map(renderTaken), ...moreTaken(took), ...(took.length > 0 ? [staysAway] : [])]),
    },
    { title: 'Why it gives nothing', text: bullets([...why, ...notInForce]) },
    { title: 'Approvals', text: of === 'no-approval' || of === 'not-signed' ? bullets(approvalsOfLanding(review)) : '' },
    { title: 'What is locked until it is undone', text: bullets(renderLocked(review)) },
    {
      title: 'Whose approvals do not count',
      text:
        takenOut.length === 0
          ? ''
          : bullets([
              `It took ${renderNames(takenOut)} off the approvers. Until a change of the rules is approved, their approvals count for nothing.`,
            ]),
    },
    { title: 'How to mend it', text: healed ? '' : steps(renderRemedy(of)) },
  ]);
}

function refusedHeadline({ healed, took }: RefusedReview): string {
  if (took.length > 0) return 'Merged without a valid approval. It took access away, and gives none.';
  return healed
    ? 'Merged without a valid approval, and undone since: nothing is left to do.'
    : 'Merged without a valid approval: it has no effect.';
}

function renderTaken({ group, uid, left, approved }: TakenAway): string {
  const was = `which was approved ${renderUntil(approved)}`;
  return left === null
    ? `${code(uid)} lost access to ${code(group)}, ${was}.`
    : `${code(uid)} keeps access to ${code(group)} only ${renderUntil(left)}; approved was access ${renderUntil(approved)}.`;
}

function moreTaken({ length }: readonly TakenAway[]): readonly string[] {
  return length > 20 ? [`So did ${count(length - 20, 'more person', 'more people')}.`] : [];
}

const staysAway =
  'Putting the file back does not give it back: that takes a merge request that is approved. Past the limits of the group the removal waits for an administrator of the host.';

function renderLocked({ locked, locksAll }: RefusedReview): readonly string[] {
  if (locked.length === 0) return [];
  return [
    locksAll
      ? `${renderPaths(locked)}: these are rules. Until they are what is in force again, no other merge request takes effect.`
      : `${renderPaths(locked)}: no other merge request that changes this takes effect.`,
  ];
}

/** Files with the same answer are told together. */
function approvalsOfLanding({ quorum, approvals: given, signatures }: RefusedReview): readonly string[] {
  const answers = new Map<string, string[]>();
  for (const one of quorum) {
    if (!isShort(one) && !lacksSignatures(one)) continue;
    const signed = { there: one.signed?.by.length ?? 0, needed: one.signed?.needed ?? 0 };
    const answer = renderQuorum(one.by.length, one.needed, one.teams, signed);
    answers.set(answer, [...(answers.get(answer) ?? []), one.path]);
  }
  const missing = [...answers].map(([answer, paths]) => `${renderPaths(paths)}: ${answer}.`);
  const told = [...approvalLines(given, renderNotCountedThen), ...signatureLines(signatures)];
  return [...missing, ...(told.length > 0 ? told : ['Nobody had approved it.'])];
}

function renderEndorsed({ approvedBy, signedBy, landedAt, grants, isRules, rules }: Extract<SettledReview, { kind: 'endorsed' }>): string {
  const by = approvedBy.length > 0 ? `, approved by ${codes(approvedBy)}${renderSigners(signedBy)}` : '';
  const standings = [
    ...(isRules ? ['The changed rules are in force for everything that is merged after them.', ...renderEffects([], rules)] : []),
    ...grants.map(renderGrant),
  ];
  return renderSections(headlineOfGrants(grants, isRules), [
    { title: 'How it stands', text: bullets(standings) },
    { title: 'What to do', text: bullets(advice(grants)) },
    { title: 'Where it comes from', text: bullets([`Merged at ${renderMoment(landedAt)}${by}.`]) },
  ]);
}

const headlines: readonly (readonly [GrantStanding['kind'], string])[] = [
  ['ends-soon', 'In force, and about to end.'],
  ['in-force', 'In force.'],
  ['not-begun', 'Approved and merged: it begins later.'],
  ['taken-away', 'No longer in force.'],
  ['ended', 'Ended.'],
  ['replaced', 'Replaced by a later merge request.'],
  ['removed', 'Done: access was taken away.'],
];

function headlineOfGrants(grants: readonly SettledGrant[], isRules: boolean): string {
  if (isRules || grants.length === 0) return 'In force.';
  const access = grants.some(
    ({ standing }) => 'reach' in standing && standing.reach.kind !== 'member' && standing.reach.kind !== 'unknown',
  );
  const [, text] = headlines.find(([kind]) => grants.some(({ standing }) => standing.kind === kind)) ?? [];
  return access ? 'Approved and merged; not everybody is in the group yet.' : (text ?? 'In force.');
}

function advice(grants: readonly SettledGrant[]): readonly string[] {
  const active = grants.some(
    ({ standing }) => 'reach' in standing && (standing.reach.kind === 'member' || standing.reach.kind === 'unknown'),
  );
  const ending = grants.some(({ standing }) => standing.kind === 'ends-soon');
  const over = grants.some(({ standing }) => standing.kind === 'ended');
  return [
    ...(active ? ['If a service does not let the person in yet, they sign out there and in again.'] : []),
    ...(ending ? ['To go on, open a merge request now that gives the file a later "until". "muster request" does that too.'] : []),
    ...(over ? ['Its file can be deleted. Whoever needs access again asks with a new "until".'] : []),
  ];
}
