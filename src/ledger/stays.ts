// Who was in which group from when until when, as the ledger tells it, and by which grants and lists one after the other.
import { groundsOf, type Because } from '../membership/desired.ts';
import type { RemovalCause } from '../membership/plan.ts';
import { inOrder, type Duration, type GroupName, type Instant } from '../names.ts';
import type { GrantInForce } from '../record/grants.ts';
import type { LedgerRecord } from './record.ts';

export interface Departure {
  /** null: gone, and not by muster. `untold`: by muster, and a report for everybody does not say why. */
  readonly because: RemovalCause | { readonly kind: 'untold' } | null;
  readonly at: Instant;
}

export interface Stay {
  readonly group: GroupName;
  /** A uid, or a DN where no person can be told. */
  readonly name: string;
  /** The time of the departure itself: others had put the person in since the run before, and the run that found it took the person out. */
  readonly from: Instant;
  /** Undefined: still in. */
  readonly departure: Departure | undefined;
  /** What named the person, and from when on: a grant that was renewed has several. null: nothing explained it. */
  readonly reasons: readonly { readonly at: Instant; readonly because: Because | null }[];
}

/** The builder's own, changed in place. */
export interface Stays {
  readonly present: Map<GroupName, Map<string, Stay>>;
  /** By group and name. */
  readonly over: Map<string, Stay[]>;
}

export interface StayTerms {
  /** Stays that were over before this are not kept. */
  readonly begin: Instant;
  /** The host's ceilings on the length of grants. */
  readonly longest: ReadonlyMap<GroupName, Duration>;
  /** Of those that are over, how many of one person in one group are kept: the latest. */
  readonly most: number;
}

export function emptyStays(): Stays {
  return { present: new Map(), over: new Map() };
}

/** Takes one more record in. */
export function takeStays(stays: Stays, record: LedgerRecord, terms: StayTerms): void {
  switch (record.type) {
    case 'outcome':
      for (const { because, members } of record.remove)
        for (const { uid } of members) {
          enter(stays, record, uid, null);
          leave(stays, record, uid, because, terms);
        }
      for (const { because, members } of record.add)
        for (const { uid } of members) {
          // Gone in between, and nobody saw it.
          leave(stays, record, uid, null, terms);
          enter(stays, record, uid, because);
        }
      return;
    case 'membership':
      for (const name of record.vanished) leave(stays, record, name, null, terms);
      for (const { names, because } of record.appeared) for (const name of names) enter(stays, record, name, because);
      return;
    case 'verdict':
      for (const [, grant] of record.delta.inForce) if (grant) renew(stays, grant, record.at, terms);
      return;
    default:
  }
}

type InGroup = { readonly group: GroupName; readonly at: Instant };

function leave(
  { present, over }: Stays,
  { group, at }: InGroup,
  name: string,
  because: RemovalCause | null,
  { begin, most }: StayTerms,
): void {
  const stay = present.get(group)?.get(name);
  if (!stay) return;
  present.get(group)?.delete(name);
  if (at < begin) return;
  const key = keyOf(group, name);
  const kept = over.get(key) ?? [];
  kept.push({ ...stay, departure: { because, at } });
  if (kept.length > most) kept.shift();
  over.set(key, kept);
}

function enter({ present }: Stays, { group, at }: InGroup, name: string, because: Because | null): void {
  const members = present.get(group) ?? new Map<string, Stay>();
  present.set(group, members);
  if (!members.has(name)) members.set(name, { group, name, from: at, departure: undefined, reasons: [{ at, because }] });
}

/** Nobody knows since when: a run found the person in, and took them out at once. */
export function isFoundOnly({ from, departure }: Stay): boolean {
  return from === departure?.at;
}

/** Another grant for somebody who is in: from then on that one is the reason. One that was only shortened stays the same one. */
function renew({ present }: Stays, grant: GrantInForce, at: Instant, { longest }: StayTerms): void {
  const members = present.get(grant.group);
  const stay = members?.get(grant.uid);
  const last = stay?.reasons.at(-1);
  if (!members || !stay || !last) return;
  const because = groundsOf(grant, longest.get(grant.group));
  const isSame = last.because?.kind === 'grant' && last.because.commit === grant.commit;
  const reasons = isSame ? [...stay.reasons.slice(0, -1), { ...last, because }] : [...stay.reasons, { at, because }];
  members.set(grant.uid, { ...stay, reasons });
}

/** The last time that somebody left, who may be in again. */
export function lastDeparture({ over }: Stays, group: GroupName, name: string): Departure | undefined {
  return over.get(keyOf(group, name))?.at(-1)?.departure;
}

function keyOf(group: GroupName, name: string): string {
  return `${group}\n${name}`;
}

/** All that lasted into the time since `begin`, with the reasons that counted in it; by group, name and beginning. */
export function staysSince({ present, over }: Stays, begin: Instant): readonly Stay[] {
  const left = [...over.values()].flat().filter(({ departure }) => departure && departure.at >= begin);
  return [...left, ...[...present.values()].flatMap((members) => [...members.values()])]
    .map((stay) => ({
      ...stay,
      reasons: stay.reasons.filter((_, index) => (stay.reasons[index + 1]?.at ?? Infinity) > begin),
    }))
    .sort((left, right) => inOrder(left.group, right.group) || inOrder(left.name, right.name) || left.from - right.from);
}
