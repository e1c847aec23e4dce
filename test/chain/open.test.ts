import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLedger, type SoundLedger } from '../../src/chain/open.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
let ledger: string;
let head: string;
beforeEach(() =>
  inNewFolder((made) => {
    folder = made;
    ledger = join(folder, 'ledger.jsonl');
    head = join(folder, 'ledger.head');
  }),
);

function openSound(): SoundLedger {
  const opened = openLedger(folder);
  if (opened.kind === 'broken') throw new Error(opened.message);
  return opened;
}

async function appendEach(batches: readonly (readonly object[])[]): Promise<void> {
  const appender = openSound().appender();
  for (const batch of batches) await appender.append(batch);
}

/** What a reader finds: the records' own keys. */
function contents(): readonly unknown[] {
  return [...openSound().records()].map(({ json }) => JSON.parse(json) as unknown);
}

describe('given a folder without a ledger', () => {
  it('when it is opened, then it is new, and nothing is written', () => {
    expect(openSound()).toMatchObject({ head: { count: 0, hash: '0'.repeat(64) }, notes: [] });
    expect([...openSound().records()]).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('when records are appended, then they are read back in order, and the files are for their owner only', async () => {
    const records = [{ kind: 'run', at: 1 }, {}, { 1: 'a key that looks like a number', text: 'línea\nnueva \u2028 \u0000' }];
    await appendEach([records.slice(0, 1), [], records.slice(1)]);
    expect(contents()).toEqual(records);
    expect(openSound()).toMatchObject({ head: { count: 3 }, notes: [] });
    expect([statSync(ledger).mode & 0o777, statSync(head).mode & 0o777]).toEqual([0o600, 0o600]);
    expect(readdirSync(folder).sort()).toEqual(['ledger.head', 'ledger.jsonl']);
  });

  it('when a line is written, then sha256sum(1) of it stands in the next', async () => {
    await appendEach([[{ kind: 'first' }], [{ kind: 'second' }]]);
    const [first = '', second = ''] = readFileSync(ledger, 'utf8').split('\n');
    const sum = execFileSync('sha256sum', { input: first }).toString().slice(0, 64);
    expect(first).toBe(`{"sequence":1,"previous":"${'0'.repeat(64)}","format":1,"batch":1,"kind":"first"}`);
    expect(second).toBe(`{"sequence":2,"previous":"${sum}","format":1,"batch":2,"kind":"second"}`);
  });

  it('when a record has a key of the chain, or is no object, then it is a mistake of the caller and nothing is written', async () => {
    const appender = openSound().appender();
    await expect(appender.append([{ sequence: 7 }])).rejects.toThrow(TypeError);
    await expect(appender.append([['a list']])).rejects.toThrow(TypeError);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('given a ledger of several appends', () => {
  const batches = [
    [{ kind: 'run', at: 1 }],
    [
      { kind: 'verdict', path: 'a' },
      { kind: 'verdict', path: 'b' },
    ],
    [{ kind: 'outcome' }],
  ];
  let whole: Buffer;
  let wholeHead: Buffer;
  beforeEach(async () => {
    await appendEach(batches);
    whole = readFileSync(ledger);
    wholeHead = readFileSync(head);
  });

  it('when any one byte is changed, then it is broken', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const edited = Buffer.from(whole);
        edited[at] = (edited[at] ?? 0) ^ change;
        writeFileSync(ledger, edited);
        expect(openLedger(folder).kind).toBe('broken');
      }),
      { numRuns: 400 },
    );
  });

  it('when it is cut at any byte while the second file is kept, then it is broken', () => {
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(ledger, whole.subarray(0, length));
      expect(openLedger(folder).kind).toBe('broken');
    }
  });

  it('when any line is dropped, doubled or swapped with the next, then it is broken', () => {
    const lines = whole.toString().trimEnd().split('\n');
    for (const [at, line] of lines.entries()) {
      const disturbed = [
        lines.toSpliced(at, 1),
        lines.toSpliced(at, 0, line),
        ...(at > 0 ? [lines.with(at, lines[at - 1] ?? '').with(at - 1, line)] : []),
      ];
      for (const other of disturbed) {
        writeFileSync(ledger, `${other.join('\n')}\n`);
        expect(openLedger(folder).kind).toBe('broken');
      }
    }
  });

  it('when any one byte of the second file is changed, then it is broken', () => {
    fc.assert(
      fc.property(fc.nat(wholeHead.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const edited = Buffer.from(wholeHead);
        edited[at] = (edited[at] ?? 0) ^ change;
        writeFileSync(head, edited);
        expect(openLedger(folder).kind).toBe('broken');
      }),
    );
  });

  it.each([
    { given: 'the ledger is removed', disturb: () => rmSync(ledger), says: /ledger\.jsonl is missing/ },
    { given: 'the second file is removed', disturb: () => rmSync(head), says: /ledger\.head is missing/ },
    { given: 'the ledger is emptied', disturb: () => truncateSync(ledger, 0), says: /shortened or rolled back/ },
    {
      given: 'another format begins',
      disturb: () => writeFileSync(ledger, whole.toString().replace('"format":1', '"format":2')),
      says: /format 2/,
    },
    {
      given: 'the second file has another format',
      disturb: () => writeFileSync(head, wholeHead.toString().replace('"format":1', '"format":2')),
      says: /format 2/,
    },
    {
      given: 'a record is added by hand',
      disturb: () => appendFileSync(ledger, '{"kind":"override"}\n'),
      says: /line 5 of the ledger is not a record/,
    },
    { given: 'a folder stands in its place', disturb: () => (rmSync(ledger), mkdirSync(ledger)), says: /not a regular file/ },
  ])('when $given, then it is broken and says so', ({ disturb, says }) => {
    disturb();
    expect(openLedger(folder)).toMatchObject({ kind: 'broken', message: expect.stringMatching(says) });
  });

  it('when a FIFO stands in its place, then it is broken at once', () => {
    rmSync(ledger);
    execFileSync('mkfifo', [ledger]);
    expect(openLedger(folder).kind).toBe('broken');
  });

  it('when the file cannot be opened, then it cannot be used, and is not empty', () => {
    rmSync(ledger);
    symlinkSync('ledger.jsonl', ledger);
    expect(() => openLedger(folder)).toThrow(Unusable);
    expect(() => openLedger(folder)).toThrow(/cannot be read \(ELOOP\)\. The administrator of this host/);
  });

  it('when it is rolled back with its chain intact and the second file is not, then it is broken', async () => {
    const shorter = whole;
    await appendEach([[{ kind: 'revoked' }]]);
    writeFileSync(ledger, shorter);
    expect(openLedger(folder)).toMatchObject({ kind: 'broken', message: expect.stringMatching(/4 records and ledger\.head says 5/) });
  });

  it('when the second file is one append behind, then it is sound, also when that append had many records', async () => {
    await appendEach([[{ kind: 'verdict' }, { kind: 'verdict' }, { kind: 'verdict' }]]);
    writeFileSync(head, wholeHead);
    expect(openSound()).toMatchObject({ head: { count: 7 }, notes: [expect.stringMatching(/interrupted/)] });
    await appendEach([[{ kind: 'next' }]]);
    expect(openSound()).toMatchObject({ head: { count: 8 }, notes: [] });
  });

  it('when the second file is two appends behind, then it is broken', async () => {
    await appendEach([[{ kind: 'one' }], [{ kind: 'two' }]]);
    writeFileSync(head, wholeHead);
    expect(openLedger(folder)).toMatchObject({ kind: 'broken', message: expect.stringMatching(/ledger\.head was rolled back/) });
  });

  it('when a crash cut off the last line, then it is left out with a note, and stays in the file until the next append', async () => {
    appendFileSync(ledger, '{"sequence":5,"previous":"');
    expect(openSound()).toMatchObject({ head: { count: 4 }, notes: [expect.stringMatching(/cut off/)] });
    expect(contents()).toEqual(batches.flat());
    expect(statSync(ledger).size).toBeGreaterThan(whole.length);
    await appendEach([[{ kind: 'next' }]]);
    expect(contents()).toEqual([...batches.flat(), { kind: 'next' }]);
    expect(openSound().notes).toEqual([]);
  });

  it('when an append was interrupted at any byte, then the ledger is sound and the next append succeeds', async () => {
    await appendEach([
      [
        { kind: 'torn', part: 1 },
        { kind: 'torn', part: 2 },
      ],
    ]);
    const longer = readFileSync(ledger);
    for (let length = whole.length; length <= longer.length; length += 7) {
      writeFileSync(ledger, longer.subarray(0, length));
      writeFileSync(head, wholeHead);
      await appendEach([[{ kind: 'next' }]]);
      expect(contents().at(-1)).toEqual({ kind: 'next' });
    }
  });

  it('when two writers opened the same ledger, then the second to write is refused and nothing is lost', async () => {
    const [first, second] = [openSound().appender(), openSound().appender()];
    await first.append([{ kind: 'first' }]);
    await expect(second.append([{ kind: 'second' }])).rejects.toThrow(Unavailable);
    expect(contents()).toEqual([...batches.flat(), { kind: 'first' }]);
  });
});
