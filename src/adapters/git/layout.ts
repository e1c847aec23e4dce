// What a mirror looks like on disk. It is made by hand and not by `git init`, so that every file in it is known: whatever else stands
// there was put there by somebody, could make git run or believe something, and costs the mirror its place.
import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseCommitId, type CommitId } from '../../domain/names.ts';

/** The branch of the server as last fetched. */
export const branchRef = 'refs/muster/branch';

/** Commits fetched by their ids stand here, so that they stay. */
export const keptRefs = 'refs/muster/kept';

const headFile = `ref: ${branchRef}\n`;

/** Leaves a mirror of `url` in `folder` and says what had to be thrown away for it. Call it under muster's lock: locks of git found here are stale. */
export async function prepareMirror(folder: string, url: string): Promise<string[]> {
  const wanted = new Map([
    ['HEAD', headFile],
    ['config', renderConfiguration(url)],
  ]);
  const foreign = await findForeign(folder, wanted);
  if (foreign === undefined) return [];
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'objects', 'info'), { recursive: true, mode: 0o700 });
  await mkdir(join(folder, 'objects', 'pack'));
  await mkdir(join(folder, 'refs'));
  for (const [name, content] of wanted) await writeFile(join(folder, name), content, { mode: 0o600 });
  return foreign === 'nothing there' ? [] : [`the mirror ${folder} was removed and made anew: ${foreign}`];
}

/** The tip as last fetched, without a process. */
export async function readTip(folder: string): Promise<CommitId | undefined> {
  const text = await readIfThere(join(folder, branchRef));
  return text === undefined ? undefined : parseCommitId(text.trimEnd());
}

function renderConfiguration(url: string): string {
  const quoted = url.replaceAll(/["\\]/g, String.raw`\$&`);
  return `[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote "origin"]\n\turl = "${quoted}"\n`;
}

/** What is wrong with the mirror, in words; undefined when nothing is. */
async function findForeign(folder: string, wanted: ReadonlyMap<string, string>): Promise<string | undefined> {
  const mirror = await lstat(folder).catch(() => undefined);
  if (mirror === undefined) return 'nothing there';
  if (!mirror.isDirectory()) return 'it was no folder';
  const names = await readdir(folder);
  if (names.length === 0) return 'nothing there';
  for (const [name, content] of wanted) {
    const found = await readIfThere(join(folder, name));
    if (found !== content) return `its file ${name} was not as muster writes it`;
  }
  for (const name of ['objects', 'objects/info', 'objects/pack', 'refs']) {
    const kind = await lstat(join(folder, name)).catch(() => undefined);
    if (!kind?.isDirectory()) return `its ${name} was no folder`;
  }
  const strangers = [
    ...namesBeside(names, [...wanted.keys(), 'objects', 'refs']),
    ...namesBeside(await readNames(folder, 'objects', 'info'), []).map((name) => `objects/info/${name}`),
    ...namesBeside(await readNames(folder, 'refs'), ['muster']).map((name) => `refs/${name}`),
    ...namesBeside(await readNames(folder, 'refs', 'muster'), ['branch', 'kept']).map((name) => `refs/muster/${name}`),
  ];
  await removeStaleLocks(folder);
  const [stranger] = strangers;
  if (stranger !== undefined) return `${JSON.stringify(stranger)} does not belong there`;
  return (await isTorn(folder)) ? `its ${branchRef} was damaged` : undefined;
}

function namesBeside(names: readonly string[], expected: readonly string[]): string[] {
  return names.filter((name) => !name.endsWith('.lock') && !expected.includes(name)).sort();
}

async function readNames(...path: string[]): Promise<string[]> {
  return readdir(join(...path)).catch(() => []);
}

/** A git that was killed leaves its lock behind, and no later one would get past it. */
async function removeStaleLocks(folder: string): Promise<void> {
  for (const place of ['.', 'refs', 'refs/muster', keptRefs]) {
    const locks = (await readNames(folder, place)).filter((name) => name.endsWith('.lock'));
    for (const lock of locks) await rm(join(folder, place, lock), { recursive: true, force: true });
  }
  const halfPacks = (await readNames(folder, 'objects', 'pack')).filter((name) => name.startsWith('tmp_'));
  for (const pack of halfPacks) await rm(join(folder, 'objects', 'pack', pack), { recursive: true, force: true });
}

/** A power cut can leave a ref without its content. */
async function isTorn(folder: string): Promise<boolean> {
  return (await readIfThere(join(folder, branchRef))) !== undefined && (await readTip(folder)) === undefined;
}

async function readIfThere(file: string): Promise<string | undefined> {
  const kind = await lstat(file).catch(() => undefined);
  // A FIFO would make the reader wait, a link lead it elsewhere.
  return kind?.isFile() ? readFile(file, 'utf8') : undefined;
}
