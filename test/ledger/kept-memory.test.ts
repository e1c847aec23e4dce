// What is kept between runs is what was remembered, group by group, whatever the names.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMemory, knownGroup, rememberAll, type Memory } from '../../src/ledger/memory.ts';
import {
  dn,
  entryUuid,
  instant,
  parseCommitId,
  parseGroupName,
  parseRosterName,
  parseUid,
  type GroupName,
  type Uid,
} from '../../src/names.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { parseMemory, renderMemory } from '../../src/ledger/kept-memory.ts';

function must<Name>(name: Name | undefined): Name {
  if (name === undefined) throw new Error('not a name');
  return name;
}

const stewards = must(parseGroupName('stewards'));
const groups: readonly GroupName[] = [stewards, must(parseGroupName('klaxon-users'))];
const uids = fc.constantFrom<Uid>(...['alice', 'bob', 'carol', '1e3', 'no'].map((uid) => must(parseUid(uid))));
const dns = fc.string({ unit: 'grapheme' }).map((text) => `uid=${text},ou=people`);
const uuids = fc.uuid().map(entryUuid);

const roster = { kind: 'roster', roster: must(parseRosterName('steward')), sha256: 'c'.repeat(64) } as const;
const left = { kind: 'left-roster', roster: roster.roster, sha256: roster.sha256 } as const;

const ats = fc.integer({ min: 0, max: 9 }).map(instant);
const commits = fc.constantFrom(...['a', 'b', 'c'].map((letter) => must(parseCommitId(letter.repeat(40)))));
const inGroup = { at: ats, group: fc.constantFrom(...groups) };
const codes = fc.constantFrom('first-run' as const, 'clock' as const, 'new-start' as const);
const digests = fc.constantFrom('1', '2').map((digit) => `sha256:${digit.repeat(64)}`);
const changes = {
  add: fc.array(
    fc.record({
      because: fc.constant(roster),
      limited: fc.boolean(),
      members: fc.array(fc.record({ uid: uids, dn: dns.map(dn), uuid: uuids })),
    }),
    { maxLength: 2 },
  ),
  remove: fc.array(
    fc.record({
      because: fc.constant(left),
      limited: fc.boolean(),
      members: fc.array(fc.record({ uid: fc.oneof(uids, dns), dn: dns.map(dn) })),
    }),
    { maxLength: 2 },
  ),
};

/** A record of every type but `start` and `verdict`, whose policy has tests of its own. */
const records: fc.Arbitrary<LedgerRecord> = fc.oneof(
  fc.record({ type: fc.constant('judged' as const), at: ats, commit: commits }),
  fc.record({ type: fc.constant('seen' as const), at: ats, commit: commits }),
  fc.record({ type: fc.constant('project' as const), at: ats, project: fc.nat() }),
  fc.record({
    type: fc.constant('roster' as const),
    at: ats,
    roster: fc.constant(roster.roster),
    sha256: fc.constantFrom('c'.repeat(64), 'd'.repeat(64)),
    people: fc.nat(),
    producedAt: ats,
  }),
  fc.record({
    type: fc.constant('intent' as const),
    ...inGroup,
    revision: fc.string(),
    allowed: fc.array(digests),
    accepted: fc.array(fc.string()),
    ...changes,
  }),
  fc.record({
    type: fc.constant('outcome' as const),
    ...inGroup,
    result: fc.constantFrom('done' as const, 'failed' as const, 'recovered' as const, 'revoked' as const),
    members: fc.nat(),
    ...changes,
  }),
  fc.record({
    type: fc.constant('membership' as const),
    ...inGroup,
    appeared: fc.array(fc.record({ name: fc.oneof(uids, dns), because: fc.constantFrom(null, roster) })),
    vanished: fc.array(fc.oneof(uids, dns)),
    members: fc.nat(),
  }),
  fc.record({
    type: fc.constant('bindings' as const),
    ...inGroup,
    basis: fc.constantFrom('steward', 'a'.repeat(40)),
    bound: fc.array(fc.tuple(uids, uuids)),
    released: fc.array(uids),
  }),
  fc.record({
    type: fc.constant('held' as const),
    ...inGroup,
    holds: fc.array(fc.record({ code: codes, digest: digests, add: fc.array(uids), remove: fc.array(uids) }), { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant('override' as const), ...inGroup, code: codes, digest: digests, reason: fc.string() }),
  fc.record({
    type: fc.constant('override-used' as const),
    ...inGroup,
    code: codes,
    digest: digests,
    accepted: fc.constant<readonly string[]>([]),
  }),
  fc.record({ type: fc.constant('refuse' as const), at: ats, commit: commits, reason: fc.string() }),
  fc.record({
    type: fc.constantFrom('revocation' as const, 'lift' as const),
    at: ats,
    uid: uids,
    from: fc.constantFrom(null, ...groups),
    reason: fc.string(),
  }),
);

const memories = fc.array(records, { maxLength: 30 }).map((told): Memory => {
  const memory = emptyMemory();
  rememberAll(memory, told);
  return memory;
});

function plainly(memory: Memory): unknown {
  return { ...memory, groups: [...memory.groups].map(([name, known]) => [name, { ...known }]) };
}

/** As through a file. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function parsed(...kept: Parameters<typeof parseMemory>): NonNullable<ReturnType<typeof parseMemory>> {
  return must(parseMemory(...kept));
}

describe('given a memory that was kept', () => {
  it('when it is read again, then it is the same', () => {
    fc.assert(
      fc.property(memories, (memory) => {
        const { state, members } = renderMemory(memory);

        const { memory: read } = parsed(throughJson(state), () => members);

        expect(plainly(read)).toEqual(plainly(memory));
      }),
    );
  });

  it('when no group is looked at, then the members are not read', () => {
    const memory = emptyMemory();
    knownGroup(memory, stewards).members.set('alice', 'roster');
    const { memory: read } = parsed(throughJson(renderMemory(memory).state), () => {
      throw new Error('read');
    });

    expect(read.groups.get(stewards)?.holds).toEqual([]);
    expect(() => read.groups.get(stewards)?.members).toThrow('read');
  });

  it('when the text of the members is lost, then they come from whoever knows them', () => {
    const memory = emptyMemory();
    knownGroup(memory, stewards).members.set('alice', 'roster');

    const { memory: read } = parsed(throughJson(renderMemory(memory).state), (name) => knownGroup(memory, name));

    expect([...knownGroup(read, stewards).members]).toEqual([['alice', 'roster']]);
  });
});
