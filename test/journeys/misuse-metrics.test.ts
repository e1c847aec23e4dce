// A misuse that keeps a run from beginning reaches the metrics, as far as the configuration can be read.

import { chmodSync, chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { later, noon, openWorld, stewards, type Host } from './world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const world = ofThisFile(() => openWorld());
let host: Host;
beforeEach(async () => {
  host = await world.newHost({ members: { stewards } });
  host.configure({ metrics: 'muster.prom' });
  await host.reconcile();
});

const metrics = () => readFileSync(join(host.folder, 'muster.prom'), 'utf8');
const edit = (change: (text: string) => string) => writeFileSync(host.config, change(readFileSync(host.config, 'utf8')));

describe('given a host that ran, with metrics', () => {
  it.each([
    { what: 'a key that does not exist', change: (text: string) => text.replace('"evidence"', '"evidenc"') },
    { what: 'a value that is none', change: (text: string) => text.replace('"none"', '"perhaps"') },
    { what: 'text that is no YAML', change: (text: string) => `${text}\n: ]` },
    { what: 'no section for the directory', change: (text: string) => text.replace('"directory": {', '"directry": {') },
    {
      what: 'a password file that is not there',
      change: (text: string) => text.replace('"password-file": "password"', '"password-file": "nowhere"'),
    },
    {
      what: 'YAML, and a wrong key',
      change: () => 'state: state   # where it lies\nmetrics: "muster.prom"\nmod: enforce\n',
    },
  ])('when its configuration has $what, then the metrics say status 2, and when all was well', async ({ change }) => {
    edit(change);
    const { status } = await host.run(['reconcile'], { at: later(0, 1) });
    expect(status).toBe(2);
    expect(metrics()).toContain('\nmuster_exit_status 2\n');
    expect(metrics()).toContain('\nmuster_status{status="misuse"} 1\n');
    expect(metrics()).toContain('\nmuster_status{status="in_order"} 0\n');
    const at = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics())?.[1]) - Date.parse(noon) / 1000;
    expect(Math.floor(at('muster_last_run_timestamp_seconds') / 60)).toBe(60);
    expect(Math.floor(at('muster_last_success_timestamp_seconds') / 60)).toBe(0);
    expect(metrics()).not.toContain('muster_group');
  });

  it('when it is another command, or there is no file, then the metrics stay as they are', async () => {
    const before = metrics();
    edit((text) => text.replace('"evidence"', '"evidenc"'));
    expect((await host.run(['plan'])).status).toBe(2);
    expect((await host.run(['reconcile', '--config', join(host.folder, 'nowhere.yaml')])).status).toBe(2);
    expect(metrics()).toBe(before);
  });

  it.skipIf(process.getuid?.() !== 0)('when root types it, then the metrics belong to the owner of the state folder', async () => {
    for (const path of [dirname(host.folder), host.folder]) chmodSync(path, 0o777);
    chownSync(host.state, 65534, 65534);
    edit((text) => text.replace('"evidence"', '"evidenc"'));
    expect((await host.built(['reconcile'], { at: undefined })).status).toBe(2);
    expect(existsSync(join(host.folder, 'muster.prom')) && statSync(join(host.folder, 'muster.prom')).uid).toBe(65534);
    expect(metrics()).toContain('\nmuster_exit_status 2\n');
  });
});
