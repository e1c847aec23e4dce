// Accepted generations of rosters, kept under the state folder by name and content: what membership rests on while the
// next one cannot be used.
import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { RosterName } from '../names.ts';
import { errnoOf, stateFailure, Unavailable } from '../errors.ts';
import { syncFolder, writeDurably } from '../kept-files.ts';

export type KeptGeneration =
  { readonly kind: 'kept'; readonly bytes: Uint8Array } | { readonly kind: 'missing' } | { readonly kind: 'damaged' };

export function generationFile(folder: string, name: RosterName, sha256: string): string {
  return join(folderOf(folder, name), sha256);
}

function folderOf(folder: string, name: RosterName): string {
  return join(folder, 'rosters', name);
}

/**
 * `folder` is the state folder. The generation is on disk when the promise is kept; one that is there already is left
 * alone. `sha256` must be that of `bytes`. Throws Unavailable when it cannot be written.
 */
export async function keepGeneration(folder: string, name: RosterName, sha256: string, bytes: Uint8Array): Promise<void> {
  if (hash('sha256', bytes, 'hex') !== sha256) throw new TypeError('a generation is kept under the digest of its own bytes');
  try {
    const present = await readGeneration(folder, name, sha256);
    if (present.kind !== 'kept') write(folderOf(folder, name), sha256, bytes);
  } catch (error) {
    throw error instanceof Unavailable ? error : stateFailure('roster', folder, `the accepted list ${name} could not be kept`, error);
  }
}

function write(folder: string, sha256: string, bytes: Uint8Array): void {
  const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, sha256);
  writeDurably(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
  // A new name lasts once its folder is on disk; new folders are names as well.
  syncFolder(folder);
  if (firstMade !== undefined) for (const above of [join(folder, '..'), join(folder, '..', '..')]) syncFolder(above);
}

/** The bytes that were kept, verified by their digest. Throws Unavailable when the disk does not answer. */
export async function readGeneration(folder: string, name: RosterName, sha256: string): Promise<KeptGeneration> {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('a generation is named by 64 lower-case hex digits');
  try {
    const bytes = readFileSync(generationFile(folder, name, sha256));
    return hash('sha256', bytes, 'hex') === sha256 ? { kind: 'kept', bytes } : { kind: 'damaged' };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'missing' };
    throw new Unavailable('roster', `the accepted list ${name} cannot be read back`, error);
  }
}
