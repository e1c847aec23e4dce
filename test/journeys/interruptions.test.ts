// A run that is killed, raced, stopped or out of room at any moment leaves nothing that the next run does not put right (CASES 53, 54, 60, 61).

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandResult } from '../support/command.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { changesIn, groupIn } from './documents.ts';
import { later, openWorld, type Host, type World } from './world.ts';

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

const before = {
  stewards: ['base', 'hoo', 'melos'],
  'klaxon-users': ['alice', 'martin'],
};
const after = {
  stewards: ['base', 'melos', 'radimer'],
  'klaxon-users': ['alice', 'carol'],
};

/** A host that holds `before` and has to make `after` of it, behind the proxy; and a way to put all of that back. */
async function hostWithChanges(): Promise<{
  readonly host: Host;
  readonly reset: () => Promise<void>;
}> {
  const host = await world.newHost({
    roster: before.stewards,
    granted: ['alice'],
    directory: { url: proxy.url('ldap') },
  });
  host.grant('martin', '2026-11-24');
  await host.reconcile();
  host.setRoster(after.stewards);
  host.grant('carol');
  cpSync(host.state, join(host.folder, 'kept'), { recursive: true });
  const reset = async () => {
    for (const [group, members] of Object.entries(before)) await world.slapd.setMembers(group, members);
    rmSync(host.state, { recursive: true });
    cpSync(join(host.folder, 'kept'), host.state, { recursive: true });
  };
  return { host, reset };
}

async function membership(host: Host): Promise<typeof after> {
  return {
    stewards: [...(await host.members('stewards'))],
    'klaxon-users': [...(await host.members('klaxon-users'))],
  };
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** How often the record says of somebody that muster put them in or took them out, or that they came and went by themselves. */
function events(host: Host, uid: string): readonly string[] {
  return host.ledger().flatMap((record) => {
    const text = JSON.stringify(record);
    return ['outcome', 'membership'].includes(record.type) && text.includes(`"${uid}"`) ? [record.type] : [];
  });
}

/** Messages that an undisturbed run sends to the directory. */
async function messagesOf(host: Host): Promise<number> {
  const sent = proxy.messages();
  await host.reconcile(later(2));
  return proxy.messages() - sent;
}

describe('case 53: given a run that has to change both groups', () => {
  it('when it is killed before or after any call to the directory, then the next run makes the same of it, and the record tells each change once', async () => {
    const { host, reset } = await hostWithChanges();
    const calls = await messagesOf(host);
    expect(await membership(host)).toEqual(after);
    const toldOnce = events(host, 'carol');

    // While it reads, one call is as good as any other; from the first modify on each counts.
    for (const call of [4, ...range(calls - 6, calls)]) {
      for (const arrives of [false, true]) {
        await reset();
        let kill: (signal: NodeJS.Signals) => void = () => undefined;
        proxy.beforeMessage(call, async () => {
          if (!arrives) await proxy.set('hang');
          kill('SIGKILL');
        });
        const killed = await host.run(['reconcile'], {
          at: later(2),
          started: (end) => (kill = end),
        });
        await proxy.set('pass');
        expect(killed.signal).toBe('SIGKILL');

        const run = await host.reconcile(later(2, 1));
        const settled = {
          call,
          arrives,
          status: run.status,
          ...(await membership(host)),
          told: events(host, 'carol'),
        };
        expect(settled).toEqual({
          call,
          arrives,
          status: 0,
          ...after,
          told: toldOnce,
        });
      }
    }
    const records = host.ledger().length;
    expect((await host.reconcile(later(2, 2))).status).toBe(0);
    expect(host.ledger()).toHaveLength(records);
  }, 120_000);

  it('when it is killed as soon as anything new is on disk, then the next run makes the same of it', async () => {
    const { host, reset } = await hostWithChanges();
    for (const append of range(1, 6)) {
      await reset();
      let appends = 0;
      let kill: (signal: NodeJS.Signals) => void = () => undefined;
      const watcher = watch(host.state, (event, name) => {
        if (event === 'rename' && name === 'ledger.head') appends += 1;
        if (appends === append) kill('SIGKILL');
      });
      await host.run(['reconcile'], {
        at: later(2),
        started: (end) => (kill = end),
      });
      watcher.close();

      const run = await host.reconcile(later(2, 1));
      expect({
        append,
        groups: run.document.groups.map(({ held }) => held),
        ...(await membership(host)),
      }).toEqual({
        append,
        groups: [[], []],
        ...after,
      });
    }
  }, 120_000);

  it('when it is killed before it could record what it added, and the roster is cut short meanwhile, then the limits still hold', async () => {
    const six = ['anticomposite', 'base', 'deltaquad', 'ep1c', 'h2o', 'hasley'];
    const host = await world.newHost({
      roster: six,
      directory: { url: proxy.url('ldap') },
    });
    await host.reconcile();
    host.setRoster([...six, 'hoo', 'melos', 'radimer']);
    // The call after the modify: the run knows that it is done, and the record does not.
    const killed = await killedAt((await modifyOf(host)) + 1, host);
    expect(killed.signal).toBe('SIGKILL');
    expect(await host.members('stewards')).toHaveLength(9);

    host.setRoster(six);
    const run = await host.reconcile(later(0, 2));

    expect([run.status, (await host.members('stewards')).length]).toEqual([3, 9]);
  });

  it('when it is killed in the middle of what a person allowed, then that is done by the next run, without asking again', async () => {
    const host = await world.newHost({
      roster: ['base', 'hoo', 'melos', 'ep1c'],
      directory: { url: proxy.url('ldap') },
    });
    await host.reconcile();
    host.setRoster(['base']);
    const held = await host.reconcile(later(0, 1));
    const [hold] = groupIn(held.document, 'stewards').held;
    await host.allow('stewards', hold?.digest ?? '', later(0, 1));

    expect((await killedAt(await modifyOf(host), host)).signal).toBe('SIGKILL');
    expect(await host.members('stewards')).toHaveLength(4);

    expect((await host.reconcile(later(0, 3))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

/** The run is killed before its nth call to the directory, which never arrives. */
async function killedAt(call: number, host: Host): Promise<CommandResult> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  proxy.beforeMessage(call, async () => {
    await proxy.set('hang');
    kill('SIGKILL');
  });
  const killed = await host.run(['reconcile'], {
    at: later(0, 2),
    started: (end) => (kill = end),
  });
  await proxy.set('pass');
  return killed;
}

/** Which call of the next run is its first modify: found by a run that is taken back. */
async function modifyOf(host: Host): Promise<number> {
  const kept = join(host.folder, 'before-probe');
  const members = await world.slapd.members('stewards');
  cpSync(host.state, kept, { recursive: true });
  const logged = world.slapd.logs().length;
  await host.reconcile(later(0, 2));
  const [, operation] = /op=(\d+) MOD dn=/.exec(connectionsOf(world.slapd.logs().slice(logged))) ?? [];
  if (operation === undefined) throw new Error('the run modified nothing');
  rmSync(host.state, { recursive: true });
  cpSync(kept, host.state, { recursive: true });
  await world.slapd.setMembers('stewards', members);
  return Number(operation) + 1;
}

/** The log without the administrator's own connections, which come over the socket. */
function connectionsOf(log: string): string {
  const administrator = new Set([...log.matchAll(/conn=(\d+) fd=\d+ ACCEPT from PATH/g)].map(([, connection]) => connection));
  return log
    .split('\n')
    .filter((line) => !administrator.has(/conn=(\d+)/.exec(line)?.[1]))
    .join('\n');
}

describe('case 54: given somebody else who writes the group during a run', () => {
  it('when a member is added, or one is taken out, before any call, then no write is lost without a word', async () => {
    const { host, reset } = await hostWithChanges();
    const calls = await messagesOf(host);

    for (const call of [3, ...range(calls - 8, calls - 1)]) {
      await reset();
      proxy.beforeMessage(call, async () => {
        await world.slapd.addMember('klaxon-users', 'mallory');
        await world.slapd.removeMember('stewards', 'melos');
      });
      const run = await host.reconcile(later(2));
      const told = changesIn(groupIn(run.document, 'klaxon-users')).includes('mallory out: unexplained');
      const there = (await host.members('klaxon-users')).includes('mallory');
      expect({
        call,
        lost: !there && !told,
        all: run.document.status.all,
      }).toEqual({ call, lost: false, all: ['in order'] });

      await host.reconcile(later(2, 1));
      expect({ call, ...(await membership(host)) }).toEqual({ call, ...after });
    }
  }, 120_000);
});

describe('case 61: given an active flag', () => {
  it('when it goes away before any call, then nothing is written from the next write on, and the status says so', async () => {
    const { host, reset } = await hostWithChanges();
    const calls = await messagesOf(host);
    const flag = join(host.folder, 'active');
    host.configure({ active: 'active' });

    for (const call of [3, ...range(calls - 6, calls - 1)]) {
      await reset();
      writeFileSync(flag, '');
      const logged = world.slapd.logs().length;
      proxy.beforeMessage(call, () => rmSync(flag));
      const run = await host.reconcile(later(2));
      const log = connectionsOf(world.slapd.logs().slice(logged));
      const late = [...log.matchAll(/op=(\d+) MOD dn="([^",]+)/g)].filter(([, operation]) => Number(operation) >= call);
      expect({ call, late: late.map(([, , dn]) => dn) }).toEqual({
        call,
        late: [],
      });
      const isDone = JSON.stringify(await membership(host)) === JSON.stringify(after);
      expect({ call, status: run.status }).toEqual({
        call,
        status: isDone ? 0 : 75,
      });
    }
  }, 120_000);

  it('when it is not there, or names another host, then the host is the standby, asks nobody and writes nothing, not even with plan', async () => {
    const { host } = await hostWithChanges();
    for (const active of ['no-such-flag', { host: 'ldap-maint1001.example' }]) {
      host.configure({ active });
      const sent = proxy.messages();
      const run = await host.reconcile(later(2));
      expect([run.status, run.document.state, run.document.status.all, proxy.messages()]).toEqual([0, 'standby', ['in order'], sent]);
      expect((await host.plan(later(2))).document.state).toBe('standby');
    }
    expect(await membership(host)).toEqual(before);
  });

  it('when both hosts believe to be the active one, then both end with the same sets, and neither undoes the other', async () => {
    const { host } = await hostWithChanges();
    const twin = host.twin();

    for (const hour of [1, 2]) await Promise.all([host.reconcile(later(2, hour)), twin.reconcile(later(2, hour))]);

    const [one, other] = [await host.reconcile(later(2, 3)), await twin.reconcile(later(2, 3))];
    expect([one.status, other.status]).toEqual([0, 0]);
    expect(await membership(host)).toEqual(after);
  });
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
    const { host, reset } = await hostWithChanges();
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
        expect(await membership(host)).toEqual(after);
      } finally {
        execFileSync('umount', [disk]);
        rmSync(host.state);
        mkdirSync(host.state);
      }
    }
  }, 120_000);
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
