// The files of this host as a checkup looks at them: kind, mode, owner, and room on the disk. Opens nothing and writes nothing.
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../errors.ts';
import type { PathMode } from './doctor-host.ts';
import type { Answer } from './doctor.ts';

/** stat(2), links followed. Refused: it is not there, or this account may not look. */
export async function readMode(path: string): Promise<Answer<PathMode>> {
  try {
    const found = statSync(path);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
    return { kind: 'known', value: { path, kind, mode: found.mode & 0o7777, owner: found.uid } };
  } catch (error) {
    return { kind: 'refused', reason: `${path} cannot be looked at (${errnoOf(error)})` };
  }
}

/** access(2), for this process. */
export async function isWritable(path: string): Promise<boolean> {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined: this account may read it; otherwise what is wrong, in words. */
export async function readingProblem(path: string): Promise<string | undefined> {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return `${path} cannot be read (${errnoOf(error)})`;
  }
}

/** Undefined: this account may put the file in place of the one that is there; otherwise what is wrong, in words. */
export async function writingProblem(path: string): Promise<string | undefined> {
  const folder = await readMode(dirname(path));
  if (folder.kind !== 'known' || folder.value.kind !== 'folder') return `${dirname(path)} is not there, or no folder`;
  const there = await readMode(path);
  if (there.kind === 'known' && there.value.kind !== 'file') return `${path} is no file`;
  return (await isWritable(dirname(path))) ? undefined : `this account may not write in ${dirname(path)}`;
}

/** Whether a file is not there, or was written before the other one was. */
export function isBehind(path: string, other: string): boolean {
  return writtenAt(path) < writtenAt(other) || writtenAt(path) === -Infinity;
}

/** Milliseconds; of nothing, or of what may not be looked at, before all time. */
function writtenAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return -Infinity;
  }
}

/** Bytes that an ordinary account may still write there (statvfs(3), f_bavail). */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
