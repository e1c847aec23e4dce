// What does not answer, or answers no, costs nobody anything, and the rest goes on (CASE 58, and the neighbours of all outages).

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSlapd } from '../support/slapd.ts';
import { ofThisFile } from '../support/of-this-file.ts';
import { changesIn, groupIn } from './documents.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { grantPath, later, policy, stewards, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const proxy = ofThisFile(() => startTcpProxy(world.slapd.port));

describe('given a git server that does not answer as it should', () => {
  it('when it is down, shows a page, or fails, then status 75, expiry and the roster go on, and nothing is lost', async () => {
    const host = await world.newHost({ granted: ['alice'], roster: ['base'] });
    host.grant('martin', '2026-11-24');
    await host.reconcile();

    for (const [index, mode] of (['down', 'html', 'error'] as const).entries()) {
      await world.git.set(mode);
      host.setRoster(['base', ...stewards.slice(4, 5 + index)]);
      const run = await host.reconcile(later(2, index));
      await world.git.set('up');
      expect({ mode, all: run.document.status.all }).toEqual({ mode, all: ['unavailable'] });
      expect([await host.members('klaxon-users'), (await host.members('stewards')).length]).toEqual([['alice'], index + 2]);
    }
  });

  it('when the mirror is lost as well, then what is known stays known: the outage is told, and what was refused', async () => {
    const host = await world.newHost({ granted: ['alice'], roster: ['base'] });
    host.repository.commit('main', { [grantPath('bob')]: 'until: never\n' }, { date: '2026-11-21T00:00:00Z' });
    const before = await host.reconcile();
    rmSync(join(host.state, 'judged/mirror.git'), { recursive: true });
    await world.git.set('down');
    const during = await host.reconcile(later(0, 1));
    await world.git.set('up');

    expect(during.document.policy.refused).toEqual(before.document.policy.refused);
    expect([before.status, during.status, during.document.status.all]).toEqual([4, 4, ['refused', 'unavailable']]);
    expect(await host.members('klaxon-users')).toEqual(['alice']);
  });

  it('when it never answered yet, then nobody is touched', async () => {
    const host = await world.newHost({
      members: { stewards: ['hoo'], 'klaxon-users': ['martin'] },
    });
    await world.git.set('down');
    const run = await host.reconcile();
    await world.git.set('up');

    expect(run.document.status.all[run.document.status.all.length - 1]).toBe('unavailable');
    expect([await host.members('stewards'), await host.members('klaxon-users')]).toEqual([['hoo'], ['martin']]);
  });
});

describe('given a directory that does not answer as it should', () => {
  it('when it refuses connections or breaks off at any call, then status 75, and the next run does the rest', async () => {
    const host = await world.newHost({ roster: ['base'], directory: { url: proxy.url('ldap') } });
    host.grant('martin');
    await proxy.set('refuse');
    const run = await host.reconcile();
    await proxy.set('pass');
    expect([run.status, run.document.groups.map(({ group, state }) => `${group} ${state}`)]).toEqual([
      75,
      ['klaxon-users failed', 'stewards failed'],
    ]);

    // More than a day apart, so that putting people back again and again is within the limits.
    for (let call = 2; call <= 12; call += 2) {
      for (const group of ['stewards', 'klaxon-users']) await world.slapd.setMembers(group, []);
      proxy.beforeMessage(call, () => proxy.dropConnections());
      const broken = await host.reconcile(later(0, call * 13));
      expect({ call, status: broken.status }).toEqual({ call, status: expect.toBeOneOf([0, 75]) });
      const held = await host.reconcile(later(0, call * 13 + 1));
      expect({
        call,
        all: held.document.status.all,
        members: await host.members('klaxon-users'),
      }).toEqual({
        call,
        all: ['in order'],
        members: ['martin'],
      });
    }
  });

  it('when the password is wrong, then the run fails plainly, and the password is not shown', async () => {
    const host = await world.newHost({ roster: ['base'] });
    writeFileSync(join(host.folder, 'password'), 'open-sesame\n');
    const run = await host.reconcile();
    expect([run.status, await host.members('stewards')]).toEqual([6, []]);
    expect(run.stdout + run.stderr).not.toContain('open-sesame');
  });

  it('when a group is missing or of a class without members, then it has failed, status 6, and the others converge', async () => {
    const groups = {
      stewards: world.slapd.groupDn('stewards'),
      'klaxon-users': world.slapd.groupDn('gone'),
      people: world.slapd.people,
    };
    const host = await world.newHost({
      roster: ['base'],
      granted: ['alice'],
      files: {
        'policy/groups/people.yaml': 'purpose: Wrong.\nowner: sre\nmembers: grants\nlongest: 9 days\n',
      },
      directory: { groups },
    });

    const run = await host.reconcile();

    expect(run.document.groups.map(({ group, state }) => [group, state])).toEqual([
      ['klaxon-users', 'failed'],
      ['people', 'failed'],
      ['stewards', 'changed'],
    ]);
    expect([run.document.status.all, await host.members('stewards')]).toEqual([['directory'], ['base']]);
    expect(groupIn(run.document, 'klaxon-users').message).toContain('cn=gone');
  });

  it('when host and policy do not know the same groups, then those are frozen, status 5, and the others converge', async () => {
    const host = await world.newHost({
      members: { 'klaxon-users': ['mallory'] },
      files: {
        'policy/groups/wikidev.yaml': 'purpose: Developers.\nowner: sre\nmembers: grants\nlongest: 9 days\n',
      },
    });
    host.repository.commit('main', { 'policy/groups/klaxon-users.yaml': null }, { date: '2026-11-21T00:00:00Z' });

    const run = await host.reconcile();

    expect(run.document.groups.map(({ group, state, dn }) => [group, state, dn !== null])).toEqual([
      ['klaxon-users', 'frozen', true],
      ['stewards', 'changed', true],
      ['wikidev', 'frozen', false],
    ]);
    expect([run.document.status.all, await host.members('klaxon-users')]).toEqual([['input'], ['mallory']]);
  });
});

describe('case 58: given a directory that says no', () => {
  it.each([
    { given: 'a size limit below the roster', options: { sizeLimit: 5 } },
    { given: 'a read-only database', options: { databaseLines: ['readonly on'] } },
    {
      given: 'a replica that refers writers elsewhere',
      options: {
        databaseLines: [
          'syncrepl rid=001 provider=ldap://127.0.0.1:1 bindmethod=simple searchbase="dc=wikimedia,dc=org" type=refreshOnly interval=01:00:00:00 retry="3600 +"',
          'updateref ldap://127.0.0.1:1',
        ],
      },
    },
    { given: 'an account that may not write', options: { access: ['access to * by * read'] } },
  ])('when it is $given, then it is a clear failure, status 6, and nothing is changed', async ({ options }) => {
    const slapd = await startSlapd({
      people: stewards,
      groups: { stewards: stewards.slice(0, 2), 'klaxon-users': [] },
      ...options,
    });
    try {
      const host = await world.newHost({
        roster: [...stewards],
        directory: { url: slapd.url, groups: { stewards: slapd.groupDn('stewards') } },
      });
      const first = await host.reconcile();
      const digest = groupIn(first.document, 'stewards').held[0]?.digest;
      if (digest !== undefined) await host.allow('stewards', digest);
      const run = await host.reconcile(later(0, 1));

      expect([run.status, groupIn(run.document, 'stewards').state]).toEqual([6, 'failed']);
      expect(groupIn(run.document, 'stewards').message).not.toBe('');
      expect(await slapd.members('stewards')).toHaveLength(2);
    } finally {
      await slapd.stop();
    }
  });
});

describe('given a policy at start that cannot be read', () => {
  it('when it runs, then status 5, and nobody is touched', async () => {
    const host = await world.newHost({
      members: { stewards: ['hoo'] },
      files: { 'policy/policy.yaml': policy.replace('version: 1', 'version: 9') },
    });
    const run = await host.reconcile();
    expect([run.document.status.all, await host.members('stewards')]).toEqual([['input'], ['hoo']]);
    expect(run.document.groups.flatMap(changesIn)).toEqual([]);
  });
});
