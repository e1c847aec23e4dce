// The standby: what it leaves behind, and which host is it.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ofThisFile } from '../support/of-this-file.ts';
import { later, stewards, type Host, openWorld } from './world.ts';

const world = ofThisFile(() => openWorld());

const atLater = (hours: number) => String(Date.parse(later(0, hours)) / 1000);

describe('given a host that was active, with metrics, a page and a status of its roster', () => {
  let host: Host;
  const metrics = () => readFileSync(join(host.folder, 'muster.prom'), 'utf8');
  const left = () => ['page.html', 'state/status'].filter((name) => existsSync(join(host.folder, name)));

  it('when it becomes the standby, then nothing is left that looks alive, and when it is active again, then all of it is back', async () => {
    host = await world.newHost({ members: { stewards } });
    host.configure({ active: 'active', metrics: 'muster.prom', report: 'page.html' });
    writeFileSync(join(host.folder, 'active'), '');
    expect((await host.reconcile()).status).toBe(0);
    expect(left()).toEqual(['page.html', 'state/status']);
    expect(metrics()).toContain('\nmuster_active 1\n');
    expect(metrics()).not.toContain('muster_standby');

    rmSync(join(host.folder, 'active'));
    for (const hours of [1, 2]) {
      const { document, status, stderr } = await host.reconcile(later(0, hours));
      expect([status, document.state, stderr]).toEqual([0, 'standby', '']);
      expect(left()).toEqual([]);
      const samples = metrics()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
      expect(samples.map((line) => line.split(' ')[0])).toEqual(['muster_active', 'muster_standby_timestamp_seconds']);
      expect(samples[0]).toBe('muster_active 0');
      expect(Number(samples[1]?.split(' ')[1]) - Number(atLater(hours))).toBeLessThan(60);
    }

    // Nobody judges on it: that is no problem of it.
    const { status, stdout } = await host.run(['status'], { at: later(0, 3) });
    expect([status, stdout.includes('PROBLEM')]).toEqual([0, false]);
    expect(stdout).toContain('standby    this host writes nothing');

    writeFileSync(join(host.folder, 'active'), '');
    expect((await host.reconcile(later(0, 3))).document.state).toBe('active');
    expect(left()).toEqual(['page.html', 'state/status']);
    expect(metrics()).toContain('\nmuster_active 1\n');
  });

  it('when what it left cannot be taken away, then that is told, and no more comes of it', async () => {
    host = await world.newHost({ members: { stewards } });
    host.configure({ active: 'active', metrics: 'nowhere/muster.prom', report: 'muster.prom/page.html' });
    writeFileSync(join(host.folder, 'muster.prom'), '');
    const { status, stderr } = await host.run(['reconcile']);
    expect(status).toBe(0);
    expect(stderr).toContain('nowhere/muster.prom could not be written (ENOENT)');
    expect(stderr).toContain('muster.prom/page.html is of the time when this host was active, and could not be taken away (ENOTDIR)');
  });
});

describe('given a configuration that names the active host', () => {
  const kernel = hostname();
  const [short = ''] = kernel.split('.');
  const swapped = [...kernel].map((one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase())).join('');

  it.each([
    { named: kernel, gives: 'active' },
    { named: swapped, gives: 'active' },
    { named: short, gives: 'active' },
    { named: `${short.toUpperCase()}.eqiad.wmnet`, gives: kernel.includes('.') ? 'standby' : 'active' },
    { named: `${kernel}.`, gives: 'active' },
    { named: `${short}0`, gives: 'standby' },
    { named: `x.${short}`, gives: 'standby' },
    { named: `${short}-2.eqiad.wmnet`, gives: 'standby' },
  ])('when it is $named, then this host is the $gives one', async ({ named, gives }) => {
    const host = await world.newHost();
    host.configure({ active: { host: named } });
    expect((await host.plan()).document.state).toBe(gives);
    const { checks } = (await host.run(['doctor', '--json'])).json<{ checks: { code: string; message: string }[] }>();
    expect(checks.find(({ code }) => code === 'active')?.message).toContain(
      gives === 'active'
        ? `this host is the active one, for its name, ${kernel}, is the one of the key "active"`
        : `this host is the standby, for it is not ${named} but ${kernel}: the timer does nothing`,
    );
  });
});
