// A disk that is full: what cannot be recorded is not done (CASE 60).

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { after, changingHost, connectionsOf } from './changing-host.ts';
import { later, openWorld, type World } from './world.ts';

let world: World;
let proxy: TcpProxy;
beforeAll(async () => {
  world = await openWorld();
  proxy = await startTcpProxy(world.slapd.port);
});
afterAll(async () => {
  await proxy.stop();
  await world.stop();
});

function canMount(): boolean {
  try {
    execFileSync('mount', ['--version'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount())('case 60: given a disk that is full', () => {
  it('when nothing or very little can be recorded, then the directory is not written, or what was done is found again', async () => {
    const { host, reset, membership } = await changingHost(world, proxy);
    const disk = join(host.folder, 'disk');
    mkdirSync(disk);
    for (const room of [0, 1, 2, 4]) {
      await reset();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
      try {
        cpSync(host.state, disk, { recursive: true });
        rmSync(host.state, { recursive: true });
        execFileSync('ln', ['-s', disk, host.state]);
        fill(disk, room);
        const modified = world.slapd.logs().length;
        const run = await host.run(['reconcile'], { at: later(2) });
        expect(run.status).not.toBe(70);
        const wrote = connectionsOf(world.slapd.logs().slice(modified)).includes(' MOD ');
        if (room === 0) expect([run.status, wrote]).toEqual([75, false]);
        rmSync(join(disk, 'filler'));
        expect((await host.reconcile(later(2, 1))).status).toBe(0);
        expect(await membership()).toEqual(after);
      } finally {
        execFileSync('umount', [disk]);
        rmSync(host.state);
        mkdirSync(host.state);
      }
    }
  }, 120_000);

  it('when somebody is revoked, then they are out all the same, and it is said that this could not be kept', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo'] });
    await host.reconcile();
    const disk = join(host.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      cpSync(host.state, disk, { recursive: true });
      rmSync(host.state, { recursive: true });
      execFileSync('ln', ['-s', disk, host.state]);
      fill(disk, 0);
      const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
      expect(status).toBe(6);
      expect(stdout).toContain('  stewards: out\n');
      expect(stdout).toContain('the revocation could NOT be kept: the next run may give the access back');
      expect(await host.members('stewards')).toEqual(['base']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/** Leaves room for so many pages. */
function fill(disk: string, pages: number): void {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4096'], { stdio: 'ignore' });
  } catch {
    // dd stops when the disk is full.
  }
  execFileSync('truncate', ['-s', `-${pages * 4096}`, join(disk, 'filler')]);
}
