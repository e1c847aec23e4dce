// What is kept between runs is what was remembered, group by group, whatever the names.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyMemory, knownGroup, type Memory } from '../../src/domain/memory.ts';
import { entryUuid, instant, parseGroupName, parseRosterName, parseUid, type GroupName, type Uid } from '../../src/domain/names.ts';
import type { LedgerRecord } from '../../src/domain/record.ts';
import { parseMemory, renderMemory } from '../../src/wiring/kept-memory.ts';
import { parseRecord, renderRecord } from '../../src/wiring/kept-records.ts';

function must<Name>(name: Name | undefined): Name {
  if (name === undefined) throw new Error('not a name');
  return name;
}

const stewards = must(parseGroupName('stewards'));
const groups: readonly GroupName[] = [stewards, must(parseGroupName('klaxon-users'))];
const uids = fc.constantFrom<Uid>(...['alice', 'bob', 'carol', '1e3', 'no'].map((uid) => must(parseUid(uid))));
const dns = fc.string({ unit: 'grapheme' }).map((text) => `uid=${text},ou=people`);
const uuids = fc.uuid().map(entryUuid);

const memories = fc
  .tuple(
    ...groups.map((group) =>
      fc.record({
        group: fc.constant(group),
        members: fc.array(fc.tuple(fc.oneof(uids, dns), fc.constantFrom('roster' as const, 'other' as const))),
        bindings: fc.array(fc.tuple(uids, fc.record({ uuid: uuids, basis: fc.constantFrom('steward', 'a'.repeat(40)) }))),
        takenOver: fc.boolean(),
      }),
    ),
  )
  .map((known): Memory => {
    const memory = { ...emptyMemory(), records: 7, latest: instant(5) };
    for (const { group, members, bindings, takenOver } of known) {
      const one = knownGroup(memory, group);
      one.takenOver = takenOver;
      for (const [name, brought] of members) one.members.set(name, brought);
      for (const [uid, binding] of bindings) one.bindings.set(uid, binding);
    }
    return memory;
  });

function plainly(memory: Memory): unknown {
  return { ...memory, groups: [...memory.groups].map(([name, known]) => [name, { ...known }]) };
}

/** As through a file. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('given a memory that was kept', () => {
  it('when it is read again, then it is the same', () => {
    fc.assert(
      fc.property(memories, (memory) => {
        const { state, members } = renderMemory(memory);

        const { memory: read } = parseMemory(throughJson(state), () => members);

        expect(plainly(read)).toEqual(plainly(memory));
      }),
    );
  });

  it('when no group is looked at, then the members are not read', () => {
    const memory = emptyMemory();
    knownGroup(memory, stewards).members.set('alice', 'roster');
    const { memory: read } = parseMemory(throughJson(renderMemory(memory).state), () => {
      throw new Error('read');
    });

    expect(read.groups.get(stewards)?.holds).toEqual([]);
    expect(() => read.groups.get(stewards)?.members).toThrow('read');
  });

  it('when the text of the members is lost, then they come from whoever knows them', () => {
    const memory = emptyMemory();
    knownGroup(memory, stewards).members.set('alice', 'roster');

    const { memory: read } = parseMemory(throughJson(renderMemory(memory).state), (name) => knownGroup(memory, name));

    expect([...knownGroup(read, stewards).members]).toEqual([['alice', 'roster']]);
  });
});

const roster = { kind: 'roster', roster: must(parseRosterName('steward')), sha256: 'c'.repeat(64) } as const;

describe('given the record of the members that a run found', () => {
  const named = fc.record({ name: fc.oneof(uids, dns), because: fc.constantFrom(null, roster), uuid: uuids });

  it('when it goes through the ledger, then each cause is written once and every member comes back with it', () => {
    fc.assert(
      fc.property(fc.uniqueArray(named, { selector: ({ name }) => name }), (appeared) => {
        const record: LedgerRecord = { type: 'membership', at: instant(9), group: stewards, appeared, vanished: ['bob'], members: 3 };

        const text = JSON.stringify(renderRecord(record));
        const read = parseRecord(JSON.parse(text));

        expect(text.split(roster.sha256).length - 1).toBe(appeared.some(({ because }) => because) ? 1 : 0);
        const byName = (of: LedgerRecord) => of.type === 'membership' && of.appeared.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        expect({ ...read, appeared: byName(read) }).toEqual({ ...record, appeared: byName(record) });
      }),
    );
  });

  it('when an older muster wrote it, member by member, then it is read all the same', () => {
    const appeared = [{ name: 'alice', because: roster, uuid: entryUuid('0-1') }];

    const read = parseRecord({ type: 'membership', at: 9, group: 'stewards', appeared, vanished: [], members: 1 });

    expect(read.type === 'membership' && read.appeared).toEqual(appeared);
  });
});
