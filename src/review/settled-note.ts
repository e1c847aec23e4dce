// The note on a merge request that was merged: whether it is in force, since when and until when, or why not and how to mend that.
import { renderNotCountedThen, renderUnbound } from '../evidence/approval-words.ts';
import type { GrantStanding, Reach, SettledGrant, SettledReview } from './settled-review.ts';
import { count } from '../time.ts';
import { approvalLines, bullets, code, codes, renderNote, renderPaths, renderUntil } from './note-words.ts';
import { renderRefusalCode, renderRemedy } from './refusals.ts';
import { renderMoment } from '../text.ts';

export function renderSettledNote(review: SettledReview): string {
  switch (review.kind) {
    case 'nothing':
      return renderNote('Merged. Nothing of it concerns the policy.', []);
    case 'waiting':
      return renderNote('Merged, and waiting for its verdict: until then nobody gains anything by it.', [
        { title: 'Why', text: bullets([waiting(review.code)]) },
      ]);
    case 'refused':
      return renderRefused(review);
    case 'endorsed':
      return renderEndorsed(review);
  }
}

function waiting(reason: string): string {
  if (reason === 'waits-for-earlier') return 'An earlier change on the branch waits for its verdict; this one is judged after it.';
  return 'muster has not got all the answers from GitLab that it needs. It asks again at every run.';
}

type RefusedReview = Extract<SettledReview, { kind: 'refused' }>;

function renderRefused(review: RefusedReview): string {
  const { code: of, paths, healed, unbound } = review;
  const why = [renderRefusalCode(of), ...(unbound === undefined || unbound === of ? [] : [renderUnbound(unbound)])].map(asSentence);
  if (healed)
    return renderNote('Merged without being approved as it must be. That is settled: the files say again what is in force.', [
      { title: 'What was wrong', text: bullets(why) },
    ]);
  return renderNote('Merged, and not in force: nobody gains anything by it, now or later.', [
    { title: 'Why', text: bullets([...why, ...(paths.length > 0 ? [`Not in force: ${renderPaths(paths)}.`] : [])]) },
    { title: 'Approvals', text: of === 'no-approval' ? bullets(approvals(review)) : '' },
    { title: 'How to mend it', text: bullets(renderRemedy(of)) },
  ]);
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Files with the same answer are told together. */
function approvals({ quorum, approvals: given }: RefusedReview): readonly string[] {
  const short = quorum.filter(({ by, needed }) => by.length < needed);
  const answers = new Map<string, string[]>();
  for (const { path, by, needed, teams } of short) {
    const answer = `${by.length} of ${count(needed, 'approval')} by ${codes(teams, ' or ')}`;
    answers.set(answer, [...(answers.get(answer) ?? []), path]);
  }
  const missing = [...answers].map(([answer, paths]) => `${renderPaths(paths)}: ${answer}.`);
  return [...missing, ...(given.length > 0 ? approvalLines(given, renderNotCountedThen) : ['Nobody had approved it.'])];
}

function renderEndorsed({ approvedBy, landedAt, grants, rules }: Extract<SettledReview, { kind: 'endorsed' }>): string {
  const by = approvedBy.length > 0 ? `, approved by ${codes(approvedBy)}` : '';
  const standings = [...(rules ? ['The changed rules are in force for what is merged after them.'] : []), ...grants.map(renderGrant)];
  return renderNote(headline(grants, rules), [
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

function headline(grants: readonly SettledGrant[], rules: boolean): string {
  if (rules || grants.length === 0) return 'In force.';
  const access = grants.some(
    ({ standing }) => 'reach' in standing && standing.reach.kind !== 'member' && standing.reach.kind !== 'unknown',
  );
  const [, text] = headlines.find(([kind]) => grants.some(({ standing }) => standing.kind === kind)) ?? [];
  return access ? 'Approved and merged; not everybody is in the group yet.' : (text ?? 'In force.');
}

function renderGrant({ group, uid, standing }: SettledGrant): string {
  const who = code(uid);
  const where = code(group);
  switch (standing.kind) {
    case 'in-force':
    case 'ends-soon':
      return `${renderReach(standing.reach, who, where, renderUntil(standing.until))}.${standing.shortened ? ' A later change, which nobody approved, made it shorter.' : ''}`;
    case 'not-begun':
      return `${who} gets into ${where} from ${renderMoment(standing.from)}, ${renderUntil(standing.until)}.`;
    case 'ended':
      return `The access of ${who} to ${where} lasted ${renderUntil(standing.at)}.`;
    case 'replaced':
      return `For ${who} in ${where} a later change counts now${standing.mergeRequest === null ? '' : `, of merge request !${standing.mergeRequest}`}.`;
    case 'taken-away':
      return `${who} is no longer granted ${where}: commit ${code(standing.commit.slice(0, 12))} took it away.`;
    case 'removed':
      return `${who} is no longer granted ${where}.`;
  }
}

function renderReach(reach: Reach, who: string, where: string, until: string): string {
  switch (reach.kind) {
    case 'member':
      return `${who} is in ${where}${reach.since === undefined ? '' : ` since ${renderMoment(reach.since)}`}, ${until}`;
    case 'unknown':
      return `${who} is granted ${where} ${until}`;
    case 'not-yet':
      return `${who} is granted ${where} ${until}; the directory does not show it yet`;
    case 'held':
      return `${who} is granted ${where} ${until}; a limit was passed, so an administrator of the host must let the change through`;
    case 'withheld':
      return `${who} is granted ${where} ${until} and does not get in: ${withheld[reach.code]}`;
  }
}

const withheld: Readonly<Record<Extract<Reach, { kind: 'withheld' }>['code'], string>> = {
  expired: 'the grant is over',
  'not-yet': 'the grant has not begun',
  revoked: 'the access was revoked on the host',
  'unknown-person': 'the directory has no person with this name: the developer account may be missing, or the name misspelled',
  'ambiguous-person': 'the directory has more than one entry with this name: its administrators must mend that',
  'identity-changed': 'the name belongs to another account than when this began: it needs a new grant',
  locked: 'the account is locked in the directory',
};

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
