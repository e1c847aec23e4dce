// Every record is read as the shape it was written in, and nothing else is read as a record.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRecord, renderRecord } from '../../src/ledger/ledger-records.ts';
import type { PolicyDelta, PolicyState } from '../../src/record/policy-state.ts';
import { dn, duration, entryUuid } from '../../src/names.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { approval, candidate, commit, rules, team, uid } from '../evidence/evidence-samples.ts';
import { blobOf } from '../judge/history-files.ts';
import { fold, startRecords } from '../judge/history-fold.ts';
import { histories } from '../judge/history-model.ts';
import { becauseOf, grantOf, hours, klaxon, now, steward } from '../membership/membership-samples.ts';

const blob = blobOf({ kind: 'broken', wording: 1 });
const entry = { mode: '100644', blob };
const digest = `sha256:${'1'.repeat(64)}`;
const sha256 = 'c'.repeat(64);
const uuid = entryUuid('0b1c2d3e-0000-103a-8000-abcdef012345');
const link = 'https://gitlab.example.org/repos/sre/access/-/merge_requests/1';

// Everything that may be there is there.
const grant = {
  ...grantOf('alice'),
  ...{ ticket: 'T343377', contact: 'irc alice', understood: '2026-11-01', from: hours(-100), narrowedBy: commit('b'), link },
};
const { path } = grant;
const ended = { grant, cause: 'refused', reviewed: false, commit: commit('b') } as const;
const refusal = { path, commit: commit('b'), mergeRequest: 3, code: 'no-approval', detail: 'Nobody approved.', link } as const;
const allRules = rules({
  longest: duration(1),
  requires: ['ticket', 'contact', 'understood'],
  understood: { text: link, version: '2026-11-01' },
  limits: { removals: { kind: 'count', count: 2 }, additions: { kind: 'percent', percent: 50 }, minimum: 5 },
});
const state: PolicyState = {
  start: commit('1'),
  judged: commit('2'),
  rules: allRules,
  endorsed: new Map([[path, blob]]),
  inForce: new Map([[path, grant]]),
  ended: new Map([[path, ended]]),
  tree: new Map([[path, entry]]),
  unlisted: 12,
  refusals: new Map([[path, refusal]]),
  usedMergeRequests: new Map([[7, commit('3')]]),
  takenOut: new Set([uid('carol')]),
  proposed: new Map([[path, { ...grant, until: 'open', endorsedUntil: 'open' }]]),
};
const delta: PolicyDelta = {
  judged: commit('b'),
  rules: rules({ members: { kind: 'roster', roster: steward } }),
  endorsed: [[path, blob]],
  inForce: [[path, grant]],
  ended: [[path, ended]],
  tree: [[path, entry]],
  unlisted: 3,
  refusals: [[path, refusal]],
  usedMergeRequest: 3,
  takenOut: [uid('carol')],
};
const evidence = {
  commit: commit('b'),
  candidates: [
    candidate(
      {},
      {
        pushes: [
          { by: { id: 42, username: 'alice' }, at: now, told: 'note', head: null },
          { by: null, at: now, told: 'event', head: commit('c') },
        ],
        retargets: [{ by: { id: 42, username: 'alice' }, at: now }],
      },
    ),
    { ...candidate({ author: null }), review: null },
  ],
};
const count = {
  enough: false,
  approvals: [
    { kind: 'counted', approval: approval(), person: uid('bob'), paths: [path] },
    { kind: 'not-counted', approval: approval(), person: uid('carol'), reason: 'author' },
  ],
  paths: [{ path, teams: [team('sre')], needed: 2, by: [uid('bob')] }],
} as const;
const roster = { kind: 'roster', roster: steward, sha256 } as const;
const removed = (because: Extract<LedgerRecord, { type: 'outcome' }>['remove'][number]['because']) => ({
  because,
  limited: true,
  members: [{ uid: 'alice', dn: dn('uid=alice') }],
});
const changes = {
  add: [
    { because: { ...becauseOf(grant), link }, limited: false, members: [{ uid: uid('alice'), dn: dn('uid=alice'), uuid }] },
    { because: roster, limited: true, members: [] },
  ],
  remove: [
    removed({ kind: 'expired', path, at: now }),
    removed({ kind: 'revoked', at: now }),
    removed({ kind: 'deleted', path, commit: commit('b') }),
    removed({ kind: 'left-roster', roster: steward, sha256 }),
    removed({ kind: 'dangling' }),
  ],
};
const signedBy = [{ person: uid('bob'), fingerprint: `SHA256:${'a'.repeat(43)}`, touched: true }];
const inGroup = { at: now, group: klaxon };

/** One of every type, and two where there are two forms. */
const place = { id: 'ab'.repeat(16), head: { count: 3, hash: sha256 }, offset: 700 };
const samples: readonly LedgerRecord[] = [
  ...startRecords(state, now).map((record) => ({ ...record, place })),
  { type: 'record', at: now, id: 'ab'.repeat(16), head: commit('b'), place },
  { type: 'caught-up', at: now, commit: commit('b'), place },
  { type: 'content', at: now, sha256: digest, base64: 'cmVhc29uCg==', place },
  { type: 'rules-files', at: now, rules: digest, files: [['policy/policy.yaml', { mode: '100644', sha256: digest }]], place },
  { type: 'statements-seen', at: now, statements: [digest], place },
  {
    type: 'signed',
    at: now,
    commit: commit('b'),
    firstSeen: now,
    rules: digest,
    changes: [
      { path, before: { mode: '100644', sha256: digest } },
      { path: `${path}2`, after: { mode: '100644', sha256: digest } },
    ],
    statements: [{ text: 'muster-approval v1\n', signature: 'armour', fingerprint: `SHA256:${'a'.repeat(43)}`, firstSeen: now }],
    place,
  },
  { type: 'signed', at: now, commit: commit('b'), firstSeen: null, rules: digest, changes: [], statements: [], place },
  { type: 'other-record', at: now, id: 'ab'.repeat(16), how: 'succeeds' },
  { type: 'all-taken', at: now, waits: [commit('b')] },
  {
    type: 'verdict',
    at: now,
    commit: commit('b'),
    verdict: {
      kind: 'endorsed',
      reviewed: true,
      commit: commit('b'),
      mergeRequest: 3,
      approvedBy: [uid('bob')],
      signedBy,
      landedAt: now,
      link,
    },
    evidence,
    delta,
    place,
  },
  {
    type: 'verdict',
    at: now,
    commit: commit('b'),
    verdict: { kind: 'refused', code: 'no-approval', detail: 'Nobody.', mergeRequest: 3, link, count, unbound: 'part-of-fast-forward' },
    evidence: null,
    delta,
    place,
  },
  { type: 'judged', at: now, commit: commit('b'), place },
  { type: 'seen', at: now, commit: commit('b'), place },
  { type: 'project', at: now, project: 7, place },
  { type: 'roster', at: now, roster: steward, sha256, people: 11, producedAt: now },
  { type: 'intent', ...inGroup, revision: 'x', allowed: [digest], accepted: [path], ...changes },
  { type: 'outcome', ...inGroup, result: 'failed', message: 'It said no.', members: 3, ...changes },
  {
    type: 'membership',
    ...inGroup,
    appeared: [
      { because: roster, names: ['alice'] },
      { because: null, names: ['cn=nobody'] },
    ],
    vanished: ['bob'],
    members: 3,
  },
  { type: 'bindings', ...inGroup, basis: 'steward', bound: { uids: [uid('alice')], entries: [uuid] }, released: [uid('bob')] },
  { type: 'held', ...inGroup, holds: [{ code: 'clock', digest, add: ['alice'], remove: ['bob'] }] },
  { type: 'override', ...inGroup, code: 'clock', digest, reason: 'It is right.' },
  { type: 'override-used', ...inGroup, code: 'clock', digest, accepted: [path] },
  { type: 'refuse', at: now, commit: commit('b'), reason: 'It is wrong.' },
  { type: 'distrust', at: now, person: uid('alice'), fingerprint: `SHA256:${'A'.repeat(43)}`, since: now, reason: 'Stolen.' },
  { type: 'checked', at: now, signatures: [digest], bad: [digest] },
  {
    type: 'verified',
    at: now,
    basis: digest,
    signedFor: { project: '7', branch: 'refs/heads/main', start: commit('a') },
    groups: [{ group: klaxon, after: 3, before: [{ path, from: now, until: 'open' }] }],
    windows: [{ path, from: now, until: now }],
    asked: [{ from: 2, ceilings: { groups: new Map([[klaxon, { signed: 1 }]]), rules: 1, only: true }, requireTouch: true }],
  },
  { type: 'revocation', at: now, uid: uid('alice'), from: klaxon, reason: 'Left.' },
  { type: 'lift', at: now, uid: uid('alice'), from: null, reason: 'Came back.' },
];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

function written(record: LedgerRecord): Json {
  return JSON.parse(JSON.stringify(renderRecord(record)));
}

/** The value with one thing in it spoiled, once for each thing in it. `spoil` gives undefined for what it does not spoil. */
function* spoiled(value: Json, spoil: (one: Json) => Json | undefined, where = ''): Generator<readonly [where: string, spoiled: Json]> {
  const own = spoil(value);
  if (own !== undefined) yield [where, own];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, of] of Object.entries(value)) {
    for (const [at, other] of spoiled(of, spoil, `${where}/${key}`)) {
      yield [
        at,
        Array.isArray(value) ? value.map((one: Json, place) => (String(place) === key ? other : one)) : { ...value, [key]: other },
      ];
    }
  }
}

const isObject = (one: Json): one is { readonly [key: string]: Json } => typeof one === 'object' && one !== null && !Array.isArray(one);

/** Where a record that is spoiled like this is taken all the same. */
function taken(spoil: (one: Json) => Json | undefined): readonly string[] {
  return samples.flatMap((record) =>
    [...spoiled(written(record), spoil)].flatMap(([where, other]) => (parseRecord(other) ? [`${record.type} ${where}`] : [])),
  );
}

describe('given a record of every type', () => {
  it.each(samples.map((record) => ({ type: record.type, record })))(
    'when a $type is written and read, then it is the same',
    ({ record }) => {
      expect(parseRecord(written(record))).toEqual(record);
    },
  );

  it.each([
    { given: 'a key more', spoil: (one: Json) => (isObject(one) ? { ...one, more: 1 } : undefined) },
    {
      given: 'the key of a prototype',
      spoil: (one: Json) => (isObject(one) ? JSON.parse(JSON.stringify(one).replace('{', '{"__proto__":{},')) : undefined),
    },
    { given: 'an object in the place of a value', spoil: (one: Json) => (isObject(one) ? undefined : { map: [] }) },
    { given: 'a list in the place of a value', spoil: (one: Json) => (Array.isArray(one) ? undefined : [[['a', 1]]]) },
    { given: 'something more in a list', spoil: (one: Json) => (Array.isArray(one) ? [...one, { kind: 'more' }] : undefined) },
    { given: 'a number that is none', spoil: (one: Json) => (typeof one === 'number' ? 1.5 : undefined) },
  ])('when one thing in it is not as muster writes it ($given), then it is none', ({ spoil }) => {
    expect(taken(spoil)).toEqual([]);
  });

  it('when a key of it is missing, then it is none, but for the keys that need not be there', () => {
    const optional = [
      ...[
        'accepted',
        'asked',
        'bad',
        'contact',
        'count',
        'fingerprint',
        'from',
        'landedAt',
        'link',
        'message',
        'narrowedBy',
        'only',
        'person',
        'rules',
        'signedBy',
        'takenOut',
        'ticket',
        'unbound',
        'unlisted',
      ],
      // Of a revocation whose file was damaged; of a group's rules, and of a grant.
      ...['at', 'understood', 'unlisted'],
    ];
    const keys = new Set(samples.flatMap((record) => JSON.stringify(written(record)).match(/(?<=")\w+(?=":)/g) ?? []));
    const needed = [...keys].filter((key) => !optional.includes(key));
    const without = (key: string) => (one: Json) => {
      if (!isObject(one) || !(key in one)) return undefined;
      const { [key]: _gone, ...rest } = one;
      return rest;
    };
    expect(needed.length).toBeGreaterThan(50);
    expect(needed.flatMap((key) => taken(without(key)))).toEqual([]);
  });

  it.each([
    { what: 'a commit', from: commit('b'), to: commit('b').toUpperCase() },
    { what: 'a blob', from: blob, to: `${blob}0` },
    { what: 'a uid', from: 'alice', to: 'Alice' },
    { what: 'a group', from: 'klaxon-users', to: '../klaxon-users' },
    { what: 'a roster', from: 'steward', to: 'steward/' },
    { what: 'an entry', from: uuid, to: '' },
    { what: 'a digest', from: digest, to: 'sha256:1' },
  ])('when $what is not spelled as one, then it is none', ({ from, to }) => {
    const spoil = (one: Json) => (one === from ? to : undefined);
    const places = samples.flatMap((record) => [...spoiled(written(record), spoil)].map(([where]) => `${record.type} ${where}`));
    expect(places).not.toEqual([]);
    // GitLab's usernames, the name of a member that may be no person, and what a reason rested on are text.
    const text = /\/members\/0\/uid$|\/username$|\/names\/|\/holds\/0\/|^membership \/vanished|\/basis$/;
    expect(taken(spoil).filter((where) => !text.test(where))).toEqual([]);
  });

  it.each([
    { given: 'a type that nobody knows', kept: { type: 'freeze-everybody', at: 1 } },
    { given: 'no type', kept: { at: 1 } },
    { given: 'the name of a method for a type', kept: { type: 'toString', at: 1 } },
    { given: 'a list', kept: [] },
    { given: 'nothing', kept: null },
  ])('when it is $given, then it is none', ({ kept }) => {
    expect(parseRecord(kept)).toBeUndefined();
  });

  it('when a path is said to be in force by the grant of another path, then it is none', () => {
    const other: PolicyDelta = { ...delta, inForce: [['policy/grants/klaxon-users/bob.yaml', grant]] };
    const verdict = { kind: 'refused', code: 'dirty', detail: '', mergeRequest: null } as const;
    expect(
      parseRecord(written({ type: 'verdict', at: now, commit: commit('b'), verdict, evidence: null, delta: other, place })),
    ).toBeUndefined();
  });

  it('when a key stands in a map twice, then it is none', () => {
    const [start] = samples.map(written);
    const twice = JSON.parse(JSON.stringify(start).replace(/"teams":\[(\[.*?\]\])/, '"teams":[$1,$1'));
    expect(JSON.stringify(twice)).not.toBe(JSON.stringify(start));
    expect(parseRecord(twice)).toBeUndefined();
  });
});

it('the policy of any history, and every verdict on the way, comes back whole', () => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const { state: reached, verdict, delta: step } of fold(history)) {
        const records: readonly LedgerRecord[] =
          verdict && step
            ? [{ type: 'verdict', at: now, commit: step.judged, verdict, evidence: null, delta: step, place }]
            : startRecords(reached, now).map((record) => ({ ...record, place }));
        for (const record of records) expect(parseRecord(written(record))).toEqual(record);
      }
    }),
    { numRuns: 30 },
  );
});

it('bindings are two lists that belong together', () => {
  const record = { type: 'bindings', ...inGroup, basis: 'steward', released: [] } as const;
  const both = { uids: ['alice', 'bob'], entries: [uuid, 'none'] };
  expect(parseRecord({ ...record, bound: both })).toEqual({ ...record, bound: both });
  expect(parseRecord({ ...record, bound: { ...both, entries: [uuid] } })).toBeUndefined();
});

it('ten thousand records are read in well under a second', () => {
  const lines = Array.from({ length: 1000 }, () => samples.slice(1, 11).map((record) => JSON.stringify(renderRecord(record)))).flat();
  const began = process.cpuUsage();
  const read = lines.filter((line) => parseRecord(JSON.parse(line)));
  const { user, system } = process.cpuUsage(began);
  // About 400 ms on an idle machine; what other processes take of this one is not counted.
  expect([read.length, user + system < 1_500_000]).toEqual([10_000, true]);
});
