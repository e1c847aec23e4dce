// A state folder that is gone, or that this account cannot use, is not a new host: nothing is begun, and who must act is told.

import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const digest = `sha256:${'0'.repeat(64)}`;

const spoiled = [
  { given: 'missing', errno: 'ENOENT', spoil: () => undefined },
  { given: 'a plain file', errno: 'ENOTDIR', spoil: ({ state }: Host) => writeFileSync(state, '') },
  { given: 'a link to itself', errno: 'ELOOP', spoil: ({ state }: Host) => symlinkSync(state, state) },
  {
    given: 'below a plain file',
    errno: 'ENOTDIR',
    spoil: (host: Host) => {
      writeFileSync(join(host.folder, 'file'), '');
      rmSync(host.state, { force: true });
      symlinkSync(join(host.folder, 'file', 'state'), host.state);
    },
  },
];

describe('case 79: given a host whose state folder has gone', () => {
  it.each(spoiled)(
    'when it is $given, then reconcile ends with 5, names the errno and who must act, and leaves all as it is',
    async (one) => {
      const host = await world.newHost({ roster: ['base'] });
      rmSync(host.state, { recursive: true });
      one.spoil(host);

      const run = await host.reconcile();

      expect(run.document.status.all).toEqual(['input']);
      const { stdout } = await host.run(['reconcile']);
      const text = stdout.replace(/\s+/g, ' ');
      expect(text).toContain(`(${one.errno})`);
      expect(text).toContain('The administrator of this host');
      expect(await host.members('stewards')).toEqual([]);
      if (one.errno === 'ENOENT') expect(existsSync(host.state)).toBe(false);
    },
  );

  it.each([
    ['plan'],
    ['explain', 'base'],
    ['report'],
    ['allow', 'stewards', digest, '--reason', 'It is right.'],
    ['refuse', '0'.repeat(40), '--reason', 'It waits.'],
    ['distrust', 'alice', '--since', '2026-11-01', '--reason', 'Key was stolen.'],
    ['lift', 'base', '--reason', 'Is back.'],
    ['revoke', '--list'],
  ])('when %s is asked for, then it ends with 5, says how to get the folder back, and makes none', async (...args) => {
    const host = await world.newHost({ roster: ['base'] });
    rmSync(host.state, { recursive: true });

    const { status, stdout, stderr } = await host.run(args);

    expect(status).toBe(5);
    expect((stdout + stderr).replace(/\s+/g, ' ')).toContain('mounts it, or restores it from its backup');
    expect(existsSync(host.state)).toBe(false);
  });

  it('when somebody is revoked, then they are out all the same, and it is said that this could not be kept', async () => {
    const host = await world.newHost({ roster: ['base', 'hoo'] });
    await host.reconcile();
    rmSync(host.state, { recursive: true });

    const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);

    expect(status).toBe(5);
    expect(stdout).toContain('  stewards: out\n');
    expect(stdout).toContain('the revocation could NOT be kept');
    expect(stdout).toContain('the ledger has no record of this yet, for the same reason\n');
    expect(await host.members('stewards')).toEqual(['base']);
    expect(existsSync(host.state)).toBe(false);
  });
});

describe('given a state folder that has lost its ledger, while other files of it are left', () => {
  async function hostWithoutLedger(): Promise<Host> {
    const host = await world.newHost({ roster: ['base', 'hoo'] });
    await host.reconcile();
    await host.run(['revoke', 'hoo', '--reason', 'Account taken over.']);
    await host.reconcile(later(0, 1));
    for (const name of ['ledger.jsonl', 'ledger.head']) rmSync(join(host.state, name));
    return host;
  }

  it.each([
    ['reconcile'],
    ['plan'],
    ['explain', 'base'],
    ['report'],
    ['allow', 'stewards', digest, '--reason', 'It is right.'],
    ['refuse', '0'.repeat(40), '--reason', 'It waits.'],
    ['lift', 'hoo', '--reason', 'Is back.'],
  ])('when %s is asked for, then it ends with 5, names the backup, begins no ledger and lifts nothing', async (...args) => {
    const host = await hostWithoutLedger();

    const { status, stdout, stderr } = await host.run(args);

    const text = (stdout + stderr).replace(/\s+/g, ' ');
    expect({ status, text }).toEqual({ status: 5, text });
    expect(text).toContain('ledger.jsonl and ledger.head are gone');
    expect(text).toContain('restore the folder from its backup');
    expect(readdirSync(host.state)).not.toContain('ledger.jsonl');
    expect(readdirSync(join(host.state, 'revoked'))).toEqual(['hoo.json']);
    expect(await host.members('stewards')).toEqual(['base']);
  });

  it.each(['last-run', 'rosters'])('when only %s is left, then that tells of it', async (name) => {
    const host = await hostWithoutLedger();
    for (const other of readdirSync(host.state)) if (other !== name) rmSync(join(host.state, other), { recursive: true });
    expect((await host.reconcile()).document.status.all).toEqual(['input']);
    expect(readdirSync(host.state)).not.toContain('ledger.jsonl');
  });

  it('when somebody is revoked, then they are out, and the revocation is kept', async () => {
    const host = await hostWithoutLedger();
    const { status, stdout } = await host.run(['revoke', 'base', '--reason', 'Account taken over.']);
    expect(status).toBe(5);
    expect(stdout).toContain('  stewards: out\n');
    expect(stdout).toContain('the ledger has no record of this yet');
    expect(readdirSync(join(host.state, 'revoked'))).toEqual(['base.json', 'hoo.json']);
    expect(await host.members('stewards')).toEqual([]);
  });

  it('when only revocations are there, as on a standby that takes over, then a new ledger begins, and whom they name stays out', async () => {
    const host = await hostWithoutLedger();
    for (const name of readdirSync(host.state)) if (name !== 'revoked') rmSync(join(host.state, name), { recursive: true });
    const run = await host.run(['reconcile']);
    expect(run.stdout).toMatch(/^NOTE {7}new ledger/m);
    expect(await host.members('stewards')).toEqual(['base']);
  });

  it('when the first run was killed before it could record anything, then the next one begins', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    const early = ['lock', 'rosters', 'mirror.git'];
    for (const name of readdirSync(host.state)) if (!early.includes(name)) rmSync(join(host.state, name), { recursive: true });
    writeFileSync(join(host.state, 'ledger.jsonl'), '');
    expect((await host.reconcile()).status).toBe(0);
  });
});

describe('given a state folder that is there and empty', () => {
  it('when a run begins a new ledger in it, then it says so once, and a later run does not', async () => {
    const host = await world.newHost({ roster: ['base'] });

    const first = await host.run(['reconcile']);
    const second = await host.run(['reconcile']);

    expect(first.stdout).toMatch(/^NOTE {7}new ledger/m);
    expect(first.stdout.replace(/\s+/g, ' ')).toContain('restore the state folder from its backup');
    expect(second.stdout).not.toContain('NOTE ');
  });

  it('when the folder is made anew while the other is on a disk that is not mounted, then that is what the note is for', async () => {
    const host = await world.newHost({ roster: ['base'] });
    await host.reconcile();
    rmSync(host.state, { recursive: true });
    mkdirSync(host.state);
    expect((await host.run(['reconcile'])).stdout).toMatch(/^NOTE {7}new ledger/m);
  });
});
