// Revocations that meet each other, a run, a lift or a directory that is down: none is lost, and the record tells each once, as what it was
//.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { changingHost, range, wayBack } from './changing-host.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { later, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());
const proxy = ofThisFile(() => startTcpProxy(world.slapd.port));

async function hostWithStewards(): Promise<Host> {
  const host = await world.newHost({ roster: ['base', 'hoo'], directory: { url: proxy.url('ldap') } });
  await host.reconcile();
  return host;
}

const files = (host: Host) => readdirSync(join(host.state, 'revoked')).sort();

/** What the record tells of somebody: revocations and lifts, and how they left the stewards. */
function story(host: Host, uid: string): readonly string[] {
  return readFileSync(join(host.state, 'ledger.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .flatMap((record): readonly string[] => {
      if (record.uid === uid) return [`${record.type}: ${record.reason}`];
      if (record.type === 'membership' && record.group === 'stewards' && record.vanished.includes(uid)) return ['vanished'];
      if (record.type !== 'outcome' || record.group !== 'stewards') return [];
      const tells = (part: { members: { uid: string }[] }) => part.members.some((one) => one.uid === uid);
      const removed = record.remove.filter(tells).map((part: { because: { kind: string } }) => `removed: ${part.because.kind}`);
      return [...removed, ...record.add.filter(tells).map(() => 'added')];
    });
}

/** Holds the lock as a run does, while `work` is done. */
async function beside(host: Host, seconds: number, work: () => Promise<void>): Promise<void> {
  const holder = spawn('flock', [join(host.state, 'lock'), 'sleep', String(seconds)], { stdio: 'ignore' });
  await pause(300);
  await work();
  if (holder.exitCode === null) await once(holder, 'exit');
}

describe('case 110: given two people who revoke the same person at the same moment', () => {
  it('when both are done, then both are kept, each with its reason, and the record tells both once', async () => {
    const host = await hostWithStewards();
    const reasons = ['Key was stolen.', 'Left in anger.'];

    const both = await Promise.all(reasons.map((reason) => host.built(['revoke', 'hoo', '--reason', reason])));
    await host.reconcile(later(0, 1));

    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(files(host)).toEqual(['hoo+2.json', 'hoo.json']);
    const list = (await host.run(['revoke', '--list'])).stdout;
    for (const reason of reasons) expect(list).toContain(reason);
    expect(
      story(host, 'hoo')
        .filter((told) => told.startsWith('revocation'))
        .sort(),
    ).toEqual(reasons.map((reason) => `revocation: ${reason}`));
    expect(story(host, 'hoo').filter((told) => told.startsWith('removed') || told === 'vanished')).toEqual(['removed: revoked']);
  });

  it('when one comes while another stands, then the first stays as it is, it is shown, and a lift ends both', async () => {
    const host = await hostWithStewards();
    await host.run(['revoke', 'hoo', '--reason', 'Key was stolen.']);
    const first = readFileSync(join(host.state, 'revoked', 'hoo.json'), 'utf8');

    const { stdout } = await host.run(['revoke', 'hoo', '--reason', 'Left in anger.'], { at: later(0, 1) });

    expect(stdout).toContain('hoo is revoked already since 2026-11-23 12:00');
    expect(stdout).toContain('from every group: Key was stolen.\n');
    expect(readFileSync(join(host.state, 'revoked', 'hoo.json'), 'utf8')).toBe(first);
    const lifted = await host.run(['lift', 'hoo', '--reason', 'Is back.'], { at: later(0, 2) });
    expect(lifted.stdout).toMatch(/Ended: .*Key was stolen\..*\nEnded: .*Left in anger\./);
    expect(files(host)).toEqual([]);
    await host.reconcile(later(0, 3));
    expect(await host.members('stewards')).toEqual(['base', 'hoo']);
  });
});

describe('case 110: given a lift that waits behind a run', () => {
  it('when the person is revoked again meanwhile, then the lift ends what it showed, and the newer one stands', async () => {
    const host = await hostWithStewards();
    await host.run(['revoke', 'hoo', '--reason', 'Key was stolen.']);
    let lift, again;
    await beside(host, 4, async () => {
      lift = host.run(['lift', 'hoo', '--reason', 'Has a new key.'], { at: later(0, 1) });
      await pause(1500);
      again = host.run(['revoke', 'hoo', '--reason', 'Key was stolen again.'], { at: later(0, 1) });
      await pause(1000);
    });
    const [lifted, revoked] = await Promise.all([lift, again].map((one) => one as unknown as ReturnType<Host['run']>));

    expect([lifted?.status, revoked?.status]).toEqual([0, 0]);
    expect(lifted?.stderr).toMatch(/to be lifted: the revocation of hoo from every group of .*: Key was stolen\..*: another run/);
    expect(lifted?.stdout).toContain('hoo stays revoked: meanwhile somebody revoked hoo again, and that was not lifted:');
    expect(files(host)).toEqual(['hoo+2.json']);
    await host.reconcile(later(0, 2));
    expect(await host.members('stewards')).toEqual(['base']);
    expect(story(host, 'hoo').filter((told) => told.includes('again'))).toEqual(['revocation: Key was stolen again.']);
  });
});

describe('case 113: given a run, and somebody who is revoked beside it', () => {
  it.each(['melos', 'radimer'])(
    'when %s is revoked before any call of the run, then they are out, and the record tells it once and as what it was',
    async (uid) => {
      const { host, reset, messages } = await changingHost(world, proxy);
      const direct = join(host.folder, 'direct.yaml');
      writeFileSync(direct, readFileSync(host.config, 'utf8').replace(proxy.url('ldap'), world.slapd.url));
      await reset();
      const total = await messages();
      expect(total).toBeGreaterThan(5);
      for (const nth of range(1, total)) {
        await reset();
        let revoking: ReturnType<Host['run']> | undefined;
        proxy.beforeMessage(nth, async () => {
          let isOver = false;
          revoking = host.run(['revoke', uid, '--reason', 'Key was stolen.'], { config: direct, at: later(2) });
          void revoking.then(() => (isOver = true));
          // It waits for the run only once the person is out, and says so by then in its file and the directory.
          for (let tries = 0; tries < 100; tries++) {
            await pause(50);
            if (isOver) return;
            const isKept = readdirSync(host.state).includes('revoked') && files(host).length > 0;
            if (isKept && !(await host.members('stewards')).includes(uid)) return;
          }
        });
        await host.reconcile(later(2));
        const { status } = (await revoking) ?? { status: 'not begun' };
        await host.reconcile(later(2, 1));

        const told = story(host, uid);
        expect({ nth, status, isIn: (await host.members('stewards')).includes(uid) }).toEqual({ nth, status: 0, isIn: false });
        expect({ nth, told: told.filter((one) => one.startsWith('revocation') || one === 'vanished') }).toEqual({
          nth,
          told: ['revocation: Key was stolen.'],
        });
        // Melos came in with the first run, which `reset` takes the record back to.
        const came = told.filter((one) => one === 'added').length;
        expect({ nth, told, left: told.filter((one) => one === 'removed: revoked').length }).toEqual({ nth, told, left: came });
      }
    },
    240_000,
  );
});

describe('case 113: given a connection that breaks once the change was made, and no answer', () => {
  it('when somebody is revoked, then they are out, and by the next run the record tells it once, as what it was', async () => {
    const host = await hostWithStewards();
    const before = story(host, 'hoo').length;
    const reset = wayBack(world, host, { stewards: ['base', 'hoo'] });
    const revoke = () => host.run(['revoke', 'hoo', '--reason', 'Key was stolen.'], { at: later(0, 1) });
    await reset();
    const sent = proxy.messages();
    await revoke();
    for (const nth of range(1, proxy.messages() - sent)) {
      await reset();
      proxy.beforeMessage(nth, () => proxy.set({ cutAfter: 0 }));
      await revoke();
      await proxy.set('pass');
      await host.reconcile(later(0, 2));

      expect({ nth, members: await host.members('stewards') }).toEqual({ nth, members: ['base'] });
      const told = story(host, 'hoo').slice(before);
      expect({ nth, told: [...told].sort() }).toEqual({ nth, told: ['removed: revoked', 'revocation: Key was stolen.'] });
    }
  });
});

describe('given a directory that is down, or does not take the password', () => {
  it('when somebody is revoked, then the revocation is kept, and on record, the status is 75, and the next run takes them out', async () => {
    const host = await hostWithStewards();
    await proxy.set('refuse');
    const { status, stdout } = await host.run(['revoke', 'hoo', '--reason', 'Key was stolen.']);
    await proxy.set('pass');

    expect(status).toBe(75);
    expect(stdout).toContain('The revocation is kept: every run takes hoo out as soon as the directory lets it.');
    expect(stdout).toContain(join(host.state, 'revoked', 'hoo.json'));
    expect(await host.members('stewards')).toEqual(['base', 'hoo']);
    await host.reconcile(later(0, 1));
    expect(await host.members('stewards')).toEqual(['base']);
    expect(story(host, 'hoo').slice(-2)).toEqual(['revocation: Key was stolen.', 'removed: revoked']);
  });

  it('when it refuses, then it is kept all the same, with 6', async () => {
    const host = await hostWithStewards();
    writeFileSync(join(host.folder, 'password'), 'open-sesame\n');
    expect((await host.run(['revoke', 'hoo', '--reason', 'Key was stolen.'])).status).toBe(6);
    expect(files(host)).toEqual(['hoo.json']);
  });
});
