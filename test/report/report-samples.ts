// A ledger in which everything has happened that a report tells of: three quarters of a year, told at noon on 23 November 2026.
import { createHash } from 'node:crypto';
import type { Verdict } from '../../src/record/policy-state.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { instant, parseBlobId, parseCommitId, type CommitId, type Instant } from '../../src/names.ts';
import type { RemovalCause } from '../../src/membership/plan.ts';
import { defaultLimits, type GroupRules } from '../../src/policy/policy.ts';
import type { LedgerRecord, OutcomeRecord, RosterRecord } from '../../src/ledger/record.ts';
import { day } from '../../src/time.ts';
import { commit, group, rules, team, uid } from '../evidence/evidence-samples.ts';
import {
  becauseOf,
  becauseRoster,
  byRoster,
  generation,
  grantPathOf,
  klaxon,
  now,
  person,
  sha256,
  steward,
} from '../membership/membership-samples.ts';

export const stewards = group('stewards');
export const forge = 'https://gitlab.example.org';

/** Days from noon of the report; negative ones are before. */
export function days(number: number): Instant {
  return instant(now + number * day);
}

export function blobOf(text: string) {
  const blob = parseBlobId(createHash('sha1').update(text).digest('hex'));
  if (blob === undefined) throw new Error('the sample is wrong');
  return blob;
}

export function commitOf(text: string): CommitId {
  const id = parseCommitId(createHash('sha1').update(text).digest('hex'));
  if (id === undefined) throw new Error('the sample is wrong');
  return id;
}

export function pageOf(mergeRequest: number): string {
  return `${forge}/repos/sre/access/-/merge_requests/${mergeRequest}`;
}

const stewardRules: GroupRules = {
  group: stewards,
  purpose: 'Stewards may page SRE through Klaxon.',
  owner: team('access-owners'),
  approvers: [team('access-owners')],
  approvals: 1,
  signed: 0,
  longest: 'none',
  requires: [],
  unexplained: 'remove',
  limits: defaultLimits,
  ...byRoster,
  members: { kind: 'roster', roster: steward },
};

export function sampleRules(purpose = 'Individuals who may page SRE through Klaxon, ad hoc.') {
  const known = rules({ purpose, requires: ['contact', 'understood'] });
  return { ...known, groups: new Map([...known.groups, [stewards, stewardRules]]) };
}

interface Asked {
  readonly name: string;
  readonly mergeRequest: number;
  /** Days before the report. */
  readonly merged: number;
  readonly from?: number;
  readonly until: number;
  readonly by?: string;
  readonly words?: Partial<GrantInForce>;
}

export function grantOf({ name, mergeRequest, merged, from, until, by = 'alice', words }: Asked): GrantInForce {
  return {
    group: klaxon,
    uid: uid(name),
    reason: 'Handling the cross-wiki abuse wave, may have to page SRE.',
    ticket: 'T343377',
    contact: `irc ${name} on libera.chat`,
    path: grantPathOf(name),
    commit: commitOf(`merge ${mergeRequest}`),
    mergeRequest,
    approvedBy: [uid(by)],
    landedAt: days(-merged),
    ...(from === undefined ? {} : { from: days(from) }),
    until: days(until),
    endorsedUntil: days(until),
    link: pageOf(mergeRequest),
    ...words,
  };
}

export function endorsement(grant: GrantInForce, at = grant.landedAt): LedgerRecord {
  const { path, commit: id, mergeRequest, approvedBy, landedAt, link } = grant;
  const verdict: Verdict = {
    kind: 'endorsed',
    reviewed: true,
    commit: id,
    mergeRequest,
    approvedBy,
    landedAt,
    ...(link === undefined ? {} : { link }),
  };
  const blob = blobOf(`${path} ${id}`);
  const delta = {
    judged: id,
    endorsed: [[path, blob]] as const,
    inForce: [[path, grant]] as const,
    ended: [[path, null]] as const,
    tree: [[path, { mode: '100644', blob }]] as const,
    unlisted: 0,
    refusals: [[path, null]] as const,
    usedMergeRequest: mergeRequest,
  };
  return { type: 'verdict', at, commit: id, verdict, evidence: null, delta };
}

export function refusal(name: string, mergeRequest: number, at: Instant, detail: string, link = pageOf(mergeRequest)): LedgerRecord {
  const path = grantPathOf(name);
  const id = commitOf(`merge ${mergeRequest}`);
  const verdict = { kind: 'refused', code: 'no-approval', detail, mergeRequest, link } as const;
  const delta = {
    judged: id,
    endorsed: [],
    inForce: [],
    ended: [],
    tree: [[path, { mode: '100644', blob: blobOf(`${path} ${id}`) }]] as const,
    unlisted: 0,
    refusals: [[path, { path, commit: id, mergeRequest, code: 'no-approval', detail, link }]] as const,
    usedMergeRequest: null,
  };
  return { type: 'verdict', at, commit: id, verdict, evidence: null, delta };
}

export function outcome(
  at: Instant,
  of: OutcomeRecord['group'],
  members: number,
  add: OutcomeRecord['add'],
  remove: readonly [string, RemovalCause][] = [],
): OutcomeRecord {
  return {
    type: 'outcome',
    at,
    group: of,
    result: 'done',
    members,
    add,
    remove: remove.map(([name, because]) => ({ because, limited: false, members: [{ uid: name, dn: person(name).dn }] })),
  };
}

export function brought(because: OutcomeRecord['add'][number]['because'], ...names: readonly string[]): OutcomeRecord['add'][number] {
  return { because, limited: false, members: names.map((name) => ({ uid: uid(name), dn: person(name).dn, uuid: person(name).uuid })) };
}

const first = generation('base', 'deltaquad', 'h2o', 'hasley', 'melos', 'superpes');
export const second = generation('base', 'deltaquad', 'h2o', 'hasley', 'urbanecm');

export function rosterRecord(list: typeof first, at: Instant): RosterRecord {
  return { type: 'roster', at, roster: steward, sha256: list.sha256, people: list.uids.length, producedAt: instant(at - 3_600_000) };
}

const oldGrant = grantOf({ name: 'hoo', mergeRequest: 3, merged: 200, until: -120 });
const renewed = grantOf({ name: 'hoo', mergeRequest: 5, merged: 125, until: -60 });
const again = grantOf({ name: 'hoo', mergeRequest: 9, merged: 20, until: 10 });
const open = {
  ...grantOf({ name: 'martin', mergeRequest: 4, merged: 150, until: 0, by: 'bob' }),
  until: 'open',
  endorsedUntil: 'open',
} as const;
const coming = grantOf({ name: 'radimer', mergeRequest: 11, merged: 2, from: 5, until: 40 });
const ghost = grantOf({ name: 'ghost', mergeRequest: 12, merged: 1, until: 30, by: 'bob' });
const overMallory = { kind: 'expired', path: renewed.path, at: days(-60) } as const;

export function begins(at: Instant): LedgerRecord {
  return {
    type: 'start',
    at,
    commit: commit('a'),
    committedAt: at,
    rules: sampleRules(),
    tree: [],
    parts: 0,
  };
}

/** Oldest first, as they would stand in the ledger. */
export function sampleRecords(): readonly LedgerRecord[] {
  return [
    begins(days(-270)),
    { type: 'membership', at: days(-270), group: klaxon, appeared: [], vanished: [], members: 0 },
    rosterRecord(first, days(-270)),
    outcome(days(-270), stewards, 6, [brought(becauseRoster(first), ...first.uids)]),
    endorsement(oldGrant),
    outcome(days(-200), klaxon, 1, [brought(becauseOf(oldGrant), 'hoo')]),
    endorsement(open),
    outcome(days(-150), klaxon, 2, [brought(becauseOf(open), 'martin')]),
    endorsement(renewed),
    outcome(days(-60), klaxon, 1, [], [['hoo', overMallory]]),
    rosterRecord(second, days(-40)),
    {
      type: 'held',
      at: days(-40),
      group: stewards,
      holds: [{ code: 'too-many-removals', digest: sha256('removals'), add: [], remove: ['melos', 'superpes'] }],
    },
    {
      type: 'override',
      at: days(-39),
      group: stewards,
      code: 'too-many-removals',
      digest: sha256('removals'),
      reason: 'Election, T400000',
      by: 'login bob, account root',
    },
    { type: 'override-used', at: days(-39), group: stewards, code: 'too-many-removals', digest: sha256('removals'), accepted: [] },
    outcome(
      days(-39),
      stewards,
      6,
      [brought(becauseRoster(second), 'urbanecm')],
      [['superpes', { kind: 'left-roster', roster: steward, sha256: second.sha256 }]],
    ),
    { type: 'held', at: days(-39), group: stewards, holds: [{ code: 'too-few-left', digest: sha256('few'), add: [], remove: ['melos'] }] },
    endorsement(again),
    outcome(days(-20), klaxon, 2, [brought(becauseOf(again), 'hoo')]),
    refusal('mallory', 10, days(-6), 'bob opened the merge request, and nobody else approved it'),
    { type: 'revocation', at: days(-3), uid: uid('h2o'), from: null, reason: 'Laptop stolen', by: 'login alice, sudo alice, account root' },
    { ...outcome(days(-3), stewards, 5, [], [['h2o', { kind: 'revoked', at: days(-3) }]]), result: 'revoked' },
    endorsement(coming),
    endorsement(ghost),
    { type: 'seen', at: days(-0.5), commit: commitOf('merge 13') },
    { type: 'membership', at: days(-0.25), group: klaxon, appeared: [{ because: null, names: ['carol'] }], vanished: [], members: 3 },
  ];
}
