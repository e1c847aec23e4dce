// `muster revoke` and `lift` where something of this host is in the way: what is done all the same, and what is said of the rest.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

async function hostWithStewards(): Promise<Host> {
  const host = await world.newHost({ roster: ['base', 'hoo'] });
  await host.reconcile();
  return host;
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ');

describe('given another run that holds the lock', () => {
  it('when somebody is revoked, then it is told at once from which groups they are out, and that only the record waits', async () => {
    const host = await hostWithStewards();
    const holder = spawn('flock', [join(host.state, 'lock'), 'sleep', '2'], { stdio: 'ignore' });
    await pause(300);
    const { status, stderr } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
    if (holder.exitCode === null) await once(holder, 'exit');

    expect(status).toBe(0);
    expect(stderr).toMatch(/^muster: hoo is out already, of stewards\. Only the record of it waits: .* holds the lock/m);
  });
});

describe('given a state folder that the account may not write', () => {
  const isRoot = process.getuid?.() === 0;

  it.skipIf(!isRoot)('when somebody is revoked, then no file is promised, and it says as whom to do it again', async () => {
    const host = await hostWithStewards();
    // Root goes on as the owner of the state folder.
    for (const path of [join(host.folder, '..'), host.folder]) chmodSync(path, 0o711);
    for (const path of [join(host.folder, 'password'), host.state]) chownSync(path, 65534, 65534);
    chmodSync(host.state, 0o500);

    // In the real time: the clock of the tests comes by a variable, which is not handed on.
    const { status, stdout } = await host.built(['revoke', 'hoo', '--reason', 'Account taken over.'], { at: undefined });

    expect(status).toBe(5);
    expect(stdout).toContain('  stewards: out\n');
    expect(oneLine(stdout)).toContain('the revocation could NOT be kept: the next run may give the access back');
    expect(stdout).toContain('(EACCES). The administrator of this host');
    expect(stdout).not.toContain('copy this file');
    expect(stdout).not.toContain('This lasts until');
    expect(oneLine(stdout)).toContain('type the same again, as root or as the account that owns the state folder');
    expect(await host.members('stewards')).toEqual(['base']);
  });
});

describe('given somebody who is revoked from one group', () => {
  it('when a lift names no group, then the groups are named, with the command for each', async () => {
    const host = await hostWithStewards();
    await host.run(['revoke', 'hoo', '--group', 'stewards', '--reason', 'Paged for nothing.']);

    const { status, stdout } = await host.run(['lift', 'hoo', '--reason', 'Knows better.']);

    expect(status).toBe(1);
    expect(stdout).toBe(
      'hoo is revoked from single groups only, and nothing was lifted. Name the group:\n  muster lift hoo --group stewards --reason "…"\n',
    );
    await host.run(['lift', 'hoo', '--group', 'stewards', '--reason', 'Knows better.']);
    await host.run(['revoke', 'hoo', '--reason', 'Left.']);
    expect((await host.run(['lift', 'hoo', '--group', 'stewards', '--reason', 'Is back.'])).stdout).toBe(
      'hoo is revoked from every group, not from stewards alone, and nothing was lifted. To end that:\n  muster lift hoo --reason "…"\n',
    );
  });
});

describe('given a directory that does not take the password', () => {
  it('when somebody is revoked, then that is kept, and it says who is still in and why; once it is mended the next run takes them out', async () => {
    const host = await hostWithStewards();
    const password = readFileSync(join(host.folder, 'password'));
    writeFileSync(join(host.folder, 'password'), 'open-sesame\n');
    const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);

    expect(status).toBe(6);
    expect(oneLine(stdout)).toMatch(
      /does not accept the name or the password \(49\).* stewards: STILL IN, as far as can be told: for the same reason/,
    );
    expect(stdout).toContain('The revocation is kept: every run takes hoo out as soon as the directory lets it.\n');
    expect(stdout.split('STILL IN')).toHaveLength(3);
    writeFileSync(join(host.folder, 'password'), password);
    await host.reconcile();
    expect(await host.members('stewards')).toEqual(['base']);
  });

  it('when adopt is asked for, then it is the directory that refused, status 6, and the cause is named', async () => {
    const host = await hostWithStewards();
    writeFileSync(join(host.folder, 'password'), 'open-sesame\n');
    const { status, stderr } = await host.run(['adopt', 'stewards']);
    expect(status).toBe(6);
    expect(stderr).toContain('does not accept the name or the password (49)');
  });
});

describe('given a directory that does not let explain see anything', () => {
  it.each(['hoo', 'stewards'])('when it explains %s, then it ends as plan does, and the cause is named', async (subject) => {
    const host = await hostWithStewards();
    writeFileSync(join(host.folder, 'password'), 'open-sesame\n');
    const { status, stderr } = await host.run(['explain', subject]);
    expect([status, (await host.plan()).status]).toEqual([6, 6]);
    expect(stderr).toContain('does not accept the name or the password (49)');
  });
});

describe('given the standby', () => {
  it.each([
    ['allow', 'stewards', `sha256:${'0'.repeat(64)}`],
    ['refuse', '0'.repeat(40)],
    ['distrust', 'alice', '--since', '2026-11-01'],
    ['revoke', 'hoo'],
    ['lift', 'hoo'],
  ])('when somebody types %s, then it refuses and names what this host has not', async (...args) => {
    const host = await world.newHost();
    host.configure({ active: 'active' });
    const { status, stderr } = await host.run([...args, '--reason', 'It is right.']);
    expect(status).toBe(2);
    expect(oneLine(stderr)).toContain(`this host is the standby and writes nothing, for it has no file ${join(host.folder, 'active')}`);
    expect(host.ledger()).toEqual([]);
  });

  it('when a run begins there, then its one line names the file, or the host, that would make it the active one', async () => {
    const host = await world.newHost();
    host.configure({ active: 'active' });
    expect((await host.run(['reconcile'])).stdout).toBe(
      `This host is the standby, for it has no file ${join(host.folder, 'active')}: it looks at nothing and changes nothing.\n`,
    );
    host.configure({ active: { host: 'ldap-maint1001' } });
    expect((await host.run(['reconcile'])).stdout).toContain(
      `This host is the standby, for it is not ldap-maint1001 but ${hostname()}: it`,
    );
  });
});
