// `ledger.head`: how far the ledger went when its last append was finished. Without it a ledger that was rolled back,
// its chain intact, could not be told from a whole one.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Broken, Head } from './chain.ts';

export type KnownHead = { readonly kind: 'known'; readonly head: Head } | { readonly kind: 'absent' } | Broken;

function pathOf(folder: string): string {
  return join(folder, 'ledger.head');
}

/** Throws what the file system throws, but for a file that is not there. */
export function readHead(folder: string): KnownHead {
  const text = readIfThere(pathOf(folder));
  if (text === undefined) return { kind: 'absent' };
  const [, format, count, hash] = /^\{"format":(\d{1,9}),"count":(\d{1,15}),"hash":"([0-9a-f]{64})"\}\n$/.exec(text) ?? [];
  if (count === undefined || hash === undefined) return { kind: 'broken', message: 'ledger.head is damaged' };
  if (format !== '1')
    return { kind: 'broken', message: `ledger.head has format ${format}, and this version of muster knows format 1 only` };
  return { kind: 'known', head: { count: Number(count), hash } };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the next head beside the present one. A full disk shows here, before anything has changed. */
export function prepareHead(folder: string, head: Head): void {
  const file = openSync(`${pathOf(folder)}.new`, 'w', 0o600);
  try {
    writeFileSync(file, `{"format":1,"count":${head.count},"hash":"${head.hash}"}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Puts the prepared head in the place of the present one, in one step (rename(2)). */
export function replaceHead(folder: string): void {
  renameSync(`${pathOf(folder)}.new`, pathOf(folder));
}

/** Makes names in the folder last: a rename is durable once the folder itself is on disk (fsync(2)). */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
