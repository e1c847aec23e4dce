import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inParts } from '../../src/ledger/state.ts';

const megabyte = 1024 * 1024;

describe('given records to append', () => {
  it('when they are cut into parts, then none is lost or moved, and no part is too large unless one record alone is', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 10 * megabyte }));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 12 }), (sizes) => {
        const parts = [...inParts(sizes, (length) => ({ text: 'x'.repeat(length) }))];
        expect(parts.flat()).toEqual(sizes);
        for (const part of parts) {
          if (part.length > 1) expect(part.reduce((sum, length) => sum + length, 0)).toBeLessThan(8 * megabyte);
          expect(part).not.toHaveLength(0);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('when they are many, then no part has more than a thousand', () => {
    const parts = [
      ...inParts(
        Array.from({ length: 2_500 }, (_, index) => index),
        (number) => ({ number }),
      ),
    ];
    expect(parts.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  });
});
