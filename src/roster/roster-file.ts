// Reads a roster file that somebody else puts there, and its checksum file: opened once, never through a link, never
// waiting, and whole. What is found is a value; whether it is good enough is for roster.ts.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { isInstant, type Instant, type RosterName } from '../names.ts';
import { largestRoster, fetchedFile, parseFetching, standingFile } from '../record/fetched.ts';
import type { RosterReading, StatedChecksum } from './roster.ts';
import { ownerOf, readForeignText } from '../record/other-half.ts';

const largestChecksum = 4096;

type Problem = Exclude<RosterReading, { kind: 'file' }>;
type Content = { readonly kind: 'content'; readonly bytes: Uint8Array; readonly writtenAt: Instant };

interface Place {
  readonly path: string;
  /** How messages name it: where people find it. */
  readonly called: string;
  /** The number of the account that made it, and gave it one name: where judging did. */
  readonly owner: number | undefined;
}

/** `required` reads `<path>.sha256` too. Does not throw for anything that may stand at `path`, which messages name as `called`. */
export async function readRosterFile(
  path: string,
  { checksum, called = path, owner }: { readonly checksum: 'none' | 'required'; readonly called?: string; readonly owner?: number },
): Promise<RosterReading> {
  const found = readWhole({ path, called, owner }, largestRoster);
  if (found.kind !== 'content') return found;
  const stated: StatedChecksum =
    checksum === 'required' ? readChecksum({ path: `${path}.sha256`, called: `${called}.sha256`, owner }) : { kind: 'not-asked' };
  const sha256 = createHash('sha256').update(found.bytes).digest('hex');
  return { kind: 'file', bytes: found.bytes, sha256, producedAt: found.writtenAt, stated };
}

/** One line in the format of sha256sum(1): the digest, a blank, a blank or `*`, and the name, with or without folders. */
function readChecksum(place: Place): StatedChecksum {
  const { called } = place;
  const found = readWhole(place, largestChecksum);
  if (found.kind === 'missing') return { kind: 'unusable', message: `A checksum is required, and ${called} is not there.` };
  if (found.kind !== 'content') return { kind: 'unusable', message: `The checksum file cannot be used. ${found.message}` };
  const [, sha256, name] = /^([0-9a-fA-F]{64}) [ *]([^\n\r]+)\r?\n?$/.exec(Buffer.from(found.bytes).toString('latin1')) ?? [];
  if (sha256 === undefined || name === undefined) return { kind: 'unusable', message: `${called} is not in the format of sha256sum.` };
  if (`${basename(name)}.sha256` !== basename(called)) return { kind: 'unusable', message: `${called} is about another file.` };
  return { kind: 'stated', sha256: sha256.toLowerCase() };
}

function readWhole({ path, called, owner }: Place, limit: number): Content | Problem {
  let file: number | undefined;
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever. O_NOFOLLOW: open(2) gives ELOOP for a link.
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return readOpened(file, called, owner, limit);
  } catch (error) {
    return problemOf(called, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function readOpened(file: number, called: string, owner: number | undefined, limit: number): Content | Problem {
  const before = fstatSync(file, { bigint: true });
  if (!before.isFile()) return { kind: 'unreadable', message: `${called} is not a regular file.`, act: 'administrator' };
  if (owner !== undefined && (before.nlink !== 1n || before.uid !== BigInt(owner)))
    return { kind: 'unreadable', message: `${called} is not the file that judging fetched.`, act: 'administrator' };
  if (before.size > limit)
    return { kind: 'damaged', message: `${called} has ${before.size} bytes, and ${limit} are the most.`, act: 'producer' };
  // One byte more than there should be shows a file that grows.
  const room = Buffer.alloc(Number(before.size) + 1);
  const length = fill(file, room);
  const after = fstatSync(file, { bigint: true });
  if (length !== Number(before.size) || after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
    return { kind: 'damaged', message: `${called} changed while it was read.`, act: 'carrier' };
  }
  const writtenAt = Number(before.mtimeMs);
  if (!isInstant(writtenAt)) return { kind: 'damaged', message: `${called} has a time that no calendar has.`, act: 'carrier' };
  return { kind: 'content', bytes: room.subarray(0, length), writtenAt };
}

function fill(file: number, room: Buffer): number {
  let length = 0;
  while (length < room.length) {
    const bytesRead = readSync(file, room, length, room.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

function problemOf(called: string, error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return { kind: 'missing', message: `${called} is not there.`, act: 'carrier' };
  if (code === 'ELOOP')
    return { kind: 'unreadable', message: `${called} is a symbolic link, and links are not followed.`, act: 'administrator' };
  return { kind: 'unreadable', message: `${called} cannot be read (${String(code)}).`, act: 'administrator' };
}

/** Bytes of what judging tells of one fetching. */
const largest = 16 * 1024;

/** `folder`: where judging keeps its files. `url`: where the list comes from, as messages name it. */
export async function readFetched(folder: string, roster: RosterName, url: string, checksum: 'none' | 'required'): Promise<RosterReading> {
  const owner = ownerOf(folder);
  const found = owner === undefined ? { kind: 'absent' as const } : readForeignText(standingFile(folder, roster), owner, largest);
  if (found.kind === 'absent')
    return {
      kind: 'missing',
      message: `${url} was not fetched yet: judging does that when it next looks.`,
      act: 'administrator',
      mayPass: true,
    };
  if (found.kind !== 'read') return { kind: 'unreadable', message: `${found.message}.`, act: 'administrator' };
  const fetching = parseFetching(found.content);
  if (!fetching)
    return { kind: 'unreadable', message: `${standingFile(folder, roster)} is not what judging writes.`, act: 'administrator' };
  return fetching.absent ?? readRosterFile(fetchedFile(folder, roster), { checksum, called: url, owner });
}
