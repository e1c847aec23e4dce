import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { freeIn } from '../../src/chain/reserve.ts';
import { isWritable, readingProblem, readMode } from '../../src/doctor/host-facts.ts';
import { writeNewFiles } from '../../src/adopt/adopt-command.ts';
import { Misuse } from '../../src/errors.ts';
import { inNewFolder } from '../support/new-folder.ts';

let folder: string;
beforeEach(() => inNewFolder((made) => (folder = made)));

describe('given files of this host', () => {
  it('when their modes are asked for, then kind and bits are told', () => {
    const file = join(folder, 'x');
    writeFileSync(file, '');
    chmodSync(file, 0o640);
    expect(readMode(file)).toMatchObject({ kind: 'known', value: { path: file, kind: 'file', mode: 0o640 } });
    expect(readMode(folder)).toMatchObject({ value: { kind: 'folder', mode: 0o700 } });
    expect(readMode('/dev/null')).toMatchObject({ value: { kind: 'other' } });
    expect(readMode(join(folder, 'y'))).toEqual({ kind: 'refused', reason: expect.stringContaining('ENOENT') });
  });

  it('when what this process may do is asked for, then it is told and nothing is made', () => {
    expect(isWritable(folder)).toBe(true);
    expect(isWritable(join(folder, 'y'))).toBe(false);
    expect(readingProblem(folder)).toBeUndefined();
    expect(readingProblem(join(folder, 'y'))).toContain('ENOENT');
    expect(freeIn(folder)).toBeGreaterThan(0);
    expect(existsSync(join(folder, 'y'))).toBe(false);
  });
});

describe('given new files to write', () => {
  const files = [
    { path: 'a/b/one.yaml', text: 'one\n' },
    { path: 'a/two.yaml', text: 'two\n' },
  ];

  it('when none of them is there, then all are, with the folders they need', async () => {
    await writeNewFiles(join(folder, 'new'), files);
    for (const { path, text } of files) expect(readFileSync(join(folder, 'new', path), 'utf8')).toBe(text);
  });

  it.each([
    { given: 'a file', put: (path: string) => writeFileSync(path, 'mine') },
    { given: 'a link to nowhere', put: (path: string) => symlinkSync('/nonexistent', path) },
    { given: 'a folder', put: (path: string) => mkdirSync(path) },
  ])('when $given is in the way of the second, then not even the first is written', async ({ put }) => {
    mkdirSync(join(folder, 'a'));
    put(join(folder, 'a', 'two.yaml'));
    await expect(writeNewFiles(folder, files)).rejects.toThrow(Misuse);
    expect(existsSync(join(folder, 'a', 'b'))).toBe(false);
  });

  it('when a file stands where a folder must be, then it is a misuse', async () => {
    writeFileSync(join(folder, 'a'), '');
    await expect(writeNewFiles(folder, files)).rejects.toThrow(/ENOTDIR/);
  });
});
