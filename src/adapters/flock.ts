// One run at a time on this host: flock(2) on the file `lock`, taken by flock(1) of util-linux on a descriptor that is
// ours. The kernel frees it when this process ends, however it ends; the file itself is never removed.
import { spawn } from 'node:child_process';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { renderDuration } from '../domain/time.ts';
import { Unavailable } from '../failures.ts';

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

/** Runs `work` under the lock of `folder`, the state folder. Throws Unavailable when the lock cannot be had in time. */
export async function withLock<Result>(folder: string, terms: LockTerms, work: () => Promise<Result>): Promise<Result> {
  const file = await openLock(folder);
  try {
    await acquire(file, terms);
    await nameHolder(file, terms.pid);
    return await work();
  } finally {
    // Closing the last descriptor of an open file frees its lock (flock(2)); descriptors are not passed on to children.
    await file.close();
  }
}

async function openLock(folder: string): Promise<FileHandle> {
  try {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    // Reading, writing, created where missing, and not emptied: it says who holds it.
    return await open(join(folder, 'lock'), 'a+', 0o600);
  } catch (error) {
    throw new Unavailable('lock', `the file lock in ${folder} cannot be opened`, error);
  }
}

async function acquire(file: FileHandle, terms: LockTerms): Promise<void> {
  const end = performance.now() + terms.waitMs;
  for (let attempt = 1; !(await tryLock(file)); attempt++) {
    const left = end - performance.now();
    if (left <= 0) throw new Unavailable('lock', `it is held by ${await readHolder(file)}, waited ${renderDuration(terms.waitMs)}`);
    if (attempt === 1) terms.onWait?.(await readHolder(file));
    await pause(Math.min(pauseMs, left));
  }
}

/** False: another process has it. Our own descriptor becomes number 3 of flock(1) and shares its lock. */
function tryLock(file: FileHandle): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const flock = spawn('flock', ['--nonblock', '--conflict-exit-code', String(heldStatus), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file.fd],
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

async function nameHolder(file: FileHandle, pid: number): Promise<void> {
  try {
    await file.truncate(0);
    await file.appendFile(`${pid}\n`);
  } catch {
    // On a full disk the lock holds all the same; only its name is missing.
  }
}

async function readHolder(file: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
  const holder = /^\d{1,10}(?=\n$)/.exec(buffer.toString('latin1', 0, bytesRead))?.[0];
  return holder === undefined ? 'another run' : `process ${holder}`;
}
