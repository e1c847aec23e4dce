// The ledger played back to a moment: who was a member then and why, as the record tells it. One pass; what is kept grows with the
// people of the last year and not with the length of the ledger.
import { chronicle, emptyChronicle, forgetBefore, type Chronicle } from './chronicle.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { emptyMemory, isSameRevocation, remember, type Memory } from './memory.ts';
import { instant, type CommitId, type Duration, type GroupName, type Instant } from '../names.ts';
import type { DistrustRecord, LedgerRecord, LiftRecord, OverrideRecord, RevocationRecord } from './record.ts';
import type { VerdictRecord } from '../record/judging-record.ts';
import { emptyStays, lastDeparture, staysSince, takeStays, type Departure, type Stay } from './stays.ts';
import { day, second } from '../time.ts';

/** How far back a report tells what is over. */
const yearLong = 365 * day;
/** What changed in this time is told where no period is asked for. */
const lately = 30 * day;
/** Of one person in one group, where no period is asked for. */
const mostStays = 20;
const latestLandings = 200;

export interface RevocationStory {
  readonly record: RevocationRecord;
  readonly lifted: LiftRecord | undefined;
}

export interface OverrideStory {
  readonly record: OverrideRecord;
  readonly usedAt: Instant | undefined;
}

/** A landing that was judged in the period. */
export interface JudgedLanding {
  readonly at: Instant;
  readonly commit: CommitId;
  readonly verdict: VerdictRecord['verdict'];
  /** It brought the rules that are in force since. */
  readonly bringsRules: boolean;
  readonly paths: readonly string[];
  /** Those of them that are not taken away: to delete needs nobody's approval, and has its effect. */
  readonly brought: readonly string[];
}

export interface Replay {
  readonly memory: Memory;
  revocations: readonly RevocationStory[];
  overrides: readonly OverrideStory[];
  readonly distrusts: DistrustRecord[];
  readonly landings: JudgedLanding[];
  readonly chronicle: Chronicle;
  /** When the record begins; undefined where it is empty. */
  begins: Instant | undefined;
}

export interface ReplaySettings {
  readonly at: Instant;
  /** The beginning of a period that is asked for; without one, the last 30 days are told. */
  readonly since: Instant | undefined;
  readonly folder: string;
  /** Those that a revocation of everything takes away. */
  readonly groups: readonly GroupName[];
  /** The host's ceilings on the length of grants. */
  readonly longest: ReadonlyMap<GroupName, Duration>;
}

export interface Replayed {
  readonly replay: Replay;
  /** The beginning of what is told as changed. */
  readonly since: Instant;
  /** Who was in at any time of the period that was asked for; otherwise of the last year, and of each person the latest. */
  readonly stays: readonly Stay[];
  readonly policyBefore: PolicyState | undefined;
  /** When and why somebody left a group, within a year. */
  readonly departed: (group: GroupName, name: string) => Departure | undefined;
}

/** Records later than `at` are passed over. */
export function replayTo(records: Iterable<LedgerRecord>, settings: ReplaySettings): Replayed {
  const replay = emptyReplay();
  const { at, since: asked, longest } = settings;
  const since = asked ?? instant(at - lately);
  // A second that is named means the whole of it: who left in it was in.
  const begin = asked === undefined ? instant(at - yearLong) : instant(asked - (asked % second));
  const terms = { begin: instant(Math.min(begin, at - yearLong)), longest, most: asked === undefined ? mostStays : Infinity };
  const stays = emptyStays();
  let policyBefore: PolicyState | undefined;
  for (const record of records) {
    replay.begins ??= record.at;
    if (record.at > at) continue;
    take(replay, record, { ...settings, since, mostLandings: asked === undefined ? latestLandings : Infinity });
    takeStays(stays, record, terms);
    if (record.at <= since) policyBefore = replay.memory.policy;
  }
  forgetBefore(replay.chronicle, instant(at - yearLong));
  return { replay, since, stays: staysSince(stays, begin), policyBefore, departed: (group, name) => lastDeparture(stays, group, name) };
}

function emptyReplay(): Replay {
  return {
    memory: emptyMemory(),
    revocations: [],
    overrides: [],
    distrusts: [],
    landings: [],
    chronicle: emptyChronicle(),
    begins: undefined,
  };
}

type Taking = ReplaySettings & { readonly since: Instant; readonly mostLandings: number };

function take(replay: Replay, record: LedgerRecord, settings: Taking): void {
  const begin = instant(settings.at - yearLong);
  remember(replay.memory, lightened(record));
  takeDecisions(replay, record, settings, begin);
  chronicle(replay.chronicle, record, replay.memory.policy, { begin, folder: settings.folder });
}

/** Which merge requests were used up grows with the ledger, and no report asks for it. */
function lightened(record: LedgerRecord): LedgerRecord {
  return record.type === 'verdict' ? { ...record, delta: { ...record.delta, usedMergeRequest: null } } : record;
}

function takeDecisions(replay: Replay, record: LedgerRecord, { since, mostLandings }: Taking, begin: Instant): void {
  switch (record.type) {
    case 'verdict':
      if (record.at > since) replay.landings.push(landingOf(record));
      if (replay.landings.length > mostLandings) replay.landings.shift();
      return;
    case 'revocation':
      replay.revocations = [...replay.revocations.filter((one) => !isLiftedBefore(one, begin)), { record, lifted: undefined }];
      return;
    case 'lift':
      replay.revocations = replay.revocations.map((one) =>
        !one.lifted && isEndedBy(record, one.record) ? { ...one, lifted: record } : one,
      );
      return;
    case 'distrust':
      replay.distrusts.push(record);
      return;
    case 'override':
      replay.overrides = [...replay.overrides.filter((one) => one.record.at >= begin), { record, usedAt: undefined }];
      return;
    case 'override-used':
      replay.overrides = replay.overrides.map((one) =>
        one.usedAt === undefined && one.record.group === record.group && one.record.digest === record.digest
          ? { ...one, usedAt: record.at }
          : one,
      );
      return;
    default:
  }
}

function isEndedBy({ uid, from, standing = [] }: LiftRecord, { dated, at, ...record }: RevocationRecord): boolean {
  const which = { at: dated ?? at, reason: record.reason };
  return record.uid === uid && record.from === from && !standing.some((one) => isSameRevocation(one, which));
}

function isLiftedBefore({ lifted }: RevocationStory, begin: Instant): boolean {
  return lifted !== undefined && lifted.at < begin;
}

function landingOf({ at, commit, verdict, delta }: VerdictRecord): JudgedLanding {
  return {
    at,
    commit,
    verdict,
    bringsRules: delta.rules !== undefined,
    paths: delta.tree.map(([path]) => path),
    brought: delta.tree.flatMap(([path, after]) => (after ? [path] : [])),
  };
}
