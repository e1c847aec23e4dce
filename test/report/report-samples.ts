// A ledger in which everything has happened that a report tells of: three quarters of a year, told at noon on 23 November 2026.
import type { Reading } from '../../src/judge/form.ts';
import { effectivePolicy } from '../../src/judge/waiting.ts';
import { createHash } from 'node:crypto';
import type { Verdict } from '../../src/record/policy-state.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { instant, parseBlobId, parseCommitId, type CommitId, type Instant } from '../../src/names.ts';
import type { RemovalCause } from '../../src/membership/plan.ts';
import { defaultLimits, type GroupRules } from '../../src/policy/policy.ts';
import type { LedgerRecord, OutcomeRecord, RosterRecord } from '../../src/ledger/record.ts';
import { replayTo } from '../../src/ledger/replay.ts';
import { reportOf, type Report, type ReportSettings, type ReportSources } from '../../src/report/report.ts';
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

function rosterRecord(list: typeof first, at: Instant): RosterRecord {
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
    { type: 'membership', at: days(-0.25), group: klaxon, appeared: [{ name: 'carol', because: null }], vanished: [], members: 3 },
  ];
}

export const reportSettings: ReportSettings = {
  at: now,
  since: undefined,
  folder: 'policy',
  side: 'record',
  evidence: 'gitlab',
  mode: 'enforce',
  groups: [klaxon, stewards],
  longest: new Map(),
};

interface SampleSources extends Pick<ReportSources, 'rosterPeople'> {
  /** Grant files at the tip that differ from what was endorsed, by path. */
  readonly readings: ReadonlyMap<string, Reading>;
}

export const reportSources: SampleSources = { readings: new Map(), rosterPeople: new Map([[steward, new Set(second.uids)]]) };

export function reportFrom(records: Iterable<LedgerRecord>, settings: Partial<ReportSettings> = {}, sources = reportSources): Report {
  const all = { ...reportSettings, ...settings };
  const replayed = replayTo(records, all);
  const { policy: state } = replayed.replay.memory;
  const policy = state && effectivePolicy(state, [], sources.readings, all.at, all.folder);
  return reportOf(replayed, { policy, rosterPeople: sources.rosterPeople }, all);
}

/** The same with this text wherever somebody may write what they like. */
export function hostileRecords(text: string): readonly LedgerRecord[] {
  const known = sampleRules(text);
  return [
    ...sampleRecords().map((record): LedgerRecord => {
      if (record.type === 'start') return { ...record, rules: known };
      return 'reason' in record ? { ...record, reason: text } : record;
    }),
    endorsement(
      grantOf({ name: 'bob', mergeRequest: 20, merged: 0.2, until: 20, words: { reason: text, ticket: text, contact: text, link: text } }),
    ),
    outcome(days(-0.1), klaxon, 5, [brought(becauseOf(grantOf({ name: 'bob', mergeRequest: 20, merged: 0.2, until: 20 })), 'bob')]),
    refusal('alice', 21, days(-0.05), text, text),
    { type: 'membership', at: days(-0.02), group: klaxon, appeared: [{ name: `cn=${text}`, because: null }], vanished: [], members: 6 },
    { type: 'held', at: days(-0.01), group: klaxon, holds: [{ code: 'ceiling', digest: text, add: [text], remove: [`cn=${text}`] }] },
  ];
}

/** What `showcase` and `crowd` have on their roster. */
export const listedPeople = ['anticomposite', 'base', 'deltaquad', 'ep1c', 'hasley', 'radimer'];

const reasonsAsked = [
  'Handling the cross-wiki abuse wave, may have to page SRE.',
  'Watching the import of the new wikis; may need the databases stopped while nobody else is awake.',
  'Toolforge migration, out of hours',
  'Steward elections: abuse of the voting tool.',
];

/** So many people with access by grants, and most of as many who had it before: for how the page looks when it is full. */
export function crowd(number: number): readonly LedgerRecord[] {
  const names = [
    'anticomposite',
    'base',
    'deltaquad',
    'ep1c',
    'h2o',
    'hasley',
    'hoo',
    'melos',
    'radimer',
    'superpes',
    'urbanecm',
    'martin',
  ];
  const nameOf = (index: number) => `${names[index % names.length]}${index < names.length ? '' : Math.floor(index / names.length) + 1}`;
  const grantFor = (index: number, merged: number, until: number) =>
    grantOf({
      name: nameOf(index),
      mergeRequest: index + 1,
      merged,
      until,
      by: ['alice', 'bob', 'carol'][index % 3] ?? 'alice',
      words: { reason: reasonsAsked[index % reasonsAsked.length] ?? '', ticket: `T${400000 + index}` },
    });
  const before = Array.from({ length: Math.floor(number / 2) }, (_, index) =>
    grantFor(number + index, 340 - ((index * 7) % 200), -(20.5 + ((index * 11) % 100))),
  );
  const now = Array.from({ length: number }, (_, index) => grantFor(index, 1 + ((index * 13) % 110), 2.5 + ((index * 17) % 118)));
  const came = [...before, ...now].flatMap((grant): readonly LedgerRecord[] => [endorsement(grant), cameBy(grant)]);
  const left = before.map((grant) => {
    const at = grant.until === 'open' ? days(0) : grant.until;
    return outcome(at, klaxon, 1, [], [[grant.uid, { kind: 'expired', path: grant.path, at }]]);
  });
  const list = generation(...listedPeople);
  const roster = [rosterRecord(list, days(-350)), outcome(days(-350), stewards, 6, [brought(becauseRoster(list), ...list.uids)])];
  return [begins(days(-360)), ...[...roster, ...came, ...left].sort((one, other) => one.at - other.at)];
}

function cameBy(grant: GrantInForce): LedgerRecord {
  const because = { ...becauseOf(grant), ...(grant.link === undefined ? {} : { link: grant.link }) };
  return outcome(grant.landedAt, klaxon, 1, [brought(because, grant.uid)]);
}

/** For the pictures in README and manual: what an ordinary week looks like, with something to do. */
export function showcase(): readonly LedgerRecord[] {
  const all = generation('anticomposite', 'base', 'deltaquad', 'ep1c', 'hasley', 'hoo', 'melos', 'radimer', 'superpes', 'urbanecm');
  const shorter = generation(...listedPeople);
  const asked = [
    { name: 'martin', mergeRequest: 41, merged: 6.2, until: 1.5, by: 'alice', reason: 'Handling the cross-wiki abuse wave of November.' },
    {
      name: 'erin',
      mergeRequest: 44,
      merged: 3.1,
      until: 8.5,
      by: 'bob',
      reason: 'Watching the import of the new wikis; may need the databases stopped.',
    },
    { name: 'dave', mergeRequest: 43, merged: 10, until: 18.5, by: 'alice', reason: 'Toolforge migration, out of hours.' },
    { name: 'judy', mergeRequest: 38, merged: 40, until: 40.5, by: 'carol', reason: 'Steward elections: abuse of the voting tool.' },
    {
      name: 'ivan',
      mergeRequest: 45,
      merged: 0.3,
      until: 71.5,
      by: 'bob',
      reason: 'On call for the query service while two SREs are away.',
    },
    { name: 'urbanecm', mergeRequest: 21, merged: 110, until: -70.5, by: 'alice', reason: 'Wikimania' },
    { name: 'hoo', mergeRequest: 30, merged: 90, until: -25.5, by: 'bob', reason: 'Wikidata outages' },
  ].map(({ reason, ...one }) => grantOf({ ...one, words: { reason, ticket: `T${399900 + one.mergeRequest}` } }));
  const movements = asked.flatMap((grant): readonly LedgerRecord[] => {
    const at = grant.until;
    const gone = at === 'open' || at > now ? [] : [outcome(at, klaxon, 1, [], [[grant.uid, { kind: 'expired', path: grant.path, at }]])];
    return [endorsement(grant), cameBy(grant), ...gone];
  });
  const held = {
    code: 'too-many-removals',
    digest: sha256('election'),
    add: [],
    remove: ['hoo', 'melos', 'superpes', 'urbanecm'],
  } as const;
  const stewardsStory: readonly LedgerRecord[] = [
    rosterRecord(all, days(-200)),
    outcome(days(-200), stewards, 10, [brought(becauseRoster(all), ...all.uids)]),
    rosterRecord(shorter, days(-2)),
    { type: 'held', at: days(-2), group: stewards, holds: [held] },
    refusal('mallory', 42, days(-4), 'mallory opened the merge request, and nobody else approved it'),
  ];
  return [begins(days(-210)), ...[...movements, ...stewardsStory].sort((one, other) => one.at - other.at)];
}
