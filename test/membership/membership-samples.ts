// People, grants and groups as values, ready to be spoiled in one place by each test. The moment is noon on 23 November 2026.
import { createHash } from 'node:crypto';
import type { Because, Desired, RosterGeneration } from '../../src/membership/desired.ts';
import type { DirectoryPerson, MemberEntry, MemberValue, ObservedGroup } from '../../src/directory/directory.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { dn, dnKey, entryUuid, instant, parseRosterName, type DnKey, type Instant } from '../../src/names.ts';
import type { Explanations, Recorded } from '../../src/membership/plan.ts';
import type { GroupRules } from '../../src/policy/policy.ts';
import { hour } from '../../src/time.ts';
import type { EffectivePolicy } from '../../src/record/effective-policy.ts';
import { commit, group, rules, uid } from '../evidence/evidence-samples.ts';

export const now = instant(Date.UTC(2026, 10, 23, 12));
export const klaxon = group('klaxon-users');
export const steward = rosterName('steward');

function rosterName(text: string) {
  const name = parseRosterName(text);
  if (name === undefined) throw new Error('the sample is wrong');
  return name;
}

/** Hours from noon; negative ones are before. */
export function hours(number: number): Instant {
  return instant(now + number * hour);
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

export function memberValue(text: string): MemberValue {
  return { dn: dn(text), key: dnKey(text.toLowerCase()) };
}

export function personDn(name: string): string {
  return `uid=${name},ou=people,dc=example,dc=org`;
}

export function person(name: string, changes: Partial<DirectoryPerson> = {}): DirectoryPerson {
  return { uid: uid(name), ...memberValue(personDn(name)), uuid: entryUuid(`uuid-of-${name}`), locked: false, ...changes };
}

export function peopleOf(...people: readonly DirectoryPerson[]) {
  return new Map(people.map((one) => [one.uid, one]));
}

export function grantPathOf(name: string): string {
  return `policy/grants/klaxon-users/${name}.yaml`;
}

/** Approved by bob ten days ago, and two weeks to go. */
export function grantOf(name: string, changes: Partial<GrantInForce> = {}): GrantInForce {
  const until = changes.until ?? hours(14 * 24);
  return {
    group: klaxon,
    uid: uid(name),
    reason: 'Testing.',
    path: grantPathOf(name),
    commit: commit('a'),
    mergeRequest: 7,
    approvedBy: [uid('bob')],
    landedAt: hours(-240),
    until,
    endorsedUntil: until,
    ...changes,
  };
}

export function becauseOf(grant: GrantInForce): Because {
  const { path, commit: landing, mergeRequest, approvedBy, until, landedAt } = grant;
  return { kind: 'grant', path, commit: landing, mergeRequest, approvedBy, until, landedAt };
}

export function generation(...names: readonly string[]): RosterGeneration {
  return { roster: steward, sha256: sha256(names.join()).slice(7), uids: names.map(uid) };
}

export function becauseRoster({ roster, sha256: digest }: RosterGeneration): Because {
  return { kind: 'roster', roster, sha256: digest };
}

export function groupRules(changes: Partial<GroupRules> = {}): GroupRules {
  const found = rules(changes).groups.get(klaxon);
  if (!found) throw new Error('the sample is wrong');
  return found;
}

export const byRoster: Partial<GroupRules> = { members: { kind: 'roster', roster: steward } };

export function policyOf(grants: readonly GrantInForce[], changes: Partial<EffectivePolicy> = {}): EffectivePolicy {
  return {
    rules: rules(),
    judged: commit('e'),
    grants,
    ended: new Map(),
    proposed: [],
    refused: [],
    unlisted: 0,
    pending: [],
    undecided: [],
    ...changes,
  };
}

export function desiredOf(members: readonly (readonly [DirectoryPerson, Because])[], changes: Partial<Desired> = {}): Desired {
  return {
    members: new Map(members.map(([one, because]) => [one.key, { person: one, because, newStart: false }])),
    lengthened: [],
    withheld: [],
    ...changes,
  };
}

export function observedOf(members: readonly MemberValue[]): ObservedGroup {
  return {
    kind: 'group',
    group: klaxon,
    dn: dn('cn=klaxon-users,ou=groups,dc=example,dc=org'),
    revision: '20261123120000.000000Z#000000#000#000000',
    needsValue: true,
    attribute: 'member',
    unwritten: [],
    members: members.map(({ dn: name, key }) => ({ dn: name, key })),
    placeholder: members.length === 0,
  };
}

/** Every one of these people has an entry; every other value has none. */
export function behindOf(...people: readonly DirectoryPerson[]): ReadonlyMap<DnKey, MemberEntry> {
  return new Map(people.map((one) => [one.key, { kind: 'person', person: one }]));
}

export const nothingRecorded: Recorded = { wasRecorded: () => false, wasFromRoster: () => false, grantOf: () => undefined };

export function explanations(changes: Partial<Explanations> = {}): Explanations {
  return {
    ended: new Map(),
    withheld: new Map(),
    revoked: new Map(),
    isUndecided: () => false,
    roster: undefined,
    unexplained: 'remove',
    now,
    ...changes,
  };
}
