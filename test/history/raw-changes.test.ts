import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { nulRecords } from '../../src/history/nul-records.ts';
import { digestOfChanges, readRawChanges } from '../../src/history/raw-changes.ts';
import type { PathChange } from '../../src/history/landing.ts';
import { Unusable } from '../../src/errors.ts';
import { blobId } from './mirrors.ts';

const side = fc.record({
  mode: fc.constantFrom('100644', '100755', '120000'),
  blob: fc.constantFrom('a', 'b', 'c').map((digit) => blobId(digit.repeat(40))),
});
const changeLists: fc.Arbitrary<PathChange[]> = fc.uniqueArray(
  fc.record({ path: fc.string({ minLength: 1, maxLength: 3 }).filter((path) => !path.includes('\0')), before: side, after: side }),
  { selector: ({ path }) => path, maxLength: 6 },
);

describe('given the digest of a change', () => {
  it('when the order of its paths is another, then the digest is the same', () => {
    fc.assert(
      fc.property(changeLists, (changes) => {
        expect(digestOfChanges(changes.toReversed())).toBe(digestOfChanges(changes));
      }),
    );
  });

  it('when two changes differ in anything, then so do their digests', () => {
    const sorted = (changes: readonly PathChange[]): string => JSON.stringify(changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
    const similar = changeLists.chain((changes) =>
      fc.tuple(
        fc.constant(changes),
        fc.oneof(
          changeLists,
          fc.constant(changes.slice(1)),
          fc.constant(changes.map(({ path, after }, index) => (index === 0 && after ? { path, after } : { path }))),
          side.map((after) => changes.map((change, index) => (index === 0 ? { ...change, after } : change))),
        ),
      ),
    );
    fc.assert(
      fc.property(similar, ([one, other]) => {
        expect(digestOfChanges(one) === digestOfChanges(other)).toBe(sorted(one) === sorted(other));
      }),
    );
  });
});

describe("given git's raw records", () => {
  const entry = `:100644 000000 ${'a'.repeat(40)} ${'0'.repeat(40)} D`;

  it('when a file went, then there is nothing after', () => {
    expect(readRawChanges([entry, 'policy/a.yaml'])).toEqual([{ path: 'policy/a.yaml', before: { mode: '100644', blob: 'a'.repeat(40) } }]);
  });

  it.each([{ records: [entry] }, { records: ['policy/a.yaml', entry] }, { records: [`${entry}100`, 'a', 'b'] }])(
    'when they are $records, then they are not half read',
    ({ records }) => {
      expect(() => readRawChanges(records)).toThrow(Unusable);
    },
  );

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
});

async function* cutAt(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const length of lengths) {
    yield bytes.subarray(start, start + length);
    start += length;
  }
  yield bytes.subarray(start);
}
