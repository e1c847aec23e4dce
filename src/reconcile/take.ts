// What of the record of judging is taken into the ledger, and what judging then says (DESIGN, section 8). It is taken as claims: times of the
// future are not believed, what could not truly be said is tampering, and a record that is another one must come to the same. Pure.
import { instant, type CommitId, type Instant } from '../names.ts';
import type { PolicyState } from '../judge/effective.ts';
import type { GrantInForce } from '../judge/grants.ts';
import type { EffectivePolicy } from '../judge/waiting.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { Memory } from '../ledger/memory.ts';
import type { Problem } from '../problems.ts';
import { beginAnew, nothingJudged, takeJudged, type JudgedState } from '../record/judged-state.ts';
import type { JudgingRecord, VerdictRecord } from '../record/judging-record.ts';
import { policyInForce, type Now } from '../record/now.ts';
import type { Foreign } from '../record/other-half.ts';
import type { Piece } from '../record/read-record.ts';
import type { Taken } from '../record/taken.ts';
import { minute, renderInstant } from '../time.ts';

/** What lies in the folder of judging. */
export interface JudgingSeen {
  readonly piece: Foreign<Piece>;
  /** Its content is undefined where it is not what judging writes. */
  readonly now: Foreign<Now | undefined>;
  /** The name of the record that root began anew; undefined where nobody did. */
  readonly begunAnew: string | undefined;
}

export interface TakeTerms {
  readonly start: CommitId;
  readonly folder: string;
  readonly now: Instant;
  /** By this host's clock, which may lie behind `now`: judging looked by the same clock. */
  readonly clock: Instant;
}

export interface Judged {
  /** Undefined: there is no policy in force to speak of. */
  readonly policy: EffectivePolicy | undefined;
  readonly head: CommitId | undefined;
  /** For the ledger. */
  readonly records: readonly LedgerRecord[];
  readonly problems: readonly Problem[];
  /** Nobody is added by a grant while judging is behind, and nobody at all while the record is not what it should be. */
  readonly gains: 'all' | 'by-roster' | 'none';
  /** Judging has passed the commit that was the branch's head when the record began. */
  readonly caughtUp: boolean;
  /** `Date` of GitLab's last answer, and this host's time when it came. */
  readonly clock: Now['clock'];
  readonly tokens: Now['tokens'];
}

/** After so long without a look, judging is told to be silent. */
export const longestSilence = 15 * minute;

export function takeRecord(memory: Memory, seen: JudgingSeen, terms: TakeTerms): Judged {
  const taking = takingOf(memory, seen, terms);
  const now = seen.now.kind === 'read' ? seen.now.content : undefined;
  const problems = [...taking.problems, ...problemsOf(seen.now, terms)];
  const { state } = taking;
  const isSound = problems.every(({ status }) => status !== 'input');
  const isOurStart = state.policy?.start === terms.start;
  const isCurrent = isSound && isOurStart && isAt(now, taking.place);
  if (isSound && state.policy && !isCurrent && problems.length === 0) problems.push(behind(isOurStart));
  const policy = state.policy && policyInForce(state.policy, now, isCurrent);
  return {
    policy,
    head: now?.head ?? undefined,
    records: taking.records,
    problems: [...problems, ...(now?.problems.list ?? [])],
    gains: !isSound ? 'none' : isCurrent && now?.lessened.more === 0 ? 'all' : 'by-roster',
    caughtUp: state.caughtUp && isCurrent,
    clock: now?.clock ?? null,
    tokens: now?.tokens ?? [],
  };
}

function isAt(now: Now | undefined, place: Taken | undefined): boolean {
  return now !== undefined && place !== undefined && now.record.id === place.id && now.record.line === place.head.count;
}

function behind(isOurStart: boolean): Problem {
  const message = isOurStart
    ? 'judging has not come to the head of the branch yet: what it has decided so far counts, and whom a grant brings in waits'
    : 'repository.start is another commit than the one that judging began at: what was in force stays until judging has looked again';
  return { status: 'unavailable', code: 'judging-behind', message };
}

function problemsOf(now: JudgingSeen['now'], { clock: at }: TakeTerms): Problem[] {
  switch (now.kind) {
    case 'absent':
      return [
        {
          status: 'unavailable',
          code: 'judging-silent',
          message: 'judging has not looked yet: see muster-judge.service, or run "muster judge"',
        },
      ];
    case 'strange':
    case 'unreadable':
      return [unusable(now.message)];
    case 'read':
      if (!now.content) return [unusable('now.json is not what judging writes')];
      if (at - now.content.at <= longestSilence) return [];
      return [
        {
          status: 'unavailable',
          code: 'judging-silent',
          message: `judging has not looked since ${renderInstant(now.content.at)}: see muster-judge.service, or run "muster judge"`,
        },
      ];
  }
}

function unusable(what: string): Problem {
  return {
    status: 'input',
    code: 'record-unusable',
    message: `${what}. Nobody is added until the administrator of this host has found out why; ends and revocations go on. The way back is "muster judge --begin-anew", as root`,
  };
}

interface Taking {
  readonly records: readonly LedgerRecord[];
  readonly state: JudgedState;
  /** How far it goes; undefined where nothing of this record was taken. */
  readonly place: Taken | undefined;
  readonly problems: readonly Problem[];
}

function takingOf(memory: Memory, { piece, begunAnew }: JudgingSeen, terms: TakeTerms): Taking {
  const nothing = (...problems: readonly Problem[]): Taking => ({ records: [], state: memory.judged, place: undefined, problems });
  if (piece.kind === 'absent')
    return memory.taken ? nothing(unusable('the record of judging that was taken so far is not there any more')) : nothing();
  if (piece.kind !== 'read') return nothing(unusable(piece.message));
  const { lines, isAnother, id } = piece.content;
  if (lines.some(({ record }) => !couldBe(record, terms))) return nothing(unusable('the record of judging holds what could not be so'));
  if (!isAnother) return { ...taken(memory.judged, lines, terms), place: lines.at(-1)?.place ?? memory.taken, problems: [] };
  if (id !== undefined && id === begunAnew) {
    const anew = taken(beginAnew(memory.judged), lines, terms);
    return { ...anew, records: [{ type: 'begun-anew', at: terms.now, id }, ...anew.records], place: lines.at(-1)?.place, problems: [] };
  }
  return (
    compared(memory, lines, terms) ??
    nothing(unusable('another record of judging lies there than was taken so far, and it comes to other verdicts'))
  );
}

function taken(before: JudgedState, lines: Piece['lines'], { now }: TakeTerms): Pick<Taking, 'records' | 'state'> {
  const place = lines.at(-1)?.place;
  if (!place) return { records: [], state: before };
  const records = lines.map((line) => ({ ...believed(line.record, now), place: line.place }));
  return { records, state: takeJudged(before, records, 'converging') };
}

/** A record that was lost, or another host's, begins at `start` and comes to the same: it goes on where the first one was taken. Undefined: it does not. */
function compared({ judged }: Memory, lines: Piece['lines'], terms: TakeTerms): Taking | undefined {
  const had = judged.policy;
  if (!had) return { ...taken(nothingJudged, lines, terms), place: lines.at(-1)?.place, problems: [] };
  const reached = lines.findIndex(({ record }) => isDecided(record, had.judged)) + 1;
  // Judging is on its way there.
  if (reached === 0) return { records: [], state: judged, place: undefined, problems: [] };
  const again = takeJudged(
    nothingJudged,
    lines.slice(0, reached).map(({ record }) => believed(record, terms.now)),
    'converging',
  );
  if (!again.policy || render(again.policy) !== render(had)) return undefined;
  const rest = taken(judged, lines.slice(reached), terms);
  const place = lines.at(-1)?.place;
  const records = rest.records.length > 0 || !place ? rest.records : [{ type: 'taken', at: terms.now, place } as const];
  return { ...rest, records, place, problems: [] };
}

function isDecided(record: JudgingRecord, commit: CommitId): boolean {
  return (record.type === 'verdict' || record.type === 'judged' || record.type === 'start') && record.commit === commit;
}

/** All that gives access, in order: the rules in force, what is endorsed, and the grants. */
function render({ rules, endorsed, inForce, proposed }: PolicyState): string {
  const inOrder = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  const grants = inOrder(new Map([...inForce, ...proposed])).map(([path, { from, until, endorsedUntil, commit }]) => [
    path,
    from,
    until,
    endorsedUntil,
    commit,
  ]);
  const { people, teams, groups } = rules;
  return JSON.stringify([[...people], [...teams], rules.rules, [...groups], inOrder(endorsed), grants]);
}

/** What stands at a path is about the person and the group that the path names, and a landing's verdict changes what that landing brought. */
function couldBe(record: JudgingRecord, { folder }: TakeTerms): boolean {
  if (record.type === 'start-part') return record.grants.every(([path, grant]) => path === pathOf(grant, folder));
  if (record.type !== 'verdict') return true;
  const { delta } = record;
  const grants = [...delta.inForce.map(([, grant]) => grant), ...delta.ended.map(([, ended]) => ended?.grant ?? null)];
  return delta.judged === record.commit && grants.every((grant) => grant === null || grant.path === pathOf(grant, folder));
}

function pathOf({ group, uid }: Pick<GrantInForce, 'group' | 'uid'>, folder: string): string {
  return `${folder}/grants/${group}/${uid}.yaml`;
}

/** As of now: a ceiling on the length of grants counts from here at the latest. What was asked of GitLab stays in the record. */
function believed(record: JudgingRecord, now: Instant): JudgingRecord {
  if (record.type === 'start') return { ...record, at: now, committedAt: earliest(record.committedAt, now) };
  return record.type === 'verdict' ? believedVerdict(record, now) : { ...record, at: now };
}

function believedVerdict(record: VerdictRecord, now: Instant): VerdictRecord {
  const { delta, verdict } = record;
  const grantOf = (grant: GrantInForce) => ({ ...grant, landedAt: earliest(grant.landedAt, now) });
  return {
    ...record,
    at: now,
    evidence: null,
    verdict: verdict.kind === 'endorsed' ? { ...verdict, landedAt: earliest(verdict.landedAt, now) } : verdict,
    delta: {
      ...delta,
      inForce: delta.inForce.map(([path, grant]) => [path, grant && grantOf(grant)]),
      ended: delta.ended.map(([path, ended]) => [path, ended && { ...ended, grant: grantOf(ended.grant) }]),
    },
  };
}

function earliest(left: Instant, right: Instant): Instant {
  return instant(Math.min(left, right));
}
