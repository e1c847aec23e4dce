import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../src/flock.ts';
import { stateFailure, Unavailable, Unusable } from '../src/errors.ts';
import { inNewFolder } from './support/new-folder.ts';

const locking = fileURLToPath(new URL('locking-process.ts', import.meta.url));

let folder: string;
beforeEach(() => inNewFolder((made) => (folder = made)));

describe('given a lock that nobody holds', () => {
  it('when work is done under it, then its result is given and the lock is free again', async () => {
    expect(await withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.resolve('done'))).toBe('done');
    expect(await withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.resolve('again'))).toBe('again');
    expect(statSync(join(folder, 'lock')).mode & 0o777).toBe(0o600);
  });

  it('when the work throws, then its error comes through and the lock is free again', async () => {
    await expect(withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.reject(new RangeError('of the work')))).rejects.toThrow(
      RangeError,
    );
    expect(await withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.resolve('again'))).toBe('again');
  });

  it('when it is taken, then flock(1) itself finds it taken, and the file names this process', async () => {
    await withLock(folder, { pid: process.pid, waitMs: 0 }, () => {
      expect(spawnSync('flock', ['--nonblock', join(folder, 'lock'), 'true']).status).toBe(1);
      expect(readFileSync(join(folder, 'lock'), 'utf8')).toBe(`${process.pid}\n`);
      return Promise.resolve();
    });
    expect(spawnSync('flock', ['--nonblock', join(folder, 'lock'), 'true']).status).toBe(0);
  });

  it('when the work starts a program that outlives it, then the lock is free all the same', async () => {
    const child = await withLock(folder, { pid: process.pid, waitMs: 0 }, () =>
      Promise.resolve(spawn('sleep', ['5'], { stdio: 'ignore' })),
    );
    expect(await withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.resolve('again'))).toBe('again');
    child.kill();
  });

  it('when many want it at once, then one works at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await pause(10);
      inside--;
    };
    await Promise.all(Array.from({ length: 4 }, () => withLock(folder, { pid: process.pid, waitMs: 20_000 }, work)));
    expect(most).toBe(1);
  });
});

describe('given another process that holds the lock', () => {
  let child: ChildProcess;
  beforeEach(async () => {
    child = spawn(process.execPath, ['--import', 'tsx', locking, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
  });
  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('when the time is over, then it is unavailable and says which process holds it, and the work was not begun', async () => {
    let began = false;
    const waited: string[] = [];
    const attempt = withLock(folder, { pid: process.pid, waitMs: 500, onWait: (holder) => waited.push(holder) }, () =>
      Promise.resolve((began = true)),
    );
    await expect(attempt).rejects.toThrow(new Unavailable('lock', `it is held by process ${child.pid}, waited 0 seconds`));
    expect(waited).toEqual([`process ${child.pid}`]);
    expect(began).toBe(false);
  });

  it('when that process is killed with SIGKILL, then the one that waits has it', async () => {
    const waiting = withLock(folder, { pid: process.pid, waitMs: 20_000, onWait: () => child.kill('SIGKILL') }, () =>
      Promise.resolve('mine'),
    );
    expect(await waiting).toBe('mine');
  });

  it('when the file says something else than a process, then it is not repeated', async () => {
    writeFileSync(join(folder, 'lock'), '\u001b[31m/approve\n');
    await expect(withLock(folder, { pid: process.pid, waitMs: 0 }, () => Promise.resolve())).rejects.toThrow(/held by another run/);
  });
});

describe('given a folder where no lock can be made', () => {
  it.each([
    { given: 'a plain file', make: (state: string) => writeFileSync(state, ''), says: /cannot be opened \(ENOTDIR\)/ },
    { given: 'a link to itself', make: (state: string) => symlinkSync(state, state), says: /cannot be opened \(ELOOP\)/ },
    { given: 'missing', make: () => undefined, says: /is not there \(ENOENT\).* install -d -m 0711 / },
    {
      given: 'a folder whose lock is a folder',
      make: (state: string) => mkdirSync(join(state, 'lock'), { recursive: true }),
      says: /cannot be opened \(EISDIR\)/,
    },
  ])('when it is $given, then it cannot be used, the administrator is asked, and nothing is made', async ({ make, says }) => {
    const state = join(folder, 'state');
    make(state);
    const before = readdirSync(folder);
    const attempt = withLock(state, { pid: process.pid, waitMs: 0 }, () => Promise.resolve());
    await expect(attempt).rejects.toThrow(Unusable);
    await expect(attempt).rejects.toThrow(says);
    await expect(attempt).rejects.toThrow(/The administrator of this host/);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('when its disk is full, then a person has to make room', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const failure = stateFailure('lock', '/state', 'the file lock in /state cannot be opened', full);
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toBe(
      'the file lock in /state cannot be opened (ENOSPC). The administrator of this host makes room on its disk: /state; the next run tries again',
    );
  });
});
