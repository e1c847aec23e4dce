// The units, as systemd reads them. Nothing here needs a systemd that runs.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitStatus } from '../../src/status.ts';
import { buildPackage, installed, type BuiltPackage } from './package.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built.remove());

const unit = (name: string) => readFileSync(join(built.root, 'usr/lib/systemd/system', name), 'utf8');
const settings = (name: string, key: string) => [...unit(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

describe.skipIf(!installed('systemd-analyze'))('given systemd-analyze (skipped where it is not installed)', () => {
  it.each(['muster.service', 'muster.timer', 'muster-failure@.service'])('when it verifies %s, then it finds nothing', (name) => {
    const folder = join(built.root, 'verified');
    mkdirSync(folder, { recursive: true });
    const program = join(built.root, 'usr/bin/muster');
    const copies = ['muster.service', 'muster.timer', 'muster-failure@.service'];
    // Verification looks whether the program is there.
    for (const copy of copies) writeFileSync(join(folder, copy), unit(copy).replaceAll('/usr/bin/muster', program));
    const instance = name.replace('@.', '@muster.service.');
    if (instance !== name) writeFileSync(join(folder, instance), readFileSync(join(folder, name)));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, instance)], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('when it rates the hardening of the service, then the exposure is at most 2.0 of 10', () => {
    const file = join(built.root, 'usr/lib/systemd/system/muster.service');
    const rated = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', file], { encoding: 'utf8' });
    expect(rated.status, rated.stdout).toBe(0);
    expect(rated.stdout).toMatch(/Overall exposure level for muster\.service: [01]\.\d/);
  });
});

describe('given the service', () => {
  it('when a run ends, then only 0 and 75 are no failure', () => {
    expect(settings('muster.service', 'SuccessExitStatus')).toEqual([String(exitStatus.unavailable)]);
  });

  it('when node compiles, then nothing forbids it', () => {
    expect(settings('muster.service', 'MemoryDenyWriteExecute')).toEqual([]);
  });

  it('when it writes, then it is the account muster, in the folder of the record', () => {
    expect(settings('muster.service', 'User')).toEqual(['muster']);
    expect(settings('muster.service', 'StateDirectory')).toEqual(['muster']);
    expect(settings('muster.service', 'ProtectSystem')).toEqual(['strict']);
    expect(readFileSync(join(built.root, 'usr/lib/sysusers.d/muster.conf'), 'utf8')).toMatch(/^u muster - /);
    expect(readFileSync(join(built.root, 'usr/lib/tmpfiles.d/muster.conf'), 'utf8')).toMatch(/^d \/var\/lib\/muster 0711 muster muster /);
  });
});
