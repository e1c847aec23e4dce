import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nulRecords } from '../../src/history/read-landings.ts';

describe('given records that each end with NUL', () => {
  it('when they come in pieces cut anywhere, then they are the same records', async () => {
    const pieces = fc.tuple(fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))), fc.array(fc.nat(20)));
    await fc.assert(
      fc.asyncProperty(pieces, async ([texts, cuts]) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\0`).join(''), 'utf8');
        const records: string[] = [];
        for await (const some of nulRecords(cutAt(bytes, cuts))) records.push(...some);
        expect(records).toEqual(texts.map((text) => Buffer.from(text, 'utf8').toString('utf8')));
      }),
    );
  });

  it('when one is longer than can be held, then its beginning is given, and the next one whole', async () => {
    const long = 'x'.repeat(1_000_000);
    const bytes = Buffer.from(`a\0${long}\0b\0`);
    for (const cuts of [[], [2, 64 * 1024, 100_000], Array.from({ length: 100 }, () => 9_999)]) {
      const records: string[] = [];
      for await (const some of nulRecords(cutAt(bytes, cuts))) records.push(...some);
      expect(
        records.map((record) => record.length < 2 || (long.startsWith(record) && record.length >= 65_536 && record.length < 250_000)),
      ).toEqual([true, true, true]);
      expect([records[0], records[2]]).toEqual(['a', 'b']);
    }
  });
});

async function* cutAt(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const length of lengths) {
    yield bytes.subarray(start, start + length);
    start += length;
  }
  yield bytes.subarray(start);
}
