// The ledger played back to a moment: who was a member then and why, as the record tells it. One pass; what is kept grows with the
// people of the last year and not with the length of the ledger.
import { chronicle, emptyChronicle, forgetBefore, type Chronicle } from './chronicle.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { emptyMemory, isSameRevocation, remember, type Memory } from './memory.ts';
import { instant, type CommitId, type Duration, type GroupName, type Instant, type Uid } from '../names.ts';
import type { LedgerRecord, LiftRecord, OverrideRecord, RevocationRecord } from './record.ts';
import type { VerdictRecord } from '../record/judging-record.ts';
import { emptyStays, staysSince, takeStays, type Stay } from './stays.ts';
import { day, second } from '../time.ts';

/** How far back a report tells what is over. */
const yearLong = 365 * day;

export interface RevocationStory {
  readonly record: RevocationRecord;
  readonly lifted: LiftRecord | undefined;
}

export interface OverrideStory {
  readonly record: OverrideRecord;
  readonly usedAt: Instant | undefined;
}

/** What one person approved. */
export interface Approvals {
  readonly landings: number;
  readonly rules: number;
  readonly last: Instant;
  /** How many of them gave somebody a grant. */
  readonly grants: ReadonlyMap<Uid, number>;
}

/** A landing that was judged between the two moments. */
export interface JudgedLanding {
  readonly at: Instant;
  readonly commit: CommitId;
  readonly verdict: VerdictRecord['verdict'];
  readonly paths: readonly string[];
}

export interface Replay {
  readonly memory: Memory;
  revocations: readonly RevocationStory[];
  overrides: readonly OverrideStory[];
  readonly approvals: Map<Uid, Approvals>;
  readonly landings: JudgedLanding[];
  readonly chronicle: Chronicle;
  /** When the record begins; undefined where it is empty. */
  begins: Instant | undefined;
}

export interface ReplaySettings {
  readonly at: Instant;
  /** The beginning of a period that is asked for. */
  readonly since: Instant | undefined;
  readonly folder: string;
  /** Those that a revocation of everything takes away. */
  readonly groups: readonly GroupName[];
  /** The host's ceilings on the length of grants. */
  readonly longest: ReadonlyMap<GroupName, Duration>;
}

export interface Replayed {
  readonly replay: Replay;
  /** From `since` on: who was in at any time of it, and by which policy it began. */
  readonly period: { readonly stays: readonly Stay[]; readonly policyBefore: PolicyState | undefined } | undefined;
}

/** Records later than `at` are passed over. */
export function replayTo(records: Iterable<LedgerRecord>, settings: ReplaySettings): Replayed {
  const replay = emptyReplay();
  const { at, since, longest } = settings;
  // A second that is named means the whole of it: who left in it was in.
  const terms = since === undefined ? undefined : { begin: instant(since - (since % second)), longest };
  const stays = emptyStays();
  let policyBefore: PolicyState | undefined;
  for (const record of records) {
    replay.begins ??= record.at;
    if (record.at > at) continue;
    take(replay, record, settings);
    if (!terms) continue;
    takeStays(stays, record, terms);
    if (since !== undefined && record.at <= since) policyBefore = replay.memory.policy;
  }
  forgetBefore(replay.chronicle, instant(at - yearLong));
  return { replay, period: terms && { stays: staysSince(stays, terms), policyBefore } };
}

function emptyReplay(): Replay {
  return {
    memory: emptyMemory(),
    revocations: [],
    overrides: [],
    approvals: new Map(),
    landings: [],
    chronicle: emptyChronicle(),
    begins: undefined,
  };
}

function take(replay: Replay, record: LedgerRecord, settings: ReplaySettings): void {
  const begin = instant(settings.at - yearLong);
  remember(replay.memory, lightened(record));
  takeDecisions(replay, record, settings, begin);
  chronicle(replay.chronicle, record, replay.memory.policy, { begin, ...settings });
}

/** Which merge requests were used up grows with the ledger, and no report asks for it. */
function lightened(record: LedgerRecord): LedgerRecord {
  return record.type === 'verdict' ? { ...record, delta: { ...record.delta, usedMergeRequest: null } } : record;
}

function takeDecisions(replay: Replay, record: LedgerRecord, { since }: ReplaySettings, begin: Instant): void {
  switch (record.type) {
    case 'verdict':
      countApprovals(replay.approvals, record);
      if (since !== undefined && record.at > since) replay.landings.push(landingOf(record));
      return;
    case 'revocation':
      replay.revocations = [...replay.revocations.filter((one) => !isLiftedBefore(one, begin)), { record, lifted: undefined }];
      return;
    case 'lift':
      replay.revocations = replay.revocations.map((one) =>
        !one.lifted && isEndedBy(record, one.record) ? { ...one, lifted: record } : one,
      );
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
  return { at, commit, verdict, paths: delta.tree.map(([path]) => path) };
}

function countApprovals(approvals: Map<Uid, Approvals>, { commit, verdict, delta }: VerdictRecord): void {
  if (verdict.kind !== 'endorsed') return;
  const given = delta.inForce.flatMap(([, grant]) => (grant && grant.commit === commit ? [grant.uid] : []));
  for (const approver of verdict.approvedBy) {
    const known = approvals.get(approver);
    const grants = new Map(known?.grants);
    for (const uid of given) grants.set(uid, (grants.get(uid) ?? 0) + 1);
    const rules = (known?.rules ?? 0) + (delta.rules ? 1 : 0);
    approvals.set(approver, { landings: (known?.landings ?? 0) + 1, rules, last: verdict.landedAt, grants });
  }
}
