// The memory that a run leaves to the next is what its ledger says, whatever of it was made ready beforehand and whatever came instead.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { copyOf, emptyMemory, knownGroup, rememberAll, rememberGroup, type GroupRecord, type Memory } from '../../src/ledger/memory.ts';
import { entryUuid, instant, parseGroupName, parseUid } from '../../src/names.ts';
import { openStateToRead, openStateToWrite } from '../../src/ledger/state.ts';

function must<Name>(name: Name | undefined): Name {
  if (name === undefined) throw new Error('not a name');
  return name;
}

const groups = ['stewards', 'klaxon-users', 'deployers'].map((name) => must(parseGroupName(name)));
const names = ['alice', 'bob', 'carol', 'hoo'].map((name) => must(parseUid(name)));
const folder = mkdtempSync(join(tmpdir(), 'muster-state-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = instant(Date.UTC(2026, 10, 30));

const record: fc.Arbitrary<GroupRecord> = fc
  .record({ group: fc.constantFrom(...groups), come: fc.subarray(names), go: fc.subarray(names), members: fc.boolean() })
  .map(({ group, come, go, members }) =>
    members
      ? { type: 'membership', at, group, appeared: come.map((name) => ({ name, because: null })), vanished: go, members: come.length }
      : { type: 'bindings', at, group, basis: 'steward', bound: come.map((name) => [name, entryUuid(`of-${name}`)]), released: go },
  );

interface Step {
  readonly records: readonly GroupRecord[];
  /** How many of a group's records are made ready for beforehand; the others come unforeseen. */
  readonly foreseen: number;
  /** What was foreseen as well and never came. */
  readonly vain: readonly GroupRecord[];
  readonly others: readonly GroupRecord[];
}

const run: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    records: fc.array(record, { maxLength: 3 }),
    foreseen: fc.nat(3),
    vain: fc.array(record, { maxLength: 1 }),
    others: fc.array(record, { maxLength: 1 }),
  }),
  { maxLength: 3 },
);

function plainly(memory: Memory): unknown {
  return { ...memory, groups: new Map([...memory.groups].map(([name, known]) => [name, { ...known }])) };
}

async function makeRun(state: string, steps: readonly Step[]): Promise<readonly GroupRecord[]> {
  const { memory, journal, close } = await openStateToWrite(state);
  const appended: GroupRecord[] = [];
  for (const { records, foreseen, vain, others } of steps) {
    for (const group of groups) {
      const expected = [...records.filter((one) => one.group === group).slice(0, foreseen), ...vain.filter((one) => one.group === group)];
      const known = copyOf(knownGroup(memory, group));
      for (const one of expected) rememberGroup(known, one);
      if (expected.length > 0) journal.prepare(group, known, expected);
    }
    for (const some of [records, others]) {
      await journal.append(some);
      appended.push(...some);
    }
  }
  await close();
  return appended;
}

describe('given runs that made ready what they foresaw', () => {
  it('when the next run begins, then it remembers what the ledger says, in every group', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 3 }), async (runs) => {
        const state = join(folder, String(number++));
        mkdirSync(state);
        const truth = emptyMemory();
        for (const steps of runs) {
          rememberAll(truth, await makeRun(state, steps));
          const { memory } = await openStateToRead(state);
          for (const group of memory.groups.keys()) knownGroup(truth, group);
          expect(plainly(memory)).toEqual(plainly(truth));
        }
      }),
      { numRuns: 60 },
    );
  });
});
