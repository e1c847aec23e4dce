// What the guard catches, one circumstance at a time, and what goes on beside it.
import { describe, expect, it } from 'vitest';
import { guard, type GuardCircumstances } from '../../src/membership/guard.ts';
import type { Addition, GroupPlan, RemovalCause } from '../../src/membership/plan.ts';
import { recordedChanges } from '../../src/reconcile/recording.ts';
import { removalOf } from '../support/arbitraries.ts';
import { allowing, at, codes, coming, exactly, granted, leaving, left, locked, planOf } from './guard-samples.ts';
import { grantPathOf, hours } from './membership-samples.ts';

const expired = (of: number): RemovalCause => ({ kind: 'expired', path: grantPathOf('user00'), at: hours(of) });
const ofNewStart = (plan: readonly Addition[]) => plan.map((one) => ({ ...one, newStart: true }));
const uids = (changes: readonly { readonly uid: string }[]) => changes.map(({ uid }) => uid);

describe('given changes that were begun and cut off', () => {
  const clock = { kind: 'skewed', message: 'x' } as const;
  const add = granted(3);
  const remove = leaving(3, left, false);
  const begin = (of: readonly Addition[], going = remove) => ({ begun: recordedChanges(of, going) });

  it('when they counted against no limit, then they go on as the same ones, also where all others are held', () => {
    const guarded = guard(
      planOf({ add, remove: leaving(3, left, true, 10) }),
      at(40, { ...begin(add), limits: { removals: exactly(0) }, takenOver: false }),
    );
    expect([codes(guarded), guarded.add.length]).toEqual([['first-run'], 3]);
    expect(guarded.held[0]?.add).toEqual([]);
    const gone = guard(planOf({ remove: leaving(3) }), at(40, { ...begin([]), limits: { removals: exactly(0) } }));
    expect([codes(gone), gone.remove]).toEqual([[], remove]);
  });

  it.each<{ given: string; plan: Partial<GroupPlan>; changes: Partial<GuardCircumstances> }>([
    { given: 'they counted against a limit', plan: { remove: leaving(3) }, changes: { begun: recordedChanges([], leaving(3)) } },
    { given: 'they were about others', plan: { remove: leaving(3, left, true, 3) }, changes: begin([]) },
    { given: 'they had another cause', plan: { remove: leaving(3, locked) }, changes: begin([]) },
    { given: 'they were additions', plan: { remove: leaving(3) }, changes: begin(coming(3, { limited: false }), []) },
  ])('when $given, then these are held like any', ({ plan, changes }) => {
    expect(guard(planOf(plan), at(40, { ...changes, limits: { removals: exactly(0) } }))).toMatchObject({ remove: [], held: [{}] });
  });

  it('when a new start proposes the same, then that waits for its own word', () => {
    expect(guard(planOf({ add: ofNewStart(add) }), at(40, begin(add)))).toMatchObject({ add: [], held: [{ code: 'new-start' }] });
  });

  it('when the clock is in doubt, then they wait with the others', () => {
    expect(guard(planOf({ add }), at(40, { ...begin(add), clock }))).toMatchObject({ add: [], held: [{ code: 'clock' }] });
  });
});

describe('given entries that were made after somebody named the uid', () => {
  const fresh = (number: number, changes: Partial<Addition> = {}) => coming(number, { newPerson: true, ...changes });
  const old = granted(4).slice(0, 2);

  it.each([
    {
      number: 1,
      words:
        '1 entry in the directory made after the policy or the roster named this uid, or within 5 minutes before: make sure who is behind',
    },
    {
      number: 2,
      words:
        '2 entries in the directory made after the policy or the roster named these uids, or within 5 minutes before: make sure who is behind',
    },
  ])('when there are $number, then they wait for a person, and the others go on', ({ number, words }) => {
    const guarded = guard(planOf({ add: [...old, ...fresh(number)] }), at(40));
    expect(guarded.held).toMatchObject([{ code: 'new-person', message: words, add: { length: number } }]);
    expect(uids(guarded.add)).toEqual(uids(old));
  });

  it('when a new start proposes them, then they wait with all that it proposes', () => {
    expect(codes(guard(planOf({ add: fresh(2, { newStart: true }) }), at(40)))).toEqual(['new-start']);
  });
});

describe('given what a new start proposes', () => {
  it('when the clock is in doubt, then that is not held as the clock, and to allow the clock lets none of it in', () => {
    const clock = { kind: 'behind', message: 'x' } as const;
    const plan = planOf({ add: [...granted(4, true).slice(0, 2), ...granted(1)] });
    const held = guard(plan, at(40, { clock }));
    expect(held.held.map(({ code, add }) => [code, add.length])).toEqual([
      ['clock', 1],
      ['new-start', 2],
    ]);
  });

  it('when a person allowed it, then the files that count from now on are those of the new start', () => {
    const plan = planOf({ add: [...granted(4, true).slice(0, 2), ...coming(1, { newPerson: true })] });
    const circumstances = at(40);
    const guarded = guard(plan, allowing(circumstances, guard(plan, circumstances)));
    expect([codes(guarded), guarded.add.length]).toEqual([[], 3]);
    expect(guarded.accepted).toEqual([grantPathOf('urbanecm'), grantPathOf('urbanecm')]);
    const ofRoster = planOf({ add: coming(1, { newStart: true }) });
    expect(guard(ofRoster, allowing(circumstances, guard(ofRoster, circumstances))).accepted).toEqual([]);
    const ordinary = planOf({ add: granted(9) });
    const full = at(40, { takenOver: false });
    expect(guard(ordinary, allowing(full, guard(ordinary, full))).accepted).toEqual([]);
  });
});

describe('given a clock that jumped', () => {
  const clock = { kind: 'unconfirmed', message: 'x', since: hours(-2) } as const;

  it.each([
    { given: 'an end of after the jump', because: expired(-1), held: true },
    { given: 'an end of before it', because: expired(-2), held: false },
    { given: 'a revocation of after it', because: { kind: 'revoked', at: hours(-1) } as const, held: false },
  ])('when $given is due, then held is $held', ({ because, held }) => {
    const guarded = guard(planOf({ remove: leaving(1, because, false) }), at(40, { clock }));
    expect([guarded.remove.length, guarded.held[0]?.remove.length]).toEqual(held ? [0, 1] : [1, 0]);
  });

  it.each(['skewed', 'behind'] as const)('when it is %s instead, then every end goes on', (kind) => {
    const guarded = guard(planOf({ remove: leaving(1, expired(-1), false) }), at(40, { clock: { kind, message: 'x' } }));
    expect(guarded.remove).toHaveLength(1);
  });
});

describe('given a ledger that began after an end', () => {
  it('when somebody was revoked before it began, then they go; who ended before it waits', () => {
    const revoked = { kind: 'revoked', at: hours(-9) } as const;
    const plan = planOf({ remove: [...leaving(1, revoked, false), ...leaving(1, expired(-9), false, 1)] });
    const guarded = guard(plan, at(40, { renewable: hours(-5) }));
    expect([uids(guarded.remove), guarded.held.map(({ code, remove }) => [code, uids(remove)])]).toEqual([
      ['user00'],
      [['first-run', ['user01']]],
    ]);
  });
});

describe('what the guard lets through', () => {
  it('counts against the limits as the plan says', () => {
    const [add, remove] = [
      [...granted(4).slice(0, 2), ...coming(2)],
      [...leaving(1), ...leaving(1, locked, false, 1)],
    ];
    expect(guard(planOf({ add, remove }), at(40))).toMatchObject({ add, remove, held: [] });
  });

  it('when a person allowed removals, then these make room below the host’s ceiling', () => {
    const circumstances = at(40, { ceilings: { members: 40 }, limits: { removals: exactly(0) } });
    const plan = planOf({ remove: leaving(2), add: granted(2) });
    const guarded = guard(plan, allowing(circumstances, guard(planOf({ remove: leaving(2) }), circumstances)));
    expect([codes(guarded), guarded.remove.length, guarded.add.length]).toEqual([[], 2, 2]);
  });

  it('when two causes are as small and there is room for one, then the first by name goes on, however they come', () => {
    const two = [removalOf('user01', left, true), removalOf('user02', locked, true)];
    for (const remove of [two, [...two].reverse()]) {
      const guarded = guard(planOf({ remove }), at(40, { limits: { removals: exactly(1) } }));
      expect([uids(guarded.remove), guarded.held.map((one) => uids(one.remove))]).toEqual([['user01'], [['user02']]]);
    }
  });

  it('when the group would be left with just as many as it must keep, then nothing is said of that', () => {
    const message = (minimum: number) =>
      guard(planOf({ remove: leaving(9) }), at(12, { limits: { minimum, removals: exactly(1) } })).held[0]?.message;
    expect(message(3)).not.toContain('must keep');
    expect(message(4)).toContain('3 members would be left, and the group must keep 4');
  });

  it.each([
    { given: 'nothing today', used: 0, words: 'is 1 in 24 hours' },
    { given: 'one today', used: 1, words: 'is 1 in 24 hours, of which 1 was used' },
    { given: 'two today', used: 2, words: 'is 1 in 24 hours, of which 2 were used' },
  ])('when the limit is passed after $given, then the message says so', ({ used, words }) => {
    const changes = { recent: { removals: used, additions: 0 }, limits: { removals: exactly(1) } };
    expect(guard(planOf({ remove: leaving(2) }), at(40, changes)).held[0]?.message).toMatch(new RegExp(`${words}$`));
  });

  it.each([
    { given: 'nothing today', done: 0, words: 'the host allows 1 addition in this group in 24 hours, and there would be 2 now' },
    {
      given: 'one today',
      done: 1,
      words: 'the host allows 1 addition in this group in 24 hours, and there would be 2 now, after 1 that were made',
    },
  ])('when the host’s ceiling is passed after $given, then the message says so', ({ done, words }) => {
    const guarded = guard(planOf({ add: granted(2) }), at(40, { ceilings: { additions: 1 }, done: { removals: 0, additions: done } }));
    expect(guarded.held).toMatchObject([{ code: 'ceiling', message: words }]);
  });
});
