import { describe, expect, it } from 'vitest';
import { guard } from '../../src/membership/guard.ts';
import { defaultLimits } from '../../src/policy/policy.ts';
import { causes, removalOf } from '../support/arbitraries.ts';
import { allowing, at, codes, coming, exactly, granted, leaving, left, locked, names, planOf } from './guard-samples.ts';
import { grantPathOf, now } from './membership-samples.ts';
import { instant, type Instant } from '../../src/names.ts';
import { commit } from '../evidence/evidence-samples.ts';

describe('given a ceiling of the host', () => {
  const limits = { removals: exactly(2), additions: exactly(10) };

  it('when additions reach it, then they go on; when they pass it, then they are all held', () => {
    expect(codes(guard(planOf({ add: granted(5) }), at(35, { ceilings: { members: 40 } })))).toEqual([]);
    expect(guard(planOf({ add: granted(6) }), at(35, { ceilings: { members: 40 } }))).toMatchObject({
      add: [],
      held: [{ code: 'ceiling', add: { length: 6 } }],
    });
  });

  it('when as many go as come, then they go on', () => {
    expect(codes(guard(planOf({ add: coming(2), remove: leaving(2) }), at(40, { ceilings: { members: 40 }, limits })))).toEqual([]);
  });

  it('when those who should make room are held, then those who would come are held too', () => {
    const guarded = guard(planOf({ add: coming(5), remove: leaving(5) }), at(40, { ceilings: { members: 40 }, limits }));
    expect(codes(guarded)).toEqual(['too-many-removals', 'ceiling']);
  });

  it('when those whom it keeps out leave too few, then nobody is removed either', () => {
    const guarded = guard(
      planOf({ add: coming(4), remove: leaving(2) }),
      at(4, { ceilings: { members: 5 }, limits: { ...limits, minimum: 4 } }),
    );
    expect(codes(guarded)).toEqual(['ceiling', 'too-few-left']);
  });

  it('when a person allows it, then it is held all the same: the host’s administrator raises it', () => {
    const circumstance = at(35, { ceilings: { members: 40 } });
    const plan = planOf({ add: granted(6) });
    const again = guard(plan, allowing(circumstance, guard(plan, circumstance)));
    expect(again).toMatchObject({ add: [], used: [], held: [{ code: 'ceiling' }] });
  });

  it('when a person allowed another hold of the same people, then the ceiling still stops them', () => {
    const circumstance = at(3, { ceilings: { members: 4 }, takenOver: false });
    const plan = planOf({ add: granted(6) });
    const again = guard(plan, allowing(circumstance, guard(plan, circumstance)));
    expect(again).toMatchObject({ add: [], held: [{ code: 'ceiling', add: { length: 6 } }] });
  });

  it.each([
    { given: 'as many come as it says', ceilings: { additions: 5 }, done: 0, gives: [] },
    { given: 'one more comes', ceilings: { additions: 4 }, done: 0, gives: ['ceiling'] },
    { given: 'some came today', ceilings: { additions: 5 }, done: 1, gives: ['ceiling'] },
    { given: 'nobody may come', ceilings: { additions: 0 }, done: 0, gives: ['ceiling'] },
    { given: 'another one is passed too', ceilings: { additions: 4, members: 20 }, done: 0, gives: ['ceiling'] },
  ])('when $given in 24 hours, then $gives, whatever was approved', ({ ceilings, done, gives }) => {
    const guarded = guard(planOf({ add: granted(5) }), at(35, { ceilings, done: { additions: done, removals: 0 } }));
    expect(codes(guarded)).toEqual(gives);
  });

  it('when more go in 24 hours than it says, then all of them stay, reviewed or not, but for those who are due', () => {
    const deleted = leaving(2, { kind: 'deleted', path: 'x', commit: commit('b') }, false);
    const due = leaving(3, { kind: 'expired', path: 'x', at: now }, false, 10);
    const plan = planOf({ remove: [...deleted, ...leaving(1, left, true, 5), ...due] });
    const guarded = guard(plan, at(30, { ceilings: { removals: 2 } }));
    expect(guarded).toMatchObject({ remove: { length: 3 }, held: [{ code: 'ceiling', remove: { length: 3 } }] });
    expect(codes(guard(plan, allowing(at(30, { ceilings: { removals: 2 } }), guarded)))).toEqual(['ceiling']);
    expect(codes(guard(plan, at(30, { ceilings: { removals: 3 } })))).toEqual([]);
    expect(codes(guard(plan, at(30, { ceilings: { removals: 3 }, done: { additions: 0, removals: 1 } })))).toEqual(['ceiling']);
  });

  it('when removals are held at it, then they make no room for others', () => {
    const guarded = guard(planOf({ add: granted(2), remove: leaving(2) }), at(40, { ceilings: { members: 40, removals: 1 } }));
    expect(guarded).toMatchObject({ add: [], remove: [], held: [{ remove: { length: 2 } }, { add: { length: 2 } }] });
  });

  it('when there are too many members already, then a longer grant of one of them is not held for it', () => {
    const circumstance = at(9, { ceilings: { members: 5 } });
    const plan = planOf({ lengthen: granted(1, true) });
    const again = guard(plan, allowing(circumstance, guard(plan, circumstance)));
    expect(again).toMatchObject({ held: [], accepted: [grantPathOf('urbanecm')] });
  });
});

describe('case 114: given ends from before this ledger began, and judging that has not come to where the branch stood then', () => {
  const expired = (at: Instant, number: number, skip: number) => leaving(number, { kind: 'expired', path: 'x', at }, false, skip);
  const plan = planOf({
    remove: [...expired(instant(now - 1), 3, 0), ...expired(now, 2, 5), ...leaving(1, { kind: 'revoked' }, false, 8)],
  });

  it.each([true, false])(
    'when the group was taken over (%s), then they wait, as first-run, and later ends and revocations go on',
    (takenOver) => {
      const guarded = guard(plan, at(20, { takenOver, renewable: now }));
      expect(guarded).toMatchObject({ remove: { length: 3 }, held: [{ code: 'first-run', remove: { length: 3 } }] });
      expect(guarded.held[0]?.message).toContain('3 ends from before may have been renewed');
    },
  );

  it('when it has come there, then they go on by themselves', () => {
    expect(guard(plan, at(20, { takenOver: false }))).toMatchObject({ remove: { length: 6 }, held: [] });
  });

  it('when the rest of the first plan waits too, then to allow that is no word on these', () => {
    const circumstance = at(20, { takenOver: false, renewable: now });
    const both = planOf({ ...plan, add: granted(2) });
    const [ends, rest] = guard(both, circumstance).held;
    expect([ends?.remove.length, rest?.add.length]).toEqual([3, 2]);
    const after = guard(both, { ...circumstance, allowed: new Set([rest?.digest ?? '']) });
    expect([after.add.length, after.held.map(({ digest }) => digest)]).toEqual([2, [ends?.digest]]);
  });
});

it('given changes that are held for several causes, when people read them, then they are in the order of the names', () => {
  const plan = planOf({
    remove: [...leaving(3, locked), ...leaving(3, left, true, 3), ...leaving(1, locked, true, 6)],
    add: coming(1, { newStart: true }),
    lengthen: coming(2, { newStart: true }).slice(0, 1),
  });
  const held = guard(plan, at(5)).held.map(({ add, remove }) => [...add, ...remove].map(({ uid }) => uid));
  expect(held).toEqual([names.slice(-2), names.slice(0, 7)]);
});

describe('given a ledger that has not taken the group over', () => {
  const everyCause = causes.map(([because, limited], index) => removalOf(names[index] ?? '', because('hoo'), limited));

  it('when the group has members, then all but expiry and revocation is held, whatever the limits say', () => {
    const guarded = guard(planOf({ remove: everyCause, add: granted(1) }), at(20, { takenOver: false }));
    expect(guarded.remove.map(({ because }) => because.kind)).toEqual(['expired', 'revoked']);
    expect(guarded.held).toMatchObject([{ code: 'first-run', add: { length: 1 }, remove: { length: everyCause.length - 2 } }]);
  });

  it('when nobody is in it and its grants must be signed, then a person looks at whom the start names', () => {
    const begin = { takenOver: false, ceilings: { signed: 1 } };
    const guarded = guard(planOf({ add: granted(3) }), at(0, begin));
    expect([codes(guarded), guarded.add]).toEqual([['first-run'], []]);
    const [{ digest } = { digest: '' }] = guarded.held;
    expect(guard(planOf({ add: granted(3) }), at(0, { ...begin, allowed: new Set([digest]) })).add).toHaveLength(3);
  });

  it('when the group is empty, then it is filled, past the limits, and counts for none', () => {
    const guarded = guard(planOf({ add: coming(50) }), at(0, { takenOver: false }));
    expect(guarded).toMatchObject({ add: { length: 50 }, held: [] });
    expect(guarded.add.filter(({ limited }) => limited)).toEqual([]);
  });

  it('when the group is empty and this ledger emptied it, then the limits bind', () => {
    expect(codes(guard(planOf({ add: coming(50) }), at(0)))).toEqual(['too-many-additions']);
  });

  it('when its plan is empty, then nothing is held', () => {
    expect(guard(planOf({ present: 4 }), at(4, { takenOver: false })).held).toEqual([]);
  });
});

describe('given a clock in doubt', () => {
  const expired = leaving(3, { kind: 'expired', path: 'x', at: now }, false);
  const revoked = leaving(3, { kind: 'revoked' }, false, 20);

  const lastSound = instant(now - 1000);
  const jumped = { kind: 'unconfirmed', message: 'x', since: lastSound } as const;

  it.each(['behind', 'unconfirmed'] as const)('when it is %s, then nobody is added, and there is something to acknowledge', (kind) => {
    const clock = kind === 'behind' ? { kind, message: 'the clock' } : { kind, message: 'the clock', since: lastSound };
    expect(guard(planOf({ add: granted(1) }), at(11, { clock }))).toMatchObject({
      add: [],
      held: [{ code: 'clock', add: { length: 1 } }],
    });
    expect(guard(planOf({}), at(11, { clock })).held).toMatchObject([{ code: 'clock', message: 'the clock', add: [], remove: [] }]);
  });

  it.each(['behind', 'skewed'] as const)('when it is %s, then nobody is added, and ends and revocations go on, past any limit', (kind) => {
    const clock = { kind, message: 'x' };
    const guarded = guard(planOf({ add: granted(1), remove: [...expired, ...revoked] }), at(11, { clock }));
    expect(guarded.held).toMatchObject([{ code: 'clock', add: { length: 1 }, remove: [] }]);
    expect(guarded.remove).toEqual([...expired, ...revoked]);
  });

  it('when it is GitLab’s that differs and nobody is to be added, then there is nothing to acknowledge', () => {
    expect(guard(planOf({}), at(11, { clock: { kind: 'skewed', message: 'x' } })).held).toEqual([]);
  });

  it('when it jumped, then what had ended while it was still sound goes on', () => {
    const before = leaving(2, { kind: 'expired', path: 'x', at: lastSound }, false, 40);
    const guarded = guard(planOf({ remove: [...expired, ...before] }), at(11, { clock: jumped }));
    expect(guarded.held).toMatchObject([{ code: 'clock', remove: { length: 3 } }]);
    expect(guarded.remove).toEqual(before);
  });

  it('when nothing confirms it, then expiry is held whole, and what does not depend on the time goes on', () => {
    const guarded = guard(
      planOf({ remove: [...expired.slice(0, 1), ...revoked, ...leaving(1, left, true, 30)] }),
      at(11, { clock: jumped }),
    );
    expect(guarded.held).toMatchObject([{ code: 'clock', remove: { length: 1 } }]);
    expect(guarded.remove).toHaveLength(4);
  });

  it('when it is acknowledged, then additions and expiry go on', () => {
    const circumstance = at(11, { clock: jumped });
    const plan = planOf({ add: granted(1), remove: expired });
    expect(guard(plan, allowing(circumstance, guard(plan, circumstance)))).toMatchObject({
      add: { length: 1 },
      remove: { length: 3 },
      held: [],
      used: { length: 1 },
    });
  });

  it('when only what a new start proposes was allowed, then nobody is added all the same', () => {
    const circumstance = at(11, { clock: { kind: 'behind', message: 'x' } });
    const plan = planOf({ add: granted(1, true) });
    const held = guard(plan, circumstance).held.filter(({ code }) => code === 'new-start');
    const allowed = new Set(held.map(({ digest }) => digest));
    expect(guard(plan, { ...circumstance, allowed })).toMatchObject({ add: [], accepted: [], used: [] });
  });
});

describe('given a new start', () => {
  it('when it adds and lengthens, then both wait in one hold, and other additions go on', () => {
    const lengthen = granted(1, true);
    const add = [...granted(3, true).slice(0, 2), ...granted(5).slice(0, 1)];
    const guarded = guard(planOf({ add, lengthen }), at(11));
    expect(guarded).toMatchObject({ add: { length: 1 }, held: [{ code: 'new-start', add: { length: 3 } }], accepted: [] });
  });

  it('when a person allows it, then additions go on and the grants are in force', () => {
    const plan = planOf({ add: granted(1, true), lengthen: granted(2, true).slice(0, 1) });
    const guarded = guard(plan, allowing(at(11), guard(plan, at(11))));
    expect(guarded).toMatchObject({ add: { length: 1 }, held: [], used: { length: 1 } });
    expect(guarded.accepted).toEqual([grantPathOf('urbanecm'), grantPathOf('urbanecm')]);
  });
});

describe('given a set that a person allowed', () => {
  const plan = planOf({ remove: leaving(8) });
  const first = guard(plan, at(11));
  const allowed = allowing(at(11), first);

  it('when it is the same, then it goes through, uses the digest up, and counts for no limit', () => {
    const guarded = guard(plan, allowed);
    expect(guarded).toMatchObject({ held: [], used: first.held.map(({ digest }) => digest) });
    expect(guarded.remove.map(({ uid, limited }) => [uid, limited])).toEqual(plan.remove.map(({ uid }) => [uid, false]));
  });

  it('when the digest is used up, then the same set is held again', () => {
    expect(codes(guard(plan, at(11)))).toEqual(['too-many-removals']);
  });

  it.each([
    { given: 'one more goes', remove: leaving(9) },
    { given: 'one fewer goes', remove: leaving(7) },
    { given: 'somebody else goes', remove: [...leaving(7), ...leaving(1, left, true, 30)] },
  ])('when $given, then it is held', ({ remove }) => {
    expect(guard(planOf({ remove }), allowed)).toMatchObject({ remove: [], used: [], held: [{ code: 'too-many-removals' }] });
  });

  it('when the same set is held for another reason, then it is held', () => {
    const limits = { removals: exactly(20), minimum: 11 };
    expect(guard(plan, { ...allowed, limits: { ...defaultLimits, ...limits } })).toMatchObject({
      remove: [],
      held: [{ code: 'too-few-left' }],
    });
  });

  it('when more of another cause comes besides, then that is measured by itself', () => {
    const guarded = guard(planOf({ remove: [...plan.remove, ...leaving(2, locked, true, 20)] }), allowed);
    expect(guarded).toMatchObject({ held: [], remove: { length: 10 } });
    expect(guarded.remove.filter(({ limited }) => limited)).toHaveLength(2);
  });
});

describe('given a member whom nothing explains, and a new start that brings a grant for exactly that person', () => {
  const [proposed] = granted(1, true);
  if (!proposed) throw new Error('the sample is wrong');
  const { uid, member } = proposed;
  const plan = planOf({ lengthen: [proposed], remove: [{ ...removalOf(uid, { kind: 'unexplained' }, true), uid, member }] });

  it.each([{ takenOver: false }, { takenOver: true }])(
    'when a person allows what is held (taken over: $takenOver), then the member stays',
    ({ takenOver }) => {
      const circumstance = at(9, { takenOver, limits: { removals: exactly(0) } });
      const first = guard(plan, circumstance);
      expect(new Set(codes(first))).toEqual(new Set([takenOver ? 'too-many-removals' : 'first-run', 'new-start']));
      expect(guard(plan, allowing(circumstance, first))).toMatchObject({ remove: [], held: [], accepted: [grantPathOf('urbanecm')] });
    },
  );

  it('when only the removal is allowed, then the member goes', () => {
    const circumstance = at(9, { takenOver: false });
    const [firstRun] = guard(plan, circumstance).held;
    const allowed = new Set(firstRun ? [firstRun.digest] : []);
    expect(guard(plan, { ...circumstance, allowed })).toMatchObject({ remove: [{ uid }], held: [{ code: 'new-start' }] });
  });
});

describe('given removals that would leave fewer than the minimum', () => {
  it.each([{ takenOver: true }, { takenOver: false }])(
    'when they are held for another reason ($takenOver), then that is said too',
    ({ takenOver }) => {
      const [held] = guard(planOf({ remove: leaving(3) }), at(6, { takenOver, limits: { minimum: 5 } })).held;
      expect(held?.message).toContain('3 members would be left, and the group must keep 5');
    },
  );
});
