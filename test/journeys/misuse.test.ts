// A configuration that is not right stops the run before anybody is asked, and two runs never work at the same time.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { groupIn, type RunDocument } from './documents.ts';
import { openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

describe('given two runs at once', () => {
  it('when both start together, then one waits for the other, does nothing, and both end in order', async () => {
    const host = await world.newHost({ granted: ['alice'] });

    const runs = await Promise.all([1, 2, 3].map(() => host.built(['reconcile', '--json'])));

    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(runs.filter((run) => groupIn(run.json<RunDocument>(), 'stewards').state === 'changed')).toHaveLength(1);
    expect(host.ledger().filter(({ type }) => type === 'intent')).toHaveLength(2);
  });

  it('when somebody else holds the lock for a moment, then the run waits and says so; plan does not', async () => {
    const host = await world.newHost({ roster: ['base'] });
    const holder = spawn('flock', [join(host.state, 'lock'), 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await pause(300);
    const reconciling = host.reconcile();
    expect((await host.plan()).status).toBe(0);
    await pause(2000);
    holder.stdin.end();
    await once(holder, 'exit');

    const run = await reconciling;
    expect([run.status, await host.members('stewards')]).toEqual([0, ['base']]);
    expect(run.stderr).toContain('lock');
  });
});

describe('given a configuration that is not right', () => {
  it.each([
    { given: 'is not there', spoil: (file: string) => rmSync(file) },
    {
      given: 'is not YAML',
      spoil: (file: string) => writeFileSync(file, 'a: ['),
    },
    {
      given: 'has a key that nobody knows',
      spoil: (file: string) => writeFileSync(file, 'repositry: {}\n'),
    },
    {
      given: 'has a key twice',
      spoil: (file: string) => appendFileSync(file, '\nmode: report\nmode: enforce\n'),
    },
  ])('when the file $given, then status 2, with or without --json, and nobody is asked', async ({ spoil }) => {
    const host = await world.newHost();
    spoil(host.config);
    const logged = world.slapd.logs().length;
    const asked = world.git.requests().length;

    const run = await host.run(['reconcile', '--json']);

    expect([run.status, run.json<{ status: { name: string } }>().status.name]).toEqual([2, 'misuse']);
    expect(run.stderr).toMatch(/^muster: /);
    expect([world.slapd.logs().slice(logged), world.git.requests().length]).toEqual(['', asked]);
  });

  it.each([
    {
      given: 'a group ceiling for a group it does not list',
      directory: { ceilings: { wikidev: { members: 3 } } },
      says: 'directory.ceilings.wikidev',
    },
    {
      given: 'ldap:// to another host in the clear',
      directory: { url: 'ldap://ldap-rw.eqiad.example' },
      says: 'directory.url',
    },
    { given: 'two ways to bind', directory: { sasl: 'external' }, says: 'say once how to bind' },
  ])('when it has $given, then status 2, and what is wrong is named', async ({ directory, says }) => {
    const host = await world.newHost();
    host.configure({ directory });
    const { status, stderr } = await host.run(['plan']);
    expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
  });

  it.each([
    { given: 'that is not there', env: { MUSTER_CONFIG: '/nonexistent/muster.yaml' }, says: '/nonexistent/muster.yaml' },
    { given: 'whose name is empty', env: { MUSTER_CONFIG: '' }, says: '/etc/muster/muster.yaml' },
  ])('when the environment names one $given, then that is told without an error number, and what makes one', async ({ env, says }) => {
    const { status, stderr } = await (await world.newHost()).run(['plan'], { env });
    expect([status, stderr]).toEqual([2, expect.stringContaining(`there is no configuration ${says}: name one with --config FILE`)]);
    expect(stderr).toContain('"muster init" makes a first one');
  });

  it('when the password file may be read by everybody, then status 2, and the directory hears nothing', async () => {
    const host = await world.newHost({ roster: ['base'] });
    for (const folder of [join(host.folder, '..'), host.folder]) chmodSync(folder, 0o755);
    chmodSync(join(host.folder, 'password'), 0o644);
    const logged = world.slapd.logs().length;
    const run = await host.run(['reconcile']);
    chmodSync(join(host.folder, '..'), 0o700);
    expect([run.status, world.slapd.logs().slice(logged)]).toEqual([2, '']);
  });
});

describe('given a command that must be told why', () => {
  it.each([
    ['allow', 'stewards', `sha256:${'0'.repeat(64)}`],
    ['refuse', '0'.repeat(40)],
    ['distrust', 'alice', '--since', '2026-11-01'],
    ['revoke', 'mallory'],
    ['lift', 'mallory'],
  ])('when the reason of %s is the dots of the help page, then it is asked for one in words and does nothing', async (...args) => {
    const host = await world.newHost();
    const { status, stderr } = await host.run([...args, '--reason', '…']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--reason must say why')]);
    expect(host.ledger()).toEqual([]);
  });
});
