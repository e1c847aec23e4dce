// The records of a verified ledger, one at a time. The chain is followed once more while they are read:
// what is handed out is what was verified, also when somebody changes the file meanwhile.
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { stateFailure, Unusable } from '../errors.ts';
import { follow, start, withoutOwnKeys, linesOf, type Head } from './chain.ts';

/** A record as it was appended, and its place in the chain. */
export interface Line {
  /** From 1. */
  readonly sequence: number;
  readonly kept: object;
  /** SHA-256 of its bytes: the next line names it. */
  readonly hash: string;
}

/** Reads the first `length` bytes, which end with the line of `verified`. Throws Unusable when they no longer lead there. */
export function* readRecords(path: string, length: number, verified: Head): Generator<Line, void, undefined> {
  if (verified.count === 0) return;
  const file = openToRead(path);
  try {
    let head = start;
    for (const line of linesOf(file, length)) {
      const next = follow(head, line.bytes);
      if ('kind' in next || !line.ended) break;
      if (next.count === verified.count && next.hash !== verified.hash) break;
      yield parseLine(line.bytes, next);
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

function parseLine(line: Buffer, { count: sequence, hash }: Head): Line {
  const whole = parseJson(line.toString('utf8'));
  if (typeof whole !== 'object' || whole === null) throw new Unusable(`line ${sequence} of the ledger is not JSON`);
  return { sequence, kept: withoutOwnKeys(whole), hash };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
