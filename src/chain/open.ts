// Opens the ledger: verifies the whole chain and compares it with the second file. Opening writes nothing.
import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { errnoOf, stateFailure, Unusable } from '../errors.ts';
import { syncFolder } from '../kept-files.ts';
import { appenderAt, type Appender } from './append.ts';
import { batchOf, follow, start, linesOf, recordIn, type Broken, type Head, readHead, type ChainName, type KnownHead } from './chain.ts';

export interface SoundLedger {
  readonly kind: 'sound';
  /** Count 0: a new ledger. */
  readonly head: Head;
  /** What a crash left behind, in sentences. */
  readonly notes: readonly string[];
  /** Every record up to `head`, oldest first, read anew each time and one by one. */
  records(): Iterable<Line>;
  /** Before anything else is left in the folder of a new ledger: what follows a ledger tells then that there was one. */
  begin(): void;
  /** Ask for it once, and only while holding the lock: there is one writer. */
  appender(): Appender;
}

type Ledger = SoundLedger | Broken;

interface Verified {
  readonly kind: 'verified';
  readonly head: Head;
  /** Bytes up to the end of the last whole line. */
  readonly length: number;
  /** Bytes after it. */
  readonly cutOff: number;
}

/**
 * `folder` holds `ledger.jsonl` and `ledger.head`; neither there is a new ledger, unless something is there that follows
 * one. Broken: that, a line was edited, removed or added, the chain is shorter than the second file says, or the format is
 * not known. What one append left when it was interrupted is not broken. Throws Unavailable or Unusable when the files
 * cannot be read.
 */
export function openLedger(folder: string, name: ChainName = 'ledger'): Ledger {
  const [known, verified] = readConsistently(folder, name);
  if (known.kind === 'broken') return known;
  if (verified.kind === 'broken') return verified;
  const { head, length, cutOff } = verified;
  const settled = known.kind === 'known' ? known.head : start;
  return {
    kind: 'sound',
    head,
    notes: [
      ...(head.count > settled.count
        ? [`The last append (${head.count - settled.count} of ${head.count} records) was interrupted before ledger.head was written.`]
        : []),
      ...(cutOff > 0 ? [`The last line of the ledger was cut off by a crash; its ${cutOff} bytes are left out.`] : []),
    ],
    records: () => readRecords(ledgerIn(folder, name), length, head),
    begin: () => {
      if (known.kind === 'absent' && head.count === 0) begin(folder);
    },
    appender: () =>
      appenderAt({
        folder,
        name,
        path: ledgerIn(folder, name),
        head,
        length,
        size: length + cutOff,
        settled: head.count === settled.count,
      }),
  };
}

function begin(folder: string): void {
  try {
    closeSync(openSync(ledgerIn(folder), 'a', 0o600));
    syncFolder(folder);
  } catch (error) {
    throw stateFailure('ledger', folder, `no ledger can be begun in ${folder}`, error);
  }
}

/** What runs leave in the folder once it has a ledger. Revocations are copied from host to host, and may be there before. */
const followers = ['last-run', 'rosters', 'settled.json', 'reserve'];

function lost(folder: string): Broken | undefined {
  const left = followers.filter((name) => existsSync(join(folder, name)));
  if (left.length === 0) return undefined;
  return {
    kind: 'broken',
    message: `ledger.jsonl and ledger.head are gone, and what runs left beside them is there (${left.join(', ')}): restore the folder from its backup`,
  };
}

/** The file that every record goes into: written whenever something was recorded. */
export function ledgerIn(folder: string, name: ChainName = 'ledger'): string {
  return join(folder, `${name}.jsonl`);
}

// A command that only reads takes no lock: a run may append between the reading of the two files.
// The head is read first and, when the ledger then seems broken, once more: if it moved, the picture was mixed.
function readConsistently(folder: string, name: ChainName): [KnownHead, Verified | Broken] {
  try {
    let known = readHead(folder, name);
    for (let attempt = 1; ; attempt++) {
      const verified = known.kind === 'broken' ? known : verify(folder, name, known);
      if (verified.kind === 'verified' || attempt === 5) return [known, verified];
      const again = readHead(folder, name);
      if (JSON.stringify(again) === JSON.stringify(known)) return [known, verified];
      known = again;
    }
  } catch (error) {
    throw stateFailure('ledger', folder, `the ledger in ${folder} cannot be read`, error);
  }
}

function verify(folder: string, name: ChainName, known: Exclude<KnownHead, Broken>): Verified | Broken {
  const file = openIfThere(ledgerIn(folder, name));
  if (file === undefined) {
    if (known.kind === 'known') return { kind: 'broken', message: `${name}.head is there and ${name}.jsonl is missing` };
    return (name === 'ledger' ? lost(folder) : undefined) ?? { kind: 'verified', head: start, length: 0, cutOff: 0 };
  }
  try {
    const state = fstatSync(file);
    if (!state.isFile()) return { kind: 'broken', message: 'ledger.jsonl is not a regular file' };
    return verifyLines(file, state.size, known);
  } finally {
    closeSync(file);
  }
}

function verifyLines(file: number, size: number, known: Exclude<KnownHead, Broken>): Verified | Broken {
  const expected = known.kind === 'known' ? known.head : start;
  let head = start;
  let length = 0;
  for (const line of linesOf(file, size)) {
    if (!line.ended) break;
    const next = follow(head, line.bytes);
    if ('kind' in next) return next;
    if (next.count === expected.count && next.hash !== expected.hash)
      return { kind: 'broken', line: next.count, message: `line ${next.count} of the ledger is not the one that ledger.head names` };
    if (next.count > expected.count && batchOf(head, line.bytes) !== expected.count + 1) return beyond(next, known);
    head = next;
    length += line.bytes.length + 1;
  }
  if (head.count < expected.count) {
    return {
      kind: 'broken',
      message: `the ledger has ${head.count} records and ledger.head says ${expected.count}: it was shortened or rolled back`,
    };
  }
  return { kind: 'verified', head, length, cutOff: size - length };
}

function beyond(head: Head, known: Exclude<KnownHead, Broken>): Broken {
  if (known.kind === 'absent') return { kind: 'broken', message: 'ledger.jsonl is there and ledger.head is missing' };
  return {
    kind: 'broken',
    message: `the ledger goes on at line ${head.count} where ledger.head ends at ${known.head.count}: ledger.head was rolled back, or lines were added`,
  };
}

function openIfThere(path: string): number | undefined {
  try {
    // O_NONBLOCK: a FIFO in its place must not hang the run.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A record as it was appended, and its place in the chain. */
export interface Line {
  /** From 1. */
  readonly sequence: number;
  readonly json: string;
  /** SHA-256 of its bytes: the next line names it. */
  readonly hash: string;
}

/**
 * Reads the first `length` bytes, which end with the line of `verified`, a record at a time. The chain is followed once more meanwhile: what is
 * handed out is what was verified. Throws Unusable when they no longer lead there.
 */
function* readRecords(path: string, length: number, verified: Head): Generator<Line, void, undefined> {
  if (verified.count === 0) return;
  const file = openToRead(path);
  try {
    let head = start;
    for (const line of linesOf(file, length)) {
      const next = follow(head, line.bytes);
      if ('kind' in next || !line.ended) break;
      if (next.count === verified.count && next.hash !== verified.hash) break;
      yield { sequence: next.count, json: recordIn(head, line.bytes), hash: next.hash };
      head = next;
    }
    if (head.count !== verified.count) throw new Unusable('the ledger was changed while it was read');
  } finally {
    closeSync(file);
  }
}

function openToRead(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw stateFailure('ledger', dirname(path), `${path} cannot be read`, error);
  }
}
