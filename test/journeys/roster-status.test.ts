// A roster that comes by a real rsync daemon, and what its producer can fetch about it afterwards.

import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pathWithRsync, startRsyncDaemon, type RsyncDaemon } from '../support/rsync-daemon.ts';
import { later, noon, openWorld, stewards, type Host, type World } from './world.ts';

let world: World;
let daemon: RsyncDaemon;
let list: string;
beforeAll(async () => {
  vi.stubEnv('PATH', pathWithRsync);
  daemon = await startRsyncDaemon();
  list = join(daemon.exports, 'steward.txt');
  world = await openWorld({ people: [...stewards, { uid: 'carol', locked: true }, 'mallory', 'martin'] });
});
afterAll(async () => {
  await world.stop();
  await daemon.stop();
  vi.unstubAllEnvs();
});

interface StatusFile {
  readonly at: string;
  readonly accepted: boolean;
  readonly state: string;
  readonly message: string | null;
  readonly inForce: { readonly sha256: string; readonly people: number } | null;
  readonly skipped: readonly { readonly uid: string; readonly code: string }[];
}

const path = (host: Host) => join(host.state, 'status', 'steward.json');
const statusOf = (host: Host): StatusFile => JSON.parse(readFileSync(path(host), 'utf8'));

function produce(uids: readonly string[], at: string): void {
  writeFileSync(list, uids.map((uid) => `${uid}\n`).join(''));
  utimesSync(list, new Date(at), new Date(at));
}

function newHost(): Promise<Host> {
  return world.newHost({ configuration: { rosters: { steward: { from: daemon.url('steward.txt'), 'older-than': '26 hours' } } } });
}

describe('given a roster behind an rsync daemon', () => {
  it('when it names unknown, locked and revoked people, then the others come in, and the producer is told of all but the revoked', async () => {
    const host = await newHost();
    host.revoke('mallory');
    produce([...stewards, 'carol', 'ghost', 'mallory'].sort(), noon);

    const { status } = await host.reconcile(later(0, 1));

    expect(status).toBe(0);
    expect(await host.members('stewards')).toEqual([...stewards].sort());
    expect(statusOf(host)).toMatchObject({
      at: '2026-11-23T13:00:00Z',
      accepted: true,
      state: 'fresh',
      message: null,
      inForce: { people: stewards.length + 3 },
      skipped: [
        { uid: 'carol', code: 'locked' },
        { uid: 'ghost', code: 'unknown-person' },
      ],
    });
    expect(readFileSync(path(host), 'utf8')).not.toContain('mallory');
  });

  it('when the umask is strict, then everybody may read the file, and nothing unfinished lies beside it', async () => {
    const host = await newHost();
    produce(stewards, noon);
    const umask = process.umask(0o077);
    await host.reconcile(later(0, 1)).finally(() => process.umask(umask));
    expect(statSync(path(host)).mode & 0o777).toBe(0o644);
    expect(statSync(join(host.state, 'status')).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(host.state, 'status'))).toEqual(['steward.json']);
  });

  it('when the list gets old, is cut, or goes away, then the producer reads why, and which list counts instead', async () => {
    const host = await newHost();
    produce(stewards, noon);
    await host.reconcile(later(0, 1));
    const { inForce } = statusOf(host);

    expect((await host.reconcile(later(3))).status).toBe(5);
    expect(statusOf(host)).toMatchObject({ accepted: false, state: 'stale', inForce });

    copyFileSync('/bin/true', list);
    await host.reconcile(later(3, 1));
    expect(statusOf(host)).toMatchObject({ accepted: false, state: 'damaged', inForce });

    rmSync(list);
    expect((await host.reconcile(later(3, 2))).status).toBe(5);
    expect(statusOf(host)).toMatchObject({ at: '2026-11-26T14:00:00Z', accepted: false, state: 'missing', inForce });
    expect(statusOf(host).message).toContain(daemon.url('steward.txt'));
    expect(await host.members('stewards')).toEqual([...stewards].sort());
  });

  it('when Git is down at the very first run, then the list is accepted all the same', async () => {
    const host = await newHost();
    host.configure({ repository: { url: 'http://127.0.0.1:1/access.git', start: '0'.repeat(40) } });
    produce(stewards, noon);
    await host.reconcile(later(0, 1));
    expect(statusOf(host)).toMatchObject({ accepted: true, state: 'fresh', skipped: [] });
  });

  it('when muster only plans, then no file is written', async () => {
    const host = await newHost();
    produce(stewards, noon);
    await host.plan(later(0, 1));
    expect(readdirSync(host.state)).not.toContain('status');
  });
});
