// `ledger.head`: how far the ledger went when its last append was finished. Without it a ledger that was rolled back,
// its chain intact, could not be told from a whole one.
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { writeDurably } from '../kept-files.ts';
import type { Broken, Head } from './chain.ts';

export type KnownHead = { readonly kind: 'known'; readonly head: Head } | { readonly kind: 'absent' } | Broken;

/** The two chains of muster: converging's, and judging's, which the account of converging may read. */
export type ChainName = 'ledger' | 'record';

export function modeOf(name: ChainName): number {
  return name === 'record' ? 0o640 : 0o600;
}

function pathOf(folder: string, name: ChainName): string {
  return join(folder, `${name}.head`);
}

/** Throws what the file system throws, but for a file that is not there. */
export function readHead(folder: string, name: ChainName): KnownHead {
  const text = readIfThere(pathOf(folder, name));
  if (text === undefined) return { kind: 'absent' };
  const [, format, count, hash] = /^\{"format":(\d{1,9}),"count":(\d{1,15}),"hash":"([0-9a-f]{64})"\}\n$/.exec(text) ?? [];
  if (count === undefined || hash === undefined) return { kind: 'broken', message: `${name}.head is damaged` };
  if (format !== '1')
    return { kind: 'broken', message: `${name}.head has format ${format}, and this version of muster knows format 1 only` };
  return { kind: 'known', head: { count: Number(count), hash } };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes the next head beside the present one. A full disk shows here, before anything has changed. */
export function prepareHead(folder: string, name: ChainName, head: Head): void {
  writeDurably(`${pathOf(folder, name)}.new`, `{"format":1,"count":${head.count},"hash":"${head.hash}"}\n`, modeOf(name));
}

/** Puts the prepared head in the place of the present one, in one step (rename(2)). */
export function replaceHead(folder: string, name: ChainName): void {
  renameSync(`${pathOf(folder, name)}.new`, pathOf(folder, name));
}
