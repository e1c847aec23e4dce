// What a mirror looks like on disk. It is made by hand and not by `git init`, so that every file in it is known: whatever else stands
// there was put there by somebody, could make git run or believe something, and costs the mirror its place.
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { parseCommitId, type CommitId } from '../names.ts';

/** The branch of the server as last fetched. */
export const branchRef = 'refs/muster/branch';

/** Commits fetched by their ids stand here, so that they stay. */
export const keptRefs = 'refs/muster/kept';

const headFile = `ref: ${branchRef}\n`;

/** Leaves a mirror of `url` in `folder` and says what had to be thrown away for it. Call it under muster's lock: locks of git found here are stale. */
export function prepareMirror(folder: string, url: string): string[] {
  const wanted = new Map([
    ['HEAD', headFile],
    ['config', renderConfiguration(url)],
  ]);
  const foreign = findForeign(folder, wanted);
  if (foreign === undefined) return [];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'objects', 'info'), { recursive: true, mode: 0o700 });
  mkdirSync(join(folder, 'objects', 'pack'));
  mkdirSync(join(folder, 'refs'));
  for (const [name, content] of wanted) writeFileSync(join(folder, name), content, { mode: 0o600 });
  return foreign === 'nothing there' ? [] : [`the mirror ${folder} was removed and made anew: ${foreign}`];
}

/** The tip as last fetched, without a process. */
export function readTip(folder: string): CommitId | undefined {
  const text = readIfThere(join(folder, branchRef));
  return text === undefined ? undefined : parseCommitId(text.trimEnd());
}

function renderConfiguration(url: string): string {
  const quoted = url.replaceAll(/["\\]/g, String.raw`\$&`);
  return `[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote "origin"]\n\turl = "${quoted}"\n`;
}

/** The repository that a configuration of muster's own names. */
function urlIn(configuration: string): string | undefined {
  const url = /\n\turl = "(.*)"\n$/.exec(configuration)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  return url !== undefined && renderConfiguration(url) === configuration ? url : undefined;
}

/** A repository's address, fit to be shown. */
export function shownUrl(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1').replaceAll(/[^\x20-\x7e]/g, '?');
}

/** What is wrong with the mirror, in words; undefined when nothing is. */
function findForeign(folder: string, wanted: ReadonlyMap<string, string>): string | undefined {
  const mirror = kindOf(folder);
  if (mirror === undefined) return 'nothing there';
  if (!mirror.isDirectory()) return 'it was no folder';
  const names = readdirSync(folder);
  if (names.length === 0) return 'nothing there';
  for (const [name, content] of wanted) {
    const found = readIfThere(join(folder, name));
    if (found === content) continue;
    const former = found === undefined || name !== 'config' ? undefined : urlIn(found);
    return former === undefined
      ? `its file ${name} was not as muster writes it`
      : `it was of ${shownUrl(former)}, and repository.url names another repository now`;
  }
  for (const name of ['objects', 'objects/info', 'objects/pack', 'refs']) {
    if (!kindOf(join(folder, name))?.isDirectory()) return `its ${name} was no folder`;
  }
  const strangers = [
    ...namesBeside(names, [...wanted.keys(), 'objects', 'refs']),
    ...namesBeside(readNames(folder, 'objects', 'info'), []).map((name) => `objects/info/${name}`),
    ...namesBeside(readNames(folder, 'refs'), ['muster']).map((name) => `refs/${name}`),
    ...namesBeside(readNames(folder, 'refs', 'muster'), ['branch', 'kept']).map((name) => `refs/muster/${name}`),
  ];
  removeStaleLocks(folder);
  const [stranger] = strangers;
  if (stranger !== undefined) return `${JSON.stringify(stranger)} does not belong there`;
  return isTorn(folder) ? `its ${branchRef} was damaged` : undefined;
}

function namesBeside(names: readonly string[], expected: readonly string[]): string[] {
  return names.filter((name) => !name.endsWith('.lock') && !expected.includes(name)).sort();
}

function readNames(...path: string[]): string[] {
  try {
    return readdirSync(join(...path));
  } catch {
    return [];
  }
}

/** Undefined where nothing can be looked at. Links are not followed. */
function kindOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** A git that was killed leaves its lock behind, and no later one would get past it. */
function removeStaleLocks(folder: string): void {
  for (const place of ['.', 'refs', 'refs/muster', keptRefs]) {
    const locks = readNames(folder, place).filter((name) => name.endsWith('.lock'));
    for (const lock of locks) rmSync(join(folder, place, lock), { recursive: true, force: true });
  }
  const halfPacks = readNames(folder, 'objects', 'pack').filter((name) => name.startsWith('tmp_'));
  for (const pack of halfPacks) rmSync(join(folder, 'objects', 'pack', pack), { recursive: true, force: true });
}

/** A power cut can leave a ref without its content. */
function isTorn(folder: string): boolean {
  return readIfThere(join(folder, branchRef)) !== undefined && readTip(folder) === undefined;
}

function readIfThere(file: string): string | undefined {
  // A FIFO would make the reader wait, a link lead it elsewhere.
  return kindOf(file)?.isFile() ? readFileSync(file, 'utf8') : undefined;
}
