// Appends to the ledger: on disk before the promise is kept, or not at all. Whatever goes wrong and wherever the
// process is killed, the next opening finds a sound ledger.
import { appendFileSync, closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { stateFailure, Unavailable } from '../errors.ts';
import { renderBatch, longestLine, type Head, modeOf, prepareHead, replaceHead, type ChainName } from './chain.ts';
import { syncFolder } from '../kept-files.ts';

export interface Appender {
  /** The end of the ledger after the last append that succeeded. */
  readonly head: Head;
  /**
   * All records or none, in one write, durable when the promise is kept. Throws Unavailable when they could not be
   * written (disk full, read-only, somebody else wrote), Unusable when only a person can mend that. One call at a time.
   */
  append(records: readonly object[]): Promise<void>;
}

/** The end of a ledger as it was verified. */
export interface Ending {
  readonly folder: string;
  readonly name: ChainName;
  readonly path: string;
  readonly head: Head;
  /** Bytes of whole lines. */
  readonly length: number;
  /** Bytes of the file: more than `length` after a crash in the middle of a line. */
  readonly size: number;
  /** Whether the second file names this head already. */
  readonly settled: boolean;
}

export function appenderAt(ending: Ending): Appender {
  let now = ending;
  // After a failure that could not be undone the file is sound, but no longer what this process believes.
  let lost = false;
  return {
    get head(): Head {
      return now.head;
    },
    async append(records: readonly object[]): Promise<void> {
      if (records.length === 0) return;
      if (lost) throw new Unavailable('ledger', 'an earlier append failed; open it again');
      const batch = renderBatch(now.head, records);
      if (batch.bytes.length > longestLine) throw new Unavailable('ledger', `an append of ${batch.bytes.length} bytes is too large`);
      try {
        now = write(settle(now), batch);
      } catch (error) {
        lost = error instanceof NotUndone;
        throw error instanceof Unavailable ? error : stateFailure('ledger', now.folder, `${now.path} cannot be written`, causeOf(error));
      }
    },
  };
}

/** The append failed, and so did taking it back. */
class NotUndone extends Error {
  override readonly name = 'NotUndone';
}

/** What the file system said first. */
function causeOf(error: unknown): unknown {
  return error instanceof NotUndone ? error.cause : error;
}

/** Finishes what an interrupted append left: cuts off half a line, and brings the second file up to the chain. */
function settle(ending: Ending): Ending {
  if (ending.size > ending.length) withLedger(ending, (file) => cutBack(file, ending.length));
  const whole = { ...ending, size: ending.length };
  if (ending.settled) return whole;
  prepareHead(ending.folder, ending.name, ending.head);
  replaceHead(ending.folder, ending.name);
  syncFolder(ending.folder);
  return { ...whole, settled: true };
}

// The next head is prepared first: on a full disk that fails before the ledger is touched. It takes its place last:
// until then the ledger is one append ahead, which opening accepts.
function write(ending: Ending, batch: { readonly bytes: Buffer; readonly head: Head }): Ending {
  prepareHead(ending.folder, ending.name, batch.head);
  withLedger(ending, (file) => {
    try {
      appendFileSync(file, batch.bytes);
      fsyncSync(file);
      replaceHead(ending.folder, ending.name);
    } catch (error) {
      takeBack(file, ending.length, error);
      throw error;
    }
  });
  try {
    syncFolder(ending.folder);
  } catch (error) {
    throw new NotUndone('the folder could not be written to disk', { cause: error });
  }
  const length = ending.length + batch.bytes.length;
  return { ...ending, head: batch.head, length, size: length };
}

function takeBack(file: number, length: number, cause: unknown): void {
  try {
    cutBack(file, length);
  } catch {
    throw new NotUndone('what was written could not be taken back', { cause });
  }
}

function cutBack(file: number, length: number): void {
  ftruncateSync(file, length);
  fsyncSync(file);
}

function withLedger(ending: Ending, work: (file: number) => void): void {
  const file = openSync(ending.path, 'a', modeOf(ending.name));
  try {
    const { size } = fstatSync(file);
    if (size !== ending.size) throw new Unavailable('ledger', 'another run has written to it since it was read');
    work(file);
  } finally {
    closeSync(file);
  }
}
