import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowance, digestOf, guard, type HoldCode } from '../../src/membership/guard.ts';
import type { Addition, Removal } from '../../src/membership/plan.ts';
import type { Limit } from '../../src/policy/policy.ts';
import { causes, circumstances, plans, removalOf } from '../support/arbitraries.ts';
import { commit, group } from '../evidence/evidence-samples.ts';
import { at, codes, coming, leaving, left, names } from './guard-samples.ts';
import { klaxon, person, sha256 } from './membership-samples.ts';

describe('the digest of a held set', () => {
  const set = { add: coming(3), remove: leaving(3) };
  const digest = (changes: Partial<typeof set>, code: HoldCode = 'first-run', of = klaxon) =>
    digestOf(of, code, { ...set, ...changes }, sha256);

  it('the order does not matter', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...set.add], { minLength: 3 }),
        fc.shuffledSubarray([...set.remove], { minLength: 3 }),
        (add, remove) => {
          expect(digest({ add, remove })).toBe(digest({}));
        },
      ),
    );
  });

  it('any change changes it', () => {
    const [one] = set.remove;
    const others = [
      digest({ add: set.add.slice(1) }),
      digest({ remove: set.remove.slice(1) }),
      digest({ add: [], remove: leaving(6) }),
      digest({ remove: leaving(3, left, true, 1) }),
      digest({ remove: one ? [...set.remove.slice(1), { ...one, uid: 'mallory' }] : [] }),
      digest({ remove: one ? [...set.remove.slice(1), { ...one, member: { ...one.member, dn: person('mallory').dn } }] : [] }),
      digest({}, 'too-many-removals'),
      digest({}, 'first-run', group('stewards')),
    ];
    expect(new Set([digest({}), ...others]).size).toBe(others.length + 1);
  });

  it('the cause does not enter: what is allowed is what is done', () => {
    expect(digest({ remove: leaving(3, { kind: 'refused', path: 'x', commit: commit('b') }) })).toBe(digest({}));
  });
});

describe('laws of the guard', () => {
  const world = fc
    .tuple(plans, circumstances)
    .map(([{ plan, members }, others]) => ({ plan, at: { ...others, members, counted: members } }));
  const idsOf = (changes: readonly (Addition | Removal)[]) => changes.map(({ member }) => member.key);

  /** A person allows whatever is held, some of it, or nothing. */
  const withAllowed = fc.tuple(world, fc.infiniteStream(fc.boolean())).map(([{ plan, at: before }, choice]) => {
    const held = guard(plan, before).held.filter(() => choice.next().value);
    return { plan, at: { ...before, allowed: new Set(held.map(({ digest }) => digest)) } };
  });

  it('held and passing together are the plan: nothing is lost, nothing doubled', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const { add, remove, held, accepted } = guard(plan, circumstance);
        const adding = [...idsOf(add), ...held.flatMap((one) => idsOf(one.add))];
        const passedLonger = plan.lengthen.filter(({ member }) => !adding.includes(member.key));
        expect([...adding, ...idsOf(passedLonger)].sort()).toEqual(idsOf([...plan.add, ...plan.lengthen]).sort());
        expect(passedLonger.length).toBeLessThanOrEqual(accepted.length);
        expect([...idsOf(remove), ...held.flatMap((one) => idsOf(one.remove))].sort()).toEqual(idsOf(plan.remove).sort());
      }),
    );
  });

  it('no more limited changes go through in 24 hours than allowed, but for those that a person allowed', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const { add, remove } = guard(plan, circumstance);
        const { limits, members, recent } = circumstance;
        const within = (passing: number, limit: Limit, floor: number, used: number) =>
          passing === 0 || passing + used <= allowance(limit, floor, members, recent);
        expect(within(remove.filter(({ limited }) => limited).length, limits.removals, 1, recent.removals)).toBe(true);
        expect(within(add.filter(({ limited }) => limited).length, limits.additions, 3, recent.additions)).toBe(true);
      }),
    );
  });

  it('run after run in one day, the limit is not passed either, whatever the clock', () => {
    fc.assert(
      fc.property(fc.array(world, { maxLength: 6 }), ([first, ...others]) => {
        if (!first) return;
        const { limits, clock } = first.at;
        let members = 30;
        const recent = { removals: 0, additions: 0 };
        const base = members;
        for (const { plan } of [first, ...others]) {
          const { add, remove } = guard(plan, at(members, { limits, clock, recent: { ...recent } }));
          members += add.length - remove.length;
          recent.additions += add.filter(({ limited }) => limited).length;
          recent.removals += remove.filter(({ limited }) => limited).length;
        }
        const unlimited = (others.length + 1) * 16;
        expect(recent.removals).toBeLessThanOrEqual(allowance(limits.removals, 1, base + unlimited, { removals: 0, additions: 0 }));
        if (limits.removals.kind === 'count') expect(recent.removals).toBeLessThanOrEqual(limits.removals.count);
      }),
    );
  });

  it('adding removals never turns a hold into a pass', () => {
    fc.assert(
      fc.property(world, fc.array(fc.nat(causes.length - 1), { maxLength: 5 }), ({ plan, at: circumstance }, more) => {
        // A removal makes room below the ceiling, which is not about removals.
        const without = { ...circumstance, ceilings: {} };
        const added = more.flatMap((index, number) => {
          const cause = causes[index];
          return cause ? [removalOf(names[30 + number] ?? '', cause[0]('x'), cause[1])] : [];
        });
        const before = guard(plan, { ...without, members: without.members + added.length, counted: without.counted + added.length });
        const after = guard(
          { ...plan, remove: [...plan.remove, ...added] },
          { ...without, members: without.members + added.length, counted: without.counted + added.length },
        );
        expect(codes(after)).toEqual(expect.arrayContaining([...codes(before)].filter((code) => code !== 'too-few-left')));
        if (before.held.length > 0) expect(after.held.length).toBeGreaterThan(0);
      }),
    );
  });

  it('a set that is allowed goes through whole and counts for no limit; without the allowance it is held again', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ plan, at: circumstance }, choice) => {
        const before = guard(plan, circumstance);
        const one = before.held[choice % Math.max(1, before.held.length)];
        // The ceiling is not allowed past, and a proposal does not acknowledge the clock.
        if (!one || one.code === 'ceiling' || (one.code === 'new-start' && codes(before).includes('clock'))) return;
        const after = guard(plan, { ...circumstance, allowed: new Set([one.digest]) });
        const unlimited = new Set(idsOf([...after.add, ...after.remove].filter(({ limited }) => !limited)));
        const atCeiling = new Set(
          after.held.filter(({ code }) => code === 'ceiling').flatMap(({ add, remove }) => idsOf([...add, ...remove])),
        );
        const longer = new Set(idsOf(plan.lengthen));
        expect(after.used).toEqual([one.digest]);
        for (const key of idsOf([...one.add, ...one.remove]))
          expect(unlimited.has(key) || atCeiling.has(key) || longer.has(key)).toBe(true);
        expect(guard(plan, circumstance)).toEqual(before);
      }),
    );
  });

  it('no group grows past the host’s ceiling, whatever a person allows', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const { add, remove } = guard(plan, circumstance);
        const { members } = circumstance.ceilings;
        if (members === undefined || add.length === 0) return;
        expect(circumstance.members - remove.length + add.length).toBeLessThanOrEqual(members);
      }),
    );
  });

  it('no more come or go in 24 hours than the host’s ceilings say, whatever a person allows; whoever is due goes', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const { add, remove, held } = guard(plan, circumstance);
        const { additions = Infinity, removals = Infinity } = circumstance.ceilings;
        const { done, isDue } = circumstance;
        expect(Math.max(0, add.length)).toBeLessThanOrEqual(Math.max(0, additions - done.additions));
        expect(remove.filter((one) => !isDue(one)).length).toBeLessThanOrEqual(Math.max(0, removals - done.removals));
        const atCeiling = held.filter(({ code }) => code === 'ceiling').flatMap((one) => one.remove);
        expect(atCeiling.filter(isDue)).toEqual([]);
      }),
    );
  });

  it('limited removals never leave fewer than the minimum, but for those that a person allowed', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const { add, remove } = guard(plan, circumstance);
        if (!remove.some(({ limited }) => limited)) return;
        expect(circumstance.members - remove.length + add.length).toBeGreaterThanOrEqual(circumstance.limits.minimum);
      }),
    );
  });

  it('the input is left as it was, and the same input gives the same answer', () => {
    fc.assert(
      fc.property(withAllowed, ({ plan, at: circumstance }) => {
        const copy = structuredClone(plan);
        expect(guard(plan, circumstance)).toEqual(guard(plan, circumstance));
        expect(plan).toEqual(copy);
      }),
    );
  });
});
