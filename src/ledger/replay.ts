// The ledger played back to a moment: who was a member then and why, as the record tells it. One pass; what is kept grows with the
// people of the last year and not with the length of the ledger.
import type { Because } from '../membership/desired.ts';
import { chronicle, emptyChronicle, forgetBefore, type Chronicle } from './chronicle.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { emptyMemory, isSameRevocation, remember, type Memory } from './memory.ts';
import { instant, type CommitId, type Duration, type GroupName, type Instant, type Uid } from '../names.ts';
import type { RemovalCause } from '../membership/plan.ts';
import type { HeldRecord, LedgerRecord, LiftRecord, OverrideRecord, RevocationRecord } from './record.ts';
import type { VerdictRecord } from '../record/judging-record.ts';
import { emptyStays, staysSince, takeStays, type Departure, type Stay } from './stays.ts';
import { day, second } from '../time.ts';

/** How far back a report tells what is over. */
const yearLong = 365 * day;

export interface Membership {
  /** As it was when it began; null where nothing explained it. */
  readonly because: Because | null;
  readonly since: Instant;
}

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
  readonly policy: PolicyState | undefined;
  readonly memory: Memory;
  readonly members: Map<GroupName, Map<string, Membership>>;
  readonly departures: Map<GroupName, Map<string, Departure>>;
  readonly held: Map<GroupName, HeldRecord>;
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
    if (since !== undefined && record.at <= since) policyBefore = replay.policy;
  }
  forgetBefore(replay.chronicle, instant(at - yearLong));
  return { replay, period: terms && { stays: staysSince(stays, terms), policyBefore } };
}

function emptyReplay(): Replay {
  const memory = emptyMemory();
  return {
    memory,
    get policy() {
      return memory.policy;
    },
    members: new Map(),
    departures: new Map(),
    held: new Map(),
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
  takeMembers(replay, record, begin);
  takeDecisions(replay, record, settings, begin);
  chronicle(replay.chronicle, record, replay.memory.policy, { begin, ...settings });
}

/** Which merge requests were used up grows with the ledger, and no report asks for it. */
function lightened(record: LedgerRecord): LedgerRecord {
  return record.type === 'verdict' ? { ...record, delta: { ...record.delta, usedMergeRequest: null } } : record;
}

function takeMembers({ members, departures, held }: Replay, record: LedgerRecord, begin: Instant): void {
  if (record.type === 'held') held.set(record.group, record);
  if (record.type !== 'outcome' && record.type !== 'membership') return;
  const { at, group } = record;
  const present = members.get(group) ?? new Map<string, Membership>();
  const gone = departures.get(group) ?? new Map<string, Departure>();
  members.set(group, present);
  departures.set(group, gone);
  const leave = (name: string, because: RemovalCause | null) => {
    present.delete(name);
    if (at >= begin) gone.set(name, { because, at });
  };
  const enter = (name: string, because: Because | null, since: Instant) => {
    present.set(name, { because, since });
    gone.delete(name);
  };
  if (record.type === 'membership') {
    for (const name of record.vanished) leave(name, null);
    for (const { name, because } of record.appeared) enter(name, because, present.get(name)?.since ?? at);
    return;
  }
  for (const { because, members: of } of record.remove) for (const { uid } of of) leave(uid, because);
  for (const { because, members: of } of record.add) for (const { uid } of of) enter(uid, because, at);
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
