import { describe, expect, it } from 'vitest';
import { adoptMembers, type AdoptionFacts } from '../../src/adopt/adoption.ts';
import type { MemberEntry } from '../../src/directory/directory.ts';
import { dn, dnKey, duration, entryUuid, instant, parseGroupName, parseRosterName, parseTeamName, parseUid } from '../../src/names.ts';
import { defaultLimits, type GroupRules } from '../../src/policy/policy.ts';
import { day, hour } from '../../src/time.ts';

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a sample is malformed');
  return value;
}

const group = present(parseGroupName('klaxon-users'));
const sre = present(parseTeamName('sre'));
const uid = (text: string) => present(parseUid(text));
const now = instant(Date.parse('2026-11-23T12:00:00Z'));

const rules: GroupRules = {
  group,
  purpose: 'x',
  owner: sre,
  members: { kind: 'grants' },
  approvers: [sre],
  approvals: 1,
  signed: 0,
  longest: duration(90 * day),
  requires: [],
  unexplained: 'remove',
  limits: defaultLimits,
};

/** A group of these: uids, `!uid` for a locked one, `?name` for a value nobody stands behind, `#name` for an entry that is no person. */
function facts(members: readonly string[], change: Partial<AdoptionFacts> = {}, more: Partial<GroupRules> = {}): AdoptionFacts {
  const values = members.map((name) => ({ dn: dn(`uid=${name}`), key: dnKey(name) }));
  const behind = new Map(
    members.map((name): [ReturnType<typeof dnKey>, MemberEntry] => {
      const key = dnKey(name);
      if (name.startsWith('?')) return [key, { kind: 'absent' }];
      if (name.startsWith('#')) return [key, { kind: 'no-person', uids: [] }];
      const person = { uid: uid(name.replace('!', '')), dn: dn(`uid=${name}`), key, uuid: entryUuid('1'), locked: name.startsWith('!') };
      return [key, { kind: 'person', person }];
    }),
  );
  return {
    rules: { ...rules, ...more },
    observed: {
      kind: 'group',
      group,
      dn: dn('cn=klaxon-users'),
      revision: '1',
      needsValue: true,
      attribute: 'member',
      unwritten: [],
      members: values,
      placeholder: false,
    },
    behind,
    revocations: [],
    granted: new Set(),
    ceiling: undefined,
    now,
    ...change,
  };
}

function grantOf(change: Partial<AdoptionFacts>, more: Partial<GroupRules>) {
  const adoption = adoptMembers(facts(['alice'], change, more));
  return adoption.kind === 'grants' ? adoption.grants.get(uid('alice')) : undefined;
}

describe('given the members of a group', () => {
  it('when they are adopted, then everybody muster would keep is, in order, and all others are named', () => {
    const revocations = [
      { uid: uid('eve'), reason: 'x' },
      { uid: uid('bob'), group: present(parseGroupName('stewards')), reason: 'x' },
    ];
    const adoption = adoptMembers(
      facts(['mallory', 'bob', '!dan', '?ghost', '#unit', 'eve', 'carol'], { revocations, granted: new Set([uid('carol')]) }),
    );
    expect(adoption.kind === 'grants' && [...adoption.grants.keys()]).toEqual(['bob', 'mallory']);
    expect(adoption.leftOut).toEqual([
      { name: 'carol', why: 'has-grant' },
      { name: 'dan', why: 'locked' },
      { name: 'eve', why: 'revoked' },
      { name: 'uid=#unit', why: 'no-person' },
      { name: 'uid=?ghost', why: 'absent' },
    ]);
  });

  it('when a roster is to fill the group, then it has their uids, and grants on the branch do not matter', () => {
    const roster = present(parseRosterName('steward'));
    const adoption = adoptMembers(facts(['hoo', 'base'], { granted: new Set([uid('hoo')]) }, { members: { kind: 'roster', roster } }));
    expect(adoption).toEqual({ kind: 'roster', roster, uids: ['base', 'hoo'], leftOut: [] });
  });

  it.each([
    { given: 'no longest time', more: { longest: 'none' as const }, until: undefined },
    { given: '90 days', more: {}, until: '2027-02-20' },
    { given: 'a tighter ceiling of the host', change: { ceiling: duration(30 * day) }, until: '2026-12-22' },
    {
      given: 'a ceiling and no longest time',
      change: { ceiling: duration(30 * day) },
      more: { longest: 'none' as const },
      until: '2026-12-22',
    },
    { given: 'a wider ceiling', change: { ceiling: duration(365 * day) }, until: '2027-02-20' },
    { given: 'six hours', more: { longest: duration(6 * hour) }, until: '2026-11-23T18:00:00Z' },
    { given: 'ten thousand years', more: { longest: duration(3_650_000 * day) }, until: '2199-12-30' },
  ])('when the group has $given, then a grant says until $until', ({ change = {}, more = {}, until }) => {
    expect(grantOf(change, more)?.until).toBe(until);
  });

  it('when the group requires fields, then what is not known says so, and nobody is said to have read anything', () => {
    const adoption = adoptMembers(facts(['alice'], {}, { requires: ['contact', 'ticket', 'understood'] }));
    expect(adoption).toMatchObject({ unsaid: ['understood'] });
    expect(grantOf({}, { requires: ['contact', 'ticket', 'understood'] })).toEqual({
      reason: 'Was a member of klaxon-users when muster took the group over; adopted on 2026-11-23.',
      contact: expect.stringContaining('not known'),
      ticket: expect.stringContaining('not known'),
      until: '2027-02-20',
    });
  });
});
