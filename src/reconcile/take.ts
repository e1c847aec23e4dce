// What of the record of judging is taken into the ledger, and what judging then says. It is taken as claims: times of the
// future are not believed, what could not truly be said is tampering, and a record that is another one must come to the same. Pure.
import { instant, type CommitId, type Instant } from '../names.ts';
import type { GrantInForce } from '../record/grants.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { intakeAt, type Memory } from '../ledger/memory.ts';
import type { Problem } from '../errors.ts';
import { goOnWith, takeJudged, type JudgedState } from '../record/judged-state.ts';
import type { JudgingRecord, SignedRecord, VerdictRecord } from '../record/judging-record.ts';
import { policyInForce, type Now, type OpenEffect } from '../record/now.ts';
import type { Foreign } from '../record/other-half.ts';
import type { Piece, Taken } from '../record/read-record.ts';
import { day, hour, minute } from '../time.ts';
import { renderMoment } from '../text.ts';

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
  /** Of the run before; undefined: there was none. */
  readonly lastRun: Instant | undefined;
}

export interface TakenPolicy {
  /** Undefined: there is no policy in force to speak of. */
  readonly policy: EffectivePolicy | undefined;
  readonly head: CommitId | undefined;
  /** For the ledger. */
  readonly records: readonly LedgerRecord[];
  readonly problems: readonly Problem[];
  /** Nobody is added by a grant while judging is behind, and nobody at all while the record is not what it should be. */
  readonly gains: 'all' | 'by-roster' | 'none';
  /** All that the branch held when this ledger began has a verdict: until then an end from before may have been renewed. */
  readonly caughtUp: boolean;
  /** `Date` of GitLab's last answer, and this host's time when it came. */
  readonly clock: Now['clock'];
  readonly tokens: Now['tokens'];
  /** Whom open merge requests are about. */
  readonly open: readonly OpenEffect[];
}

/** After so long without a look, judging is told to be silent. */
export const longestJudgingSilence = 15 * minute;

/**
 * MiB of records of judging in a day: what is taken stays in the ledger, and every run reads that from its beginning. A start with a hundred
 * thousand grants has forty.
 */
export const mostADay = 64;

export function takeRecord(memory: Memory, seen: JudgingSeen, terms: TakeTerms): TakenPolicy {
  const taking = takingOf(memory, seen, terms);
  const now = seen.now.kind === 'read' ? seen.now.content : undefined;
  const problems = [...taking.problems, ...problemsOf(seen.now, terms)];
  const { state } = taking;
  const isSound = problems.every(({ status }) => status !== 'input');
  const isOurStart = state.policy?.start === terms.start;
  const isCurrent = isSound && isOurStart && !state.other && isAt(now, taking.place);
  if (isSound && state.policy && !isCurrent && problems.length === 0) problems.push(behind(isOurStart, seen.piece));
  const policy = state.policy && policyInForce(state.policy, now, isCurrent);
  const hasAll = isCurrent && state.caughtUp && hasLooked(now, memory.began ?? terms.now);
  const waited = memory.waited ?? (hasAll ? [...state.firstSeen.keys()] : undefined);
  return {
    policy,
    head: now?.head ?? undefined,
    records: waited && !memory.waited ? [...taking.records, { type: 'all-taken', at: terms.now, waits: waited }] : taking.records,
    problems: [...problems, ...(now?.problems.list ?? [])],
    gains: !isSound ? 'none' : isCurrent && now?.lessened.more === 0 ? 'all' : 'by-roster',
    caughtUp: waited?.every((commit) => !state.firstSeen.has(commit)) ?? false,
    clock: now?.clock ?? null,
    tokens: now?.tokens ?? [],
    open: now?.open.list ?? [],
  };
}

function isAt(now: Now | undefined, place: Taken | undefined): boolean {
  return now !== undefined && place !== undefined && now.record.id === place.id && now.record.line === place.head.count;
}

/** Since then, with an answer of the server that has the branch. */
function hasLooked(now: Now | undefined, since: Instant): boolean {
  return now !== undefined && now.at >= since && !now.problems.list.some(({ code }) => /^(git|policy)-/.test(code));
}

function behind(isOurStart: boolean, piece: JudgingSeen['piece']): Problem {
  const whoWaits = 'has decided so far counts, and whom a grant brings in waits';
  const message = !isOurStart
    ? 'repository.start is another commit than the one that judging began at: what was in force stays until judging has looked again'
    : piece.kind === 'read' && piece.content.more
      ? `judging has recorded more than one run takes: the next run goes on. Until then what it ${whoWaits}`
      : `judging has not come to the head of the branch yet: what it ${whoWaits}`;
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
      if (Math.abs(at - now.content.at) <= longestJudgingSilence) return [];
      return [
        {
          status: 'unavailable',
          code: 'judging-silent',
          message: `judging has not looked since ${renderMoment(now.content.at)}: see muster-judge.service, or run "muster judge"`,
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

function grows(until: Instant): Problem {
  return {
    status: 'input',
    code: 'record-grows',
    message: `judging has written ${mostADay} MiB within a day, and no more of it is taken before ${renderMoment(until)}. Nobody is added until then; ends and revocations go on. Where no such amount was merged, the administrator of this host finds out what writes there`,
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
  const { judged, taken: before } = memory;
  // Until this ledger once had all of it, what lies there is older than the last run.
  const since = { ...terms, lastRun: memory.waited && terms.lastRun };
  if (piece.kind === 'absent') {
    // Root has set it aside, and the new one is still to come.
    const isExpected = !before || (begunAnew !== undefined && begunAnew !== before.id);
    return isExpected ? nothing() : nothing(unusable('the record of judging that was taken so far is not there any more'));
  }
  if (piece.kind !== 'read') return nothing(unusable(piece.message));
  const { lines, isAnother, id } = piece.content;
  if (lines.some(({ record }) => !couldBe(record, terms))) return nothing(unusable('the record of judging holds what could not be so'));
  const intake = intakeAt(memory, terms.now);
  if (lines.length > 0 && intake.bytes >= mostADay * 2 ** 20) return nothing(grows(instant(intake.since + day)));
  if (!isAnother || id === undefined) return taken(judged, [], before, lines, since);
  const how = id === begunAnew ? 'succeeds' : 'repeats';
  return taken(goOnWith(judged, how), [{ type: 'other-record', at: terms.now, id, how }], undefined, lines, since);
}

function taken(
  before: JudgedState,
  records: readonly LedgerRecord[],
  from: Taken | undefined,
  lines: Piece['lines'],
  terms: TakeTerms,
): Taking {
  const first = earliestSight(before, terms);
  const believedLines = lines.map((line) => ({ ...believed(line.record, terms.now, first), place: line.place }));
  const state = takeJudged(before, believedLines, 'converging');
  const problems = state.contradicted
    ? [unusable('another record of judging lies there than was taken so far, and it comes to other verdicts')]
    : [];
  return {
    // Of what contradicts, no more than shows it.
    records: before.contradicted ? [] : [...records, ...believedLines],
    state,
    place: lines.at(-1)?.place ?? from,
    problems,
  };
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

/** A look of judging lasts so long at most: what it saw comes on record only at its end. */
const longestLook = hour;

/** When judging may have seen, at the earliest, what it says only now. */
function earliestSight({ firstSeen }: JudgedState, { now, lastRun = instant(0) }: TakeTerms): Instant {
  // Behind a landing that waits others wait, and not each has a line that says since when.
  const waiting = [...firstSeen.values()].reduce(sooner, now);
  return instant(Math.min(lastRun, Math.min(now, waiting) - longestLook));
}

/**
 * As of now: a ceiling on the length of grants counts from here at the latest. What was asked of GitLab stays in the record. `earliest`: no landing is
 * believed to have been seen before.
 */
export function believed(record: JudgingRecord, now: Instant, earliest = instant(0)): JudgingRecord {
  if (record.type === 'start') return { ...record, at: now, committedAt: sooner(record.committedAt, now) };
  if (record.type === 'signed') return believedSigned(record, now, earliest);
  return record.type === 'verdict' ? believedVerdict(record, now) : { ...record, at: now };
}

function believedVerdict(record: VerdictRecord, now: Instant): VerdictRecord {
  const { delta, verdict } = record;
  const grantOf = (grant: GrantInForce) => ({ ...grant, landedAt: sooner(grant.landedAt, now) });
  return {
    ...record,
    at: now,
    evidence: null,
    verdict: verdict.kind === 'endorsed' ? { ...verdict, landedAt: sooner(verdict.landedAt, now) } : verdict,
    delta: {
      ...delta,
      inForce: delta.inForce.map(([path, grant]) => [path, grant && grantOf(grant)]),
      ended: delta.ended.map(([path, ended]) => [path, ended && { ...ended, grant: grantOf(ended.grant) }]),
    },
  };
}

/** Of a signature that has run out judging could say that its landing had been seen before. */
function believedSigned(record: SignedRecord, now: Instant, first: Instant): SignedRecord {
  const sight = (said: Instant) => instant(Math.max(first, sooner(said, now)));
  const statements = record.statements.map((one) => ({ ...one, firstSeen: sooner(one.firstSeen, now) }));
  return { ...record, at: now, firstSeen: record.firstSeen === null ? null : sight(record.firstSeen), statements };
}

function sooner(left: Instant, right: Instant): Instant {
  return instant(Math.min(left, right));
}
