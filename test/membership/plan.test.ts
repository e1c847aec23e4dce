import { instant } from '../../src/names.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groundsOf, type Withheld, type WithheldReason } from '../../src/membership/desired.ts';
import type { MemberEntry, MemberValue } from '../../src/directory/directory.ts';
import type { EndedGrant } from '../../src/record/grants.ts';
import type { DnKey } from '../../src/names.ts';
import { planGroup, unexplainedValues, type Explanations, type GroupPlan, type Recorded } from '../../src/membership/plan.ts';
import { similarNames } from '../support/arbitraries.ts';
import { commit, uid } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  becauseRoster,
  behindOf,
  desiredOf,
  explanations,
  generation,
  grantOf,
  grantPathOf,
  hours,
  klaxon,
  memberValue,
  nothingRecorded,
  now,
  observedOf,
  person,
} from './membership-samples.ts';

const mallory = person('mallory');
const list = generation('hoo');

const recorded: Recorded = { wasRecorded: () => true, wasFromRoster: () => false, grantOf: () => undefined };
const recordedFromRoster: Recorded = { ...recorded, wasFromRoster: () => true };

/** The plan for a group whose only member is mallory, whom nobody desires. */
function planFor(changes: Partial<Explanations>, known: Recorded = recorded, entry?: MemberEntry): GroupPlan {
  const behind = entry ? new Map([[mallory.key, entry]]) : behindOf(mallory);
  return planGroup(desiredOf([]), observedOf([mallory]), behind, known, explanations(changes));
}

function withheld(reason: WithheldReason, because = becauseOf(grantOf('mallory'))): Partial<Explanations> {
  const one: Withheld = { group: klaxon, uid: mallory.uid, reason, because };
  return { withheld: new Map([[mallory.uid, one]]) };
}

function ended(changes: Partial<EndedGrant> = {}, until = hours(48), endorsedUntil = until): Partial<Explanations> {
  const grant = grantOf('mallory', { until, endorsedUntil });
  return { ended: new Map([[mallory.uid, { grant, cause: 'deleted', reviewed: true, commit: commit('b'), ...changes }]]) };
}

const path = grantPathOf('mallory');

describe('given somebody whose grant judging no longer speaks of', () => {
  const had = groundsOf(grantOf('mallory', { until: now }));
  const ofGrant = { ...recorded, grantOf: () => had };

  it.each([
    { given: 'nothing at all', changes: {} },
    { given: 'that nothing may be concluded yet', changes: { isUndecided: () => true } },
    { given: 'rules that tolerate whom nothing explains', changes: { unexplained: 'report' as const } },
  ])('when it says $given, then they go at the end that is on record', ({ changes }) => {
    const expected = { because: { kind: 'expired', path, at: now }, limited: false };
    expect(planFor(changes, ofGrant).remove).toMatchObject([expected]);
    expect(planFor({ ...changes, now: instant(now - 1) }, ofGrant).remove.filter(({ because }) => because.kind === 'expired')).toEqual([]);
  });
});
const revoked = { revoked: new Map([[mallory.uid, { uid: mallory.uid, at: hours(-1), reason: 'Stolen laptop.' }]]) };

describe('why a member goes, and whether the limits bind it', () => {
  it.each([
    {
      given: 'a grant that is over',
      explained: withheld({ code: 'expired', at: now }),
      because: { kind: 'expired', path, at: now },
      limited: false,
    },
    {
      given: 'an end that nobody approved',
      explained: withheld({ code: 'expired', at: now, narrowedBy: commit('b') }),
      because: { kind: 'refused', path, commit: commit('b') },
      limited: true,
    },
    {
      given: 'a start that nobody approved',
      explained: withheld({ code: 'not-yet', from: hours(1), narrowedBy: commit('b') }),
      because: { kind: 'refused', path, commit: commit('b') },
      limited: true,
    },
    {
      given: 'an approved start to come',
      explained: withheld({ code: 'not-yet', from: hours(1) }),
      because: { kind: 'unexplained' },
      limited: false,
    },
    {
      given: 'a revocation of somebody who is named',
      explained: withheld({ code: 'revoked', at: hours(-1), reason: 'x' }),
      because: { kind: 'revoked', at: hours(-1) },
      limited: false,
    },
    {
      given: 'a revocation of somebody whom nothing names',
      explained: revoked,
      because: { kind: 'revoked', at: hours(-1) },
      limited: false,
    },
    { given: 'a locked account', explained: withheld({ code: 'locked' }), because: { kind: 'locked' }, limited: true },
    {
      given: 'an entry that is another one than before',
      explained: withheld({ code: 'identity-changed' }),
      because: { kind: 'dangling' },
      limited: true,
    },
    {
      given: 'an entry that is another one than before',
      explained: withheld({ code: 'identity-changed' }),
      because: { kind: 'dangling' },
      limited: true,
    },
    { given: 'an approved deletion', explained: ended(), because: { kind: 'deleted', path, commit: commit('b') }, limited: false },
    {
      given: 'a deletion that nobody approved',
      explained: ended({ reviewed: false }),
      because: { kind: 'deleted', path, commit: commit('b') },
      limited: true,
    },
    {
      given: 'an edit that nobody approved and that left nothing',
      explained: ended({ reviewed: false, cause: 'refused' }),
      because: { kind: 'refused', path, commit: commit('b') },
      limited: true,
    },
    {
      given: 'an unapproved deletion of a grant whose approved end has come',
      explained: ended({ reviewed: false }, now),
      because: { kind: 'expired', path, at: now },
      limited: false,
    },
    {
      given: 'an unapproved deletion of a grant that somebody had shortened to yesterday before, unapproved as well',
      explained: ended({ reviewed: false }, hours(-24), hours(48)),
      because: { kind: 'deleted', path, commit: commit('b') },
      limited: true,
    },
    { given: 'a member that nothing explains, on record', explained: {}, because: { kind: 'unexplained' }, limited: true },
  ])('given $given, then limited is $limited', ({ explained, because, limited }) => {
    expect(planFor(explained)).toMatchObject({
      add: [],
      remove: [{ uid: 'mallory', member: { key: mallory.key }, because, limited }],
      reported: [],
      kept: [],
      present: 0,
    });
  });

  it('given a person whom one answer shows and another does not, then the member stays', () => {
    expect(planFor(withheld({ code: 'unknown-person' }))).toMatchObject({ remove: [], kept: [{ uid: 'mallory' }] });
  });

  it('given a member that nothing explains and that appeared since the record, then it goes at once', () => {
    expect(planFor({}, nothingRecorded).remove).toMatchObject([{ because: { kind: 'unexplained' }, limited: false }]);
  });

  it.each([
    { given: 'approved', reviewed: true },
    { given: 'not approved', reviewed: false },
  ])('given somebody who came back past review after a deletion that was $given, then the old grant does not speak for them', (one) => {
    const deletion = ended({ reviewed: one.reviewed });
    expect(planFor(deletion, nothingRecorded).remove).toMatchObject([{ because: { kind: 'unexplained' }, limited: false }]);
    expect(planFor(deletion, recorded).remove).toMatchObject([{ because: { kind: 'deleted' }, limited: !one.reviewed }]);
    expect(planFor({ ...deletion, unexplained: 'report' }, nothingRecorded)).toMatchObject({ remove: [], reported: [{ uid: 'mallory' }] });
  });

  it('given somebody whom the roster brought and no longer names, then they left it', () => {
    const because = { kind: 'left-roster', roster: list.roster, sha256: list.sha256 };
    expect(planFor({ roster: list }, recordedFromRoster).remove).toMatchObject([{ because, limited: true }]);
    expect(planFor({ roster: list }, recorded).remove).toMatchObject([{ because: { kind: 'unexplained' }, limited: true }]);
  });

  const strangers: readonly MemberEntry[] = [{ kind: 'absent' }, { kind: 'no-person', uids: [] }];
  it.each(strangers)(
    'given a value behind which there is nobody ($kind), then it dangles, and is limited only where it was on record',
    (entry) => {
      const dangling = { uid: 'mallory', because: { kind: 'dangling' } };
      expect(planFor({}, recorded, entry).remove).toMatchObject([{ ...dangling, limited: true }]);
      expect(planFor({}, nothingRecorded, entry).remove).toMatchObject([{ ...dangling, limited: false }]);
    },
  );

  it('given a dangling value whose DN has no uid, then it is named by its DN', () => {
    const value = memberValue('cn=Robot\\, Inc,ou=other,dc=example,dc=org');
    const plan = planGroup(desiredOf([]), observedOf([value]), new Map(), recorded, explanations());
    expect(plan.remove).toMatchObject([{ uid: value.dn, because: { kind: 'dangling' } }]);
  });

  it('given the former DN of somebody who is desired, then the two are told apart', () => {
    const former = memberValue('uid=hoo,ou=former,dc=example,dc=org');
    const hoo = person('hoo');
    const plan = planGroup(desiredOf([[hoo, becauseRoster(list)]]), observedOf([former]), new Map(), recorded, explanations());
    expect(plan).toMatchObject({ add: [{ uid: 'hoo' }], remove: [{ uid: former.dn, because: { kind: 'dangling' } }] });
  });
});

describe('what beats what', () => {
  const everything = {
    ...withheld({ code: 'locked' }),
    ...ended(),
    isUndecided: (one: string) => one === mallory.uid,
    unexplained: 'report' as const,
  };

  it('given a revocation and everything else, then it is a revocation', () => {
    expect(planFor({ ...everything, ...revoked }).remove).toMatchObject([{ because: { kind: 'revoked' }, limited: false }]);
  });

  it('given a revocation of somebody whose entry is gone, then it is a revocation', () => {
    expect(planFor(revoked, recorded, { kind: 'absent' }).remove).toMatchObject([{ because: { kind: 'revoked' }, limited: false }]);
  });

  it.each([
    { given: 'its DN names another person', value: mallory },
    { given: 'its DN names nobody', value: memberValue('cn=robot,ou=other,dc=example,dc=org') },
  ])('given a revocation of any of the uids of an entry, and $given, then it is a revocation', ({ value }) => {
    const entry: MemberEntry = { kind: 'no-person', uids: [uid('base'), uid('hoo')] };
    const explained = explanations({ revoked: new Map([[uid('hoo'), { uid: uid('hoo'), reason: 'Stolen laptop.' }]]) });
    const plan = planGroup(desiredOf([]), observedOf([value]), new Map([[value.key, entry]]), recorded, explained);
    expect(plan.remove).toMatchObject([{ member: { key: value.key }, because: { kind: 'revoked' }, limited: false }]);
  });

  it('given a revocation whose file has no moment, then it is a revocation', () => {
    const revocation = { uid: mallory.uid, reason: 'damaged' };
    expect(planFor({ revoked: new Map([[mallory.uid, revocation]]) }).remove[0]?.because).toEqual({ kind: 'revoked' });
  });

  it('given a grant that withholds and one that ended, then the one that is there speaks', () => {
    expect(planFor({ ...withheld({ code: 'locked' }), ...ended() }).remove).toMatchObject([{ because: { kind: 'locked' } }]);
  });

  it('given a grant that ended and a file that waits for its verdict, then the end speaks', () => {
    expect(planFor({ ...ended(), isUndecided: (one) => one === mallory.uid }).remove).toMatchObject([{ because: { kind: 'deleted' } }]);
  });
});

describe('who stays though nothing explains them', () => {
  it('given a file that waits for its verdict, then its person is kept', () => {
    expect(planFor({ isUndecided: (one) => one === mallory.uid })).toMatchObject({ remove: [], kept: [{ uid: 'mallory' }], reported: [] });
  });

  it('given rules that only report, then the member is reported', () => {
    expect(planFor({ unexplained: 'report' })).toMatchObject({ remove: [], kept: [], reported: [{ uid: 'mallory' }] });
  });

  it('given rules that only report, then a grant that is over still ends', () => {
    expect(planFor({ unexplained: 'report', ...withheld({ code: 'expired', at: now }) }).remove).toHaveLength(1);
  });

  it('given a uid that the directory has twice, then nobody can say that it is somebody else', () => {
    expect(planFor(withheld({ code: 'ambiguous-person' }))).toMatchObject({ remove: [], kept: [{ uid: 'mallory' }] });
  });

  it('given a value whose uid the directory has twice, then it stays where it was on record, and dangles where it was not', () => {
    const [ambiguous, entry] = [withheld({ code: 'ambiguous-person' }), { kind: 'no-person', uids: [mallory.uid] } as const];
    expect(planFor(ambiguous, recorded, entry)).toMatchObject({ remove: [], kept: [{ uid: 'mallory' }], reported: [] });
    expect(planFor(ambiguous, nothingRecorded, entry)).toMatchObject({ remove: [{ because: { kind: 'dangling' } }], kept: [] });
  });
});

describe('who comes in', () => {
  const hoo = person('hoo');

  it.each([
    { given: 'a grant', because: becauseOf(grantOf('hoo')), limited: false },
    { given: 'the roster', because: becauseRoster(list), limited: true },
  ])('given $given, then limited is $limited', ({ because, limited }) => {
    const plan = planGroup(desiredOf([[hoo, because]]), observedOf([]), new Map(), nothingRecorded, explanations());
    expect(plan.add).toEqual([{ uid: 'hoo', member: { dn: hoo.dn, key: hoo.key }, uuid: hoo.uuid, because, limited, newStart: false }]);
  });
});

describe('what a new start proposes', () => {
  const because = becauseOf(grantOf('mallory'));
  const proposed = desiredOf([], { members: new Map([[mallory.key, { person: mallory, because, newStart: true }]]) });
  const plan = (members: readonly MemberValue[], changes: Partial<Explanations> = {}) =>
    planGroup(proposed, observedOf(members), behindOf(mallory), recorded, explanations(changes));

  it('given somebody who is no member, then the addition is marked', () => {
    expect(plan([])).toMatchObject({ add: [{ uid: 'mallory', newStart: true }], lengthen: [], remove: [] });
  });

  it('given a member whose own grant is over, then the proposal keeps nobody in, and can be allowed', () => {
    expect(plan([mallory], withheld({ code: 'expired', at: now }))).toMatchObject({
      add: [],
      lengthen: [{ uid: 'mallory', newStart: true }],
      remove: [{ uid: 'mallory', because: { kind: 'expired' }, limited: false }],
      present: 0,
    });
  });

  it('given a member with a grant in force, then the longer one can be allowed and nothing changes', () => {
    const both = desiredOf([[mallory, because]], { lengthened: [{ person: mallory, because, newStart: true }] });
    const made = planGroup(both, observedOf([mallory]), new Map(), recorded, explanations());
    expect(made).toMatchObject({ add: [], remove: [], lengthen: [{ uid: 'mallory' }], present: 1 });
  });
});

describe('laws of planning', () => {
  const granted = (names: readonly string[]) => desiredOf(names.map((name) => [person(name), becauseOf(grantOf(name))]));
  const people = (names: readonly string[]) => names.map((name) => person(name));

  /** Everybody is on record, some were approved out: what a run meets. */
  function plan(before: readonly MemberValue[], after: readonly string[], changes: Partial<Explanations> = {}) {
    const all = Array.from({ length: 16 }, (_, at) => person(`user${String(at).padStart(2, '0')}`));
    return planGroup(granted(after), observedOf(before), behindOf(...all), recorded, explanations(changes));
  }

  function perform(made: GroupPlan, before: readonly MemberValue[]): readonly MemberValue[] {
    const gone = new Set<DnKey>(made.remove.map(({ member }) => member.key));
    return [...before.filter(({ key }) => !gone.has(key)), ...made.add.map(({ member }) => member)];
  }

  it('performing the plan turns observed into desired, and a second plan is empty', () => {
    fc.assert(
      fc.property(similarNames, ({ before, after }) => {
        const there = perform(plan(people(before), after), people(before));
        expect(new Set(there.map(({ key }) => key))).toEqual(new Set(granted(after).members.keys()));
        expect(there).toHaveLength(after.length);
        expect(plan(there, after)).toMatchObject({ add: [], remove: [], reported: [], kept: [], present: after.length });
      }),
    );
  });

  it('members that are desired are untouched', () => {
    fc.assert(
      fc.property(similarNames, ({ before, after }) => {
        const { add, remove, present } = plan(people(before), after);
        const both = before.filter((name) => after.includes(name));
        expect([...add, ...remove].filter(({ uid: name }) => both.includes(name))).toEqual([]);
        expect(present).toBe(both.length);
      }),
    );
  });

  it('the order of the input does not matter, and the output is sorted', () => {
    fc.assert(
      fc.property(similarNames, fc.infiniteStream(fc.nat()), ({ before, after }, ranks) => {
        const shuffled = (names: readonly string[]) =>
          names
            .map((name) => [ranks.next().value, name] as const)
            .sort(([left], [right]) => left - right)
            .map(([, name]) => name);
        const made = plan(people(before), after);
        expect(plan(people(shuffled(before)), shuffled(after))).toEqual(made);
        for (const names of [made.add, made.remove].map((changes) => changes.map((one) => String(one.uid))))
          expect(names).toEqual([...names].sort());
      }),
    );
  });

  it('every member is present, leaves, is kept or is reported, and exactly one of these', () => {
    fc.assert(
      fc.property(
        similarNames,
        fc.subarray(['user00', 'user01', 'user02', 'user03']),
        fc.boolean(),
        ({ before, after }, undecided, report) => {
          const made = plan(people(before), after, {
            isUndecided: (one) => undecided.some((name) => name === one),
            unexplained: report ? 'report' : 'remove',
          });
          expect(made.present + made.remove.length + made.kept.length + made.reported.length).toBe(before.length);
        },
      ),
    );
  });

  it('the entries that must be looked up are those of the members whom nobody desires', () => {
    fc.assert(
      fc.property(similarNames, ({ before, after }) => {
        expect(unexplainedValues(granted(after), observedOf(people(before))).map(({ dn }) => dn)).toEqual(
          people(before.filter((name) => !after.includes(name))).map(({ dn }) => dn),
        );
      }),
    );
  });
});
