import { describe, expect, it } from 'vitest';
import { reviewedPaths } from '../../src/evidence/beneficiaries.ts';
import type { Landing, PathChange } from '../../src/history/landing.ts';
import type { Approver, Rules } from '../../src/policy/policy.ts';
import { approver, commit, rules, team, uid } from './evidence-samples.ts';
import { blobOf } from '../judge/history-files.ts';
import { grantPathOf, now } from '../membership/membership-samples.ts';

const entry = { mode: '100644', blob: blobOf({ kind: 'broken', wording: 1 }) };
const before = rules();

function benefits(changes: readonly PathChange[], after?: Rules, earlier = before): Readonly<Record<string, readonly string[]>> {
  const landing: Landing = { commit: commit('b'), parent: commit('a'), parents: 2, committedAt: now, changes, outside: 0 };
  return Object.fromEntries(reviewedPaths(landing, earlier, after, 'policy').map(({ path, beneficiaries }) => [path, beneficiaries]));
}

function withPeople(...people: readonly Approver[]): Rules {
  return { ...before, people: new Map([...before.people, ...people.map((one) => [one.uid, one] as const)]) };
}

function withTeam(name: string, ...members: readonly string[]): Rules {
  return { ...before, teams: new Map([...before.teams, [team(name), members.map(uid)]]) };
}

describe('who gains by a change of a grant', () => {
  it.each([
    { given: 'an addition', change: { path: grantPathOf('mallory'), after: entry }, gives: ['mallory'] },
    { given: 'an edit', change: { path: grantPathOf('mallory'), before: entry, after: entry }, gives: ['mallory'] },
    { given: 'a deletion', change: { path: grantPathOf('mallory'), before: entry }, gives: [] },
  ])('given $given, then $gives', ({ change, gives }) => {
    expect(benefits([change])).toEqual({ 'grants/klaxon-users/mallory.yaml': gives });
  });

  it('given a rename, then the new name and not the old one', () => {
    const renamed = [
      { path: grantPathOf('alice'), before: entry },
      { path: grantPathOf('mallory'), after: entry },
    ];
    expect(benefits(renamed)).toEqual({ 'grants/klaxon-users/alice.yaml': [], 'grants/klaxon-users/mallory.yaml': ['mallory'] });
  });
});

/** bob with these of two keys. */
function keyed(...which: readonly number[]): Approver {
  const keys = which.map((one) => ({ fingerprint: `SHA256:${one}` })) as unknown as Approver['keys'];
  return { ...approver('bob', [51]), keys };
}
/** With a second other name. */
const carol: Approver = { ...approver('carol', [57, 99]), also: ['a', 'b'].map(uid) };

describe('who gains by new rules', () => {
  it.each([
    { given: 'the same rules', after: before, gives: [] },
    { given: 'a new member of a team', after: withTeam('access-owners', 'carol', 'bob'), gives: ['bob'] },
    { given: 'a new team', after: withTeam('new', 'alice', 'carol'), gives: ['alice', 'carol'] },
    { given: 'a smaller team', after: withTeam('sre', 'bob', 'carol'), gives: [] },
    { given: 'a new person', after: withPeople(approver('mallory', [66])), gives: ['mallory'] },
    { given: 'a second account on GitLab', after: withPeople(approver('bob', [51, 52])), gives: ['bob'] },
    { given: 'another account instead', after: withPeople(approver('bob', [52])), gives: ['bob'] },
    { given: 'one account less', after: withPeople(approver('carol', [57], ['carol-test'])), gives: ['carol'] },
    { given: 'another uid of a person', after: withPeople(approver('alice', [42], ['alice-test'])), gives: ['alice'] },
    {
      given: 'the same in another order',
      after: withPeople({ ...carol, gitlab: [99, 57], also: ['b', 'a'].map(uid) }),
      from: carol,
      gives: [],
    },
    { given: 'a key', after: withPeople(keyed(0)), gives: ['bob'] },
    { given: 'another key instead', after: withPeople(keyed(1)), from: keyed(0), gives: ['bob'] },
    { given: 'one key less', after: withPeople(keyed(0)), from: keyed(0, 1), gives: ['bob'] },
    { given: 'the same keys in another order', after: withPeople(keyed(1, 0)), from: keyed(0, 1), gives: [] },
    { given: 'one uid less', after: withPeople(approver('carol', [57, 99])), gives: ['carol'] },
  ])('given $given, then $gives', ({ after, from, gives }) => {
    expect(benefits([{ path: 'policy/policy.yaml', before: entry, after: entry }], after, from && withPeople(from))).toEqual({
      'policy.yaml': gives,
    });
  });

  it('given several rules files, then whoever gains by one gains in all of them', () => {
    const changes = ['policy/groups/klaxon-users.yaml', 'policy/policy.yaml'].map((path) => ({ path, before: entry, after: entry }));
    expect(benefits(changes, withTeam('access-owners', 'bob'))).toEqual({ 'groups/klaxon-users.yaml': ['bob'], 'policy.yaml': ['bob'] });
  });
});
