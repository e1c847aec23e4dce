// What opening the state folder makes of its ledger, now or when somebody asks for groups.
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLedger } from '../../src/chain/open.ts';

import { Unusable } from '../../src/errors.ts';
import { knownGroup } from '../../src/ledger/group-memory.ts';
import { openStateToRead, openStateToWrite } from '../../src/ledger/state.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { group, uid } from '../evidence/evidence-samples.ts';
import { hours, klaxon, person } from '../membership/membership-samples.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const stewards = group('stewards');
const { uuid } = person('hoo');

const records: readonly LedgerRecord[] = [
  // Keys in another order than muster's own.
  { at: hours(-10), type: 'membership', group: stewards, appeared: [{ because: null, names: ['alice'] }], vanished: [], members: 1 },
  { type: 'membership', at: hours(-9), group: klaxon, appeared: [{ because: null, names: ['hoo', 'base'] }], vanished: [], members: 2 },
  { type: 'override', at: hours(-8), group: klaxon, code: 'first-run', digest: `sha256:${'a'.repeat(64)}`, reason: 'Takeover.' },
  { type: 'bindings', at: hours(-7), group: klaxon, basis: 'roster', bound: { uids: [uid('hoo')], entries: [uuid] }, released: [] },
  { type: 'held', at: hours(-5), group: klaxon, holds: [{ code: 'clock', digest: `sha256:${'b'.repeat(64)}`, add: [], remove: ['hoo'] }] },
];
const vanished: LedgerRecord = { type: 'membership', at: hours(-4), group: klaxon, appeared: [], vanished: ['base'], members: 1 };

describe('given a ledger that tells of groups', () => {
  beforeEach(async () => {
    await (await openStateToWrite(folder, 'now')).journal.append(records);
  });

  it('when its groups are asked for later, then the memory is the same', async () => {
    const { memory: now } = await openStateToRead(folder);
    const { memory: later } = await openStateToWrite(folder, 'when-asked');
    expect(later.unread).toHaveLength(3);
    const { groups, unread, ...others } = now;
    expect(later).toMatchObject(others);
    expect(later.groups).toEqual(groups);
    expect(groups.size).toBe(2);
    expect(later.unread).toEqual(unread);
  });

  it('when a run adds to a group that nobody asked for, then what was there before comes first', async () => {
    const state = await openStateToWrite(folder, 'when-asked');
    await state.journal.append([vanished]);
    expect([...knownGroup(state.memory, klaxon).members.keys()]).toEqual(['hoo']);
    expect(state.memory.groups).toEqual((await openStateToRead(folder)).memory.groups);
  });
});

describe('given a line about a group that is not as muster writes it', () => {
  /** The first line of a ledger, by somebody who knows how. */
  function plant(rest: string): void {
    const line = `{"sequence":1,"previous":"${'0'.repeat(64)}","format":1,"batch":1,${rest}}`;
    writeFileSync(join(folder, 'ledger.jsonl'), `${line}\n`);
    writeFileSync(join(folder, 'ledger.head'), `{"format":1,"count":1,"hash":"${hash('sha256', line)}"}\n`);
  }

  it.each([
    { given: 'an unknown key', rest: '"type":"membership","at":5,"group":"klaxon-users","appeared":[],"vanished":[],"members":0,"more":1' },
    { given: 'a key that is not there', rest: '"type":"membership","at":5,"group":"klaxon-users","appeared":[]' },
    { given: 'a type that stands twice', rest: '"type":"held","at":5,"group":"klaxon-users","type":"checked","signatures":[]' },
    {
      given: 'two types, both of which are known',
      rest:
        '"type":"held","at":5,"group":"klaxon-users","type":"override","code":"clock","digest":"sha256:' +
        'a'.repeat(64) +
        '","reason":"x"',
    },
    { given: 'no JSON', rest: '"type":"held","at":5,"group":' },
  ])('when it has $given, then whoever asks for groups is told each time', async ({ rest }) => {
    plant(rest);
    expect(openLedger(folder).kind).toBe('sound');
    const { memory } = await openStateToWrite(folder, 'when-asked');
    const untrusted = /line 1 of the ledger is no record/;
    expect(() => memory.groups).toThrow(Unusable);
    expect(() => memory.groups).toThrow(untrusted);
  });
});
