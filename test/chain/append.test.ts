import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLedger, type SoundLedger } from '../../src/chain/open.ts';
import { Unusable } from '../../src/errors.ts';

const appending = fileURLToPath(new URL('appending-process.ts', import.meta.url));

let folder: string;
let mounted: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-append-'));
});
afterEach(() => {
  if (mounted !== undefined) execFileSync('umount', [mounted]);
  mounted = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function openSound(at = folder): SoundLedger {
  const opened = openLedger(at);
  if (opened.kind === 'broken') throw new Error(opened.message);
  return opened;
}

function lastNumber(output: string): number {
  return Number(output.match(/\d+(?=\n(?!\d+\n))|\d+(?=\n$)/g)?.at(-1) ?? 0);
}

/** Starts the process that appends, kills it with SIGKILL after a while, and gives the last count it was promised. */
async function killAfter(milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', appending, folder, '3000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('close', resolve));
  await pause(milliseconds);
  child.kill('SIGKILL');
  await ended;
  return lastNumber(output);
}

describe('given a process that appends all the time', () => {
  it('when it is killed again and again, then the ledger is sound and has every record that was promised', async () => {
    for (const milliseconds of [0, 1, 2, 3, 5, 8, 13, 21]) {
      const promised = await killAfter(milliseconds);
      const ledger = openSound();
      expect(promised).toBeGreaterThan(0);
      expect(ledger.head.count).toBeGreaterThanOrEqual(promised);
      expect([...ledger.records()]).toHaveLength(ledger.head.count);
    }
  });

  it('when others read meanwhile, then each of them finds it sound', async () => {
    const writing = { over: false };
    const killed = killAfter(400).finally(() => (writing.over = true));
    let reads = 0;
    while (!writing.over) {
      expect(openLedger(folder).kind).toBe('sound');
      reads++;
      await pause(1);
    }
    await killed;
    expect(reads).toBeGreaterThan(0);
  });
});

describe('given a ledger one append ahead of its second file', () => {
  it('when the next append is under way, then at every moment of it a crash would leave a sound ledger', async () => {
    await openSound()
      .appender()
      .append([{ kind: 'run' }]);
    const behind = readFileSync(join(folder, 'ledger.head'));
    await openSound()
      .appender()
      .append([{ kind: 'intent' }]);
    writeFileSync(join(folder, 'ledger.head'), behind);

    const writing = { over: false };
    const appending = openSound()
      .appender()
      .append([{ kind: 'outcome' }])
      .finally(() => (writing.over = true));
    while (!writing.over) {
      openSound();
      await new Promise((resolve) => setImmediate(resolve));
    }

    await appending;
    expect(openSound()).toMatchObject({ head: { count: 3 }, notes: [] });
  });
});

describe('given a limit on the size of files', () => {
  it('when an append passes it, then it is unavailable, what was half written is taken back, and the next opening is sound', () => {
    const { stdout } = spawnSync('sh', ['-c', 'ulimit -f 8; exec "$0" --import tsx "$1" "$2" 700', process.execPath, appending, folder], {
      encoding: 'utf8',
      env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    });
    const promised = lastNumber(stdout);
    expect(stdout).toMatch(/ledger\n$/);
    expect(promised).toBeGreaterThan(0);
    expect(openSound()).toMatchObject({ head: { count: promised }, notes: [] });
  });
});

/** A file system of 64 kB of its own; undefined where this process may not mount. */
function mountTiny(): string | undefined {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', disk], { stdio: 'ignore' });
  mounted = status === 0 ? disk : undefined;
  return mounted;
}

describe('given a disk that is full', () => {
  it('when there is no room, then appending fails and changes nothing, and with room again it goes on', async ({ skip }) => {
    const disk = mountTiny();
    if (disk === undefined) {
      skip('mounting needs privileges');
      return;
    }
    const appender = openSound(disk).appender();
    await appender.append([{ kind: 'run' }]);
    const before = readFileSync(join(disk, 'ledger.jsonl'));
    const ballast = join(disk, 'ballast');
    spawnSync('sh', ['-c', 'cat /dev/zero > "$0"', ballast], { stdio: 'ignore' });

    await expect(appender.append([{ kind: 'intent' }])).rejects.toThrow(Unusable);

    expect(readFileSync(join(disk, 'ledger.jsonl'))).toEqual(before);
    expect(openSound(disk)).toMatchObject({ head: { count: 1 }, notes: [] });
    rmSync(ballast);
    await appender.append([{ kind: 'intent' }]);
    expect(openSound(disk).head.count).toBe(2);
  });

  it('when the record alone is too large for what is left, then its half is taken back', async ({ skip }) => {
    const disk = mountTiny();
    if (disk === undefined) {
      skip('mounting needs privileges');
      return;
    }
    const appender = openSound(disk).appender();
    await appender.append([{ kind: 'run' }]);
    const { size } = statSync(join(disk, 'ledger.jsonl'));

    await expect(appender.append([{ text: 'x'.repeat(200_000) }])).rejects.toThrow(Unusable);

    expect(statSync(join(disk, 'ledger.jsonl')).size).toBe(size);
    await appender.append([{ kind: 'next' }]);
    expect(openSound(disk).head.count).toBe(2);
  });
});

describe('given a ledger that may not be written', () => {
  it('when its second file cannot be prepared, then the append fails and the ledger is as it was', async () => {
    const appender = openSound().appender();
    await appender.append([{ kind: 'run' }]);
    mkdirSync(join(folder, 'ledger.head.new'));
    await expect(appender.append([{ kind: 'intent' }])).rejects.toThrow(Unusable);
    expect(openSound()).toMatchObject({ head: { count: 1 }, notes: [] });
  });

  it('when its second file cannot be replaced, then the append is taken back', async () => {
    const appender = openSound().appender();
    mkdirSync(join(folder, 'ledger.head'));
    await expect(appender.append([{ kind: 'run' }])).rejects.toThrow(Unusable);
    rmSync(join(folder, 'ledger.head'), { recursive: true });
    expect(openSound()).toMatchObject({ head: { count: 0 }, notes: [] });
    await appender.append([{ kind: 'run' }]);
    expect(openSound().head.count).toBe(1);
  });

  it.each([
    { given: 'is a file', make: (state: string) => writeFileSync(state, ''), errno: 'ENOTDIR' },
    { given: 'has gone', make: () => undefined, errno: 'ENOENT' },
  ])('when the state folder $given, then it cannot be used, and none is made', async ({ make, errno }) => {
    const state = join(folder, 'state');
    const appender = openSound(state).appender();
    make(state);
    const before = readdirSync(folder);
    const attempt = appender.append([{ kind: 'run' }]);
    await expect(attempt).rejects.toThrow(Unusable);
    await expect(attempt).rejects.toThrow(errno);
    expect(readdirSync(folder)).toEqual(before);
  });
});
