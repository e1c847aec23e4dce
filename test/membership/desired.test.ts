import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, namedPeople, type Binding, type Circumstances, type Desired } from '../../src/membership/desired.ts';
import type { DirectoryPerson } from '../../src/directory/directory.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { duration, entryUuid, instant, noEntry, type Uid } from '../../src/names.ts';
import { day, minute } from '../../src/time.ts';
import { grantAndFile, moments } from '../support/arbitraries.ts';
import { commit, group, uid } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  byRoster,
  generation,
  grantOf,
  groupRules,
  hours,
  klaxon,
  now,
  peopleOf,
  person,
  policyOf,
} from './membership-samples.ts';

const urbanecm = person('urbanecm');

function decided(grants: readonly GrantInForce[], changes: Partial<Circumstances> = {}, proposed: readonly GrantInForce[] = []): Desired {
  const circumstances = { people: peopleOf(urbanecm), revocations: [], bindings: new Map(), now, ...changes };
  return decide(groupRules(), policyOf(grants, { proposed }), undefined, circumstances);
}

function reasons({ withheld }: Desired) {
  return withheld.map(({ reason }) => reason);
}

function bound(uuid: string, basis: string): ReadonlyMap<Uid, Binding> {
  return new Map([[urbanecm.uid, { uuid: entryUuid(uuid), basis }]]);
}

const revocation = { uid: urbanecm.uid, at: hours(-1), reason: 'Stolen laptop.' };

describe('who is entitled by a grant', () => {
  it('given a grant in force and a person in good standing, then the person is desired because of it', () => {
    const grant = grantOf('urbanecm');
    expect(decided([grant])).toEqual({
      members: new Map([[urbanecm.key, { person: urbanecm, because: becauseOf(grant), newStart: false }]]),
      lengthened: [],
      withheld: [],
    });
  });

  it('given a grant of another group, then it says nothing here', () => {
    expect(decided([grantOf('urbanecm', { group: group('stewards') })])).toMatchObject({ members: new Map(), withheld: [] });
  });

  it.each([
    { given: 'a millisecond before the end', until: instant(now + 1), gives: [] },
    { given: 'the end itself', until: now, gives: [{ code: 'expired', at: now }] },
    { given: 'an hour after the end', until: hours(-1), gives: [{ code: 'expired', at: hours(-1) }] },
  ])('given $given, then $gives', ({ until, gives }) => {
    expect(reasons(decided([grantOf('urbanecm', { until })]))).toEqual(gives);
  });

  it.each([
    { given: 'the start itself', from: now, gives: [] },
    { given: 'a millisecond before the start', from: instant(now + 1), gives: [{ code: 'not-yet', from: instant(now + 1) }] },
  ])('given $given, then $gives', ({ from, gives }) => {
    expect(reasons(decided([grantOf('urbanecm', { from })]))).toEqual(gives);
  });
});

describe('why somebody who is named is not desired', () => {
  const locked = peopleOf(person('urbanecm', { locked: true }));
  const other = bound('uuid-of-somebody-else', commit('a'));

  it.each([
    { reason: 'expired', grant: { until: now }, changes: {} },
    { reason: 'revoked', grant: {}, changes: { revocations: [revocation] } },
    { reason: 'unknown-person', grant: {}, changes: { people: peopleOf() } },
    { reason: 'ambiguous-person', grant: {}, changes: { people: new Map([[urbanecm.uid, 'ambiguous' as const]]) } },
    { reason: 'identity-changed', grant: {}, changes: { bindings: other } },
    { reason: 'locked', grant: {}, changes: { people: locked } },
    { reason: 'not-yet', grant: { from: hours(1) }, changes: {} },
  ])('given what makes it $reason and nothing else, then it is that', ({ reason, grant, changes }) => {
    const desired = decided([grantOf('urbanecm', grant)], changes);
    expect(reasons(desired)).toMatchObject([{ code: reason }]);
    expect(desired.members.size).toBe(0);
  });

  it('given several reasons at once, then the most final one is told', () => {
    const worsening: readonly [Partial<GrantInForce>, Partial<Circumstances>][] = [
      [{ from: hours(1) }, {}],
      [{}, { people: locked }],
      [{}, { bindings: other }],
      [{}, { people: new Map([[urbanecm.uid, 'ambiguous' as const]]) }],
      [{}, { people: peopleOf() }],
      [{}, { revocations: [revocation] }],
      [{ until: now }, {}],
    ];
    const told = worsening.map((_, at) => {
      const [grants, circumstances] = [
        worsening.slice(0, at + 1).map(([grant]) => grant),
        worsening.slice(0, at + 1).map(([, one]) => one),
      ];
      return reasons(decided([grantOf('urbanecm', Object.assign({}, ...grants))], Object.assign({}, ...circumstances)))[0]?.code;
    });
    expect(told).toEqual(['not-yet', 'locked', 'identity-changed', 'ambiguous-person', 'unknown-person', 'revoked', 'expired']);
  });

  it('given an end that nobody approved and the approved one to come, then the landing that took it away is told', () => {
    const narrowed = { narrowedBy: commit('b') };
    expect(reasons(decided([grantOf('urbanecm', { until: now, endorsedUntil: hours(1), ...narrowed })]))).toEqual([
      { code: 'expired', at: now, ...narrowed },
    ]);
    expect(reasons(decided([grantOf('urbanecm', { until: now, endorsedUntil: now, ...narrowed })]))).toEqual([
      { code: 'expired', at: now },
    ]);
    expect(reasons(decided([grantOf('urbanecm', { from: hours(1), ...narrowed })]))).toEqual([
      { code: 'not-yet', from: hours(1), ...narrowed },
    ]);
  });

  it.each([
    { given: 'from everything', changes: {}, out: true },
    { given: 'from this group', changes: { group: klaxon }, out: true },
    { given: 'from another group', changes: { group: group('stewards') }, out: false },
    { given: 'somebody else', changes: { uid: uid('mallory') }, out: false },
  ])('given a revocation of $given, then out is $out', ({ changes, out }) => {
    expect(decided([grantOf('urbanecm')], { revocations: [{ ...revocation, ...changes }] }).members.size).toBe(out ? 0 : 1);
  });

  it('given a revocation whose file is damaged, then it revokes all the same', () => {
    expect(reasons(decided([grantOf('urbanecm')], { revocations: [{ uid: urbanecm.uid, reason: 'damaged' }] }))).toEqual([
      { code: 'revoked', reason: 'damaged' },
    ]);
  });
});

describe('which entry a uid means', () => {
  const grant = grantOf('urbanecm');

  it.each([
    { given: 'the same entry and the same landing', bindings: bound(urbanecm.uuid, grant.commit), gives: [] },
    { given: 'another entry and the same landing', bindings: bound('another', grant.commit), gives: [{ code: 'identity-changed' }] },
    { given: 'another entry and a new landing', bindings: bound('another', commit('0')), gives: [] },
    { given: 'nothing bound yet', bindings: new Map(), gives: [] },
  ])('given $given, then $gives', ({ bindings, gives }) => {
    expect(reasons(decided([grant], { bindings }))).toEqual(gives);
  });

  it('given a roster, then its name is the basis, not the generation', () => {
    const before = generation('urbanecm', 'hoo');
    const circumstances = { people: peopleOf(urbanecm), revocations: [], now, bindings: bound('another', before.roster) };
    const desired = decide(groupRules(byRoster), policyOf([]), generation('urbanecm'), circumstances);
    expect(reasons(desired)).toEqual([{ code: 'identity-changed' }]);
  });
});

describe('the host’s ceiling on the length of grants', () => {
  const longest = duration(20 * day);

  it.each([
    { given: 'an end within it', until: hours(24), gives: hours(24) },
    { given: 'an end past it', until: hours(24 * 90), gives: hours(24 * 10) },
    { given: 'no end', until: 'open' as const, gives: hours(24 * 10) },
  ])('given $given, then the grant ends at the tighter of both, counted from the merge', ({ until, gives }) => {
    const [member] = decided([grantOf('urbanecm', { until })], { longest }).members.values();
    expect(member?.because).toMatchObject({ until: gives });
  });

  it('given a merge longer ago than it, then the grant is over, and that is not unreviewed', () => {
    const grant = grantOf('urbanecm', { until: 'open', narrowedBy: commit('b') });
    expect(reasons(decided([grant], { longest: duration(10 * day) }))).toEqual([{ code: 'expired', at: now }]);
  });
});

describe('what a new start proposes', () => {
  const longer = grantOf('urbanecm', { until: hours(24 * 30), commit: commit('c') });

  it('given nothing in force, then the person is desired once somebody allows it', () => {
    expect([...decided([], {}, [longer]).members.values()]).toMatchObject([{ newStart: true }]);
  });

  it('given a grant in force, then the person stays for its reason, and the longer one waits', () => {
    const desired = decided([grantOf('urbanecm')], {}, [longer]);
    expect([...desired.members.values()]).toMatchObject([{ newStart: false, because: { commit: commit('a') } }]);
    expect(desired.lengthened).toMatchObject([{ newStart: true, because: { commit: commit('c') } }]);
  });

  it('given a grant of another group, then it says nothing here', () => {
    const elsewhere = grantOf('urbanecm', { group: group('stewards') });
    expect(decided([], {}, [elsewhere])).toEqual({ members: new Map(), lengthened: [], withheld: [] });
    expect(decided([grantOf('urbanecm')], {}, [elsewhere]).lengthened).toEqual([]);
    expect(namedPeople(groupRules(), policyOf([], { proposed: [elsewhere] }), undefined, now)).toEqual([]);
  });

  it('given that both are withheld, then the reason of the one in force is told, and once', () => {
    const desired = decided([grantOf('urbanecm', { until: now })], { people: peopleOf() }, [longer]);
    expect(desired.withheld).toMatchObject([{ reason: { code: 'expired' }, because: { commit: commit('a') } }]);
  });
});

describe('a group that is a roster', () => {
  const names = ['hoo', 'base', 'urbanecm'];
  const people: readonly DirectoryPerson[] = names.map((name) => person(name));

  it('given a generation, then its people are desired because of it, and nobody else', () => {
    const list = generation('hoo', 'urbanecm');
    const circumstances = { people: peopleOf(...people), revocations: [], bindings: new Map(), now };
    const desired = decide(groupRules(byRoster), policyOf([grantOf('base')]), list, circumstances);
    expect([...desired.members.values()].map((one) => [one.person.uid, one.because])).toEqual(
      ['hoo', 'urbanecm'].map((name) => [name, { kind: 'roster', roster: list.roster, sha256: list.sha256 }]),
    );
  });

  it('given no generation, then nobody is desired and nobody withheld', () => {
    const circumstances = { people: peopleOf(...people), revocations: [], bindings: new Map(), now };
    expect(decide(groupRules(byRoster), policyOf([]), undefined, circumstances)).toEqual({
      members: new Map(),
      lengthened: [],
      withheld: [],
    });
  });
});

describe('laws of deciding', () => {
  it('expiry only ever narrows: who is not desired because a grant is over is never desired later', () => {
    fc.assert(
      fc.property(grantAndFile, moments, moments, ({ grant }, one, other) => {
        const [first, second] = one <= other ? [one, other] : [other, one];
        const isOut = (at: typeof now) => reasons(decided([grant], { now: at })).some(({ code }) => code === 'expired');
        expect(isOut(second) || !isOut(first)).toBe(true);
      }),
    );
  });

  it('the order of grants does not matter', () => {
    const names = ['base', 'hoo', 'mallory', 'urbanecm'];
    const people = peopleOf(...names.slice(0, 3).map((name) => person(name, { locked: name === 'hoo' })));
    const grants = names.map((name) => grantOf(name));
    fc.assert(
      fc.property(fc.shuffledSubarray(grants, { minLength: grants.length }), (shuffled) => {
        const desired = decided(shuffled, { people });
        expect(desired.withheld).toEqual(decided(grants, { people }).withheld);
        expect(new Map(desired.members)).toEqual(new Map(decided(grants, { people }).members));
      }),
    );
  });

  it('everybody who is named is desired or withheld, and nobody is both', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.constantFrom('base', 'hoo', 'mallory', 'urbanecm')), fc.func(fc.nat(4)), (names, fate) => {
        const found = names.flatMap((name) => (fate(name) === 0 ? [] : [person(name, { locked: fate(name) === 1 })]));
        const revocations = names.filter((name) => fate(name) === 2).map((name) => ({ uid: uid(name), reason: 'x' }));
        const desired = decided(
          names.map((name) => grantOf(name)),
          { people: peopleOf(...found), revocations },
        );
        const told = [...[...desired.members.values()].map((one) => one.person.uid), ...desired.withheld.map((one) => one.uid)];
        expect(told.sort()).toEqual([...names].sort());
      }),
    );
  });
});

describe('whom the directory is asked about', () => {
  it('given grants that are over, to come and open, then all but those that are over', () => {
    const grants = [grantOf('base', { until: now }), grantOf('hoo', { from: hours(1) }), grantOf('urbanecm', { until: 'open' })];
    expect(namedPeople(groupRules(), policyOf(grants, { proposed: [grantOf('mallory')] }), undefined, now)).toEqual([
      'hoo',
      'urbanecm',
      'mallory',
    ]);
  });

  it('given a roster, then everybody on it', () => {
    expect(namedPeople(groupRules(byRoster), policyOf([]), generation('hoo', 'base'), now)).toEqual(['hoo', 'base']);
  });
});

describe('who is behind the uid', () => {
  const grant = grantOf('urbanecm');
  const list = generation('urbanecm');
  const minutesAfter = (minutes: number) => instant(grant.landedAt + minutes * minute);
  const isNew = (person: DirectoryPerson, bindings: ReadonlyMap<Uid, Binding> = new Map()) => {
    const { members } = decided([grant], { people: peopleOf(person), bindings });
    return members.get(person.key)?.newPerson;
  };

  it.each([
    { given: 'long before the merge', madeAt: minutesAfter(-60), gives: undefined },
    { given: 'five minutes before it', madeAt: minutesAfter(-5), gives: undefined },
    { given: 'a little later than that', madeAt: instant(minutesAfter(-5) + 1), gives: true },
    { given: 'after it', madeAt: minutesAfter(60), gives: true },
    { given: 'nobody knows when', madeAt: undefined, gives: undefined },
  ])('given an entry that was made $given, then new is $gives', ({ madeAt, gives }) => {
    expect(isNew({ ...urbanecm, ...(madeAt && { madeAt }) })).toBe(gives);
  });

  it('given an entry that was made since and that a person let in, then it is the one that is meant', () => {
    const late = { ...urbanecm, madeAt: minutesAfter(60) };
    expect(isNew(late, bound(urbanecm.uuid, commit('a')))).toBeUndefined();
    expect(isNew(late, bound('uuid-of-somebody-else', commit('b')))).toBe(true);
  });

  it.each([
    { given: 'this grant', basis: commit('a'), gives: true },
    { given: 'an earlier one', basis: commit('b'), gives: undefined },
  ])(
    'given that there was no entry when $given first named the uid, then new is $gives, and nobody is taken for another one',
    ({ basis, gives }) => {
      expect(isNew(urbanecm, new Map([[urbanecm.uid, { uuid: noEntry, basis }]]))).toBe(gives);
    },
  );

  it('given a roster, then an entry is new where there was none when it first named the uid, whenever it was made', () => {
    const late = { ...urbanecm, madeAt: now };
    const ofRoster = (bindings: ReadonlyMap<Uid, Binding>) =>
      decide(groupRules(byRoster), policyOf([]), list, { people: peopleOf(late), revocations: [], bindings, now }).members.get(late.key);
    const because = { kind: 'roster', roster: list.roster, sha256: list.sha256 };
    expect(ofRoster(new Map())).toEqual({ person: late, because, newStart: false });
    expect(ofRoster(new Map([[late.uid, { uuid: noEntry, basis: list.roster }]]))).toMatchObject({ newPerson: true });
  });

  it('given approvals that were signed, then the reason says by whom and with which keys', () => {
    const signedBy = [{ uid: uid('bob'), fingerprint: 'SHA256:x' }] as never;
    const [member] = decided([{ ...grant, signedBy }]).members.values();
    expect(member?.because).toEqual({ ...becauseOf(grant), signedBy });
  });
});
