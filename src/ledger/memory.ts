// What muster remembers: the fold over its ledger. The same records give the same memory.
import type { PolicyState } from '../record/policy-state.ts';
import { inForceOf, narrowAllowed } from './allowed.ts';
import { evidenceLine } from './evidence-lines.ts';
import { basisOf, type Because, type Binding } from '../membership/desired.ts';
import { earlier, isOver, type Window } from '../record/grants.ts';
import type { RemovalCause } from '../membership/plan.ts';
import type { HoldCode } from '../membership/guard.ts';
import { instant, type CommitId, type Duration, type GroupName, type Instant, type RosterName, type Uid } from '../names.ts';
import {
  isTakenLine,
  type BindingsRecord,
  type HeldRecord,
  type IntentRecord,
  type LedgerRecord,
  type TakenLine,
  type LiftRecord,
  type MembershipRecord,
  type OutcomeRecord,
  type OverrideRecord,
  type RecordedChanges,
  type RevocationRecord,
  type RosterRecord,
  type VerifiedRecord,
  type WhichRevocation,
} from './record.ts';
import { acceptProposed } from '../record/start-state.ts';
import { goOnWith, JudgedDraft, nothingJudged, type JudgedState } from '../record/judged-state.ts';
import type { Taken } from '../record/read-record.ts';
import { day } from '../time.ts';

export interface Counts {
  readonly removals: number;
  readonly additions: number;
}

/** As it was when it came on record; null where nothing explained it. Many members share one. */
export interface Membership {
  readonly because: Because | null;
  readonly since: Instant;
}

/** The last time that somebody came into a group or left it. */
export interface LastChange {
  readonly at: Instant;
  readonly came: readonly string[];
  readonly left: readonly string[];
}

export interface KnownGroup {
  /** Members as last recorded. Persons by uid, other values by DN. */
  readonly members: Map<string, Membership>;
  lastChange: LastChange | undefined;
  readonly bindings: Map<Uid, Binding>;
  /** With the moment they were done: limited changes that nobody allowed one by one, and all that the host's ceilings count. */
  recent: { readonly at: Instant; readonly limited: Counts; readonly counted: Counts }[];
  takenOver: boolean;
  holds: readonly KnownHold[];
  /** Begun and never finished: the run was killed, or the answer never came. */
  openIntent: IntentRecord | undefined;
}

export interface KnownHold {
  readonly code: HoldCode;
  readonly digest: string;
  readonly since: Instant;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface Memory {
  /** What was taken of the record of judging. */
  judged: JudgedState;
  /** How far it was taken; undefined: nothing yet. */
  taken: Taken | undefined;
  /** Bytes that were taken of records of judging in the day that began then. */
  intake: { readonly since: Instant; readonly bytes: number };
  readonly policy: PolicyState | undefined;
  /** When this ledger began; undefined while it is empty. */
  began: Instant | undefined;
  /** What waited for a verdict when it had first taken all that judging had; undefined before. */
  waited: readonly CommitId[] | undefined;
  /** What signatures give, as last worked out. */
  verified: VerifiedRecord | undefined;
  /** Lines so far that signatures are verified by, and whether any tells of a landing that had to be signed. */
  evidence: number;
  asksForSignatures: boolean;
  /** Digests of signatures that ssh-keygen was asked about, and whether each was good. */
  readonly checked: Map<string, boolean>;
  /** What root let in of a new start, by path, and nothing has taken away since. */
  readonly allowed: Map<string, Window>;
  readonly rosters: Map<RosterName, RosterRecord>;
  readonly groups: Map<GroupName, KnownGroup>;
  overrides: OverrideRecord[];
  /** Revocations on record that were not lifted, by whom they take what from. In force is what lies under state/revoked/. */
  readonly revoked: Map<string, readonly WhichRevocation[]>;
  /** The latest time in any record. */
  latest: Instant;
  records: number;
}

export const overrideLasts = day;
const recentFor = day;

export function emptyMemory(): Memory {
  return {
    judged: nothingJudged,
    taken: undefined,
    intake: { since: instant(0), bytes: 0 },
    get policy() {
      return this.judged.policy;
    },
    began: undefined,
    waited: undefined,
    verified: undefined,
    evidence: 0,
    asksForSignatures: false,
    checked: new Map(),
    allowed: new Map(),
    rosters: new Map(),
    groups: new Map(),
    overrides: [],
    revoked: new Map(),
    latest: instant(0),
    records: 0,
  };
}

export function knownGroup(memory: Memory, group: GroupName): KnownGroup {
  const known = memory.groups.get(group);
  if (known) return known;
  const fresh: KnownGroup = {
    members: new Map(),
    lastChange: undefined,
    bindings: new Map(),
    recent: [],
    takenOver: false,
    holds: [],
    openIntent: undefined,
  };
  memory.groups.set(group, fresh);
  return fresh;
}

/** Takes one more record in. `memory` is the builder's own and is changed in place. */
export function remember(memory: Memory, record: LedgerRecord): void {
  rememberAll(memory, [record]);
}

/** Takes more records in. What was judged is taken as one change, however much it is and whatever stands between its lines. */
export function rememberAll(memory: Memory, records: Iterable<LedgerRecord>): void {
  let draft: JudgedDraft | undefined;
  const settle = (): void => {
    if (draft) memory.judged = draft.state;
    draft = undefined;
  };
  for (const record of records) {
    memory.records += 1;
    if (evidenceLine(record)) memory.evidence += 1;
    memory.began ??= record.at;
    memory.latest = instant(Math.max(memory.latest, record.at));
    if (isTakenLine(record)) {
      draft ??= new JudgedDraft(memory.judged, 'converging');
      const counted = draft.counts;
      draft.take(record);
      memory.asksForSignatures ||= record.type === 'signed';
      if (record.type === 'verdict' && draft.counts) narrowAllowed(memory.allowed, record.delta.inForce);
      // Of a record that root began anew nothing counted until now.
      if (!counted && draft.counts) narrowAllowed(memory.allowed, inForceOf(draft, memory.allowed.keys()));
      if (record.place) takePlace(memory, record.place, record.at);
    } else {
      // These are about what was judged before them.
      if (record.type === 'other-record' || record.type === 'override-used') settle();
      take(memory, record);
    }
  }
  settle();
}

function takePlace(memory: Memory, place: Taken, at: Instant): void {
  const { since, bytes } = intakeAt(memory, at);
  memory.intake = { since, bytes: bytes + place.offset - (memory.taken?.offset ?? 0) };
  memory.taken = place;
}

/** Of the day that runs at that moment. */
export function intakeAt({ intake }: Pick<Memory, 'intake'>, at: Instant): Memory['intake'] {
  return Math.abs(at - intake.since) < day ? intake : { since: at, bytes: 0 };
}

function take(memory: Memory, record: Exclude<LedgerRecord, TakenLine>): void {
  switch (record.type) {
    case 'other-record':
      memory.judged = goOnWith(memory.judged, record.how);
      memory.taken = undefined;
      return;
    case 'all-taken':
      memory.waited = record.waits;
      return;
    case 'roster':
      memory.rosters.set(record.roster, record);
      return;
    case 'refuse':
    case 'distrust':
      // Judging reads it in a file beside the ledger.
      return;
    case 'revocation':
      takeRevocation(memory, record);
      return;
    case 'lift':
      takeLift(memory, record);
      return;
    case 'override':
      memory.overrides.push(record);
      return;
    case 'verified':
      return void (memory.verified = record);
    case 'checked':
      for (const signature of record.bad ?? []) memory.checked.set(signature, false);
      for (const signature of record.signatures) memory.checked.set(signature, true);
      return;
    case 'override-used':
      for (const { path, from, until } of memory.policy?.proposed.values() ?? [])
        if (record.accepted.includes(path)) memory.allowed.set(path, { path, ...(from !== undefined && { from }), until });
      memory.overrides = memory.overrides.filter(({ digest, group }) => digest !== record.digest || group !== record.group);
      if (memory.policy && record.accepted.length > 0)
        memory.judged = { ...memory.judged, policy: acceptProposed(memory.policy, record.accepted) };
      return;
    default:
      rememberGroup(knownGroup(memory, record.group), record);
  }
}

function takeRevocation({ revoked }: Memory, { uid, from, at, dated = at, reason }: RevocationRecord): void {
  const key = revokedKey(uid, from);
  revoked.set(key, [...(revoked.get(key) ?? []), { at: dated, reason }]);
}

function takeLift({ revoked }: Memory, { uid, from, standing = [] }: LiftRecord): void {
  const key = revokedKey(uid, from);
  const left = (revoked.get(key) ?? []).filter((one) => standing.some((other) => isSameRevocation(one, other)));
  if (left.length > 0) revoked.set(key, left);
  else revoked.delete(key);
}

/** The file of a revocation tells its time to the second. */
export function isSameRevocation(one: WhichRevocation, other: WhichRevocation): boolean {
  return one.reason === other.reason && Math.floor(one.at / 1000) === Math.floor(other.at / 1000);
}

/** `from`: null for every managed group. */
export function revokedKey(uid: Uid, from: GroupName | null): string {
  return `${uid} ${from ?? ''}`;
}

/** A record that tells of one group, and that its memory is made from. */
type GroupRecord = Exclude<Extract<LedgerRecord, { readonly group: GroupName }>, { readonly type: 'override' | 'override-used' }>;

/** `known` is changed in place. */
function rememberGroup(known: KnownGroup, record: GroupRecord): void {
  switch (record.type) {
    case 'intent':
      known.openIntent = record;
      return;
    case 'outcome':
      rememberOutcome(known, record);
      return;
    case 'membership':
      rememberMembership(known, record);
      return;
    case 'bindings':
      rememberBindings(known, record);
      return;
    case 'held':
      known.holds = heldNow(known.holds, record);
      return;
  }
}

function rememberBindings({ bindings }: KnownGroup, { basis, bound: { uids, entries }, released }: BindingsRecord): void {
  entries.forEach((uuid, at) => {
    const uid = uids[at];
    if (uid !== undefined) bindings.set(uid, { uuid, basis });
  });
  for (const uid of released) bindings.delete(uid);
}

function rememberOutcome(known: KnownGroup, record: OutcomeRecord): void {
  if (record.result !== 'revoked') known.openIntent = undefined;
  const counts = { at: record.at, limited: limitedChanges(record), counted: countedChanges(known, record, record.at) };
  for (const { members } of record.remove) for (const { uid } of members) known.members.delete(uid);
  for (const { because, members } of record.add) {
    const membership = { because, since: record.at };
    const basis = basisOf(because);
    for (const { uid, uuid } of members) {
      known.members.set(uid, membership);
      known.bindings.set(uid, { uuid, basis });
    }
  }
  rememberChange(known, record.at, namesIn(record.add), namesIn(record.remove));
  known.recent = [...known.recent.filter(({ at }) => record.at - at < recentFor), counts];
}

function rememberMembership(known: KnownGroup, record: MembershipRecord): void {
  const isFirst = !known.takenOver;
  known.takenOver = true;
  for (const name of record.vanished) known.members.delete(name);
  for (const { because, names } of record.appeared) {
    const fresh = { because, since: record.at };
    for (const name of names) {
      const had = known.members.get(name);
      known.members.set(name, had ? { because, since: had.since } : fresh);
    }
  }
  // Whom the first look found was there all along.
  const came = isFirst ? [] : record.appeared.flatMap(({ names }) => names);
  rememberChange(known, record.at, came, record.vanished);
}

function namesIn(parts: readonly { readonly members: readonly { readonly uid: string }[] }[]): readonly string[] {
  return parts.flatMap(({ members }) => members.map(({ uid }) => uid));
}

function rememberChange(known: KnownGroup, at: Instant, came: readonly string[], left: readonly string[]): void {
  if (came.length + left.length > 0) known.lastChange = { at, came, left };
}

/** A hold that is still the same one keeps its age: its alarm grows. */
function heldNow(before: readonly KnownHold[], record: HeldRecord): readonly KnownHold[] {
  return record.holds.map(({ code, digest, add, remove }) => ({
    code,
    digest,
    add,
    remove,
    since: before.find((one) => one.code === code)?.since ?? record.at,
  }));
}

function limitedChanges({ add, remove }: RecordedChanges): Counts {
  const sum = (parts: readonly { readonly limited: boolean; readonly members: readonly unknown[] }[]) =>
    parts.reduce((total, { limited, members }) => total + (limited ? members.length : 0), 0);
  return { removals: sum(remove), additions: sum(add) };
}

/** All that the host's ceilings count. */
function countedChanges(known: KnownGroup, { add, remove }: RecordedChanges, at: Instant): Counts {
  const removals = remove.reduce(
    (total, { because, members }) => total + members.filter(({ uid }) => !isDue(known, uid, because, at)).length,
    0,
  );
  return { removals, additions: add.reduce((total, { members }) => total + members.length, 0) };
}

/**
 * The host's own record says that they go by now, whatever judging says: revoked, never on record, or past the end that they came with. `longest`:
 * the host's ceiling on that.
 */
export function isDue(
  { members }: Pick<KnownGroup, 'members'>,
  name: string,
  because: RemovalCause,
  at: Instant,
  longest?: Duration,
): boolean {
  const had = members.get(name)?.because;
  if (because.kind === 'revoked' || had === undefined) return true;
  if (had?.kind !== 'grant') return had === null && because.kind === 'expired';
  const capped = longest === undefined || had.landedAt === undefined ? 'open' : instant(had.landedAt + longest);
  return isOver(earlier(had.until, capped), at);
}

/**
 * Changes of the 24 hours before `now`, the limited ones and what the host's ceilings count. `seen`: what the directory shows of a change that was begun and never recorded as done;
 * without such a look, all of it counts as done.
 */
export function recentChanges(
  known: KnownGroup,
  now: Instant,
  seen: RecordedChanges | undefined = known.openIntent,
): { readonly limited: Counts; readonly counted: Counts } {
  // A time far ahead comes from a clock that was wrong then: it does not use up the limits until it has come.
  const recent = known.recent.filter(({ at }) => Math.abs(now - at) < recentFor);
  const none: Counts = { removals: 0, additions: 0 };
  return {
    limited: recent.map(({ limited }) => limited).reduce(sum, seen ? limitedChanges(seen) : none),
    counted: recent.map(({ counted }) => counted).reduce(sum, seen ? countedChanges(known, seen, now) : none),
  };
}

function sum(left: Counts, right: Counts): Counts {
  return { removals: left.removals + right.removals, additions: left.additions + right.additions };
}

/** Digests that a person allowed for a group and that still count. */
export function allowedDigests(memory: Memory, group: GroupName, now: Instant): ReadonlySet<string> {
  return new Set(
    memory.overrides.filter((one) => one.group === group && now - one.at < overrideLasts && now >= one.at).map(({ digest }) => digest),
  );
}
