import { describe, expect, it } from 'vitest';
import { parseRosterName } from '../../src/names.ts';
import { isRatified, stillNamed } from '../../src/revocation/ratification.ts';
import { group, rules, uid } from '../evidence/evidence-samples.ts';
import { byRoster, grantOf, groupRules, hours, klaxon, now, policyOf, steward } from '../membership/membership-samples.ts';

const stewards = group('stewards');
const both = {
  ...rules(),
  groups: new Map([
    [klaxon, groupRules()],
    [stewards, groupRules({ ...byRoster, group: stewards })],
  ]),
};
const mallory = { uid: uid('mallory') };
const listed = new Map([[steward, new Set(['base', 'mallory'])]]);
const notListed = new Map([[steward, new Set(['base'])]]);

describe('given a revocation from every group', () => {
  it.each([
    { given: 'a grant in force', grants: [grantOf('mallory')], lists: notListed, gives: ['policy/grants/klaxon-users/mallory.yaml'] },
    {
      given: 'a grant that has not begun',
      grants: [grantOf('mallory', { from: hours(5) })],
      lists: notListed,
      gives: [expect.any(String)],
    },
    { given: 'a grant that is over', grants: [grantOf('mallory', { until: now })], lists: notListed, gives: [] },
    { given: 'the grant of somebody else', grants: [grantOf('bob')], lists: notListed, gives: [] },
    { given: 'the accepted list', grants: [], lists: listed, gives: ['roster steward'] },
    { given: 'both', grants: [grantOf('mallory')], lists: listed, gives: [expect.any(String), 'roster steward'] },
  ])('when what names the person is $given, then it is ratified only if that is nothing', ({ grants, lists, gives }) => {
    const still = stillNamed(mallory, policyOf(grants, { rules: both }), lists, now);
    expect(still.namedBy).toEqual(gives);
    expect(isRatified(still)).toBe(gives.length === 0);
  });

  it('when no list of the roster can be read, then nobody can say that it is ratified', () => {
    const still = stillNamed(mallory, policyOf([], { rules: both }), new Map(), now);
    expect(still).toMatchObject({ namedBy: [], unread: [parseRosterName('steward')] });
    expect(isRatified(still)).toBe(false);
  });
});

describe('given a revocation from one group', () => {
  it('when only another group still has the person, then it is ratified', () => {
    const policy = policyOf([grantOf('mallory')], { rules: both });
    expect(isRatified(stillNamed({ ...mallory, group: stewards }, policy, notListed, now))).toBe(true);
    expect(isRatified(stillNamed({ ...mallory, group: klaxon }, policy, listed, now))).toBe(false);
    // The roster fills another group than the one revoked, and may say what it likes.
    expect(stillNamed({ ...mallory, group: klaxon }, policy, listed, now).rosters).toEqual([]);
  });
});
