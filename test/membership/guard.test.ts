import { describe, expect, it } from 'vitest';
import { allowance, guard } from '../../src/membership/guard.ts';
import { causes, removalOf } from '../support/arbitraries.ts';
import { at, codes, coming, exactly, granted, leaving, left, locked, names, percent, planOf } from './guard-samples.ts';
import { now } from './membership-samples.ts';

describe('how many limited changes a group takes in 24 hours', () => {
  it.each([
    { given: 'eleven members and 20 %', limit: percent(20), floor: 1, members: 11, gives: 2 },
    { given: 'eleven members and 50 %', limit: percent(50), floor: 3, members: 11, gives: 5 },
    { given: 'four members and 20 %: the floor', limit: percent(20), floor: 1, members: 4, gives: 1 },
    { given: 'no member and 50 %: the floor', limit: percent(50), floor: 3, members: 0, gives: 3 },
    { given: '0 %: the floor', limit: percent(0), floor: 1, members: 100, gives: 1 },
    { given: '100 %', limit: percent(100), floor: 1, members: 7, gives: 7 },
    { given: 'a plain number', limit: exactly(4), floor: 1, members: 100, gives: 4 },
    { given: 'a plain 0: exactly that', limit: exactly(0), floor: 3, members: 100, gives: 0 },
  ])('given $given, then $gives', ({ limit, floor, members, gives }) => {
    expect(allowance(limit, floor, members, { removals: 0, additions: 0 })).toBe(gives);
  });

  it('given changes of the last 24 hours, then the percentage is of the members before them', () => {
    expect(allowance(percent(20), 1, 8, { removals: 2, additions: 0 })).toBe(2);
    expect(allowance(percent(20), 1, 16, { removals: 0, additions: 5 })).toBe(2);
  });
});

describe('given a group of eleven', () => {
  it.each([
    { removals: 2, held: false },
    { removals: 3, held: true },
  ])('when $removals left the roster, then held is $held', ({ removals, held }) => {
    const guarded = guard(planOf({ remove: leaving(removals) }), at(11));
    expect(codes(guarded)).toEqual(held ? ['too-many-removals'] : []);
    expect(guarded.remove).toHaveLength(held ? 0 : removals);
  });

  it.each([
    { additions: 5, held: false },
    { additions: 6, held: true },
  ])('when $additions joined it, then held is $held', ({ additions, held }) => {
    const guarded = guard(planOf({ add: coming(additions) }), at(11));
    expect(codes(guarded)).toEqual(held ? ['too-many-additions'] : []);
    expect(guarded.add).toHaveLength(held ? 0 : additions);
  });

  it('when too many come and two go, then only the additions are held', () => {
    const guarded = guard(planOf({ add: coming(9), remove: leaving(2) }), at(11));
    expect(codes(guarded)).toEqual(['too-many-additions']);
    expect(guarded.remove).toHaveLength(2);
  });

  it('when two were removed today already, then a third is held, and the message says so', () => {
    const guarded = guard(planOf({ remove: leaving(1) }), at(9, { recent: { removals: 2, additions: 0 } }));
    expect(guarded.held).toMatchObject([
      {
        code: 'too-many-removals',
        message: '1 removal that nobody reviewed, and the limit for 9 members is 2 in 24 hours, of which 2 were used',
      },
    ]);
  });

  it('when everybody goes for causes that are not limited, then nothing is held', () => {
    const unlimited = causes.filter(([, limited]) => !limited);
    const remove = names.slice(0, 11).map((name, index) => removalOf(name, unlimited[index % unlimited.length]?.[0](name) ?? left, false));
    expect(codes(guard(planOf({ remove }), at(11)))).toEqual([]);
  });

  it('when a hundred grants were approved, then nothing is held', () => {
    expect(guard(planOf({ add: granted(50) }), at(11))).toMatchObject({ add: { length: 50 }, held: [] });
  });
});

describe('given several causes', () => {
  it('when one is small and one is large, then the small one goes on', () => {
    const remove = [...leaving(9), ...leaving(2, locked, true, 20)];
    const guarded = guard(planOf({ remove }), at(11));
    expect(guarded.remove.map(({ because }) => because.kind)).toEqual(['locked', 'locked']);
    expect(guarded.held).toMatchObject([{ code: 'too-many-removals', remove: { length: 9 } }]);
  });

  it('when they fit one by one and not together, then the later one waits whole', () => {
    const remove = [...leaving(2, { kind: 'dangling' }), ...leaving(1, locked, true, 20)];
    const guarded = guard(planOf({ remove }), at(11));
    expect(guarded.remove.map(({ because }) => because.kind)).toEqual(['locked']);
    expect(guarded.held).toMatchObject([{ remove: { length: 2 } }]);
  });
});

describe('given a minimum', () => {
  const limits = { removals: exactly(10), additions: exactly(10), minimum: 5 };

  it.each([
    { given: 'five are left', members: 7, remove: leaving(2), add: [], held: [] },
    { given: 'four would be left', members: 6, remove: leaving(2), add: [], held: ['too-few-left'] },
    { given: 'as many come as go', members: 5, remove: leaving(2), add: coming(2), held: [] },
    { given: 'grants end', members: 6, remove: leaving(2, { kind: 'expired', path: 'x', at: now }, false), add: [], held: [] },
    { given: 'there are too few already and nobody goes', members: 3, remove: [], add: [], held: [] },
  ])('when $given, then held is $held', ({ members, remove, add, held }) => {
    expect(codes(guard(planOf({ remove, add }), at(members, { limits })))).toEqual(held);
  });
});
