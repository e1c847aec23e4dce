// The installed bundle, against a real slapd: as an account without rights, and under the system call filter of its unit.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noon, openWorld, stewards, type Host, type World } from '../journeys/world.ts';
import { buildPackage, installed, type BuiltPackage } from './package.ts';

const nobody = '65534';
const numbers = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
const isRoot = process.getuid?.() === 0;
const canFilter = installed('systemd-analyze') !== undefined && installed('perl') !== undefined && existsSync(numbers);

let built: BuiltPackage;
let world: World;
beforeAll(async () => {
  built = buildPackage();
  world = await openWorld();
});
afterAll(async () => {
  await world.stop();
  built.remove();
});

/** A host whose files belong to nobody, where this process may give them away. */
async function newHost(): Promise<Host> {
  const host = await world.newHost({ granted: ['martin'] });
  copyFileSync(fileURLToPath(new URL('../support/clock.cjs', import.meta.url)), join(host.folder, 'clock.cjs'));
  if (isRoot) {
    for (const folder of [dirname(host.folder), dirname(built.root), built.root]) chmodSync(folder, 0o755);
    // Not the repository, which a server serves as root.
    const own = [host.folder, host.state, host.config, host.rosterFile, join(host.folder, 'password')];
    execFileSync('chown', [`${nobody}:${nobody}`, ...own]);
  }
  return host;
}

/** As `nobody`, where this process may become that; with `before` in front of node. */
function runInstalled(
  host: Host,
  args: readonly string[],
  before: readonly string[] = [],
): Promise<{ status: number | null; output: string }> {
  const account = isRoot ? ['--reuid', nobody, '--regid', nobody, '--clear-groups', '--bounding-set=-all'] : [];
  const node = [process.execPath, '--require', join(host.folder, 'clock.cjs'), join(built.root, 'usr/bin/muster')];
  const child = spawn('setpriv', [...account, '--no-new-privs', '--', ...before, ...node, ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'], MUSTER_CONFIG: host.config, MUSTER_TEST_NOW: noon },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => void child.on('close', (status) => resolve({ status, output })));
}

describe('given the package, unpacked', () => {
  it('when an account without rights reconciles, then the groups are as the policy and the roster say', async () => {
    const host = await newHost();
    const { status, output } = await runInstalled(host, ['reconcile']);
    expect(output).toContain('status 0');
    expect(status).toBe(0);
    expect(await host.members('stewards')).toEqual([...stewards].sort());
    expect(await host.members('klaxon-users')).toEqual(['martin']);
  });

  it.skipIf(!isRoot)(
    'when root adopts a group into a clone of its own, then the files are root’s, and nothing is left in the state folder',
    async () => {
      const host = await newHost();
      await world.slapd.setMembers('klaxon-users', ['martin', 'alice']);
      const to = mkdtempSync(join(tmpdir(), 'muster-clone-'));
      const { status, stderr } = await host.run(['adopt', 'klaxon-users', '--to', to]);
      const adopted = readdirSync(join(to, 'policy/grants/klaxon-users'));
      rmSync(to, { recursive: true });
      expect({ status, adopted }, stderr).toEqual({ status: 0, adopted: ['alice.yaml'] });
      expect(readdirSync(host.state)).toEqual([]);
    },
  );

  it('when help is asked for, then no configuration is needed', async () => {
    const host = await newHost();
    expect(await runInstalled(host, ['--help'])).toMatchObject({ status: 0, output: expect.stringContaining('Usage: muster') });
  });

  // The filter needs systemd-analyze for the names, the kernel's header for the numbers, and perl to call prctl(2).
  it.skipIf(!canFilter)('when the system calls that its unit forbids fail, then it does its work all the same', async () => {
    const host = await newHost();
    const { status, output } = await runInstalled(host, ['reconcile'], filtered(allowedCalls()));
    expect(output).toContain('status 0');
    expect(status).toBe(0);
    expect(await host.members('stewards')).toEqual([...stewards].sort());
  });

  it.skipIf(!canFilter)('when the filter forbids more than the unit does, then that shows: the filter is at work', async () => {
    const host = await newHost();
    const { status } = await runInstalled(host, ['reconcile'], filtered(allowedCalls().filter((name) => name !== 'connect')));
    expect(status).not.toBe(0);
  });
});

/** The names that SystemCallFilter= of the unit leaves. */
function allowedCalls(): readonly string[] {
  const unit = readFileSync(join(built.root, 'usr/lib/systemd/system/muster.service'), 'utf8');
  const allowed = new Set<string>();
  for (const [, not, names = ''] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
    for (const name of names.split(' ').flatMap(callsOf))
      if (not === '~') allowed.delete(name);
      else allowed.add(name);
  return [...allowed];
}

function callsOf(name: string): readonly string[] {
  if (!name.startsWith('@')) return [name];
  const listed = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' });
  const inside = listed
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  return inside.filter((line) => line !== '' && !line.startsWith('#')).flatMap(callsOf);
}

/** A command that starts another one under seccomp(2): every other call fails with EPERM, as SystemCallErrorNumber= has it. */
function filtered(names: readonly string[]): readonly string[] {
  const known = new Map(
    [...readFileSync(numbers, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name = '', number = '']) => [name, number]),
  );
  const allowed = names.flatMap((name) => known.get(name) ?? []);
  // Loads the number of the call; compares it with each allowed one; ends with ALLOW or with ERRNO(EPERM) (linux/filter.h, linux/seccomp.h).
  const program = `
    my @allowed = split /,/, shift;
    my $one = sub { pack "SCCL", @_ };
    my $filter = join "", $one->(0x20, 0, 0, 0), (map { ($one->(0x15, 0, 1, $_), $one->(0x06, 0, 0, 0x7fff0000)) } @allowed), $one->(0x06, 0, 0, 0x00050001);
    syscall(157, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!";
    syscall(157, 22, 2, pack("S x6 P", 2 + 2 * @allowed, $filter), 0, 0) == 0 or die "seccomp: $!";
    exec @ARGV or die "exec: $!";`;
  return ['perl', '-e', program, allowed.join(',')];
}
