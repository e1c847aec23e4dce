import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDerived, writeDerived } from '../../src/ledger/derived.ts';

const head = { count: 7, hash: 'a'.repeat(64) };
const text = 'línea\n{"grants":[1,2]}\n';

describe('given a cache of what was derived from a ledger', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-derived-'));
    writeDerived(folder, head, 'build 1', text, 'state');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('when the same build reads it for the same head, then the text is given', async () => {
    expect(readDerived(folder, head, 'build 1', 'state')).toBe(text);
    expect(statSync(join(folder, 'ledger.derived')).mode & 0o777).toBe(0o600);
  });

  it.each([
    { given: 'another hash', at: { ...head, hash: 'b'.repeat(64) }, build: 'build 1' },
    { given: 'another count', at: { ...head, count: 8 }, build: 'build 1' },
    { given: 'another build', at: head, build: 'build 2' },
  ])('when it is read for $given, then there is none', async ({ at, build }) => {
    expect(readDerived(folder, at, build, 'state')).toBeUndefined();
  });

  it('when any one byte of it is changed, or its end is missing, then there is none', async () => {
    const path = join(folder, 'ledger.derived');
    const whole = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const edited = Buffer.from(whole);
        edited[at] = (edited[at] ?? 0) ^ change;
        writeFileSync(path, edited);
        expect(readDerived(folder, head, 'build 1', 'state')).toBeUndefined();
        writeFileSync(path, whole.subarray(0, at));
        expect(readDerived(folder, head, 'build 1', 'state')).toBeUndefined();
      }),
    );
  });

  it('when it was never written, then there is none', async () => {
    expect(readDerived(join(folder, 'elsewhere'), head, 'build 1', 'state')).toBeUndefined();
  });
});
