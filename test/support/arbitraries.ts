// Arbitraries for the laws. What is compared is generated as a pair of similar things, a copy and a little disturbance: two things made
// independently differ in everything, and never show what an unneeded change looks like.
import fc from 'fast-check';
import type { ClockVerdict } from '../../src/membership/clock.ts';
import type { End, GrantInForce } from '../../src/record/grants.ts';
import type { GuardCircumstances } from '../../src/membership/guard.ts';
import { instant, type Instant } from '../../src/names.ts';
import type { Addition, GroupPlan, Removal, RemovalCause } from '../../src/membership/plan.ts';
import type { Limit } from '../../src/policy/policy.ts';
import { day } from '../../src/time.ts';
import { commit } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  becauseRoster,
  generation,
  grantOf,
  grantPathOf,
  klaxon,
  now,
  person,
  sha256,
  steward,
} from '../membership/membership-samples.ts';

const names = Array.from({ length: 16 }, (_, number) => `user${String(number).padStart(2, '0')}`);

export interface SimilarNames {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Two sets of names that differ in a few: who is named twice over is in both. */
export const similarNames: fc.Arbitrary<SimilarNames> = fc
  .tuple(fc.subarray(names), fc.subarray(names, { maxLength: 4 }))
  .map(([before, disturbed]) => ({
    before,
    after: names.filter((name) => before.includes(name) !== disturbed.includes(name)),
  }));

/** A moment within a month of now, on the day or to the millisecond. */
export const moments: fc.Arbitrary<Instant> = fc
  .oneof(
    fc.integer({ min: -30, max: 30 }).map((days) => days * day),
    fc.integer({ min: -30 * day, max: 30 * day }),
  )
  .map((distance) => instant(now + distance));

export const ends: fc.Arbitrary<End> = fc.oneof({ weight: 1, arbitrary: fc.constant<End>('open') }, { weight: 5, arbitrary: moments });

export interface Span {
  readonly from?: Instant;
  readonly until: End;
}

/** A start that is not before the end is left out: no file that was ever endorsed has one. */
function span(from: Instant | undefined, until: End): Span {
  return { until, ...(from === undefined || (until !== 'open' && from >= until) ? {} : { from }) };
}

const spans: fc.Arbitrary<Span> = fc.tuple(fc.option(moments, { nil: undefined }), ends).map(([from, until]) => span(from, until));

/** What is in force and what a file says: the same, or disturbed in its start or its end. */
export const grantAndFile: fc.Arbitrary<{ readonly grant: GrantInForce; readonly file: Span }> = fc
  .tuple(spans, spans, fc.constantFrom('same', 'start', 'end', 'both'))
  .map(([said, other, disturbed]) => {
    const from = disturbed === 'same' || disturbed === 'end' ? said.from : other.from;
    const until = disturbed === 'same' || disturbed === 'start' ? said.until : other.until;
    return { grant: grantOf('urbanecm', { ...said, endorsedUntil: said.until }), file: span(from, until) };
  });

const roster = generation('user00');

function additionOf(name: string, limited: boolean, newStart: boolean): Addition {
  const { uid, dn, key, uuid } = person(name);
  return { uid, member: { dn, key }, uuid, because: limited ? becauseRoster(roster) : becauseOf(grantOf(name)), limited, newStart };
}

/** Every cause, with whether it is limited as the planner would say. */
export const causes: readonly (readonly [(name: string) => RemovalCause, boolean])[] = [
  [(name) => ({ kind: 'expired', path: grantPathOf(name), at: now }), false],
  [() => ({ kind: 'revoked', at: now }), false],
  [(name) => ({ kind: 'deleted', path: grantPathOf(name), commit: commit('b') }), false],
  [(name) => ({ kind: 'deleted', path: grantPathOf(name), commit: commit('b') }), true],
  [(name) => ({ kind: 'refused', path: grantPathOf(name), commit: commit('b') }), true],
  [() => ({ kind: 'left-roster', roster: steward, sha256: roster.sha256 }), true],
  [() => ({ kind: 'unexplained' }), false],
  [() => ({ kind: 'unexplained' }), true],
  [() => ({ kind: 'locked' }), true],
  [() => ({ kind: 'dangling' }), true],
];

export function removalOf(name: string, because: RemovalCause, limited: boolean): Removal {
  const { uid, dn, key } = person(name);
  return { uid, member: { dn, key }, because, limited };
}

type Fate = 'absent' | 'stays' | 'longer' | 'new' | 'joins' | 'granted' | number;

const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Fate>('absent', 'stays', 'stays', 'longer', 'new', 'joins', 'granted') },
  { weight: 3, arbitrary: fc.nat(causes.length - 1) },
);

export interface PlannedMembers {
  readonly plan: GroupPlan;
  readonly members: number;
}

/** A plan for up to sixteen people, and how many members the group has before it. */
export const plans: fc.Arbitrary<PlannedMembers> = fc.array(fates, { maxLength: names.length }).map((drawn) => {
  const add: Addition[] = [];
  const remove: Removal[] = [];
  const lengthen: Addition[] = [];
  let present = 0;
  drawn.forEach((fate, at) => {
    const name = names[at] ?? '';
    if (fate === 'stays' || fate === 'longer') present++;
    if (fate === 'longer') lengthen.push(additionOf(name, false, true));
    if (fate === 'new') add.push(additionOf(name, false, true));
    if (fate === 'joins' || fate === 'granted') add.push(additionOf(name, fate === 'joins', false));
    const cause = typeof fate === 'number' ? causes[fate] : undefined;
    if (cause) remove.push(removalOf(name, cause[0](name), cause[1]));
  });
  return { plan: { add, remove, lengthen, reported: [], kept: [], present }, members: present + remove.length };
});

const limits: fc.Arbitrary<Limit> = fc.oneof(
  fc.nat(6).map((count) => ({ kind: 'count', count }) as const),
  fc.nat(100).map((percent) => ({ kind: 'percent', percent }) as const),
);

export const clocks: fc.Arbitrary<ClockVerdict> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<ClockVerdict>({ kind: 'sound' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<ClockVerdict>(
      { kind: 'behind', message: 'behind' },
      { kind: 'skewed', message: 'skewed' },
      { kind: 'unconfirmed', message: 'unconfirmed', since: instant(now - 8 * day) },
    ),
  },
);

/** Circumstances in which nobody has allowed anything yet. */
export const circumstances: fc.Arbitrary<Omit<GuardCircumstances, 'members' | 'counted'>> = fc
  .record({
    removals: limits,
    additions: limits,
    minimum: fc.nat(6),
    ceilings: fc.record({ members: fc.integer({ min: 1, max: 16 }), additions: fc.nat(6), removals: fc.nat(6) }, { requiredKeys: [] }),
    done: fc.record({ removals: fc.nat(3), additions: fc.nat(3) }),
    takenOver: fc.boolean(),
    renewable: fc.option(fc.constantFrom(now, instant(now - 1)), { nil: undefined }),
    recent: fc.record({ removals: fc.nat(3), additions: fc.nat(3) }),
    clock: clocks,
  })
  .map(({ removals, additions, minimum, ...others }) => ({
    ...others,
    group: klaxon,
    limits: { removals, additions, minimum },
    isDue: ({ because }: Removal) => because.kind === 'expired' || because.kind === 'revoked',
    begun: undefined,
    allowed: new Set<string>(),
    hash: sha256,
  }));
