// From what was planned, done and seen to the records that tell it (record.ts).
import { basisOf, type Binding, type Because, type Desired, type DesiredMember, type Revocation } from '../membership/desired.ts';
import type { ObservedGroup } from '../directory/directory.ts';
import type { Guarded } from '../membership/guard.ts';
import type { KnownGroup } from '../ledger/group-memory.ts';
import { isSameRevocation, revokedKey, type Memory } from '../ledger/memory.ts';
import { noEntry, type Dn, type DnKey, type EntryUuid, type GroupName, type Instant, type Uid } from '../names.ts';
import type { Addition, GroupPlan, Removal } from '../membership/plan.ts';
import type { PlannedGroup } from './run.ts';
import type {
  BindingsRecord,
  HeldRecord,
  IntentRecord,
  MembershipRecord,
  OutcomeRecord,
  RecordedChanges,
  RevocationRecord,
} from '../ledger/record.ts';

/** Changes with the same cause are told together. */
export function recordedChanges(add: readonly Addition[], remove: readonly Removal[]): RecordedChanges {
  return {
    add: byCause(add).map(([{ because, limited }, members]) => ({
      because,
      limited,
      members: members.map(({ uid, member, uuid }) => ({ uid, dn: member.dn, uuid })),
    })),
    remove: byCause(remove).map(([{ because, limited }, members]) => ({
      because,
      limited,
      members: members.map(({ uid, member }) => ({ uid, dn: member.dn })),
    })),
  };
}

function byCause<Change extends { readonly because: unknown; readonly limited?: boolean }>(
  changes: readonly Change[],
): readonly [Change, Change[]][] {
  const causes = new Map<string, [Change, Change[]]>();
  // Neighbours nearly always share the very same cause object: a roster's thousands need no text made of each.
  let last: [Change, Change[]] | undefined;
  for (const change of changes) {
    if (last && last[0].because === change.because && last[0].limited === change.limited) {
      last[1].push(change);
      continue;
    }
    const cause = JSON.stringify([change.because, change.limited]);
    last = causes.get(cause) ?? [change, []];
    last[1].push(change);
    causes.set(cause, last);
  }
  return [...causes.values()];
}

export function intentOf(group: GroupName, observed: ObservedGroup, guarded: Guarded, at: Instant): IntentRecord {
  const { add, remove, used, accepted } = guarded;
  const uses = { allowed: used, ...(accepted.length > 0 && { accepted }) };
  return { type: 'intent', at, group, revision: observed.revision, ...uses, ...recordedChanges(add, remove) };
}

/** What of an intent the directory shows: done, or undone. */
export function settleIntent(
  intent: IntentRecord,
  observed: Pick<ReadonlySet<string>, 'has'>,
  members: number,
  at: Instant,
  result: OutcomeRecord['result'],
  message?: string,
): OutcomeRecord {
  const add = membersWhere(intent.add, (uid) => observed.has(uid));
  const remove = membersWhere(intent.remove, (uid) => !observed.has(uid));
  return { type: 'outcome', at, group: intent.group, result, add, remove, members, message };
}

/** Of changes that are told by their cause, those of these members. */
export function membersWhere<Member extends { readonly uid: string }, Part>(
  parts: readonly (Part & { readonly members: readonly Member[] })[],
  isMeant: (uid: string) => boolean,
) {
  return parts
    .map((part) => ({ ...part, members: part.members.filter(({ uid }) => isMeant(uid)) }))
    .filter(({ members }) => members.length > 0);
}

/** The members that the directory shows, by name: uids where a person is known, DNs elsewhere; and who is desired of them. */
export type Names = ReadonlyMap<string, DesiredMember | undefined>;

export function namesOf(observed: ObservedGroup, desired: Desired, plan: GroupPlan): Map<string, DesiredMember | undefined> {
  const others = new Map<DnKey, string>([...plan.remove, ...plan.reported, ...plan.kept].map(({ uid, member }) => [member.key, uid]));
  const names = new Map<string, DesiredMember | undefined>();
  for (const { key, dn } of observed.members) {
    const wanted = desired.members.get(key);
    names.set(wanted?.person.uid ?? others.get(key) ?? dn, wanted);
  }
  return names;
}

/** What a new start only proposes is nobody's reason yet. */
function reasonOf(wanted: DesiredMember | undefined): Because | null {
  return wanted && !wanted.newStart ? wanted.because : null;
}

/**
 * What came and went in a group besides muster's own changes. Undefined: nothing, and the group is known already. Somebody whom nothing
 * explains is not put on record, unless the group's rules tolerate them: having been seen once must not protect them later.
 */
export function membershipRecord(
  group: GroupName,
  names: Names,
  tolerated: ReadonlySet<string>,
  known: KnownGroup,
  at: Instant,
): MembershipRecord | undefined {
  const came: { readonly name: string; readonly because: Because | null }[] = [];
  for (const [name, wanted] of names) {
    const because = reasonOf(wanted);
    if (known.members.has(name) || (because === null && !tolerated.has(name))) continue;
    came.push({ name, because });
  }
  const vanished: string[] = [];
  for (const name of known.members.keys()) if (!names.has(name)) vanished.push(name);
  if (known.takenOver && came.length + vanished.length === 0) return undefined;
  const appeared = byCause(came).map(([{ because }, members]) => ({ because, names: members.map(({ name }) => name) }));
  return { type: 'membership', at, group, appeared, vanished, members: names.size };
}

/**
 * Members on record whom somebody took out past review and whom this change puts back: without it, the record has them come in twice. `out`: who
 * is told of as gone already.
 */
export function goneMeanwhile(
  group: GroupName,
  { members, takenOver }: KnownGroup,
  out: ReadonlySet<string>,
  guarded: Guarded,
  left: number,
  at: Instant,
) {
  const vanished = guarded.add.flatMap(({ uid }) => (members.has(uid) && !out.has(uid) ? [uid] : []));
  if (!takenOver || vanished.length === 0) return [];
  return [{ type: 'membership', at, group, appeared: [], vanished, members: left } satisfies MembershipRecord];
}

/** Which entry each desired person is, for as long as the reason lasts; and which reasons have ended. */
export function bindingRecords(
  group: GroupName,
  desired: Desired,
  bindings: ReadonlyMap<Uid, Binding>,
  at: Instant,
): readonly BindingsRecord[] {
  const fresh = new Map<string, { readonly uids: Uid[]; readonly entries: EntryUuid[] }>();
  const bind = (uid: Uid, uuid: EntryUuid, basis: string) => {
    const ofBasis = fresh.get(basis) ?? { uids: [], entries: [] };
    ofBasis.uids.push(uid);
    ofBasis.entries.push(uuid);
    fresh.set(basis, ofBasis);
  };
  const named = new Set<Uid>(desired.withheld.filter(({ reason }) => reason.code !== 'expired').map(({ uid }) => uid));
  for (const { person, because, newStart, newPerson = false } of desired.members.values()) {
    named.add(person.uid);
    const basis = basisOf(because);
    const bound = bindings.get(person.uid);
    if (newStart || newPerson || (bound?.basis === basis && bound.uuid === person.uuid)) continue;
    bind(person.uid, person.uuid, basis);
  }
  for (const { uid, reason, because } of desired.withheld) {
    const basis = basisOf(because);
    // Whoever signs up under this name later is not who was meant (`new-person`).
    if (reason.code === 'unknown-person' && bindings.get(uid)?.basis !== basis) bind(uid, noEntry, basis);
  }
  const released: Uid[] = [];
  for (const uid of bindings.keys()) if (!named.has(uid)) released.push(uid);
  const records: BindingsRecord[] = [...fresh].map(([basis, bound]) => ({ type: 'bindings', at, group, basis, bound, released: [] }));
  return released.length > 0
    ? [...records, { type: 'bindings', at, group, basis: '', bound: { uids: [], entries: [] }, released }]
    : records;
}

/**
 * What a group holds now and what is held back in it, as far as it is news. `names`: of its members; only a group that was taken over has a
 * membership on record.
 */
export function newsOf(
  { group, guarded, desired, plan }: Pick<PlannedGroup, 'group' | 'guarded' | 'desired' | 'plan'>,
  names: Names | undefined,
  known: KnownGroup,
  at: Instant,
): readonly (HeldRecord | MembershipRecord | BindingsRecord)[] {
  const held = heldRecord(group, guarded, known, at);
  const membership = names && membershipRecord(group, names, new Set(plan.reported.map(({ uid }) => uid)), known, at);
  const bindings = names ? bindingRecords(group, desired, known.bindings, at) : [];
  return [...(held ? [held] : []), ...(membership ? [membership] : []), ...bindings];
}

/**
 * Revocations that are in force on this host and not on record: made while a run held the ledger or the disk was full, or copied here from
 * another host. One whose time is still to come is told as of now.
 */
export function revocationsNotOnRecord(
  revocations: readonly Revocation[],
  memory: Pick<Memory, 'revoked'>,
  now: Instant,
): readonly RevocationRecord[] {
  return revocations
    .filter((one) => !isOnRecord(one, memory))
    .map(({ uid, group, at = now, reason, by }) => {
      const when = at > now ? { at: now, dated: at } : { at };
      return { type: 'revocation', ...when, uid, from: group ?? null, reason, by };
    });
}

/** The very one, and not another of the same person: that has a reason of its own. */
export function isOnRecord({ uid, group, at, reason }: Revocation, { revoked }: Pick<Memory, 'revoked'>): boolean {
  const recorded = revoked.get(revokedKey(uid, group ?? null)) ?? [];
  // A damaged file has no time.
  return recorded.some((one) => isSameRevocation(one, { at: at ?? one.at, reason }));
}

/** Members on record who are gone because `revoke` took them out beside the runs, as far as it could not record that itself. */
export function takenOutBeside(
  group: GroupName,
  names: Pick<Names, 'has'>,
  { members }: KnownGroup,
  revocations: readonly Revocation[],
  left: number,
  dnOf: (uid: Uid) => Dn,
  at: Instant,
): readonly OutcomeRecord[] {
  const remove = revocations.flatMap(({ uid, group: only = group, at: since }) => {
    if (only !== group || !members.has(uid) || names.has(uid)) return [];
    const because = { kind: 'revoked' as const, at: since };
    return [{ because, limited: false, members: [{ uid, dn: dnOf(uid) }] }];
  });
  const once = remove.filter((one, place) => remove.findIndex(({ members: [first] }) => first?.uid === one.members[0]?.uid) === place);
  return once.length === 0 ? [] : [{ type: 'outcome', at, group, result: 'revoked', add: [], remove: once, members: left }];
}

/** The holds of a group, where they are not the ones already on record. */
export function heldRecord(group: GroupName, guarded: Guarded, known: KnownGroup, at: Instant): HeldRecord | undefined {
  const before = known.holds.map(({ code, digest }) => `${code} ${digest}`).join();
  const holds = guarded.held.map(({ code, digest, add, remove }) => ({
    code,
    digest,
    add: add.map(({ uid }) => uid),
    remove: remove.map(({ uid }) => uid),
  }));
  return holds.map(({ code, digest }) => `${code} ${digest}`).join() === before ? undefined : { type: 'held', at, group, holds };
}
