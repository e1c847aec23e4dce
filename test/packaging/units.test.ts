// The units, as systemd reads them. Nothing here needs a systemd that runs.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitStatus } from '../../src/status.ts';
import { buildPackage, installed, type BuiltPackage } from './package.ts';

let built: BuiltPackage;
beforeAll(() => {
  built = buildPackage();
});
afterAll(() => built.remove());

const units = [
  'muster-judge.service',
  'muster-judge.timer',
  'muster.service',
  'muster.timer',
  'muster.path',
  'muster-failure@.service',
  'muster-judge-standby@.service',
  'muster-standby@.service',
  'muster-standby@.timer',
];
const unit = (name: string) => readFileSync(join(built.root, 'usr/lib/systemd/system', name), 'utf8');
const settings = (name: string, key: string) => [...unit(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

describe.skipIf(!installed('systemd-analyze'))('given systemd-analyze (skipped where it is not installed)', () => {
  it.each(units)('when it verifies %s, then it finds nothing', (name) => {
    const folder = join(built.root, 'verified');
    mkdirSync(folder, { recursive: true });
    // Verification looks whether the programs are there.
    const inPackage = (text: string) => text.replaceAll(/\/usr\/(?:bin\/muster|lib\/muster)/g, (path) => join(built.root, path));
    for (const copy of units)
      writeFileSync(join(folder, copy), inPackage(unit(copy)).replace('/usr/bin/rsync', installed('rsync') ?? process.execPath));
    const instance = name.replace('@.', '@ldap-maint1001.');
    if (instance !== name) writeFileSync(join(folder, instance), readFileSync(join(folder, name)));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, instance)], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it.each(['muster', 'muster-judge'])('when it rates the hardening of %s.service, then the exposure is at most 2.0 of 10', (name) => {
    const file = join(built.root, `usr/lib/systemd/system/${name}.service`);
    const rated = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', file], { encoding: 'utf8' });
    expect(rated.status, rated.stdout).toBe(0);
    expect(rated.stdout).toMatch(new RegExp(`Overall exposure level for ${name}\\.service: [01]\\.\\d`));
  });
});

describe('given the service', () => {
  it('when a run ends, then only 0 and 75 are no failure', () => {
    expect(settings('muster.service', 'SuccessExitStatus')).toEqual([String(exitStatus.unavailable)]);
  });

  it('when node compiles, then nothing forbids it', () => {
    for (const name of ['muster', 'muster-judge']) expect(settings(`${name}.service`, 'MemoryDenyWriteExecute')).toEqual([]);
  });

  it('when it is started often, then its starts are not used up: ends are carried out by it', () => {
    expect(settings('muster.service', 'StartLimitIntervalSec')).toEqual(['0']);
  });

  it('when something was judged, then nothing of judging is started, and git is out of reach', () => {
    expect(settings('muster.service', 'ExecStart')).toEqual(['/usr/bin/muster reconcile --judged']);
    expect(settings('muster.service', 'InaccessiblePaths').join(' ')).toMatch(/-\/usr\/bin\/git .*-\/usr\/bin\/rsync /);
    expect(settings('muster.path', 'PathChanged')).toEqual(['/var/lib/muster/judged/grown']);
  });

  it('when it writes, then it is the account muster, in the folder of the record', () => {
    expect(settings('muster.service', 'User')).toEqual(['muster']);
    expect(settings('muster.service', 'ProtectSystem')).toEqual(['strict']);
    expect(settings('muster.service', 'ReadWritePaths').join(' ').split(' ')).toContain('-/var/lib/muster');
    expect(readFileSync(join(built.root, 'usr/lib/sysusers.d/muster.conf'), 'utf8')).toMatch(/^u muster - /);
  });

  it('when judging reads what strangers write, then it is another account with limits, not in the group of the directory’s credential', () => {
    const values = (key: string) => settings('muster-judge.service', key);
    expect(values('User')).toEqual(['muster-judge']);
    expect(values('ReadWritePaths')).toEqual(['-/var/lib/muster/judged']);
    expect(values('InaccessiblePaths').join(' ').split(' ')).toContain('-/etc/muster/ldap-password');
    expect([values('MemoryMax'), values('TasksMax'), values('TimeoutStartSec')]).toEqual([['1G'], ['64'], ['1h']]);
    // Refused files are told by the other unit.
    expect(values('SuccessExitStatus')).toEqual([`${exitStatus.refused} ${exitStatus.unavailable}`]);
    expect(readFileSync(join(built.root, 'usr/lib/sysusers.d/muster.conf'), 'utf8')).not.toMatch(/^m muster-judge /m);
  });

  it('when the clock is judged, then the kernel’s boot id can be read', () => {
    expect(settings('muster.service', 'ProcSubset')).toEqual([]);
  });

  // scripts/host-test plays it on a booted Debian: the unit, the boot, an upgrade.
  it('when the folder of the record is lost, then nothing of the package makes it anew', () => {
    for (const name of units) expect(unit(name)).not.toMatch(/^(?:State|Configuration)Directory=muster$/m);
    expect(existsSync(join(built.root, 'usr/lib/tmpfiles.d'))).toBe(false);
  });
});

describe('given the timer', () => {
  it('when something is merged or ends, then the next run begins within a minute and a few seconds', () => {
    const calendar = { 'muster-judge.timer': 'minutely', 'muster.timer': '*:*:30' };
    for (const [name, when] of Object.entries(calendar)) {
      expect(settings(name, 'OnCalendar')).toEqual([when]);
      const delays = ['AccuracySec', 'RandomizedDelaySec'].flatMap((key) => settings(name, key).map(Number));
      expect(delays.reduce((sum, one) => sum + one, 0)).toBeLessThan(10);
      expect(settings(name, 'Persistent')).toEqual(['yes']);
    }
  });
});

describe('given the unit that mails', () => {
  it('when a mailer takes the mail, then no option has taken its privileges away', () => {
    expect(unit('muster-failure@.service')).not.toMatch(/^(?:DynamicUser|NoNewPrivileges|SystemCall|Restrict|Private|CapabilityBounding)/m);
    expect(settings('muster-failure@.service', 'KillMode')).toEqual(['process']);
  });
});
