// When groups that were in order need not be judged again: never where anything is open, and only until time alone may change something.

import { describe, expect, it } from 'vitest';
import type { GrantInForce } from '../../src/record/grants.ts';
import type { Guarded } from '../../src/membership/guard.ts';
import type { GroupProposal, PlannedGroup } from '../../src/reconcile/run.ts';
import { coming, granted, leaving, planOf } from './guard-samples.ts';
import { becauseOf, desiredOf, grantOf, groupRules, memberValue, observedOf, personDn } from './membership-samples.ts';
import { duration, instant, parseCommitId, parseGroupName, parseRosterName, parseTeamName, parseUid } from '../../src/names.ts';
import { firstChange, isStillSettled, renderGrounds, settledGroups, type Grounds, type SettledRun } from '../../src/membership/settled.ts';
import type { Rules } from '../../src/policy/policy.ts';
import { day, hour, minute } from '../../src/time.ts';
import type { EffectivePolicy } from '../../src/record/effective-policy.ts';

function must<Name>(name: Name | undefined): Name {
  if (name === undefined) throw new Error('not a name');
  return name;
}

const now = instant(Date.parse('2026-11-23T12:00:00Z'));
const commit = must(parseCommitId('a'.repeat(40)));
const group = must(parseGroupName('klaxon-users'));
const roster = must(parseRosterName('steward'));
const uid = must(parseUid('alice'));
const rules: Rules = {
  people: new Map(),
  teams: new Map(),
  groups: new Map(),
  rules: { approvers: [must(parseTeamName('owners'))], approvals: 1, signed: 0 },
};
const policy: EffectivePolicy = {
  rules,
  judged: commit,
  grants: [],
  ended: new Map(),
  proposed: [],
  refused: [],
  unlisted: 0,
  pending: [],
  undecided: [],
};
const sha256 = 'b'.repeat(64);

const other = 'c'.repeat(64);
const accepted = (of: string): Grounds['accepted'] =>
  new Map([[roster, { type: 'roster', at: now, roster, sha256: of, people: 1, producedAt: now }]]);
const fresh = { kind: 'fresh', sha256, producedAt: now, uids: [uid], people: 1, notes: [] } as const;

const grounds: Grounds = {
  context: 'a build, a configuration, a ledger',
  verdicts: 0,
  policy,
  clock: { kind: 'sound' },
  rosters: [{ roster, state: fresh }],
  accepted: accepted(sha256),
  revocations: [],
  mark: '20261123115900.000000Z#000000#001#000000',
};

describe('given all that groups are judged by', () => {
  it.each<{ given: string; changes: Partial<Grounds> }>([
    { given: 'a directory that keeps no mark', changes: { mark: undefined } },
    { given: 'a new verdict', changes: { verdicts: 1 } },
    { given: 'no policy', changes: { policy: undefined } },
    { given: 'a change that waits', changes: { policy: { ...policy, pending: [{ path: 'policy', commit, code: 'x', detail: '' }] } } },
    { given: 'a clock in doubt', changes: { clock: { kind: 'skewed', message: '' } } },
    { given: 'a roster that is not accepted yet', changes: { accepted: new Map() } },
    { given: 'a roster that is stale', changes: { rosters: [{ roster, state: { ...fresh, kind: 'stale', age: day } as never }] } },
    { given: 'a missing roster', changes: { rosters: [{ roster, state: { kind: 'missing', message: '', act: 'carrier' } }] } },
  ])('when there is $given, then they have to be judged', ({ changes }) => {
    expect(renderGrounds({ ...grounds, ...changes })).toBeUndefined();
  });

  it.each<{ given: string; changes: Partial<Grounds> }>([
    { given: 'context', changes: { context: 'another build' } },
    { given: 'mark', changes: { mark: '20261123115901.000000Z#000000#001#000000' } },
    { given: 'revocation', changes: { revocations: [{ uid, reason: 'Left.' }] } },
    { given: 'roster', changes: { rosters: [] } },
    { given: 'content of the roster', changes: { rosters: [{ roster, state: { ...fresh, sha256: other } }], accepted: accepted(other) } },
  ])('when the $given is another, then so is the text', ({ changes }) => {
    expect(renderGrounds(grounds)).toBeDefined();
    expect(renderGrounds({ ...grounds, ...changes })).not.toBe(renderGrounds(grounds));
  });
});

const grant: GrantInForce = {
  group,
  uid,
  path: 'policy/grants/klaxon-users/alice.yaml',
  commit,
  mergeRequest: null,
  approvedBy: [],
  reason: 'Handling an abuse wave.',
  landedAt: instant(now - day),
  until: 'open',
  endorsedUntil: 'open',
};

function changeWith(changes: Partial<GrantInForce>, ceiling?: number): number {
  const grants: EffectivePolicy['grants'] = [{ ...grant, ...changes }];
  return firstChange({ ...policy, grants }, new Map(ceiling === undefined ? [] : [[group, duration(ceiling)]]), now) - now;
}

describe('given groups in order', () => {
  it.each([
    { given: 'a grant that lasts', changes: {}, gives: hour },
    { given: 'a grant that ended', changes: { until: instant(now) }, gives: hour },
    { given: 'a grant that ends in a minute', changes: { until: instant(now + minute) }, gives: minute },
    { given: 'a grant that begins in a minute', changes: { from: instant(now + minute) }, gives: minute },
    { given: 'an approval that ends in a minute', changes: { endorsedUntil: instant(now + minute) }, gives: minute },
    { given: 'a ceiling that ends it in a minute', changes: {}, ceiling: day + minute, gives: minute },
  ])('when there is $given, then that is how long they stay so', ({ changes, ceiling, gives }) => {
    expect(changeWith(changes, ceiling)).toBe(gives);
  });

  it.each([
    { at: now, stamp: 'same', gives: true },
    { at: instant(now + minute - 1), stamp: 'same', gives: true },
    { at: instant(now + minute), stamp: 'same', gives: false },
    { at: instant(now - 1), stamp: 'same', gives: false },
    { at: now, stamp: 'another', gives: false },
  ])('when it is $at and the stamp is $stamp, then they count as in order: $gives', ({ at, stamp, gives }) => {
    const run: SettledRun = { stamp: 'same', at: now, until: instant(now + minute), groups: [] };

    expect(isStillSettled(run, stamp, at)).toBe(gives);
  });
});

describe('which groups are in order', () => {
  const observed = observedOf([memberValue(personDn('alice'))]);
  const desired = desiredOf([], { withheld: [{ group, uid, reason: { code: 'locked' }, because: becauseOf(grantOf('alice')) }] });
  const plan = planOf({ present: 1 });
  const guarded: Guarded = { add: [], remove: [], held: [], used: [], accepted: [] };
  const inOrder: PlannedGroup = { kind: 'planned', group, dn: observed.dn, rules: groupRules(), observed, desired, plan, guarded };
  const settled = { kind: 'settled', group, dn: observed.dn, members: 1, withheld: desired.withheld } as const;
  const named = [{ uid, member: memberValue(personDn('alice')) }];
  const hold = { code: 'clock', message: '', digest: '', add: [], remove: [] } as const;

  it('given groups with nothing to do, and some that were in order before, then all of them', () => {
    expect(settledGroups([inOrder, settled])).toEqual([settled, settled]);
  });

  it.each<{ given: string; open: GroupProposal }>([
    { given: 'an addition', open: { ...inOrder, plan: { ...plan, add: coming(1) } } },
    { given: 'a removal', open: { ...inOrder, plan: { ...plan, remove: leaving(1) } } },
    { given: 'a grant to lengthen', open: { ...inOrder, plan: { ...plan, lengthen: granted(1) } } },
    { given: 'a member that is reported', open: { ...inOrder, plan: { ...plan, reported: named } } },
    { given: 'a member that is kept', open: { ...inOrder, plan: { ...plan, kept: named } } },
    { given: 'a hold', open: { ...inOrder, guarded: { ...guarded, held: [hold] } } },
    { given: 'a set that a person allowed', open: { ...inOrder, guarded: { ...guarded, used: ['sha256:x'] } } },
    { given: 'a doubt', open: { ...inOrder, doubt: { uids: new Set(), message: '' } as never } },
    { given: 'a group that is frozen', open: { kind: 'frozen', group, dn: observed.dn, status: 'input', message: '' } },
  ])('given one with $given, then none', ({ open }) => {
    expect(settledGroups([inOrder, open])).toBeUndefined();
  });
});
