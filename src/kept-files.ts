// How files are left on disk: those that must last, those that may be lost and that one run leaves for the next, those that others read, and
// folders that last as long as a process.
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errnoOf, Misuse, Unusable } from './errors.ts';
import { day } from './time.ts';

/** On disk when it returns, under a name that lasts once its folder is (`syncFolder`). `wx`: only where there is none. */
export function writeDurably(path: string, content: string | Uint8Array, mode = 0o600, flag: 'w' | 'wx' = 'w'): void {
  const file = openSync(path, flag, mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
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

/** This one and none above it: a state folder that has gone is not replaced by an empty one. One that is there already is as well. */
export function makeFolder(path: string, mode = 0o700): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

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
  makeFolder(folder);
  const made = mkdtempSync(join(folder, name));
  const now = statSync(made).mtimeMs;
  for (const other of readdirSync(folder)) {
    const path = join(folder, other);
    if (now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now) > day) rmSync(path, { recursive: true, force: true });
  }
  return made;
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

export interface NewFile {
  /** From the folder that it is written below. */
  readonly path: string;
  readonly text: string;
}

/** Gives those that were not there, in order; folders in between are made. Throws Misuse where one cannot be written. */
export function writeMissing(folder: string, files: readonly NewFile[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const file = join(folder, path);
    try {
      mkdirSync(dirname(file), { recursive: true });
      // `wx`: what somebody put there stays (open(2), O_EXCL).
      writeFileSync(file, text, { flag: 'wx', mode: 0o644 });
      return [path];
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return [];
      throw new Misuse(`${file} cannot be written (${errnoOf(error)})`);
    }
  });
}

/** What was wrong before is what the caller should hear of. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in the way of nothing: the next one takes it away first.
  }
}
