// The one note on a merge request. Open: what it does, what it needs, which approvals count, what happens next. Merged: whether it is in force,
// since when and until when, or why not and how to mend that.
import { renderNotCounted, renderNotCountedThen, renderUnbound } from '../evidence/approval-words.ts';
import { isShort, lacksSignatures } from '../evidence/approval.ts';
import type { OpenReview } from './review.ts';
import type { Uid } from '../names.ts';
import { count } from '../time.ts';
import {
  approvalLines,
  bullets,
  code,
  codes,
  renderEffect,
  renderGrant,
  renderPaths,
  renderQuorum,
  renderSections,
  signatureLines,
} from './note-words.ts';
import { mending, renderRefusalCode, renderRemedy } from './refusals.ts';
import type { GrantStanding, SettledGrant, SettledReview } from './settled-review.ts';
import { renderMoment } from '../text.ts';

/** What else can be said of a merge request that was not merged. */
export type Unmerged = 'closed' | 'merging' | 'other-branch';

/** Whatever is known of the merge request, open or merged: there is one note, written anew when something became different. */
export type Reviewed = OpenReview | SettledReview | { readonly kind: 'unmerged'; readonly why: Unmerged };

export function renderNote(review: Reviewed): string {
  switch (review.kind) {
    case 'open':
      return review.restores ? renderRestoring(review) : renderOpen(review);
    case 'unmerged':
      return renderUnmerged(review.why);
    case 'nothing':
      return renderSections('Merged. Nothing of it concerns the policy.', []);
    case 'waiting':
      return renderSections('Merged, and waiting for its verdict: until then nobody gains anything by it.', [
        { title: 'Why', text: bullets([renderWaiting(review.code)]) },
      ]);
    case 'refused':
      return renderRefused(review);
    case 'endorsed':
      return renderEndorsed(review);
  }
}

function renderOpen(review: OpenReview): string {
  const { effects, empty } = review;
  const what =
    effects.length > 0
      ? effects.map(renderEffect)
      : [empty ? '' : 'Nobody gains or loses anything: only words change, or the end is past already.'];
  return renderSections(headline(review), [
    { title: 'What it does', text: bullets(what.filter((line) => line !== '')) },
    { title: 'On the branch already, and not in force', text: bullets(unapproved(review)) },
    { title: 'What must be mended', text: bullets(mendings(review)) },
    { title: 'Approvals', text: empty ? '' : bullets(approvals(review)) },
    { title: 'What happens next', text: bullets(nextSteps(review)) },
  ]);
}

/** Whoever goes the way back must not be told to wait for approvals. */
function renderRestoring(review: OpenReview): string {
  return renderSections('It takes back what nobody had approved. It can be merged now, without an approval.', [
    { title: 'On the branch already, and not in force', text: bullets(unapproved(review)) },
    { title: 'What must be mended', text: bullets(mendings(review)) },
    {
      title: 'What happens next',
      text: bullets([
        'Merge it. If the change is wanted after all, revert this in a second merge request, have that one approved, and only then merge it.',
      ]),
    },
  ]);
}

function isStopped({ obstacles, overlaps }: OpenReview): boolean {
  return obstacles.length + overlaps.length > 0;
}

function onlyNarrows({ effects }: OpenReview): boolean {
  return effects.length > 0 && effects.every(({ effect }) => effect === 'loses' || effect === 'shortens');
}

function headline(review: OpenReview): string {
  if (review.empty)
    return review.slippedIn.length > 0
      ? 'Merging this would change nothing: its files are on the branch already, unapproved.'
      : 'Merging this changes nothing in the policy.';
  if (isStopped(review)) return 'Not ready: merged as it is, nobody would gain anything by it.';
  if (!review.enough && onlyNarrows(review))
    return 'It only takes access away, which acts as soon as it is merged. No approval is there that counts.';
  return review.enough ? 'Approved: it can be merged now.' : 'An approval is missing. Merged without it, nobody would gain anything by it.';
}

function mendings({ obstacles, overlaps }: OpenReview): readonly string[] {
  const ofForm = obstacles.map(({ code: of, path, line }) => {
    const what = renderRefusalCode(of);
    if (path === undefined) return `${what.charAt(0).toUpperCase()}${what.slice(1)}. ${mending[of]}`;
    return `${code(path)}${line === undefined ? '' : `, line ${line}`}: ${what}. ${mending[of]}`;
  });
  const mixed = overlaps.map(
    (path) =>
      `${code(path)}: the branch changed it too, so nobody has seen what a merge would make of it. Merge the branch into this one, or rebase, and have that approved.`,
  );
  return [...ofForm, ...mixed];
}

/** What somebody put on the branch without approval: a diff against the branch does not show it as new. */
function unapproved({ slippedIn, undecided }: OpenReview): readonly string[] {
  const waits = undecided.map(({ path, commit }) => `${code(path)}, since commit ${code(commit.slice(0, 12))}: it waits for its verdict.`);
  const refused = slippedIn.map(
    ({ path, commit, code: of }) =>
      `${code(path)}, since commit ${code(commit.slice(0, 12))}: ${renderRefusalCode(of)}. What is said above is measured against what is in force, not against this file.`,
  );
  return [...refused, ...waits];
}

function approvals({ quorum, needs, approvals: given, signatures, authors }: OpenReview): readonly string[] {
  const needed = needs.flatMap(({ paths, teams, approvals: number, signed = 0, notCounted, candidates }) => {
    const files = `${renderPaths(paths)}:`;
    if (teams.length === 0) return [`${files} nobody can approve this, because the rules do not know the group.`];
    const ofThese = quorum.filter(({ path }) => paths.includes(path));
    const there = fewest(ofThese.map(({ by }) => by.length));
    const thereSigned = fewest(ofThese.map((one) => one.signed?.by.length ?? 0));
    const answer = `${files} ${renderQuorum(there, number, teams, { there: thereSigned, needed: signed })}.`;
    if (there >= number && thereSigned >= signed) return [answer];
    const asked = candidates.length > 0 ? ` It can come from ${renderNames(candidates)}.` : ' Nobody can give it.';
    const barred = notCounted.map(
      (uid) => ` Not from ${code(uid)}, who ${authors.includes(uid) ? 'opened this or pushed to it' : 'gains by it'}.`,
    );
    return [`${answer}${asked}${barred.join('')}`];
  });
  return [...needed, ...approvalLines(given, renderNotCounted), ...signatureLines(signatures)];
}

function fewest(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : Math.min(...counts);
}

function renderNames(uids: readonly Uid[]): string {
  return uids.length <= 10 ? codes(uids) : `${codes(uids.slice(0, 8))} and ${uids.length - 8} more`;
}

function nextSteps(review: OpenReview): readonly string[] {
  const { empty, slippedIn, waiting, enough, needs } = review;
  const earlier =
    waiting > 0 ? [`Earlier changes on the branch wait for their verdict (${count(waiting, 'file')}); this one is judged after them.`] : [];
  if (empty && slippedIn.length > 0)
    return [
      'Revert what is on the branch first (nobody needs to approve that), then revert the revert in a merge request, and have that one approved before it is merged.',
      ...earlier,
    ];
  if (empty) return earlier;
  if (isStopped(review))
    return [
      'Mend what is named above. Each push asks for the approvals anew: whoever approved before it revokes the approval and approves again.',
      ...earlier,
    ];
  if (enough)
    return [
      'Merge it within 14 days of the approval, without a further push. Some minutes after the merge muster acts on it, and says so here.',
      ...earlier,
    ];
  if (onlyNarrows(review)) {
    return [
      'Have it approved before it is merged. Unapproved it acts too, within the limits of the group, and until it is reverted nothing else can be changed in these files.',
      ...earlier,
    ];
  }
  return [
    needs.some(({ signed = 0 }) => signed > 0)
      ? 'Somebody who may approve looks at the changes and signs them with "muster approve", as often as signatures are missing; the others press "Approve". What is pushed afterwards needs all of it anew.'
      : 'Somebody who may approve looks at the changes and presses "Approve". What is pushed afterwards needs a new approval: revoke, and approve again.',
    'Only then is it merged. Some minutes later muster acts on it, and says so here.',
    ...earlier,
  ];
}

function renderUnmerged(kind: Unmerged): string {
  switch (kind) {
    case 'closed':
      return renderSections('Closed: nothing of this is in force.', []);
    case 'merging':
      return renderSections('GitLab is merging this. It is judged as soon as that is done.', []);
    case 'other-branch':
      return renderSections('This is for another branch than the one the policy is read from: merging it gives and takes nothing.', []);
  }
}

function renderWaiting(reason: string): string {
  if (reason === 'waits-for-earlier') return 'An earlier change on the branch waits for its verdict; this one is judged after it.';
  return 'muster has not got all the answers from GitLab that it needs. It asks again at every run.';
}

type RefusedReview = Extract<SettledReview, { kind: 'refused' }>;

function renderRefused(review: RefusedReview): string {
  const { code: of, paths, healed, unbound } = review;
  const why = [renderRefusalCode(of), ...(unbound === undefined || unbound === of ? [] : [renderUnbound(unbound)])].map(asSentence);
  if (healed)
    return renderSections('Merged without being approved as it must be. That is settled: the files say again what is in force.', [
      { title: 'What was wrong', text: bullets(why) },
    ]);
  return renderSections('Merged, and not in force: nobody gains anything by it, now or later.', [
    { title: 'Why', text: bullets([...why, ...(paths.length > 0 ? [`Not in force: ${renderPaths(paths)}.`] : [])]) },
    { title: 'Approvals', text: of === 'no-approval' || of === 'not-signed' ? bullets(approvalsOfLanding(review)) : '' },
    { title: 'How to mend it', text: bullets(renderRemedy(of)) },
  ]);
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
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

function renderEndorsed({ approvedBy, landedAt, grants, rules }: Extract<SettledReview, { kind: 'endorsed' }>): string {
  const by = approvedBy.length > 0 ? `, approved by ${codes(approvedBy)}` : '';
  const standings = [...(rules ? ['The changed rules are in force for what is merged after them.'] : []), ...grants.map(renderGrant)];
  return renderSections(headlineOfGrants(grants, rules), [
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

function headlineOfGrants(grants: readonly SettledGrant[], rules: boolean): string {
  if (rules || grants.length === 0) return 'In force.';
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
    ...(active ? ['If a service does not know it yet, sign out there and in again.'] : []),
    ...(ending ? ['To go on, open a merge request now that gives the file a later "until": "muster request" does it too.'] : []),
    ...(over ? ['Its file can be deleted. Whoever needs access again asks with a new "until".'] : []),
  ];
}
