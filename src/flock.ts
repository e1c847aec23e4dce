// One run at a time on this host: flock(2) on the file `lock`, taken by flock(1) of util-linux on a descriptor that is
// ours. The kernel frees it when this process ends, however it ends; the file itself is never removed.
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { renderDuration } from './time.ts';
import { errnoOf, stateFailure, Unavailable } from './errors.ts';

export interface LockTerms {
  /** Of this process, for whoever waits to look at. */
  readonly pid: number;
  /** Milliseconds. 0: try once. */
  readonly waitMs: number;
  /** Called once, when the lock is held by somebody else; `holder` says by whom as far as it is known. */
  readonly onWait?: (holder: string) => void;
}

const heldStatus = 75;
const pauseMs = 200;

/**
 * Runs `work` under the lock of `folder`, the state folder. Throws Unavailable when the lock cannot be had in time, Unusable when
 * the folder is not there or not this account's.
 */
export async function withLock<Result>(folder: string, terms: LockTerms, work: () => Promise<Result>): Promise<Result> {
  const file = openLock(folder);
  try {
    await acquire(file, terms);
    nameHolder(file, terms.pid);
    return await work();
  } finally {
    // Closing the last descriptor of an open file frees its lock (flock(2)); descriptors are not passed on to children.
    closeSync(file);
  }
}

function openLock(folder: string): number {
  try {
    // Reading, writing, created where missing, and not emptied: it says who holds it.
    return openSync(join(folder, 'lock'), 'a+', 0o600);
  } catch (error) {
    // On a read-only disk what is due still ends; the file is there, and flock(2) needs no more.
    if (errnoOf(error) === 'EROFS') return openSync(join(folder, 'lock'), 'r');
    throw stateFailure('lock', folder, `the file lock in ${folder} cannot be opened`, error);
  }
}

async function acquire(file: number, terms: LockTerms): Promise<void> {
  let end: number | undefined;
  while (!(await tryLock(file))) {
    if (end === undefined && terms.waitMs > 0) terms.onWait?.(readHolder(file));
    end ??= performance.now() + terms.waitMs;
    const left = end - performance.now();
    if (left <= 0) throw new Unavailable('lock', `it is held by ${readHolder(file)}, waited ${renderDuration(terms.waitMs)}`);
    await pause(Math.min(pauseMs, left));
  }
}

/** False: another process has it. Our own descriptor becomes number 3 of flock(1) and shares its lock. */
function tryLock(file: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const flock = spawn('flock', ['--nonblock', '--conflict-exit-code', String(heldStatus), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file],
    });
    flock.once('error', (error) => {
      reject(new Unavailable('lock', 'flock(1) of util-linux could not be started', error));
    });
    flock.once('close', (status) => {
      if (status === 0 || status === heldStatus) resolve(status === 0);
      else reject(new Unavailable('lock', `flock(1) ended with status ${String(status)}`));
    });
  });
}

function nameHolder(file: number, pid: number): void {
  try {
    ftruncateSync(file, 0);
    appendFileSync(file, `${pid}\n`);
  } catch {
    // On a full disk the lock holds all the same; only its name is missing.
  }
}

function readHolder(file: number): string {
  const buffer = Buffer.alloc(32);
  const bytesRead = readSync(file, buffer, 0, buffer.length, 0);
  const holder = /^\d{1,10}(?=\n$)/.exec(buffer.toString('latin1', 0, bytesRead))?.[0];
  return holder === undefined ? 'another run' : `process ${holder}`;
}
