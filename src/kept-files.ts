// Files that may be lost: small ones of the state folder that one run leaves for the next (the ledger has ways of its own), those that others
// read, and folders that last as long as a process.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, closeSync, fchmodSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, Unusable } from './errors.ts';
import { day } from './time.ts';

/** Mode 0600, and in one step (rename(2)): whoever reads finds the old text or the new one. Throws what the file system says. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/**
 * A new folder that nobody else may look into: where TMPDIR says, or, should that be missing or somebody else's, below the state folder.
 * Whoever asked for it removes it. Throws Unusable where there is no place for one.
 */
export function makeTemporary(name: string, state: string | undefined): string {
  const own = state === undefined ? [] : [() => makeBelow(state, name)];
  const tries = [() => mkdtempSync(join(tmpdir(), name)), ...own, () => mkdtempSync(join('/tmp', name))];
  let first: unknown;
  for (const make of tries) {
    try {
      return make();
    } catch (error) {
      first ??= error;
    }
  }
  throw new Unusable(
    `no folder for temporary files could be made in ${tmpdir()} (${errnoOf(first)}), and nowhere else; name one with TMPDIR`,
    { cause: first },
  );
}

/** Nobody else tidies up there: what a killed process left goes after a day. */
function makeBelow(state: string, name: string): string {
  const folder = join(state, 'tmp');
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const made = mkdtempSync(join(folder, name));
  const now = statSync(made).mtimeMs;
  for (const other of readdirSync(folder)) {
    const path = join(folder, other);
    if (now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > day) rmSync(path, { recursive: true, force: true });
  }
  return made;
}

/**
 * For folders that others may write in too. Replaced in one step, through a name that nobody else has made: a link planted there would lead the
 * write, and the mode, to any file of this account. `mode`, whatever the umask. `unfinished` is beside `file`. Throws what the file system says, and leaves
 * nothing behind then.
 */
export function publishFile(file: string, text: string, unfinished: string, mode = 0o644): void {
  try {
    // What a killed run left, or what somebody put there: unlink(2) follows no link.
    rmSync(unfinished, { force: true });
    // `wx`: O_EXCL follows none either, and fails should somebody be quicker (open(2)).
    const opened = openSync(unfinished, 'wx', 0o600);
    try {
      writeFileSync(opened, text);
      fchmodSync(opened, mode);
    } finally {
      closeSync(opened);
    }
    renameSync(unfinished, file);
  } catch (error) {
    removeIfPossible(unfinished);
    throw error;
  }
}

/** What was wrong before is what the caller should hear of. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in the way of nothing: the next one takes it away first.
  }
}
