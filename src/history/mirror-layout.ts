// What a mirror looks like on disk. It is made by hand and not by `git init`, so that every file in it is known: whatever else stands
// there was put there by somebody, could make git run or believe something, and costs the mirror its place.
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { errnoOf, Unusable } from '../errors.ts';
import { parseCommitId, type CommitId } from '../names.ts';

/** The branch of the server as last fetched. */
export const branchRef = 'refs/muster/branch';

export const headFile = `ref: ${branchRef}\n`;

/**
 * Leaves a mirror of `url` in `folder` and says what had to be thrown away for it. Call it under muster's lock: locks of git found here are stale.
 * Throws Unusable, with the errno and who mends it, where the folder can be neither used nor made anew.
 */
export function prepareMirror(folder: string, url: string): string[] {
  try {
    return prepare(folder, url);
  } catch (error) {
    throw new Unusable(
      `the mirror ${folder} can be neither read nor made (${errnoOf(error)}). The administrator of this host sees to it that ${dirname(folder)} is a folder ` +
        'in which the account that runs muster may make and remove folders, on a disk with room; the mirror itself may be removed at any time, it is fetched anew',
      { cause: error },
    );
  }
}

function prepare(folder: string, url: string): string[] {
  const wanted = new Map([
    ['HEAD', headFile],
    ['config', renderConfiguration(url)],
  ]);
  const foreign = findForeign(folder, wanted);
  if (foreign === undefined) return [];
  makeRepository(folder, wanted);
  return foreign === 'nothing there' ? [] : [`the mirror ${folder} was removed and made anew: ${foreign}`];
}

/** A bare one with these files, in the place of whatever is there. */
export function makeRepository(folder: string, files: ReadonlyMap<string, string>): void {
  removeMirror(folder);
  for (const part of ['objects/info', 'objects/pack', 'refs']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  for (const [name, content] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  }
}

/** The tip as last fetched, without a process. */
export function readTip(folder: string): CommitId | undefined {
  return readRef(folder, branchRef);
}

/** One line with a commit; git names no commit by zeros. */
export function readRef(folder: string, ref: string): CommitId | undefined {
  const [, id] = /^([0-9a-f]{40})\n$/.exec(readIfThere(join(folder, ref)) ?? '') ?? [];
  return id === undefined || id === '0'.repeat(40) ? undefined : parseCommitId(id);
}

/** Also what nobody may enter, as long as it is of this account. */
export function removeMirror(folder: string): void {
  openUp(folder);
  rmSync(folder, { recursive: true, force: true });
}

function openUp(path: string): void {
  const kind = kindOf(path);
  if (!kind?.isDirectory()) return;
  if ((kind.mode & 0o700) !== 0o700) chmodSync(path, 0o700);
  for (const name of readdirSync(path)) openUp(join(path, name));
}

/**
 * What is damaged in a mirror that looks like one, in words; undefined where every byte of it is as it was written. A pack and its index end with
 * the SHA-1 of what stands before, and have the name of the pack's (gitformat-pack(5)): git itself looks at that only when it makes them.
 */
export function findDamage(folder: string): string | undefined {
  const names = readNames(folder, 'objects', 'pack');
  for (const name of names) {
    const file = join(folder, 'objects', 'pack', name);
    const [, sum, kind] = /^pack-([0-9a-f]{40})\.(pack|idx)$/.exec(name) ?? [];
    if (sum === undefined) return `${JSON.stringify(name)} does not belong among its packs`;
    if (!names.includes(`pack-${sum}.${kind === 'pack' ? 'idx' : 'pack'}`)) return `one half of its pack ${sum} was missing`;
    const trailer = readTrailer(file);
    if (!trailer.isSound || (kind === 'pack' ? trailer.sum : trailer.packSum) !== sum) return `its file ${name} was damaged`;
  }
  return undefined;
}

/** In bytes. */
const sumLength = 20;
const readAtOnce = 1024 * 1024;

/** The sum that a file ends with, what stands before that, and whether it is the sum of all before it. */
function readTrailer(file: string): { readonly sum: string; readonly packSum: string; readonly isSound: boolean } {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha1');
    const buffer = Buffer.alloc(readAtOnce);
    let held: Buffer = Buffer.alloc(0);
    for (let length = readSync(descriptor, buffer); length > 0; length = readSync(descriptor, buffer)) {
      held = Buffer.concat([held, buffer.subarray(0, length)]);
      const before = Math.max(0, held.length - 2 * sumLength);
      hash.update(held.subarray(0, before));
      held = held.subarray(before);
    }
    const sum = held.toString('hex', held.length - sumLength);
    const packSum = held.toString('hex', 0, held.length - sumLength);
    return { sum, packSum, isSound: hash.update(held.subarray(0, held.length - sumLength)).digest('hex') === sum };
  } finally {
    closeSync(descriptor);
  }
}

export function renderConfiguration(url: string): string {
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
  if (!mayUse(folder)) return 'it could not be used';
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
  for (const name of ['.', 'objects/pack', 'refs', 'refs/muster']) {
    if (kindOf(join(folder, name)) && !mayUse(join(folder, name))) return `its ${name} could not be used`;
  }
  const strangers = [
    ...namesBeside(names, [...wanted.keys(), 'objects', 'refs']),
    ...namesBeside(readNames(folder, 'objects'), ['info', 'pack']).map((name) => `objects/${name}`),
    ...namesBeside(readNames(folder, 'objects', 'info'), []).map((name) => `objects/info/${name}`),
    ...namesBeside(readNames(folder, 'refs'), ['muster']).map((name) => `refs/${name}`),
    ...namesBeside(readNames(folder, 'refs', 'muster'), ['branch']).map((name) => `refs/muster/${name}`),
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

function mayUse(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return kindOf(folder)?.isDirectory() === true;
  } catch {
    return false;
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
  for (const place of ['.', 'refs', 'refs/muster']) {
    const locks = readNames(folder, place).filter((name) => name.endsWith('.lock'));
    for (const lock of locks) rmSync(join(folder, place, lock), { recursive: true, force: true });
  }
  const halfPacks = readNames(folder, 'objects', 'pack').filter((name) => name.startsWith('tmp_') || /\.(?:keep|rev)$/.test(name));
  for (const pack of halfPacks) rmSync(join(folder, 'objects', 'pack', pack), { recursive: true, force: true });
}

/** A power cut can leave a ref without its content. */
function isTorn(folder: string): boolean {
  return kindOf(join(folder, branchRef)) !== undefined && readTip(folder) === undefined;
}

function readIfThere(file: string): string | undefined {
  // A FIFO would make the reader wait, a link lead it elsewhere.
  if (!kindOf(file)?.isFile()) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // As good as none: what stands there is not what muster wrote.
    return undefined;
  }
}
