// What is remembered of one group: its members as last recorded, the entries their uids mean, what was done lately, what is held.
import { basisOf, type Because, type Binding } from '../membership/desired.ts';
import type { HoldCode } from '../membership/guard.ts';
import type { RemovalCause } from '../membership/plan.ts';
import { instant, type Duration, type GroupName, type Instant, type Uid } from '../names.ts';
import { earlier, isOver } from '../record/grants.ts';
import { day } from '../time.ts';
import type { BindingsRecord, HeldRecord, IntentRecord, LedgerRecord, MembershipRecord, OutcomeRecord, RecordedChanges } from './record.ts';

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

export function knownGroup({ groups }: { readonly groups: Map<GroupName, KnownGroup> }, group: GroupName): KnownGroup {
  const known = groups.get(group);
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
  groups.set(group, fresh);
  return fresh;
}

const recentFor = day;

const groupTypes = ['intent', 'outcome', 'membership', 'bindings', 'held'] as const;

/** A record that tells of one group, and that its memory is made from. */
export type GroupRecord = Extract<LedgerRecord, { readonly type: (typeof groupTypes)[number] }>;

export function isGroupRecord(record: LedgerRecord): record is GroupRecord {
  return groupTypes.some((type) => type === record.type);
}

/** `known` is changed in place. */
export function rememberGroup(known: KnownGroup, record: GroupRecord): void {
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
