// Files that hold secrets. One that everybody on the host may read is refused, and no message says what is inside.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Misuse } from '../errors.ts';

const largest = 64 * 1024;
const othersReadOrWrite = 0o006;
const othersPass = 0o001;

/** The one line of a token or password file; its final newline is not part of the secret. Throws Misuse. */
export async function readSecret(path: string): Promise<string> {
  const secret = (await readPrivateText(path)).replace(/\r?\n$/, '');
  if (secret === '') throw new Misuse(`${path} is empty: it must hold the secret, on one line`);
  if (/[\r\n]/.test(secret)) throw new Misuse(`${path} has several lines: a secret is one line`);
  // A header or a bind would carry control characters on.
  if (/[\u0000-\u001f\u007f\ufeff]/.test(secret))
    throw new Misuse(`${path} has control characters or a byte order mark: a secret is plain text`);
  return secret;
}

/**
 * The whole text of a file with secrets in it (an ldapvi profile, for example). The group may read it, as is the custom
 * for files owned by root and a group of administrators (0440 root:ldap-admins); others may not. Throws Misuse.
 */
export async function readPrivateText(path: string): Promise<string> {
  const bytes = readPrivateBytes(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The error of the decoder is left out: it is about the content.
    throw new Misuse(`${path} is not UTF-8 text`);
  }
}

function readPrivateBytes(path: string): Uint8Array {
  const file = openSecret(path);
  try {
    const state = fstatSync(file);
    if (!state.isFile()) throw new Misuse(`${path} is not a regular file`);
    if ((state.mode & othersReadOrWrite) !== 0 && isWithinReach(path)) {
      throw new Misuse(
        `${path} holds a secret and everybody on this host may read or write it (mode ${renderMode(state.mode)}); chmod o-rw ${path}`,
      );
    }
    if (state.size > largest) throw new Misuse(`${path} is too large to be a secret`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Whether others get as far as the file: one folder on the way that is closed to them keeps them out (path_resolution(7)). */
function isWithinReach(path: string): boolean {
  let folder = dirname(realpathSync(path));
  for (;;) {
    if ((statSync(folder).mode & othersPass) === 0) return false;
    if (folder === dirname(folder)) return true;
    folder = dirname(folder);
  }
}

function openSecret(path: string): number {
  try {
    // O_NONBLOCK: a FIFO must not hang the run; nothing is ever read from one.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Misuse(
      code === 'ENOENT'
        ? `there is no file ${path}, which is to hold a secret`
        : `${path}, a file for a secret, cannot be opened (${code})`,
    );
  }
}

function renderMode(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
