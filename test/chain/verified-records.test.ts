import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLedger, type SoundLedger } from '../../src/chain/open.ts';
import { Unusable } from '../../src/errors.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
beforeEach(() => inNewFolder((made) => (folder = made)));

function openSound(): SoundLedger {
  const opened = openLedger(folder);
  if (opened.kind === 'broken') throw new Error(opened.message);
  return opened;
}

describe('given a sound ledger', () => {
  it('when it grows after it was opened, then its records are those up to its head', async () => {
    await openSound()
      .appender()
      .append([{ kind: 'first' }]);
    const opened = openSound();
    await openSound()
      .appender()
      .append([{ kind: 'second' }]);
    expect([...opened.records()]).toMatchObject([{ sequence: 1, json: '{"kind":"first"}' }]);
    expect([...openSound().records()]).toMatchObject([{ sequence: 1 }, { sequence: 2, json: '{"kind":"second"}' }]);
  });

  it.each([
    { given: 'a line in the middle is changed', disturb: (whole: string) => whole.replace('intent', 'Intent'), gives: [1, 2] },
    { given: 'the last line is changed', disturb: (whole: string) => whole.replace('outcome', 'Outcome'), gives: [1, 2] },
    { given: 'the last line is removed', disturb: (whole: string) => whole.split('\n').slice(0, 2).join('\n') + '\n', gives: [1, 2] },
    { given: 'the file is emptied', disturb: () => '', gives: [] },
  ])('when $given after it was opened, then reading stops there and says so', async ({ disturb, gives }) => {
    await openSound()
      .appender()
      .append([{ kind: 'verdict' }, { kind: 'intent' }, { kind: 'outcome' }]);
    const opened = openSound();
    const path = join(folder, 'ledger.jsonl');
    writeFileSync(path, disturb(readFileSync(path, 'utf8')));
    const read: number[] = [];
    expect(() => {
      for (const record of opened.records()) read.push(record.sequence);
    }).toThrow(Unusable);
    expect(read).toEqual(gives);
  });
});

describe('given a ledger of ten megabytes', () => {
  beforeEach(async () => {
    const appender = openSound().appender();
    const text = 'x'.repeat(900);
    for (let round = 0; round < 10; round++)
      await appender.append(Array.from({ length: 1000 }, (_, part) => ({ kind: 'outcome', part, text })));
  });

  it('when only its first record is wanted, then the rest is not read', () => {
    const opened = openSound();
    expect(opened.head.count).toBe(10_000);
    const path = join(folder, 'ledger.jsonl');
    truncateSync(path, statSync(path).size / 2);
    const [first] = opened.records();
    expect(first?.sequence).toBe(1);
    expect(first?.json).toMatch(/^\{"kind":"outcome","part":0,/);
    expect(() => [...opened.records()]).toThrow(Unusable);
  });
});
