// One run that has met everything people may have to read about: the same values for the texts of plan, reconcile and explain.
import { statusOf } from '../../src/status.ts';
import { runStatus, type GroupResult, type PlannedGroup, type RunReport } from '../../src/reconcile/run.ts';
import { dn, duration } from '../../src/names.ts';
import type { Hold } from '../../src/membership/guard.ts';
import { hour } from '../../src/time.ts';
import { commit, group, uid } from '../evidence/evidence-samples.ts';
import { removalOf } from '../support/arbitraries.ts';
import {
  becauseOf,
  becauseRoster,
  byRoster,
  desiredOf,
  generation,
  grantOf,
  grantPathOf,
  groupRules,
  hours,
  klaxon,
  memberValue,
  now,
  observedOf,
  person,
  policyOf,
  sha256,
  steward,
} from '../membership/membership-samples.ts';

export const list = generation('alice', 'base', 'hoo');

export function joining(name: string, because = becauseOf(grantOf(name))) {
  const { uid: of, dn: name_, key, uuid } = person(name);
  return { uid: of, member: { dn: name_, key }, uuid, because, limited: because.kind === 'roster', newStart: false };
}

export function planned(changes: Partial<PlannedGroup> = {}): PlannedGroup {
  return {
    kind: 'planned',
    group: klaxon,
    dn: dn('cn=klaxon-users,ou=groups,dc=example,dc=org'),
    rules: groupRules(),
    observed: observedOf([person('bob'), person('carol')]),
    desired: desiredOf([[person('bob'), becauseOf(grantOf('bob'))]]),
    plan: { add: [], remove: [], lengthen: [], reported: [], kept: [], present: 1 },
    guarded: { add: [], remove: [], held: [], used: [], accepted: [] },
    ...changes,
  };
}

export function resultOf(proposal: GroupResult['proposal'], changes: Partial<GroupResult> = {}): GroupResult {
  return { proposal, outcome: 'none', members: proposal.kind === 'planned' ? proposal.observed.members.length : undefined, ...changes };
}

export function holdOf(code: Hold['code'], message: string, changes: Partial<Hold>): Hold {
  return { code, message, digest: sha256(code), add: [], remove: [], ...changes };
}

const left = { kind: 'left-roster', roster: steward, sha256: list.sha256 } as const;

const klaxonUsers = planned({
  desired: desiredOf([[person('bob'), becauseOf(grantOf('bob'))]], {
    withheld: [
      { group: klaxon, uid: uid('base'), reason: { code: 'not-yet', from: hours(24) }, because: becauseOf(grantOf('base')) },
      { group: klaxon, uid: uid('carol'), reason: { code: 'expired', at: hours(-12) }, because: becauseOf(grantOf('carol')) },
      { group: klaxon, uid: uid('ghost'), reason: { code: 'unknown-person' }, because: becauseOf(grantOf('ghost')) },
    ],
  }),
  plan: {
    add: [joining('urbanecm')],
    remove: [removalOf('carol', { kind: 'expired', path: grantPathOf('carol'), at: hours(-12) }, false)],
    lengthen: [],
    reported: [{ uid: 'mallory', member: memberValue('uid=mallory,ou=people,dc=example,dc=org') }],
    kept: [],
    present: 1,
  },
  guarded: {
    add: [joining('urbanecm')],
    remove: [removalOf('carol', { kind: 'expired', path: grantPathOf('carol'), at: hours(-12) }, false)],
    held: [holdOf('ceiling', 'the host allows 40 members in this group, and there would be 41', { add: [joining('hoo')] })],
    used: [],
    accepted: [],
  },
});

const stewards = planned({
  group: group('stewards'),
  rules: groupRules({ ...byRoster, group: group('stewards'), purpose: 'Stewards may page SRE through Klaxon.' }),
  dn: dn('cn=stewards,ou=groups,dc=example,dc=org'),
  guarded: {
    add: ['alice', 'base', 'hoo', 'urbanecm'].map((name) => joining(name, becauseRoster(list))),
    remove: [],
    held: [
      holdOf('too-many-removals', '3 removals that nobody reviewed, and the limit for 11 members is 2 in 24 hours', {
        remove: ['bob', 'carol', 'mallory'].map((name) => removalOf(name, left, true)),
      }),
    ],
    used: [],
    accepted: [],
  },
});

export function reportOf(changes: Partial<RunReport> = {}): RunReport {
  return {
    command: 'plan',
    at: now,
    mode: 'enforce',
    evidence: 'gitlab',
    start: commit('a'),
    claims: [],
    head: commit('f'),
    tokens: [],
    open: [],
    policy: policyOf([], {
      refused: [
        {
          path: grantPathOf('mallory'),
          commit: commit('d'),
          mergeRequest: 12,
          code: 'no-approval',
          detail: 'no approval counts',
          link: 'https://gitlab.example.org/sre/access/-/merge_requests/12',
        },
        { path: 'policy/policy.yaml', commit: commit('c'), mergeRequest: null, code: 'no-merge-request', detail: 'a direct push' },
      ],
      pending: [
        { path: grantPathOf('hoo'), commit: commit('f'), code: 'gitlab-unavailable', detail: 'GitLab did not answer' },
        { path: grantPathOf('base'), commit: commit('f'), code: 'waits-for-earlier', detail: '' },
      ],
    }),
    clock: { kind: 'sound' },
    rosters: [
      {
        roster: steward,
        state: { kind: 'fresh', producedAt: hours(-1), sha256: list.sha256, uids: list.uids, people: 3, notes: [] },
        generation: list,
      },
    ],
    groups: [resultOf(klaxonUsers), resultOf(stewards)],
    problems: [],
    ...changes,
  };
}

/** A run in which nothing is as it should be. */
export const troubled = reportOf({
  command: 'reconcile',
  mode: 'report',
  evidence: 'none',
  head: undefined,
  policy: undefined,
  rosters: [
    {
      roster: steward,
      state: {
        kind: 'stale',
        producedAt: hours(-72),
        sha256: list.sha256,
        people: 3,
        age: duration(72 * hour),
        message: 'It is three days old.',
        act: 'carrier',
      },
      generation: list,
      acceptedAt: hours(-70),
    },
  ],
  groups: [
    resultOf(
      { kind: 'frozen', group: group('oversight'), dn: null, status: 'input', message: 'the host does not list this group' },
      { status: 'input', message: 'the host does not list this group' },
    ),
    resultOf(planned(), { outcome: 'not-done', members: 2, status: 'directory', message: 'insufficient access (50)' }),
  ],
  problems: [{ status: 'input', code: 'rewritten', message: 'history was rewritten: a person must set a new start' }],
});

export const quiet = reportOf({
  command: 'reconcile',
  head: commit('e'),
  policy: policyOf([]),
  rosters: [],
  groups: [resultOf(planned({ observed: observedOf([person('bob')]) }))],
});

export function statusFor({ ...report }: RunReport) {
  return report.groups.length === 0 ? statusOf([]) : runStatus(report, false);
}

/** What somebody might write to deceive whoever reads: a colour, a cleared screen, a turned line, a forged status, a bell. */
export const hostile = 'x\u001b[2J\u001b[31m\u009b1m\u0007\u202estatus 0\r\nstatus 0: in order\u2028\u2029\u200b\0';

export const inert = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
