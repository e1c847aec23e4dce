import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fetchRoster } from '../../src/judge/fetch-rosters.ts';
import { readRosterFile } from '../../src/roster/roster-file.ts';
import { duration, instant } from '../../src/names.ts';
import { judgeRoster } from '../../src/roster/roster.ts';
import { hour } from '../../src/time.ts';
import { freePort, pathWithRsync, startRsyncDaemon, type RsyncDaemon } from '../support/rsync-daemon.ts';

const list = 'hoo\nmelos\n';
const digest = createHash('sha256').update(list).digest('hex');
const plain = { checksum: 'none', path: pathWithRsync, timeout: 5 } as const;
const withChecksum = { ...plain, checksum: 'required' } as const;

const folder = mkdtempSync(join(tmpdir(), 'muster-fetched-'));
const place = join(folder, 'steward');

/** As judging fetches it and converging reads it. */
async function readRosterByRsync(url: string, terms: Parameters<typeof fetchRoster>[2]) {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
  return (await fetchRoster(url, place, terms)) ?? readRosterFile(place, { checksum: terms.checksum, called: url });
}

let daemon: RsyncDaemon;
const file = (name = 'steward.txt') => join(daemon.exports, name);
beforeAll(async () => {
  daemon = await startRsyncDaemon();
});
afterAll(async () => {
  await daemon.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  for (const name of readdirSync(daemon.exports)) rmSync(file(name), { recursive: true });
});

describe('given a real rsync daemon that exports a list', () => {
  it('when it is fetched, then its bytes, its digest and the time at which it was written are given, and nothing is left behind', async () => {
    writeFileSync(file(), list);
    utimesSync(file(), 1_790_000_000, 1_790_000_000);
    const reading = await readRosterByRsync(daemon.url('steward.txt'), plain);
    expect(reading).toMatchObject({ kind: 'file', sha256: digest, producedAt: 1_790_000_000_000, stated: { kind: 'not-asked' } });
    expect(reading.kind === 'file' && Buffer.from(reading.bytes).toString()).toBe(list);
    expect(readdirSync(folder)).toEqual(['steward']);
  });

  it('when the folder for temporary files is of no use, then it is fetched into another one', async () => {
    writeFileSync(file(), list);
    const absent = await fetchRoster(daemon.url('steward.txt'), '/nonexistent/steward', plain);
    expect(absent).toMatchObject({ kind: 'unreadable', act: 'administrator', mayPass: true });
  });

  it('when it was written 27 hours ago and carried just now, then it is stale after 26 hours', async () => {
    const now = 1_790_000_000_000;
    writeFileSync(file(), list);
    utimesSync(file(), now / 1000 - 27 * 3600, now / 1000 - 27 * 3600);
    const reading = await readRosterByRsync(daemon.url('steward.txt'), plain);
    const judged = (hours: number) => judgeRoster(reading, { now: instant(now), olderThan: duration(hours * hour), checksum: 'none' }).kind;
    expect([judged(26), judged(28)]).toEqual(['stale', 'fresh']);
  });

  it.each([
    { given: 'nothing', make: () => undefined, gives: { kind: 'missing', act: 'producer' } },
    { given: 'a folder', make: () => mkdirSync(file()), gives: { kind: 'unreadable', message: /not a regular file/ } },
    {
      given: 'a symbolic link to a good list',
      make: () => {
        writeFileSync(file('other'), list);
        symlinkSync('other', file());
      },
      gives: { kind: 'unreadable', message: /not a regular file/ },
    },
    {
      given: 'a byte more than a mebibyte',
      make: () => writeFileSync(file(), Buffer.alloc(1024 * 1024 + 1, 'a')),
      gives: { kind: 'damaged', act: 'producer', message: /1048577 bytes/ },
    },
    {
      given: 'ten megabytes',
      make: () => writeFileSync(file(), Buffer.alloc(10_000_000, 'a')),
      gives: { kind: 'damaged', act: 'producer', message: /10000000 bytes/ },
    },
  ])('when $given is there, then each is a state of its own', async ({ make, gives: { message, ...gives } }) => {
    make();
    const reading = await readRosterByRsync(daemon.url('steward.txt'), plain);
    expect(reading).toMatchObject(gives);
    expect(reading).toHaveProperty('message', expect.stringMatching(message ?? /not there/));
    expect(reading).toHaveProperty('message', expect.stringContaining(daemon.url('steward.txt')));
  });

  it('when it has exactly a mebibyte, then it is read', async () => {
    writeFileSync(file(), Buffer.alloc(1024 * 1024, 'a'));
    expect(await readRosterByRsync(daemon.url('steward.txt'), plain)).toMatchObject({ kind: 'file', bytes: { length: 1024 * 1024 } });
  });

  // Root may read every file.
  it.skipIf(process.getuid?.() === 0)('when the daemon may not read it, then it is unreadable and not missing', async () => {
    writeFileSync(file(), list);
    chmodSync(file(), 0o000);
    expect(await readRosterByRsync(daemon.url('steward.txt'), plain)).toMatchObject({ kind: 'unreadable', act: 'producer' });
  });
});

describe('given a list with a checksum file beside it', () => {
  it('when sha256sum wrote it, then both are fetched and the digest is that of the list', async () => {
    writeFileSync(file(), list);
    writeFileSync(file('steward.txt.sha256'), execFileSync('sha256sum', ['steward.txt'], { cwd: daemon.exports }));
    const reading = await readRosterByRsync(daemon.url('steward.txt'), withChecksum);
    expect(reading).toMatchObject({ kind: 'file', sha256: digest, stated: { kind: 'stated', sha256: digest } });
  });

  it('when it is not there, then that is said with its address', async () => {
    writeFileSync(file(), list);
    const reading = await readRosterByRsync(daemon.url('steward.txt'), withChecksum);
    const message = `A checksum is required, and ${daemon.url('steward.txt.sha256')} is not there.`;
    expect(reading).toMatchObject({ kind: 'file', stated: { kind: 'unusable', message } });
  });

  it('when only it is there, then the list is missing', async () => {
    writeFileSync(file('steward.txt.sha256'), `${digest}  steward.txt\n`);
    expect(await readRosterByRsync(daemon.url('steward.txt'), withChecksum)).toMatchObject({ kind: 'missing' });
  });
});

describe('given a daemon that gives nothing', () => {
  const started: Server[] = [];
  afterEach(() => {
    for (const server of started.splice(0)) server.close();
  });

  it.each([
    { given: 'the module is unknown', module: 'nobody-has-this' },
    { given: 'the module is closed to this host', module: 'closed' },
  ])('when $given, then somebody must mend that: it does not pass by itself', async ({ module }) => {
    const reading = await readRosterByRsync(daemon.url('steward.txt', module), plain);
    expect(reading).toMatchObject({ kind: 'unreadable', act: 'carrier' });
    expect(reading).not.toHaveProperty('mayPass');
  });

  it('when it is down, then the next run may find it', async () => {
    const url = `rsync://127.0.0.1:${await freePort()}/exports/steward.txt`;
    const message = expect.stringContaining('no connection to the rsync daemon');
    expect(await readRosterByRsync(url, plain)).toMatchObject({ kind: 'unreadable', mayPass: true, message });
  });

  it.each([
    { given: 'says nothing', greeting: '' },
    { given: 'greets and then says nothing', greeting: '@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n' },
  ])('when it $given, then it is not waited for longer than the timeout allows', async ({ greeting }) => {
    const server = createServer((socket) => void socket.on('error', () => undefined).write(greeting));
    started.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const reading = await readRosterByRsync(`rsync://127.0.0.1:${port}/exports/steward.txt`, { ...plain, timeout: 1 });
    expect(reading).toMatchObject({ kind: 'unreadable', mayPass: true });
  });

  it('when rsync is not installed, then the administrator is asked for it', async () => {
    const reading = await readRosterByRsync(daemon.url('steward.txt'), { ...plain, path: daemon.exports });
    expect(reading).toMatchObject({ kind: 'unreadable', act: 'administrator' });
  });
});
