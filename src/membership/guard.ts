// What of a plan may be done without a person, and what is held. Looked at before anything is written, in preview too.
import type { ClockVerdict } from './clock.ts';
import type { Ceilings } from '../config/configuration-schema.ts';
import { inOrder, type GroupName, type Instant } from '../names.ts';
import type { Addition, GroupPlan, Removal } from './plan.ts';
import type { RecordedChanges } from '../ledger/record.ts';
import type { Limit, Limits } from '../policy/policy.ts';
import { count } from '../time.ts';
import { renderMoment } from '../text.ts';

export const holdCodes = [
  'too-many-removals',
  'too-many-additions',
  'too-few-left',
  'first-run',
  'new-start',
  'new-person',
  'clock',
  'ceiling',
] as const;

export type HoldCode = (typeof holdCodes)[number];

export interface Hold {
  readonly code: HoldCode;
  readonly message: string;
  /** What a person allows: SHA-256 of group, code and the sorted (operation, uid, DN) of the changes. */
  readonly digest: string;
  readonly add: readonly Addition[];
  readonly remove: readonly Removal[];
}

export interface Guarded {
  readonly add: readonly Addition[];
  readonly remove: readonly Removal[];
  readonly held: readonly Hold[];
  /** Digests of allowed sets that this plan uses up. */
  readonly used: readonly string[];
  /** Grant files that a new start had proposed and a person allowed. */
  readonly accepted: readonly string[];
}

export interface GuardCircumstances {
  readonly group: GroupName;
  /** Members that the directory shows now. */
  readonly members: number;
  /** Of these, those that are explained or were there before: what percentages are taken of. Whoever slips values in moves no limit. */
  readonly counted: number;
  readonly limits: Limits;
  readonly ceilings: Pick<Ceilings, 'members' | 'additions' | 'removals' | 'signed'>;
  /** Changes of the last 24 hours that the host's ceilings count. */
  readonly done: { readonly removals: number; readonly additions: number };
  /** The host's own record says that this person goes: no ceiling keeps them. */
  readonly isDue: (removal: Removal) => boolean;
  /** False until this ledger has made the group its own. */
  readonly takenOver: boolean;
  /** Ends before this moment may have been moved by what has no verdict yet; undefined where all has. */
  readonly renewable: Instant | undefined;
  /** Limited changes of the last 24 hours that were done without being allowed one by one. */
  readonly recent: { readonly removals: number; readonly additions: number };
  /** What was begun without counting against a limit and cut off: it goes on as the same change. */
  readonly begun: RecordedChanges | undefined;
  readonly clock: ClockVerdict;
  readonly allowed: ReadonlySet<string>;
  /** SHA-256 as `sha256:<hex>`; the domain itself computes no hashes. */
  readonly hash: (text: string) => string;
}

interface Changes {
  readonly add: readonly Addition[];
  readonly remove: readonly Removal[];
}

/** Changes still to be judged (`open`), those a person allowed (`exempt`), and those that are held. */
interface Sifted {
  readonly open: Changes;
  readonly exempt: Changes;
  readonly held: readonly Hold[];
  readonly used: readonly string[];
  /** Of the additions, those that bring nobody: the person is a member already. */
  readonly lengthened: ReadonlySet<Addition>;
}

const none: Changes = { add: [], remove: [] };

/** Each sieve takes out what must not go on by itself. The first that catches a change gives the reason. */
export function guard(plan: GroupPlan, at: GuardCircumstances): Guarded {
  // The ceilings come late, so that they count everybody whose removal is held; those whom they keep out may leave too few.
  const sieves = [
    clockSieve,
    begunSieve,
    newPersonSieve,
    renewableSieve,
    firstRunSieve,
    newStartSieve,
    removalsSieve,
    additionsSieve,
    minimumSieve,
    removalsCeilingSieve,
    ceilingSieve,
    minimumSieve,
  ];
  const open = { add: [...plan.add, ...plan.lengthen], remove: plan.remove };
  const start: Sifted = { open, exempt: none, held: [], used: [], lengthened: new Set(plan.lengthen) };
  const sifted = sieves.reduce((before, sieve) => sieve(before, at), start);
  const { exempt, held, used } = sifted;
  const accepted = exempt.add.flatMap(({ newStart, because }) => (newStart && because.kind === 'grant' ? [because.path] : []));
  const add = merged(plan.add, sifted.open.add, exempt.add);
  const remove = merged(plan.remove, sifted.open.remove, exempt.remove);
  return { add, remove, held, used, accepted };
}

/** In the plan's order. What a person allowed one by one counts against no limit. */
function merged<Change extends { readonly limited: boolean }>(
  plan: readonly Change[],
  open: readonly Change[],
  exempt: readonly Change[],
): readonly Change[] {
  const going = new Set(open);
  const allowed = new Set(exempt);
  return plan.flatMap((change) => {
    if (going.has(change)) return [change];
    return allowed.has(change) ? [change.limited ? { ...change, limited: false } : change] : [];
  });
}

export function digestOf(group: GroupName, code: HoldCode, { add, remove }: Changes, hash: (text: string) => string): string {
  const lines = [...add.map((one) => ['add', one] as const), ...remove.map((one) => ['remove', one] as const)];
  const sorted = lines.map(([operation, { uid, member }]) => JSON.stringify([operation, uid, member.dn])).sort();
  return hash(JSON.stringify([group, code, ...sorted]));
}

function hold(sifted: Sifted, at: GuardCircumstances, code: HoldCode, message: string, caught: Changes, even = false): Sifted {
  if (caught.add.length + caught.remove.length === 0 && !even) return sifted;
  const digest = digestOf(at.group, code, caught, at.hash);
  const open = { add: without(sifted.open.add, caught.add), remove: without(sifted.open.remove, caught.remove) };
  // The host's ceiling is the host's word already: whoever could allow more can raise it.
  if (code !== 'ceiling' && at.allowed.has(digest)) {
    const exempt = { add: [...sifted.exempt.add, ...caught.add], remove: [...sifted.exempt.remove, ...caught.remove] };
    return { ...sifted, open, exempt, used: [...sifted.used, digest] };
  }
  const held = { code, message, digest, add: byUid(caught.add), remove: byUid(caught.remove) };
  return { ...sifted, open, held: [...sifted.held, held] };
}

/** What is caught comes cause by cause, and grants that are lengthened after the others; people look for a name. */
function byUid<Change extends { readonly uid: string }>(changes: readonly Change[]): readonly Change[] {
  return [...changes].sort((left, right) => inOrder(left.uid, right.uid));
}

function without<Change>(changes: readonly Change[], caught: readonly Change[]): readonly Change[] {
  const gone = new Set(caught);
  return changes.filter((change) => !gone.has(change));
}

function clockSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const { clock } = at;
  if (clock.kind === 'sound') return sifted;
  const isDoubtful = ({ because }: Removal) => clock.kind === 'unconfirmed' && because.kind === 'expired' && because.at > clock.since;
  const caught = { add: sifted.open.add.filter(({ newStart }) => !newStart), remove: sifted.open.remove.filter(isDoubtful) };
  // Another server's clock is nothing to acknowledge.
  return hold(sifted, at, 'clock', clock.message, caught, clock.kind !== 'skewed');
}

function begunSieve(sifted: Sifted, { begun }: GuardCircumstances): Sifted {
  if (!begun) return sifted;
  const keys = (parts: readonly { limited: boolean; because: { kind: string }; members: readonly { uid: string; dn: string }[] }[]) =>
    new Set(
      parts.flatMap(({ limited, because, members }) => (limited ? [] : members.map(({ uid, dn }) => `${because.kind} ${uid} ${dn}`))),
    );
  const isBegun = (known: ReadonlySet<string>) => (one: Addition | Removal) =>
    !('newStart' in one && one.newStart) && known.has(`${one.because.kind} ${one.uid} ${one.member.dn}`);
  const caught = { add: sifted.open.add.filter(isBegun(keys(begun.add))), remove: sifted.open.remove.filter(isBegun(keys(begun.remove))) };
  return {
    ...sifted,
    open: { add: without(sifted.open.add, caught.add), remove: without(sifted.open.remove, caught.remove) },
    exempt: { add: [...sifted.exempt.add, ...caught.add], remove: [...sifted.exempt.remove, ...caught.remove] },
  };
}

/** Anybody can sign up under a name that was mistyped. */
function newPersonSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const add = sifted.open.add.filter(({ newPerson = false, newStart }) => newPerson && !newStart);
  const message = `${count(add.length, 'entry', 'entries')} in the directory made after the policy or the roster named ${add.length === 1 ? 'this uid' : 'these uids'}, or within 5 minutes before: make sure who is behind`;
  return hold(sifted, at, 'new-person', message, { add, remove: [] });
}

/** Of the time before this ledger it is not known yet what was renewed. */
function renewableSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const { renewable } = at;
  if (renewable === undefined) return sifted;
  const remove = sifted.open.remove.filter(({ because }) => because.kind === 'expired' && because.at < renewable);
  const message = `this ledger began at ${renderMoment(renewable)}, and judging has not come to where the branch stood then: ${count(remove.length, 'end')} from before may have been renewed. It goes on by itself`;
  return hold(sifted, at, 'first-run', message, { add: [], remove });
}

function firstRunSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  // Of the grants at `start` there is only judging's word: nobody signed them.
  const { signed = 0 } = at.ceilings;
  if (at.takenOver || (at.members === 0 && signed === 0)) return sifted;
  const remove = sifted.open.remove.filter(({ because }) => because.kind !== 'expired' && because.kind !== 'revoked');
  const message = `muster has not taken this group over yet, and it has ${count(at.members, 'member')}${tooFew(sifted, at)}`;
  return hold(sifted, at, 'first-run', message, { add: sifted.open.add.filter(({ newStart }) => !newStart), remove });
}

function newStartSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const add = sifted.open.add.filter(({ newStart }) => newStart);
  // While the clock is in doubt nobody is added, and to allow this set does not acknowledge the clock.
  const circumstances = sifted.held.some(({ code }) => code === 'clock') ? { ...at, allowed: new Set<string>() } : at;
  const after = hold(
    sifted,
    circumstances,
    'new-start',
    'a new `start`, or a record that never saw them land, would add or lengthen these grants',
    {
      add,
      remove: [],
    },
  );
  return after.held.length > sifted.held.length ? after : keeping(after, add);
}

/** Whom a person just let have a grant, nobody takes out for having none, whatever set that was allowed in. */
function keeping(sifted: Sifted, granted: readonly Addition[]): Sifted {
  const keys = new Set(granted.map(({ member }) => member.key));
  const stays = ({ because, member }: Removal) => because.kind === 'unexplained' && keys.has(member.key);
  const kept = (changes: Changes) => ({ ...changes, remove: changes.remove.filter((removal) => !stays(removal)) });
  return { ...sifted, open: kept(sifted.open), exempt: kept(sifted.exempt) };
}

/** Whoever judges could let everybody go; whom the host's own record lets go is not held. */
function removalsCeilingSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const { removals } = at.ceilings;
  const remove = [...sifted.open.remove, ...sifted.exempt.remove].filter((removal) => !at.isDue(removal));
  if (removals === undefined || remove.length <= removals - at.done.removals) return sifted;
  return holdAtCeiling(sifted, at, ofTheDay('removal', removals, at.done.removals, remove.length), { add: [], remove });
}

function ceilingSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const { members, additions } = at.ceilings;
  const add = arriving(sifted);
  if (add.length === 0) return sifted;
  const after = membersAfter(sifted, at);
  if (members !== undefined && after > members) {
    const message = `the host allows ${count(members, 'member')} in this group, and there would be ${after}`;
    return holdAtCeiling(sifted, at, message, { add, remove: [] });
  }
  if (additions === undefined || add.length <= additions - at.done.additions) return sifted;
  return holdAtCeiling(sifted, at, ofTheDay('addition', additions, at.done.additions, add.length), { add, remove: [] });
}

function ofTheDay(what: 'addition' | 'removal', ceiling: number, done: number, more: number): string {
  const before = done > 0 ? `, after ${done} that were made` : '';
  return `the host allows ${count(ceiling, what)} in this group in 24 hours, and there would be ${more} now${before}`;
}

/** What a person allowed is stopped too. */
function holdAtCeiling(sifted: Sifted, at: GuardCircumstances, message: string, { add, remove }: Changes): Sifted {
  const exempt = { add: without(sifted.exempt.add, add), remove: without(sifted.exempt.remove, remove) };
  return hold({ ...sifted, exempt }, at, 'ceiling', message, { add, remove });
}

/** Additions that go on so far and bring somebody. */
function arriving({ open, exempt, lengthened }: Sifted): readonly Addition[] {
  return [...open.add, ...exempt.add].filter((addition) => !lengthened.has(addition));
}

function membersAfter(sifted: Sifted, at: GuardCircumstances): number {
  return at.members - sifted.open.remove.length - sifted.exempt.remove.length + arriving(sifted).length;
}

function removalsSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const limited = sifted.open.remove.filter((removal) => removal.limited);
  const room = roomFor(at.limits.removals, 1, at.recent.removals, at);
  const remove = pastLimit(limited, room.left);
  const message = `${count(limited.length, 'removal')} that nobody reviewed, and ${room.text}${tooFew(sifted, at)}`;
  return hold(sifted, at, 'too-many-removals', message, { add: [], remove });
}

function additionsSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  // An empty group that this ledger has never filled is filled, and that is no change anybody has to look at.
  if (!at.takenOver && at.members === 0)
    return { ...sifted, open: { ...sifted.open, add: [] }, exempt: { ...sifted.exempt, add: [...sifted.exempt.add, ...sifted.open.add] } };
  const limited = sifted.open.add.filter((addition) => addition.limited);
  const room = roomFor(at.limits.additions, 3, at.recent.additions, at);
  const add = limited.length > room.left ? limited : [];
  const message = `${count(limited.length, 'addition')} that nobody reviewed, and ${room.text}`;
  return hold(sifted, at, 'too-many-additions', message, { add, remove: [] });
}

/** Whoever allows removals for another reason is told of this one too. */
function tooFew(sifted: Sifted, at: GuardCircumstances): string {
  const left = membersAfter(sifted, at);
  return left < at.limits.minimum ? `; ${renderLeft(left, at)}` : '';
}

function renderLeft(left: number, { limits }: GuardCircumstances): string {
  return `${count(left, 'member')} would be left, and the group must keep ${limits.minimum}`;
}

function minimumSieve(sifted: Sifted, at: GuardCircumstances): Sifted {
  const remove = sifted.open.remove.filter(({ limited }) => limited);
  const left = membersAfter(sifted, at);
  if (left >= at.limits.minimum) return sifted;
  return hold(sifted, at, 'too-few-left', renderLeft(left, at), { add: [], remove });
}

/** How many limited changes a group takes in 24 hours: a percentage is rounded down, and never below the floor; a number is exact. */
export function allowance(limit: Limit, floor: number, members: number, recent: GuardCircumstances['recent']): number {
  if (limit.kind === 'count') return limit.count;
  const base = members + recent.removals - recent.additions;
  return Math.max(floor, Math.floor((base * limit.percent) / 100));
}

function roomFor(limit: Limit, floor: number, used: number, at: GuardCircumstances): { left: number; text: string } {
  const allowed = allowance(limit, floor, at.counted, at.recent);
  const text = `the limit for ${count(at.counted, 'member')} is ${allowed} in 24 hours${used > 0 ? `, of which ${used} ${used === 1 ? 'was' : 'were'} used` : ''}`;
  return { left: allowed - used, text };
}

/** All removals of one cause go on or wait together; the smaller causes come first, so that one bad source does not hold up the rest. */
function pastLimit(removals: readonly Removal[], room: number): readonly Removal[] {
  const causes = new Map<string, Removal[]>();
  for (const removal of removals) {
    const ofCause = causes.get(removal.because.kind);
    if (ofCause) ofCause.push(removal);
    else causes.set(removal.because.kind, [removal]);
  }
  const smallestFirst = [...causes].sort(([left, ofLeft], [right, ofRight]) => ofLeft.length - ofRight.length || inOrder(left, right));
  const caught: Removal[] = [];
  let left = room;
  for (const [, ofCause] of smallestFirst) {
    if (ofCause.length <= left) left -= ofCause.length;
    else for (const removal of ofCause) caught.push(removal);
  }
  return caught;
}
