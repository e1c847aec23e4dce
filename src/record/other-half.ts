// Files that the other half of muster wrote. It may have been taken over: they are opened without following links and without waiting, must be
// plain files with one name that belong to the account that is expected, and are read no further than a bound. Nothing of them is quoted.
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';

/** `strange`: something stands there that the other half does not make. `unreadable`: the host's administrator mends that. */
export type Foreign<Content> =
  | { readonly kind: 'read'; readonly content: Content }
  | { readonly kind: 'absent' }
  | { readonly kind: 'strange'; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string };

export interface OpenFile {
  readonly size: number;
  /** Up to `length` bytes from `offset` on; fewer at the end of the file. */
  read(offset: number, length: number): Buffer;
}

/** `owner`: the number of the account whose file it must be. */
export function withForeignFile<Content>(path: string, owner: number, work: (file: OpenFile) => Foreign<Content>): Foreign<Content> {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return { kind: 'absent' };
    if (errno === 'ELOOP' || errno === 'ENXIO') return strange(path, 'a link or a special file');
    return { kind: 'unreadable', message: `${path} cannot be read (${errno})` };
  }
  try {
    const state = fstatSync(file);
    const fault = faultOf(state, owner);
    if (fault !== undefined) return strange(path, fault);
    return work({
      size: state.size,
      read: (offset, length) => {
        const buffer = Buffer.alloc(Math.max(0, Math.min(length, state.size - offset)));
        let held = 0;
        while (held < buffer.length) {
          const some = readSync(file, buffer, held, buffer.length - held, offset + held);
          if (some === 0) break;
          held += some;
        }
        return buffer.subarray(0, held);
      },
    });
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return { kind: 'unreadable', message: `${path} cannot be read (${errnoOf(error)})` };
  } finally {
    closeSync(file);
  }
}

function faultOf(state: Stats, owner: number): string | undefined {
  if (!state.isFile()) return 'no plain file';
  if (state.nlink !== 1) return 'a file with several names';
  return state.uid === owner ? undefined : 'a file of another account';
}

function strange(path: string, what: string): { readonly kind: 'strange'; readonly message: string } {
  return { kind: 'strange', message: `${path} is ${what}` };
}

/** A whole small file. One that is larger is strange. */
export function readForeignText(path: string, owner: number, most: number): Foreign<string> {
  return withForeignFile(path, owner, ({ size, read }) =>
    size > most ? strange(path, `larger than ${most} bytes`) : { kind: 'read', content: read(0, size).toString('utf8') },
  );
}

/** Whose folder it is; undefined where there is none. A link in its place belongs to nobody. */
export function ownerOf(folder: string): number | undefined {
  const state = lstatSync(folder, { throwIfNoEntry: false });
  return state?.isDirectory() === true ? state.uid : undefined;
}

/** `muster judge --begin-anew` leaves here, in converging's own folder, which record root means. */
export function begunAnewIn(state: string): string {
  return join(state, 'begun-anew');
}
