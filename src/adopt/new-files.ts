// Writes files that must not be there yet: all of them, or none where one is in the way.
import { lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Misuse } from '../errors.ts';

/** `path` is below `folder`; folders in between are made. Throws Misuse that names what is in the way, before anything is written. */
export async function writeNewFiles(folder: string, files: readonly { readonly path: string; readonly text: string }[]): Promise<void> {
  for (const { path } of files) {
    if (isThere(folder, path))
      throw new Misuse(`${join(folder, path)} is there already, and nothing is written over: take it away, or name another folder`);
  }
  for (const { path, text } of files) {
    const file = join(folder, path);
    try {
      mkdirSync(dirname(file), { recursive: true });
      // `wx`: should somebody put one there meanwhile, theirs stays (open(2), O_EXCL).
      writeFileSync(file, text, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      throw new Misuse(`${file} cannot be written (${codeOf(error)})`);
    }
  }
}

function isThere(folder: string, path: string): boolean {
  try {
    lstatSync(join(folder, path));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw new Misuse(`${path} cannot be looked for in that folder (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
