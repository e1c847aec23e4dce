// A disk that is full or read-only: nobody is added, and what is due to end ends.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { after, changingHost, connectionsOf } from './changing-host.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const proxy = ofThisFile(() => startTcpProxy(world.slapd.port));

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
        if (room === 0) expect([run.status, wrote, await host.members('klaxon-users')]).toEqual([5, true, ['alice']]);
        rmSync(join(disk, 'filler'));
        expect((await host.reconcile(later(2, 1))).status).toBe(0);
        expect(await membership()).toEqual(after);
      } finally {
        execFileSync('umount', [disk]);
        rmSync(host.state);
        mkdirSync(host.state);
      }
    }
  });
});

describe.skipIf(!canMount())('case 70: given a member whose grant ends, one whose grant was deleted, and somebody who is to come', () => {
  async function onDisk(spoil: (disk: string, host: Host) => void, work: (host: Host) => Promise<void>): Promise<void> {
    const host = await world.newHost({ roster: ['base', 'hoo'], granted: ['alice', 'bob'] });
    host.grant('martin', '2026-11-24');
    await host.reconcile();
    host.revokeGrants(['bob']);
    host.grant('carol');
    const disk = join(host.folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      cpSync(host.state, disk, { recursive: true });
      rmSync(host.state, { recursive: true });
      execFileSync('ln', ['-s', disk, host.state]);
      spoil(disk, host);
      await work(host);
    } finally {
      execFileSync('umount', [disk]);
    }
  }
  const remount = (disk: string) => execFileSync('mount', ['-o', 'remount,ro', disk]);
  const noReserve = (disk: string) => {
    for (const reserve of ['reserve', 'judged/reserve']) rmSync(join(disk, reserve));
    fill(disk, 0);
  };

  it('when the disk is full, then ends and endorsed removals are done and recorded, nobody is added, the status is 5, in metrics too', async () => {
    await onDisk(
      (disk, host) => {
        host.configure({ metrics: 'muster.prom' });
        fill(disk, 0);
      },
      async (host) => {
        const run = await host.reconcile(later(2));
        expect([run.status, await host.members('klaxon-users')]).toEqual([5, ['alice']]);
        expect(run.document.status.all).not.toContain('unavailable');
        const removed = host
          .ledger()
          .filter(({ type, group, result }) => type === 'outcome' && group === 'klaxon-users' && result === 'done');
        expect(JSON.stringify(removed.at(-1))).toMatch(/martin.*|bob.*/);
        expect(readFileSync(join(host.folder, 'muster.prom'), 'utf8')).toMatch(/status.* 5$/m);

        rmSync(join(host.state, 'filler'));
        expect((await host.reconcile(later(2, 1))).status).toBe(0);
        expect(await host.members('klaxon-users')).toEqual(['alice', 'carol']);
        expect(statSync(join(host.state, 'reserve')).size).toBe(256 * 1024);
      },
    );
  });

  it.each([
    { given: 'read-only', spoil: remount },
    { given: 'full, and the reserve used up', spoil: noReserve },
  ])(
    'when it is $given, then ends go on, what judging cannot record waits, and it is told that this could not be recorded',
    async ({ spoil }) => {
      await onDisk(spoil, async (host) => {
        const run = await host.run(['reconcile'], { at: later(2) });
        expect([run.status, await host.members('klaxon-users')]).toEqual([5, ['alice', 'bob']]);
        expect(run.stdout.replace(/\s+/g, ' ')).toContain('it was done, and could not be recorded');
      });
    },
  );

  it('when somebody is revoked on a full disk, then that is kept and recorded, and the status is 5', async () => {
    await onDisk(
      (disk) => fill(disk, 0),
      async (host) => {
        const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
        expect([status, await host.members('stewards')]).toEqual([5, ['base']]);
        expect(stdout).toContain('It is recorded, from the reserve:');
        expect(existsSync(join(host.state, 'revoked', 'hoo.json'))).toBe(true);
        expect(host.ledger().filter(({ type }) => type === 'revocation')).toHaveLength(1);
      },
    );
  });

  it.each([
    { given: 'read-only', spoil: remount },
    { given: 'full, and the reserve used up', spoil: noReserve },
  ])(
    'when somebody is revoked and it is $given, then they are out, and it is said that this could not be kept, status 5',
    async ({ spoil }) => {
      await onDisk(spoil, async (host) => {
        const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
        expect([status, await host.members('stewards')]).toEqual([5, ['base']]);
        expect(stdout).toContain('the revocation could NOT be kept: the next run may give the access back');
      });
    },
  );
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
