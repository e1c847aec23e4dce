// From what is in force and what the directory shows to what would be done: decide, plan, guard. Reads only; `plan` prints it, `reconcile` goes on.
import type { Ceilings } from '../config/configuration-schema.ts';
import type { ClockVerdict } from './clock.ts';
import { decide, namedPeople, type Desired, type Revocation, type RosterGeneration } from './desired.ts';
import { instant, parseUid, type Dn, type DnKey, type EntryUuid, type GroupName, type Instant, type Uid } from '../names.ts';
import type { Claim, MemberEntry, MemberValue, ObservedGroup, People, UnusableGroup, WriteMark } from '../directory/directory.ts';
import { earlier, type EndedGrant } from '../record/grants.ts';
import { guard } from './guard.ts';
import { isDue, knownGroup, recentChanges, type KnownGroup } from '../ledger/group-memory.ts';
import { allowedDigests, type Memory } from '../ledger/memory.ts';
import { planGroup, unexplainedValues, type Explanations, type Addition, type GroupPlan, type Recorded } from './plan.ts';
import type { RecordedChanges } from '../ledger/record.ts';
import { namesOf, settleIntent } from '../reconcile/recording.ts';
import type { GroupRules } from '../policy/policy.ts';
import type { StatusName } from '../status.ts';
import { isUndecided, withAccepted, type EffectivePolicy } from '../record/effective-policy.ts';
import type { Doubt, GroupProposal, PlannedGroup, RosterStanding, UnplannedGroup } from '../reconcile/run.ts';
import { DirectoryUnusable, problemOf } from '../errors.ts';
import { rosterStatus } from '../roster/rosters.ts';

/** Every method throws `Unavailable` when no whole answer came, and `Unusable` when the server says no to the question itself. */
export interface Directory {
  /** Moves with every write, and tells whom the server shows it to; undefined where the server cannot tell. */
  mark(): Promise<WriteMark>;
  /** Those of the uids that have an entry under the people base. */
  people(uids: readonly Uid[]): Promise<People>;
  /** A managed group as it stands now. One that cannot be used is a value, so that it holds up no other. */
  group(name: GroupName): Promise<ObservedGroup | UnusableGroup>;
  /** Whether the server itself, by its own matching rules, counts this name, or one of these, among the members of the group. */
  isMember(name: GroupName, ...members: readonly Dn[]): Promise<boolean>;
  /** Who carries the uid of somebody that was asked for so far, and is somebody else. */
  claims(): Promise<readonly Claim[]>;
  /** The name of an entry with this uid that stands straight under the people base, whether or not there is one. */
  straight(uid: Uid): MemberValue;
  /** Where the entry with this UUID stands now: it may have been renamed. */
  withUuid(uuid: EntryUuid): Promise<readonly MemberValue[]>;
  /** Who stands behind each of the values; every value is in the answer. */
  membersBehind(values: readonly MemberValue[]): Promise<ReadonlyMap<DnKey, MemberEntry>>;
}

export interface ManagedGroup extends Ceilings {
  readonly dn: Dn;
}

/** Everything that decides about groups besides the directory. */
export interface World {
  readonly managed: ReadonlyMap<GroupName, ManagedGroup>;
  readonly policy: EffectivePolicy | undefined;
  /** Why there is no policy, where there is none: nothing answered, or something cannot be used. */
  readonly withoutPolicy: StatusName;
  /** The one generation of each roster whose names count. */
  readonly generations: readonly RosterGeneration[];
  readonly rosters: readonly RosterStanding[];
  readonly revocations: readonly Revocation[];
  readonly memory: Memory;
  readonly now: Instant;
  readonly clock: ClockVerdict;
  /** Whom judging lets in: see take.ts. */
  readonly gains: 'all' | 'by-roster' | 'none';
  /** All that the branch held when this ledger began has a verdict. */
  readonly caughtUp: boolean;
  readonly hash: (text: string) => string;
}

/** The people that the directory must be asked about before anything can be decided. */
export function peopleToFind(world: Pick<World, 'managed' | 'policy' | 'now'>, generations: readonly RosterGeneration[]): readonly Uid[] {
  const { policy } = world;
  // Whether or not a group rests on a list now: who is unknown on it decides whether it is accepted.
  const listed = generations.flatMap(({ uids }) => uids);
  if (!policy) return listed;
  const granted = [...world.managed.keys()].flatMap((name) => {
    const rules = policy.rules.groups.get(name);
    return rules?.members.kind === 'grants' ? namedPeople(rules, policy, undefined, world.now) : [];
  });
  return [...listed, ...granted];
}

function sourceOf(source: GroupRules['members'] | NonNullable<Ceilings['source']>): string {
  if (source === 'grants') return 'grants';
  return 'roster' in source ? `the roster ${source.roster}` : 'grants';
}

function rosterOf({ members }: GroupRules, generations: readonly RosterGeneration[]): RosterGeneration | undefined {
  return members.kind === 'roster' ? generations.find(({ roster }) => roster === members.roster) : undefined;
}

/** One proposal for each group that the host or the policy names, by name. One bad group never holds up the others. */
export async function proposeGroups(world: World, directory: Directory, people: People): Promise<readonly GroupProposal[]> {
  const names = new Set([...world.managed.keys(), ...(world.policy?.rules.groups.keys() ?? [])]);
  const proposals: GroupProposal[] = [];
  for (const group of [...names].sort())
    proposals.push(await proposeGroup(group, knownGroup(world.memory, group), world, directory, people));
  return proposals;
}

async function proposeGroup(
  group: GroupName,
  known: KnownGroup,
  world: World,
  directory: Directory,
  people: People,
): Promise<GroupProposal> {
  const managed = world.managed.get(group);
  const { policy } = world;
  const rules = policy?.rules.groups.get(group);
  const frozen = (message: string, status: StatusName = 'input'): UnplannedGroup => ({
    kind: 'frozen',
    group,
    dn: managed?.dn ?? null,
    status,
    message,
  });
  if (!managed)
    return frozen(
      'the policy has this group and the host does not list it under directory.groups: the host’s administrator decides which groups muster may touch',
    );
  if (!policy) return frozen('there is no usable policy: see PROBLEM below', world.withoutPolicy);
  if (!rules)
    return frozen(
      `the host lists this group and the policy in force has no file for it under groups/: whoever keeps the policy adds groups/${group}.yaml, or the host’s administrator takes it off directory.groups`,
    );
  const roster = rosterOf(rules, world.generations);
  if (managed.source && sourceOf(rules.members) !== sourceOf(managed.source))
    return frozen(
      `the policy takes the members of this group from ${sourceOf(rules.members)}, and the host allows ${sourceOf(managed.source)} (directory.ceilings): whoever keeps the policy puts it back, or the host’s administrator changes the ceiling`,
    );
  if (rules.members.kind === 'roster' && !roster) {
    const { roster: name } = rules.members;
    const standing = world.rosters.find((one) => one.roster === name);
    return frozen(
      standing
        ? `no list of the roster ${name} can be used: see the line of the roster`
        : `the host’s configuration has no roster ${name}: its administrator adds it under rosters`,
      standing && rosterStatus(standing),
    );
  }
  try {
    const observed = await directory.group(group);
    if (observed.kind === 'unusable') return { kind: 'failed', group, dn: managed.dn, status: 'directory', message: observed.message };
    const inForce = withAccepted(policy, begunStart(known, observed));
    return await planned(rules, managed, observed, roster, { ...world, policy: inForce }, directory, people);
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { kind: 'failed', group, dn: managed.dn, status, message };
  }
}

/** Grants of a new start that a run let in as a person had allowed, and was killed before it could record that. */
function begunStart({ openIntent }: KnownGroup, { members }: ObservedGroup): readonly string[] {
  if (!openIntent?.accepted) return [];
  const there = new Set<string>(members.map(({ dn }) => dn));
  const isBegun = openIntent.add.some((part) => part.members.some(({ dn }) => there.has(dn)));
  return isBegun ? openIntent.accepted : [];
}

type WorldWithPolicy = World & { readonly policy: EffectivePolicy };

async function planned(
  rules: GroupRules,
  managed: ManagedGroup,
  listed: ObservedGroup,
  roster: RosterGeneration | undefined,
  world: WorldWithPolicy,
  directory: Directory,
  people: People,
): Promise<PlannedGroup> {
  const { memory, now } = world;
  const { group } = rules;
  const known = knownGroup(memory, group);
  const circumstances = {
    people,
    revocations: world.revocations,
    bindings: known.bindings,
    now,
    longest: managed.longest,
  };
  const desired = decide(rules, world.policy, roster, circumstances);
  const { observed, doubt } = await withUnlisted(listed, desired, world, directory, people);
  const behind = await directory.membersBehind(unexplainedValues(desired, observed));
  const recorded = recordedMembers(known);
  const sure = planGroup(desired, observed, behind, recorded, explanationsOf(rules, desired, roster, world));
  const plan = withGains(world.gains, { ...sure, add: sure.add.filter(({ uid }) => !doubt?.uids.has(uid)) });
  const recent = recentChanges(known, now, begunOf(known, observed, desired, plan, now));
  const guarded = guard(plan, {
    group,
    members: observed.members.length,
    counted: plan.present + [...plan.remove, ...plan.kept].filter(({ uid }) => recorded.wasRecorded(uid)).length,
    limits: rules.limits,
    takenOver: known.takenOver,
    renewable: world.caughtUp ? undefined : (memory.began ?? now),
    recent: recent.limited,
    done: recent.counted,
    begun: known.openIntent,
    clock: world.clock,
    allowed: allowedDigests(memory, group, now),
    hash: world.hash,
    ceilings: managed,
    isDue: ({ uid, because }) => isDue(known, uid, because, now, managed.longest),
  });
  return { kind: 'planned', group, dn: managed.dn, rules, observed, desired, plan, guarded, doubt };
}

const mostAsked = 100;

/**
 * The list may lack whom the server counts in: under a spelling that only the server takes for theirs, or hidden from this account. So it is
 * asked by name for whoever is revoked, on record as a member, or to be added. Of whom it does not tell, nothing is concluded.
 */
async function withUnlisted(
  observed: ObservedGroup,
  desired: Desired,
  { memory, revocations }: World,
  directory: Directory,
  people: People,
): Promise<{ readonly observed: ObservedGroup; readonly doubt?: Doubt }> {
  const { group, members, unwritten } = observed;
  const known = new Set<DnKey>();
  for (const { key } of members) known.add(key);
  for (const { value } of unwritten) known.add(value.key);
  const asked = new Map<DnKey, MemberValue & { readonly uid: Uid }>();
  const mention = (uid: Uid, { dn, key }: MemberValue) =>
    void (!known.has(key) && asked.size < mostAsked && asked.set(key, { dn, key, uid }));
  const mentionBy = (name: string) => {
    const uid = parseUid(name);
    const person = uid && people.get(uid);
    if (uid) mention(uid, person === undefined || person === 'ambiguous' ? directory.straight(uid) : person);
  };
  for (const one of revocations) if (one.group === undefined || one.group === group) mentionBy(one.uid);
  for (const name of knownGroup(memory, group).members.keys()) mentionBy(name);
  for (const { person } of desired.members.values()) mention(person.uid, person);
  const unlisted: MemberValue[] = [];
  const uids = new Set<string>();
  let message = '';
  const ask = async (values: readonly (MemberValue & { readonly uid: Uid })[]) => {
    const isOne = await directory.isMember(group, ...values.map(({ dn }) => dn)).catch((error: unknown) => {
      if (!(error instanceof DirectoryUnusable)) throw error;
      return error;
    });
    if (isOne === false) return;
    if (values.length > 1) for (const value of values) await ask([value]);
    else if (isOne === true) unlisted.push(...values);
    else {
      for (const { uid } of values) uids.add(uid);
      message ||= isOne.message;
    }
  };
  if (asked.size > 0) await ask([...asked.values()]);
  const whole = unlisted.length === 0 ? observed : { ...observed, members: [...members, ...unlisted] };
  return uids.size === 0 ? { observed: whole } : { observed: whole, doubt: { uids, message } };
}

/** What waits is in no set that a person could allow: it comes by itself, or the source is mended. */
function withGains(gains: World['gains'], plan: GroupPlan): GroupPlan {
  if (gains === 'all') return plan;
  const mayCome = ({ because }: Addition) => gains === 'by-roster' && because.kind === 'roster';
  return { ...plan, add: plan.add.filter(mayCome), lengthen: plan.lengthen.filter(mayCome) };
}

/** What the directory shows of a change that was begun and never settled. */
function begunOf(
  { openIntent }: KnownGroup,
  observed: ObservedGroup,
  desired: Desired,
  plan: GroupPlan,
  now: Instant,
): RecordedChanges | undefined {
  return (
    openIntent && settleIntent(openIntent, new Set(namesOf(observed, desired, plan).keys()), observed.members.length, now, 'recovered')
  );
}

/** Members as last recorded, those included that an unsettled change may have brought. */
function recordedMembers({ members, openIntent }: KnownGroup): Recorded {
  const begun = new Map(
    (openIntent?.add ?? []).flatMap(({ because, members: added }) => added.map(({ uid }) => [String(uid), because] as const)),
  );
  return {
    wasRecorded: (name) => members.has(name) || begun.has(name),
    wasFromRoster: (name) => members.get(name)?.because?.kind === 'roster' || begun.get(name)?.kind === 'roster',
    grantOf: (name) => [members.get(name)?.because, begun.get(name)].find((because) => because?.kind === 'grant'),
  };
}

function explanationsOf(rules: GroupRules, desired: Desired, roster: RosterGeneration | undefined, world: WorldWithPolicy): Explanations {
  const { group } = rules;
  const ended = new Map<Uid, EndedGrant>();
  const longest = world.managed.get(group)?.longest;
  for (const one of world.policy.ended.values()) {
    const { grant } = one;
    if (grant.group !== group) continue;
    const endorsedUntil = longest === undefined ? grant.endorsedUntil : earlier(grant.endorsedUntil, instant(grant.landedAt + longest));
    ended.set(grant.uid, { ...one, grant: { ...grant, endorsedUntil } });
  }
  return {
    ended,
    withheld: new Map(desired.withheld.map((one) => [one.uid, one])),
    revoked: new Map(world.revocations.filter((one) => one.group === undefined || one.group === group).map((one) => [one.uid, one])),
    isUndecided: (uid) => isUndecided(world.policy, group, uid),
    roster,
    unexplained: rules.unexplained,
    now: world.now,
  };
}
