// The order of a plan, and what the entry behind a value decides of it.
import { describe, expect, it } from 'vitest';
import type { DirectoryPerson, MemberEntry } from '../../src/directory/directory.ts';
import type { DesiredMember } from '../../src/membership/desired.ts';
import { planGroup, type Explanations, type Recorded } from '../../src/membership/plan.ts';
import type { DnKey } from '../../src/names.ts';
import { commit } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  becauseRoster,
  behindOf,
  desiredOf,
  explanations,
  generation,
  grantOf,
  grantPathOf,
  klaxon,
  memberValue,
  now,
  observedOf,
  person,
} from './membership-samples.ts';

const mallory = person('mallory');
const path = grantPathOf('mallory');
const recorded: Recorded = { wasRecorded: () => true, wasFromRoster: () => false, grantOf: () => undefined };
const never: Recorded = { ...recorded, wasRecorded: () => false };

function withheldFor(
  reason: { readonly code: 'locked' } | { readonly code: 'expired'; readonly at: typeof now },
  because = becauseOf(grantOf('mallory')),
) {
  return { withheld: new Map([[mallory.uid, { group: klaxon, uid: mallory.uid, reason, because }]]) };
}

/** A grant whose approved end has come. */
const over = {
  ended: new Map([
    [mallory.uid, { grant: grantOf('mallory', { until: now }), cause: 'deleted', reviewed: true, commit: commit('b') } as const],
  ]),
};

describe('the order of a plan', () => {
  const [a, b, c] = ['alice', 'bob', 'carol'].map((name) => person(name)) as [DirectoryPerson, DirectoryPerson, DirectoryPerson];
  const wanted = (one: DirectoryPerson, newStart = false) => ({ person: one, because: becauseOf(grantOf(one.uid)), newStart });
  const uidsOf = (changes: readonly { readonly uid: string }[]) => changes.map(({ uid: of }) => of);

  it('is by uid, whatever the server’s is', () => {
    const observed = observedOf([c, a, b]);
    const planned = (changes: Partial<Explanations>) =>
      planGroup(desiredOf([]), observed, behindOf(a, b, c), recorded, explanations(changes));
    expect(uidsOf(planned({ unexplained: 'report' }).reported)).toEqual(['alice', 'bob', 'carol']);
    expect(uidsOf(planned({ isUndecided: () => true }).kept)).toEqual(['alice', 'bob', 'carol']);
    const proposed = desiredOf([], { members: new Map([c, a].map((one) => [one.key, wanted(one, true)])), lengthened: [wanted(b, true)] });
    expect(uidsOf(planGroup(proposed, observed, behindOf(a, b, c), recorded, explanations()).lengthen)).toEqual(['alice', 'bob', 'carol']);
  });

  it('keeps what is said of an entry that is new', () => {
    const members = new Map<DnKey, DesiredMember>([
      [a.key, { ...wanted(a), newPerson: true as const }],
      [b.key, wanted(b)],
    ]);
    const { add } = planGroup(desiredOf([], { members }), observedOf([]), new Map(), recorded, explanations());
    expect(add.map(({ uid: of, newPerson = false }) => [of, newPerson])).toEqual([
      ['alice', true],
      ['bob', false],
    ]);
  });
});

describe('given a person whose DN spells another name', () => {
  it('when something is known of the person, then it is the entry that says who that is', () => {
    const value = { ...mallory, ...memberValue('uid=hoo,ou=people,dc=example,dc=org') };
    const behind = behindOf(value);
    const planned = planGroup(desiredOf([]), observedOf([value]), behind, recorded, explanations(withheldFor({ code: 'locked' })));
    expect(planned.remove).toMatchObject([{ uid: 'mallory', because: { kind: 'locked' } }]);
  });
});

describe('given an approved end that has come', () => {
  const gone = { because: { kind: 'expired', path, at: now }, limited: false };

  it.each<{ given: string; explained: Partial<Explanations>; entry?: MemberEntry }>([
    { given: 'of somebody who was never on record', explained: over },
    { given: 'of somebody who has no entry any more', explained: over, entry: { kind: 'absent' } },
    {
      given: 'of somebody who is named still and has no entry',
      explained: withheldFor({ code: 'expired', at: now }),
      entry: { kind: 'absent' },
    },
  ])('$given, then they go for that', ({ explained, entry }) => {
    const behind = entry ? new Map([[mallory.key, entry]]) : behindOf(mallory);
    const nothingElse = explanations({ ...explained, unexplained: 'report', isUndecided: () => true });
    expect(planGroup(desiredOf([]), observedOf([mallory]), behind, never, nothingElse).remove).toMatchObject([gone]);
  });

  it('of nobody that a DN spells, then the value is dangling', () => {
    const value = memberValue('cn=x,uid=mallory,dc=example,dc=org');
    const changes = { ...over, ...withheldFor({ code: 'expired', at: now }) };
    const { remove } = planGroup(desiredOf([]), observedOf([value]), new Map(), recorded, explanations(changes));
    expect(remove).toMatchObject([{ uid: value.dn, because: { kind: 'dangling' } }]);
  });

  it('of a roster there is none: who is on it stays', () => {
    const ofRoster = explanations(withheldFor({ code: 'expired', at: now }, becauseRoster(generation('hoo'))));
    const planned = planGroup(desiredOf([]), observedOf([mallory]), behindOf(mallory), recorded, ofRoster);
    expect(planned).toMatchObject({ remove: [], kept: [{ uid: 'mallory' }] });
  });
});
