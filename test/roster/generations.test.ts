import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepGeneration, readGeneration } from '../../src/roster/generations.ts';
import { parseRosterName } from '../../src/names.ts';
import { Unavailable } from '../../src/errors.ts';

const name = parseRosterName('steward') ?? expect.unreachable();
const bytes = Buffer.from('hoo\nmelos\n');
const digest = createHash('sha256').update(bytes).digest('hex');

describe('given an accepted list', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-generations-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('when it is kept, then it is read back, for its owner only, and nothing else is left there', async () => {
    await keepGeneration(folder, name, digest, bytes);
    await keepGeneration(folder, name, digest, bytes);
    expect(await readGeneration(folder, name, digest)).toEqual({ kind: 'kept', bytes });
    expect(readdirSync(join(folder, 'rosters', 'steward'))).toEqual([digest]);
    expect(statSync(join(folder, 'rosters', 'steward', digest)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'rosters')).mode & 0o777).toBe(0o700);
  });

  it('when it was never kept, then it is missing', async () => {
    expect(await readGeneration(folder, name, digest)).toEqual({ kind: 'missing' });
  });

  it('when its file was changed, then it is damaged, and keeping it again mends it', async () => {
    await keepGeneration(folder, name, digest, bytes);
    writeFileSync(join(folder, 'rosters', 'steward', digest), 'mallory\n');
    expect(await readGeneration(folder, name, digest)).toEqual({ kind: 'damaged' });
    await keepGeneration(folder, name, digest, bytes);
    expect(await readGeneration(folder, name, digest)).toMatchObject({ kind: 'kept' });
  });

  it('when the digest is of other bytes, or no digest, then it is a mistake of the caller', async () => {
    await expect(keepGeneration(folder, name, 'a'.repeat(64), bytes)).rejects.toThrow(TypeError);
    await expect(readGeneration(folder, name, '../../secret')).rejects.toThrow(TypeError);
  });

  it('when the folder cannot be made, then it is unavailable', async () => {
    writeFileSync(join(folder, 'rosters'), '');
    await expect(keepGeneration(folder, name, digest, bytes)).rejects.toThrow(Unavailable);
  });
});
