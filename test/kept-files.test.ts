import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishFile } from '../src/kept-files.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'published-'));
  file = join(folder, 'muster.prom');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('given a folder that another account may write in too', () => {
  it('when that account has planted a link where the unfinished file goes, then its target keeps content and mode', async () => {
    const token = join(folder, 'token');
    await writeFile(token, 'a secret\n', { mode: 0o600 });
    await symlink(token, `${file}.new`);

    publishFile(file, 'a metric\n', `${file}.new`);

    expect([await readFile(token, 'utf8'), (await stat(token)).mode & 0o777]).toEqual(['a secret\n', 0o600]);
    expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual(['a metric\n', 0o644]);
    expect((await readdir(folder)).sort()).toEqual(['muster.prom', 'token']);
  });

  it('when the file itself is a link, then the link is replaced and its target kept', async () => {
    const target = join(folder, 'elsewhere');
    await writeFile(target, 'kept\n');
    await symlink(target, file);
    publishFile(file, 'a metric\n', `${file}.new`);
    expect([await readFile(target, 'utf8'), await readFile(file, 'utf8')]).toEqual(['kept\n', 'a metric\n']);
  });

  it('when a killed run left half a file, then it is replaced', async () => {
    await writeFile(`${file}.new`, 'half');
    publishFile(file, 'whole\n', `${file}.new`);
    expect([await readFile(file, 'utf8'), await readdir(folder)]).toEqual(['whole\n', ['muster.prom']]);
  });

  it('when the folder is not there, then that is thrown', () => {
    expect(() => publishFile(join(folder, 'none', 'x'), 'text', join(folder, 'none', 'x.new'))).toThrow('ENOENT');
  });
});
