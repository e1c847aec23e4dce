// Room that is set aside in the state folder, and given back in pieces once its disk is full: so that ends, endorsed removals and revocations
// can be recorded then.
import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, fsyncSync, openSync, statfsSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, isDiskFull, stateFailure } from '../errors.ts';

const whole = 256 * 1024;
const piece = 32 * 1024;

function pathIn(folder: string): string {
  return join(folder, 'reserve');
}

/** Makes the reserve whole where there is room for much more than that. Gives what is wrong with the disk, if something is. */
export function setAside(folder: string): Error | undefined {
  try {
    accessSync(folder, constants.W_OK);
    if (freeIn(folder) > 4 * whole) fill(pathIn(folder));
    if (freeIn(folder) >= whole) return undefined;
    return stateFailure(
      'ledger',
      folder,
      'the disk of the state folder is full: nobody is added',
      Object.assign(new Error('full'), { code: 'ENOSPC' }),
    );
  } catch (error) {
    return stateFailure('ledger', folder, 'nothing can be recorded in the state folder: nobody is added', error);
  }
}

/** Bytes that an ordinary account may still write there (statvfs(3), f_bavail). */
export function freeIn(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes that no file system stores as a hole, or smaller. */
function fill(path: string): void {
  const missing = whole - sizeOf(path);
  if (missing <= 0) return;
  const file = openSync(path, 'a', 0o600);
  try {
    writeSync(file, randomBytes(missing));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Does it; where the disk is full, with a piece of the reserve after the other. Throws what the last try threw. */
export async function withReserve<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error) || !giveBack(pathIn(folder))) throw error;
    }
  }
}

/** False: nothing is left of it. */
function giveBack(path: string): boolean {
  try {
    const left = sizeOf(path) - piece;
    if (left < 0) return false;
    truncateSync(path, left);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EROFS') return false;
    throw error;
  }
}
