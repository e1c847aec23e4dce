// A run that is killed at any moment leaves nothing that the next run does not put right (CASE 53).

import { cpSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandResult } from '../support/command.ts';
import { renderHistory } from '../support/fast-import.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { after, changingHost, connectionsOf, range } from './changing-host.ts';
import { changesIn, groupIn } from './documents.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { grantPath, later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const proxy = ofThisFile(() => startTcpProxy(world.slapd.port));

/** How often the record says of somebody that muster put them in or took them out, or that they came and went by themselves. */
function events(host: Host, uid: string): readonly string[] {
  return host.ledger().flatMap((record) => {
    const text = JSON.stringify(record);
    return ['outcome', 'membership'].includes(record.type) && text.includes(`"${uid}"`) ? [record.type] : [];
  });
}

describe('case 53: given a run that has to change both groups', () => {
  it('when it is killed before or after any call to the directory, then the next run makes the same of it, and the record tells each change once', async () => {
    const { host, reset, membership, messages } = await changingHost(world, proxy);
    const calls = await messages();
    expect(await membership()).toEqual(after);
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
        const killed = await host.built(['reconcile'], {
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
          ...(await membership()),
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
  });

  it('when it is killed as soon as anything new is on disk, then the next run makes the same of it', async () => {
    const { host, reset, membership } = await changingHost(world, proxy);
    for (const append of range(1, 6)) {
      await reset();
      let appends = 0;
      let kill: (signal: NodeJS.Signals) => void = () => undefined;
      const watcher = watch(host.state, (event, name) => {
        if (event === 'rename' && name === 'ledger.head') appends += 1;
        if (appends === append) kill('SIGKILL');
      });
      await host.built(['reconcile'], { at: later(2), started: (end) => (kill = end) });
      watcher.close();

      const run = await host.reconcile(later(2, 1));
      expect({
        append,
        groups: run.document.groups.map(({ held }) => held),
        ...(await membership()),
      }).toEqual({
        append,
        groups: [[], []],
        ...after,
      });
    }
  });

  it('when it is killed before it could record what it added, and the roster is cut short meanwhile, then the limits still hold', async () => {
    const six = ['anticomposite', 'base', 'deltaquad', 'ep1c', 'h2o', 'hasley'];
    const host = await world.newHost({ roster: six, directory: { url: proxy.url('ldap') } });
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

  it('when it is killed before it could record what a person allowed of a new start, then that is in force, and nobody is taken out again', async () => {
    const host = await world.newHost({ granted: ['hoo'], directory: { url: proxy.url('ldap') } });
    await host.reconcile();
    const start = host.grant('melos');
    host.configure({ repository: { url: host.repository.path, start } });
    const held = await host.reconcile(later(0, 1));
    const [hold] = groupIn(held.document, 'klaxon-users').held;
    await host.allow('klaxon-users', hold?.digest ?? '', later(0, 1));

    const killed = await killedAt((await modifyOf(host, 'klaxon-users')) + 1, host);
    expect([killed.signal, await host.members('klaxon-users')]).toEqual(['SIGKILL', ['hoo', 'melos']]);

    for (const hour of [3, 4]) expect((await host.reconcile(later(0, hour))).status).toBe(0);
    expect(await host.members('klaxon-users')).toEqual(['hoo', 'melos']);
  });

  it('when that is put right only a day after it was allowed, then nobody goes and comes again either', async () => {
    const host = await world.newHost({ granted: ['hoo'], directory: { url: proxy.url('ldap') } });
    await host.reconcile();
    host.configure({ repository: { url: host.repository.path, start: host.grant('melos') } });
    const held = await host.reconcile(later(0, 1));
    const [hold] = groupIn(held.document, 'klaxon-users').held;
    await host.allow('klaxon-users', hold?.digest ?? '', later(0, 1));
    await killedAt((await modifyOf(host, 'klaxon-users')) + 1, host);

    const runs = [await host.reconcile(later(1, 3)), await host.reconcile(later(1, 4))];
    expect(runs.map(({ status, document }) => [status, changesIn(groupIn(document, 'klaxon-users'))])).toEqual([
      [0, []],
      [0, []],
    ]);
    expect(await host.members('klaxon-users')).toEqual(['hoo', 'melos']);
  });
});

describe('given a first run that has more to record than one append holds', () => {
  const landings = 1_050;

  it('when it is killed once a part is on disk, then the next run goes on from there, and each landing has one verdict', async () => {
    const host = await world.newHost();
    const commits = Array.from({ length: landings }, (_, index) => ({
      ref: 'refs/heads/main',
      parents: [index === 0 ? 'main' : `:${index}`],
      files: { [grantPath(`vol${index % 10}`)]: `reason: Number ${index}.\ncontact: irc on libera.chat\nuntil: 2026-12-07\n` },
      author: 'Alice <alice@example.org>',
      message: 'Change',
      seconds: Date.parse('2026-11-21T00:00:00Z') / 1000 + index,
    }));
    host.repository.git(['fast-import', '--quiet', '--force', '--done', '--cat-blob-fd=1'], renderHistory(commits));
    let kill: (signal: NodeJS.Signals) => void = () => undefined;
    const watcher = watch(host.state, (event, name) => {
      if (event === 'rename' && name === 'ledger.head') kill('SIGKILL');
    });
    await host.built(['reconcile'], { at: later(0), started: (end) => (kill = end) });
    watcher.close();
    const verdicts = () => host.ledger().filter(({ type }) => type === 'verdict');
    expect(verdicts().length).toBeGreaterThan(900);

    expect((await host.reconcile(later(0, 1))).status).toBe(0);
    expect(await host.members('klaxon-users')).toEqual(range(0, 9).map((number) => `vol${number}`));
    expect(verdicts()).toHaveLength(landings);
    expect(new Set(verdicts().map(({ commit }) => commit)).size).toBe(landings);
  });
});

/** The run is killed before its nth call to the directory, which never arrives. */
async function killedAt(call: number, host: Host): Promise<CommandResult> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  proxy.beforeMessage(call, async () => {
    await proxy.set('hang');
    kill('SIGKILL');
  });
  const killed = await host.built(['reconcile'], {
    at: later(0, 2),
    started: (end) => (kill = end),
  });
  await proxy.set('pass');
  return killed;
}

/** Which call of the next run is its first modify: found by a run that is taken back. */
async function modifyOf(host: Host, group = 'stewards'): Promise<number> {
  const kept = join(host.folder, 'before-probe');
  const members = await world.slapd.members(group);
  // Both runs find a directory that was written to, so that both ask the same.
  await world.slapd.setMembers(group, members);
  cpSync(host.state, kept, { recursive: true });
  const logged = world.slapd.logs().length;
  await host.reconcile(later(0, 2));
  const [, operation] = /op=(\d+) MOD dn=/.exec(connectionsOf(world.slapd.logs().slice(logged))) ?? [];
  if (operation === undefined) throw new Error('the run modified nothing');
  rmSync(host.state, { recursive: true });
  cpSync(kept, host.state, { recursive: true });
  await world.slapd.setMembers(group, members);
  return Number(operation) + 1;
}
