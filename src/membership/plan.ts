// What turns the observed group into the desired one, each change with its cause. Sorted by uid; removals are carried out first.
import type { MemberEntry, MemberValue, ObservedGroup } from '../directory/directory.ts';
import type { Because, Desired, DesiredMember, Revocation, RosterGeneration, Withheld } from './desired.ts';
import { isOver, type EndedGrant } from '../record/grants.ts';
import { inOrder, parseUid, type CommitId, type DnKey, type EntryUuid, type Instant, type RosterName, type Uid } from '../names.ts';

export type RemovalCause =
  | { readonly kind: 'expired'; readonly path: string; readonly at: Instant }
  | { readonly kind: 'revoked'; readonly at?: Instant }
  | { readonly kind: 'deleted' | 'refused'; readonly path: string; readonly commit: CommitId }
  | { readonly kind: 'left-roster'; readonly roster: RosterName; readonly sha256: string }
  | { readonly kind: 'unexplained' | 'locked' | 'dangling' };

export interface Addition {
  readonly uid: Uid;
  readonly member: MemberValue;
  readonly uuid: EntryUuid;
  readonly because: Because;
  /** Nobody reviewed it one by one: the limits of the group bind it. */
  readonly limited: boolean;
  readonly newStart: boolean;
  /** The entry was made after the person was named: it may be anybody's. */
  readonly newPerson?: true;
}

export interface Removal {
  /** The person's uid, or the DN where no person can be told. */
  readonly uid: string;
  readonly member: MemberValue;
  readonly because: RemovalCause;
  readonly limited: boolean;
}

/** A person by uid, anything else by DN. */
export interface NamedMember {
  readonly uid: string;
  readonly member: MemberValue;
}

export interface GroupPlan {
  readonly add: readonly Addition[];
  readonly remove: readonly Removal[];
  /** Members to whom a new `start` would give a grant, or a longer one: nothing to do in the directory, and something to allow. */
  readonly lengthen: readonly Addition[];
  /** Members that no grant explains in a group whose rules say only to report them. */
  readonly reported: readonly NamedMember[];
  /** Members that nothing explains yet and that stay until something decides about them. */
  readonly kept: readonly NamedMember[];
  /** Desired and there already. */
  readonly present: number;
}

/** What muster knows of a group from its own record. Members are named as in `Removal.uid`. */
export interface Recorded {
  readonly wasRecorded: (name: string) => boolean;
  readonly wasFromRoster: (name: string) => boolean;
  /** The grant that they came on record with. */
  readonly grantOf: (name: string) => Extract<Because, { readonly kind: 'grant' }> | undefined;
}

export interface Explanations {
  readonly ended: ReadonlyMap<Uid, EndedGrant>;
  readonly withheld: ReadonlyMap<Uid, Withheld>;
  /** Revoked people that nothing names any more. */
  readonly revoked: ReadonlyMap<Uid, Revocation>;
  /** A file at the tip names them and waits for its verdict. */
  readonly isUndecided: (uid: Uid) => boolean;
  readonly roster: RosterGeneration | undefined;
  readonly unexplained: 'remove' | 'report';
  readonly now: Instant;
}

/**
 * The members that no desired person explains: their entries have to be looked up before the plan can be made.
 * What a new `start` only proposes explains nobody.
 */
export function unexplainedValues(desired: Desired, observed: ObservedGroup): readonly MemberValue[] {
  return observed.members.filter(({ key }) => desired.members.get(key)?.newStart ?? true);
}

export function planGroup(
  desired: Desired,
  observed: ObservedGroup,
  behind: ReadonlyMap<DnKey, MemberEntry>,
  recorded: Recorded,
  explanations: Explanations,
): GroupPlan {
  const there = new Set<DnKey>();
  for (const { key } of observed.members) there.add(key);
  const add: Addition[] = [];
  const proposed: Addition[] = [];
  for (const [key, wanted] of desired.members) {
    if (!there.has(key)) add.push(additionOf(wanted));
    else if (wanted.newStart) proposed.push(additionOf(wanted));
  }
  const remove: Removal[] = [];
  const reported: NamedMember[] = [];
  const kept: NamedMember[] = [];
  const extra = unexplainedValues(desired, observed);
  let uids: ReadonlySet<Uid> | undefined;
  const isNamed = (uid: Uid) => (uids ??= new Set([...desired.members.values()].map(({ person }) => person.uid))).has(uid);
  for (const member of extra) {
    const decision = decideExtra(member, behind.get(member.key) ?? { kind: 'absent' }, isNamed, recorded, explanations);
    if (decision.kind === 'remove') remove.push(decision.removal);
    else (decision.kind === 'report' ? reported : kept).push({ uid: decision.uid, member });
  }
  const byUid = (left: { uid: string }, right: { uid: string }) => inOrder(left.uid, right.uid);
  return {
    add: add.sort(byUid),
    lengthen: [...desired.lengthened.map(additionOf), ...proposed].sort(byUid),
    remove: remove.sort(byUid),
    reported: reported.sort(byUid),
    kept: kept.sort(byUid),
    present: observed.members.length - extra.length,
  };
}

function additionOf({ person, because, newStart, newPerson }: DesiredMember): Addition {
  const { uid, dn, key, uuid } = person;
  return { uid, member: { dn, key }, uuid, because, limited: because.kind === 'roster', newStart, newPerson };
}

type Decision = { readonly kind: 'keep' | 'report'; readonly uid: string } | { readonly kind: 'remove'; readonly removal: Removal };

type Remove = (because: RemovalCause, limited: boolean) => Decision;

function decideExtra(
  member: MemberValue,
  entry: MemberEntry,
  isNamed: (uid: Uid) => boolean,
  recorded: Recorded,
  explanations: Explanations,
): Decision {
  const uid = entry.kind === 'person' ? entry.person.uid : uidSpelledIn(member.dn);
  const uids = [...(uid === undefined ? [] : [uid]), ...(entry.kind === 'no-person' ? entry.uids : [])];
  // Somebody's former DN: the person is a member under the present one, and only the DN tells the two values apart.
  const isFormer = entry.kind !== 'person' && uid !== undefined && isNamed(uid);
  const name = isFormer ? member.dn : (uid ?? member.dn);
  const remove = (because: RemovalCause, limited: boolean): Decision => ({
    kind: 'remove',
    removal: { uid: name, member, because, limited },
  });
  const revocation = uids.map((one) => explanations.revoked.get(one)).find((one) => one !== undefined);
  if (revocation) return remove(revoked(revocation), false);
  if (entry.kind !== 'person' || uid === undefined) return decideStranger(uid, name, remove, recorded, explanations);
  const withheld = explanations.withheld.get(uid);
  if (withheld) return decideWithheld(withheld, remove);
  const ended = explanations.ended.get(uid);
  if (ended) {
    const [cause, limited] = endOf(ended, explanations.now);
    // Whoever came back since that removal came back past review: nothing of the old grant speaks for them.
    if (cause.kind === 'expired' || recorded.wasRecorded(name)) return remove(cause, limited);
  }
  // Whatever judging says or no longer says: nobody stays past the end on record whom nothing in force covers.
  const had = recorded.grantOf(name);
  if (had && had.until !== 'open' && isOver(had.until, explanations.now))
    return remove({ kind: 'expired', path: had.path, at: had.until }, false);
  if (explanations.isUndecided(uid)) return { kind: 'keep', uid };
  if (explanations.roster && recorded.wasFromRoster(name)) {
    return remove({ kind: 'left-roster', roster: explanations.roster.roster, sha256: explanations.roster.sha256 }, true);
  }
  if (explanations.unexplained === 'report') return { kind: 'report', uid: name };
  // Somebody put them in since the last run, past review: out at once. Whoever was there before counts against the limits.
  return remove({ kind: 'unexplained' }, recorded.wasRecorded(name));
}

/** A value behind which no single person stands: gone, never there, or one of several with the same uid. */
function decideStranger(uid: Uid | undefined, name: string, remove: Remove, recorded: Recorded, explanations: Explanations): Decision {
  const withheld = uid === undefined ? undefined : explanations.withheld.get(uid);
  if (withheld?.reason.code === 'expired') return decideWithheld(withheld, remove);
  // Somebody else's entry with the same uid takes nothing from whoever was a member before it came.
  if (withheld?.reason.code === 'ambiguous-person' && recorded.wasRecorded(name)) return { kind: 'keep', uid: name };
  const ended = uid === undefined ? undefined : explanations.ended.get(uid);
  const [cause] = ended ? endOf(ended, explanations.now) : [];
  if (cause?.kind === 'expired') return remove(cause, false);
  // Whoever was never on record came past review: out at once, like any other unexplained value.
  return remove({ kind: 'dangling' }, recorded.wasRecorded(name));
}

function decideWithheld({ uid, reason, because }: Withheld, remove: Remove): Decision {
  switch (reason.code) {
    case 'expired':
    case 'not-yet':
      if (because.kind !== 'grant') return { kind: 'keep', uid };
      if (reason.narrowedBy) return remove({ kind: 'refused', path: because.path, commit: reason.narrowedBy }, true);
      return reason.code === 'expired'
        ? remove({ kind: 'expired', path: because.path, at: reason.at }, false)
        : remove({ kind: 'unexplained' }, false);
    case 'revoked':
      return remove(revoked(reason), false);
    case 'locked':
      return remove({ kind: 'locked' }, true);
    case 'identity-changed':
      return remove({ kind: 'dangling' }, true);
    case 'unknown-person':
      // Here stands a person: one answer shows the entry and the other does not, so neither is whole.
      return { kind: 'keep', uid };
    case 'ambiguous-person':
      // The directory cannot say who is meant, so it cannot say either that it is somebody else.
      return { kind: 'keep', uid };
  }
}

function revoked({ at }: { readonly at?: Instant }): RemovalCause {
  return { kind: 'revoked', at };
}

/** A hold never outlives the grant it keeps: once the approved end has come, and not one that nobody reviewed, the removal is an expiry like any other. */
function endOf({ grant, cause, reviewed, commit }: EndedGrant, now: Instant): [RemovalCause, boolean] {
  const { endorsedUntil: end, path } = grant;
  if (end !== 'open' && isOver(end, now)) return [{ kind: 'expired', path, at: end }, false];
  return [{ kind: cause, path, commit }, !reviewed];
}

/** For display and for the record only: the uid a dangling DN was spelled with. */
export function uidSpelledIn(dn: string): Uid | undefined {
  return parseUid(/^uid=([^,+\\]+),/i.exec(dn)?.[1] ?? '');
}
