// What was foreseen of a change is what is recorded without foresight, once the directory shows the change.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Binding } from '../../src/membership/desired.ts';
import { foresee, sameMembers } from '../../src/membership/foresight.ts';
import type { Guarded } from '../../src/membership/guard.ts';
import { copyOf, emptyMemory, knownGroup, remember, rememberGroup, type Memory } from '../../src/ledger/memory.ts';
import { entryUuid, instant, type EntryUuid } from '../../src/names.ts';
import { planGroup } from '../../src/membership/plan.ts';
import { intentOf, namesOf, newsOf, settleIntent } from '../../src/reconcile/recording.ts';
import type { PlannedGroup } from '../../src/reconcile/run.ts';
import {
  becauseOf,
  becauseRoster,
  behindOf,
  desiredOf,
  explanations,
  generation,
  grantOf,
  groupRules,
  hours,
  klaxon,
  memberValue,
  now,
  observedOf,
  person,
  steward,
} from './membership-samples.ts';

const everybody = ['alice', 'base', 'bob', 'carol', 'hoo', 'mallory', 'urbanecm'];
const roster = generation(...everybody);
const some = fc.subarray(everybody);

interface Drawn {
  readonly wanted: readonly string[];
  readonly granted: readonly string[];
  readonly there: readonly string[];
  readonly recorded: readonly string[];
  readonly bound: readonly string[];
  readonly heldBack: readonly string[];
  readonly unexplained: 'remove' | 'report';
  readonly strange: boolean;
  readonly otherUuid: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  wanted: some,
  granted: some,
  there: some,
  recorded: some,
  bound: some,
  heldBack: some,
  unexplained: fc.constantFrom('remove', 'report'),
  strange: fc.boolean(),
  otherUuid: fc.boolean(),
});

/** What the last runs left on record: nearly what is there, as a rule. */
function memoryOf({ recorded, bound, otherUuid }: Drawn): Memory {
  const memory = emptyMemory();
  const known = knownGroup(memory, klaxon);
  const bindingOf = (uuid: EntryUuid): Binding => ({ uuid, basis: steward });
  for (const name of recorded) known.members.set(name, 'roster');
  for (const name of bound) known.bindings.set(person(name).uid, bindingOf(otherUuid ? entryUuid('another') : person(name).uuid));
  return memory;
}

function proposalOf({ wanted, granted, there, recorded, heldBack, unexplained, strange }: Drawn): PlannedGroup {
  const because = (name: string) => (granted.includes(name) ? becauseOf(grantOf(name)) : becauseRoster(roster));
  const desired = desiredOf(wanted.map((name) => [person(name), because(name)]));
  const observed = observedOf([...there.map((name) => person(name)), ...(strange ? [memberValue('cn=nobody,dc=example,dc=org')] : [])]);
  const known = { wasRecorded: (name: string) => recorded.includes(name), wasFromRoster: (name: string) => recorded.includes(name) };
  const plan = planGroup(desired, observed, behindOf(...everybody.map((name) => person(name))), known, explanations({ unexplained }));
  const held = heldBack.length > 0 ? plan.add.filter(({ uid }) => heldBack.includes(uid)) : [];
  const guarded: Guarded = {
    add: plan.add.filter((one) => !held.includes(one)),
    remove: plan.remove.filter(({ uid }) => !heldBack.includes(uid)),
    held: held.length > 0 ? [{ code: 'too-many-additions', message: 'too many', digest: 'sha256:0', add: held, remove: [] }] : [],
    used: [],
    accepted: [],
  };
  return { kind: 'planned', group: klaxon, dn: observed.dn, rules: groupRules(), observed, desired, plan, guarded };
}

describe('laws of foresight', () => {
  it('what is foreseen is what is recorded when the directory shows the whole change', () => {
    fc.assert(
      fc.property(drawn, fc.boolean(), (one, takenOver) => {
        const proposal = proposalOf(one);
        const memory = memoryOf(one);
        const intent = intentOf(klaxon, proposal.observed, proposal.guarded, now);
        remember(memory, intent);
        const before = copyOf(knownGroup(memory, klaxon));

        const foreseen = foresee(proposal, intent, memory, takenOver, now);
        expect(knownGroup(memory, klaxon)).toEqual(before);

        const names = namesOf({ ...proposal.observed, members: foreseen.members }, proposal.desired, proposal.plan);
        const outcome = settleIntent(intent, names, foreseen.members.length, now, 'done');
        remember(memory, outcome);
        const news = newsOf(proposal, takenOver ? names : undefined, knownGroup(memory, klaxon), now);
        for (const record of news) remember(memory, record);
        expect([foreseen.outcome, ...foreseen.news]).toEqual([outcome, ...news]);
        expect(foreseen.known).toEqual(knownGroup(memory, klaxon));
        expect(foreseen.isWhole).toBe(true);
      }),
    );
  });

  it('the members are those that were there, without the removals and with the additions', () => {
    fc.assert(
      fc.property(drawn, (one) => {
        const proposal = proposalOf(one);
        const intent = intentOf(klaxon, proposal.observed, proposal.guarded, now);

        const keys = foresee(proposal, intent, memoryOf(one), true, now).members.map(({ key }) => key);

        const gone = proposal.guarded.remove.map(({ member }) => member.key);
        const come = proposal.guarded.add.map(({ member }) => member.key);
        const stayed = proposal.observed.members.map(({ key }) => key).filter((key) => !gone.includes(key));
        expect([...keys].sort()).toEqual([...stayed, ...come].sort());
      }),
    );
  });
});

describe('given two values that have one name', () => {
  it('when one of them is to go, then what was foreseen is not whole; without the other it is', () => {
    const nobodyWants: Drawn = { ...sample(), there: ['alice'], recorded: ['alice'], unexplained: 'report' };
    const twin = memberValue('uid=alice,ou=old,dc=example,dc=org');
    const proposal = proposalOf(nobodyWants);
    const observed = observedOf([person('alice'), twin]);
    const recorded = { wasRecorded: () => true, wasFromRoster: () => false };
    const plan = planGroup(desiredOf([]), observed, behindOf(person('alice')), recorded, explanations({ unexplained: 'report' }));
    const guarded: Guarded = { ...proposal.guarded, remove: plan.remove };
    const intent = intentOf(klaxon, observed, guarded, now);
    expect(plan.remove.map(({ member }) => member.dn)).toEqual([twin.dn]);

    expect(foresee({ ...proposal, observed, plan, guarded }, intent, memoryOf(nobodyWants), true, now).isWhole).toBe(false);

    const alone = { ...proposal, observed: observedOf([twin]), plan: { ...plan, reported: [] }, guarded };
    expect(foresee(alone, intent, memoryOf(nobodyWants), true, now).isWhole).toBe(true);
  });
});

describe('given the members that were foreseen', () => {
  const values = fc.subarray(everybody).map((names) => names.map((name) => person(name)));

  it('when the directory shows the same in another order, then they are the same', () => {
    fc.assert(
      fc.property(
        values.chain((left) => fc.tuple(fc.constant(left), fc.shuffledSubarray(left, { minLength: left.length }))),
        ([left, right]) => {
          expect(
            sameMembers(
              left,
              right.map((value) => ({ ...value })),
            ),
          ).toBe(true);
        },
      ),
    );
  });

  it('when one is missing, one is more or one is another, then they are not the same', () => {
    const [alice, bob, hoo] = [person('alice'), person('bob'), person('hoo')];
    expect(sameMembers([alice, bob], [alice])).toBe(false);
    expect(sameMembers([alice], [alice, bob])).toBe(false);
    expect(sameMembers([alice, bob], [alice, hoo])).toBe(false);
    expect(sameMembers([alice, alice], [alice, bob])).toBe(false);
    expect(sameMembers([alice, bob], [alice, alice])).toBe(false);
  });
});

describe('given a copy of what is remembered of a group', () => {
  it('when the copy takes a record in, then the original does not', () => {
    const memory = memoryOf({ ...sample(), recorded: ['alice'], bound: ['alice'] });
    const original = knownGroup(memory, klaxon);
    const copy = copyOf(original);

    rememberGroup(copy, { type: 'membership', at: hours(1), group: klaxon, appeared: [], vanished: ['alice'], members: 0 });
    rememberGroup(copy, { type: 'bindings', at: instant(now), group: klaxon, basis: '', bound: [], released: [person('alice').uid] });

    expect([copy.members.size, copy.bindings.size, copy.takenOver]).toEqual([0, 0, true]);
    expect([original.members.size, original.bindings.size, original.takenOver]).toEqual([1, 1, false]);
  });
});

function sample(): Drawn {
  const nobody: readonly string[] = [];
  return {
    wanted: nobody,
    granted: nobody,
    there: nobody,
    recorded: nobody,
    bound: nobody,
    heldBack: nobody,
    unexplained: 'remove',
    strange: false,
    otherUuid: false,
  };
}
