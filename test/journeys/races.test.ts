// Other writers, the other host and the active flag, at any moment of a run.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Attribute, Change } from 'ldapts';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { after, before, changingHost, connectionsOf, range } from './changing-host.ts';
import { changesIn, groupIn } from './documents.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { later, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const proxy = ofThisFile(() => startTcpProxy(world.slapd.port));

describe('case 54: given somebody else who writes the group during a run', () => {
  it('when a member is added, or one is taken out, before any call, then no write is lost without a word', async () => {
    const { host, reset, membership, messages } = await changingHost(world, proxy);
    const calls = await messages();

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
      expect({ call, ...(await membership()) }).toEqual({ call, ...after });
    }
  });
});

describe('given removals that a person allowed, and somebody who keeps writing the group', () => {
  it('when the run loses every race, then nothing is done and what was allowed stays so; the next run does it without asking again', async () => {
    const host = await world.newHost({ roster: ['base', 'ep1c', 'hoo', 'melos'], directory: { url: proxy.url('ldap') } });
    await host.reconcile();
    host.setRoster(['base']);
    const held = await host.reconcile(later(0, 1));
    await host.allow('stewards', groupIn(held.document, 'stewards').held[0]?.digest ?? '', later(0, 1));
    let count = 0;
    let isBusy = true;
    const write = async () => {
      if (!isBusy) return;
      const modification = new Attribute({ type: 'description', values: [String((count += 1))] });
      await world.slapd.withClient((client) =>
        client.modify(world.slapd.groupDn('stewards'), new Change({ operation: 'replace', modification })),
      );
    };
    for (const call of range(1, 30)) proxy.beforeMessage(call, write);

    const lost = await host.reconcile(later(0, 2));
    isBusy = false;
    expect([lost.status, (await host.members('stewards')).length]).toEqual([6, 4]);

    expect((await host.reconcile(later(0, 3))).status).toBe(0);
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

describe('case 61: given an active flag', () => {
  it('when it goes away before any call, then nothing is written from the next write on, and the status says so', async () => {
    const { host, reset, membership, messages } = await changingHost(world, proxy);
    const calls = await messages();
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
      expect({ call, late: late.map(([, , dn]) => dn) }).toEqual({ call, late: [] });
      const isDone = JSON.stringify(await membership()) === JSON.stringify(after);
      expect({ call, status: run.status }).toEqual({ call, status: isDone ? 0 : 75 });
    }
  });

  it('when it is not there, or names another host, then the host is the standby, asks nobody and writes nothing, not even with plan', async () => {
    const { host, membership } = await changingHost(world, proxy);
    for (const active of ['no-such-flag', { host: 'ldap-maint1001.example' }]) {
      host.configure({ active });
      const sent = proxy.messages();
      const run = await host.reconcile(later(2));
      expect([run.status, run.document.state, run.document.status.all, proxy.messages()]).toEqual([0, 'standby', ['in order'], sent]);
      expect(run.document).toMatchObject({ policy: { head: null, judged: null, refused: [], pending: [] }, rosters: [], groups: [] });
      expect((await host.plan(later(2))).document.state).toBe('standby');
      const allowing = await host.allow('stewards', `sha256:${'0'.repeat(64)}`, later(2));
      expect([allowing.status, allowing.stderr]).toEqual([2, expect.stringContaining('this host is the standby')]);
    }
    expect(await membership()).toEqual(before);
  });

  it('when both hosts believe to be the active one, then both end with the same sets, and neither undoes the other', async () => {
    const { host, membership } = await changingHost(world, proxy);
    const twin = host.twin();

    for (const hour of [1, 2]) await Promise.all([host, twin].map((one) => one.built(['reconcile'], { at: later(2, hour) })));

    const [one, other] = [await host.reconcile(later(2, 3)), await twin.reconcile(later(2, 3))];
    expect([one.status, other.status]).toEqual([0, 0]);
    expect(await membership()).toEqual(after);
  });
});
