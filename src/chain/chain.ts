// The chain of the ledger: what a line must begin with, given the line before it. It is checked on raw bytes,
// so that a long ledger can be verified without understanding one record.
import { hash } from 'node:crypto';
import { readFileSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { writeDurably } from '../kept-files.ts';

/** How far the ledger goes: the number of its lines, and the SHA-256 of the last one without its newline. */
export interface Head {
  readonly count: number;
  readonly hash: string;
}

export interface Broken {
  readonly kind: 'broken';
  readonly message: string;
  /** The first line that cannot be what it was, where it is one line. */
  readonly line?: number;
}

export const start: Head = { count: 0, hash: '0'.repeat(64) };

const format = 1;
const ownKeys = ['sequence', 'previous', 'format', 'batch'];

/** `batch` is the sequence of the first record of the same append: it tells one unfinished append from two. */
function prefixAfter(head: Head): string {
  return `{"sequence":${head.count + 1},"previous":"${head.hash}","format":${format},"batch":`;
}

/** The head after one more line (given without its newline), or why the line cannot follow. */
export function follow(head: Head, line: Buffer): Head | Broken {
  const prefix = prefixAfter(head);
  if (line.toString('latin1', 0, prefix.length) !== prefix) return { kind: 'broken', ...reasonFor(head, line) };
  return { count: head.count + 1, hash: hash('sha256', line, 'hex') };
}

function reasonFor(head: Head, line: Buffer): { readonly message: string; readonly line: number } {
  const own = head.count + 1;
  const at = `line ${own} of the ledger`;
  const parts = /^\{"sequence":(\d+),"previous":"([0-9a-f]{64})","format":(\d+),/.exec(line.toString('latin1', 0, 200));
  if (!parts) return { line: own, message: `${at} is not a record` };
  const [, sequence, previous, written] = parts;
  if (written !== String(format))
    return { line: own, message: `${at} has format ${written}, and this version of muster knows format ${format} only` };
  if (sequence !== String(own)) return { line: own, message: `${at} has the sequence ${sequence}: lines were removed, added or moved` };
  if (previous === head.hash) return { line: own, message: `${at} is not a record` };
  return head.count === 0
    ? { line: own, message: `${at} does not begin the chain` }
    : { line: head.count, message: `line ${head.count} of the ledger was changed after it was written` };
}

/** The sequence that began the append this line was written by. The line must have been followed already. */
export function batchOf(head: Head, line: Buffer): number {
  const from = prefixAfter(head).length;
  return Number(/^\d{1,15}(?=[,}])/.exec(line.toString('latin1', from, from + 16))?.[0] ?? Number.NaN);
}

/** The lines of one append, each ended by a newline, and the head after them. */
export function renderBatch(head: Head, records: readonly object[]): { readonly bytes: Buffer; readonly head: Head } {
  const batch = head.count + 1;
  const lines: Buffer[] = [];
  let last = head;
  for (const record of records) {
    const line = Buffer.from(`${prefixAfter(last)}${batch}${renderOwnKeys(record)}`);
    last = { count: last.count + 1, hash: hash('sha256', line, 'hex') };
    lines.push(line, Buffer.from('\n'));
  }
  return { bytes: Buffer.concat(lines), head: last };
}

/** What was appended after `head`, of a line that follows it, as JSON. */
export function recordIn(head: Head, line: Buffer): string {
  return line.toString('utf8', prefixAfter(head).length).replace(/^\d+,?/, '{');
}

/** Undefined: it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// The prefix is put together as text: in an object, keys that look like numbers would come before it.
function renderOwnKeys(record: object): string {
  const taken = ownKeys.find((key) => Object.hasOwn(record, key));
  if (taken !== undefined) throw new TypeError(`a record cannot have a key of its own called ${taken}`);
  const text = JSON.stringify(record);
  if (!text.startsWith('{')) throw new TypeError('a record must be an object');
  return text === '{}' ? '}' : `,${text.slice(1)}`;
}

/** The longest lines fit in it as a rule: to move one into more room costs as much as to read it. */
const chunkSize = 8 * 1024 * 1024;
/** No record comes near it. A longer "line" is another file in the ledger's place. */
export const longestLine = 64 * 1024 * 1024;
const newline = 0x0a;

/** A line without its newline. `ended` is false for what follows the last newline. The bytes are valid until the next line is asked for. */
interface Line {
  readonly bytes: Buffer;
  readonly ended: boolean;
}

/** Reads `length` bytes from the start of an open file, in chunks: memory grows with the longest line, never with the file. Stops early, with a line that is not ended, when one is too long. */
export function* linesOf(file: number, length: number): Generator<Line, void, undefined> {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(chunkSize, Math.max(length, 1)));
  let held = 0;
  let position = 0;
  while (position < length) {
    const read = readSync(file, buffer, held, Math.min(buffer.length - held, length - position), position);
    if (read === 0) break;
    position += read;
    const chunk = buffer.subarray(0, held + read);
    let from = 0;
    // What is held of a line has none.
    for (let at = chunk.indexOf(newline, held); at !== -1; at = chunk.indexOf(newline, from)) {
      yield { bytes: chunk.subarray(from, at), ended: true };
      from = at + 1;
    }
    const rest = chunk.subarray(from);
    held = rest.length;
    buffer = held <= buffer.length / 2 ? buffer : Buffer.allocUnsafe(buffer.length * 4);
    rest.copy(buffer);
    if (held > longestLine) break;
  }
  if (held > 0) yield { bytes: buffer.subarray(0, held), ended: false };
}

// `ledger.head`: how far the ledger went when its last append was finished. Without it a ledger that was rolled back, its chain intact, could not
// be told from a whole one.

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
