// What a person types as root on the host, where the state folder belongs to another account. As root only.

import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, stewards, type Host, type World } from './world.ts';

/** As seen by the process: each that ran, the first one first. */
interface Seen {
  readonly pid: number;
  readonly uid: number;
  readonly groups: readonly number[];
  readonly env: Readonly<Record<string, string>>;
}

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seen: readonly Seen[];
}

interface Typed {
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
  /** Who types it; root otherwise. */
  readonly uid?: number;
  /** Sent to the process that was typed, once so many processes of muster run. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly processes: number };
}

/** Debian 13's node: it cannot change user. And a look at each process of muster. */
const preload = `
for (const name of ['setuid', 'setgid', 'seteuid', 'setegid', 'initgroups', 'setgroups'])
  process[name] = () => { throw new Error(name + '() disabled: io_uring may be enabled'); };
const { pid, env } = process;
require('node:fs').appendFileSync(__dirname + '/seen', JSON.stringify({ pid, uid: process.geteuid(), groups: process.getgroups(), env }) + '\\n');
`;

const isRoot = process.getuid?.() === 0;

let world: World;
let open: string;
beforeAll(async () => {
  if (!isRoot) return;
  world = await openWorld();
  // A copy that every account can read, wherever this tree lies.
  open = mkdtempSync(join(tmpdir(), 'muster-root-'));
  cpSync(fileURLToPath(new URL('../../dist', import.meta.url)), join(open, 'dist'), { recursive: true });
  chmodSync(open, 0o755);
});
afterAll(async () => {
  if (!isRoot) return;
  rmSync(open, { recursive: true, force: true });
  await world.stop();
});

/** A host whose state folder and secret belong to that account, and whose group holds all stewards. */
async function hostOf(uid: number, gid = uid): Promise<Host> {
  const host = await world.newHost({ members: { stewards } });
  chmodSync(dirname(host.folder), 0o755);
  for (const path of [host.state, join(host.folder, 'password')]) chownSync(path, uid, gid);
  mkdirSync(join(host.folder, 'spy'));
  chmodSync(join(host.folder, 'spy'), 0o1777);
  writeFileSync(join(host.folder, 'spy/spy.cjs'), preload);
  writeFileSync(join(host.folder, 'spy/seen'), '');
  chmodSync(join(host.folder, 'spy/seen'), 0o666);
  return host;
}

function seenBy(host: Host): readonly Seen[] {
  const lines = readFileSync(join(host.folder, 'spy/seen'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line): Seen => JSON.parse(line));
}

function type(
  host: Host,
  args: readonly string[],
  { env = {}, program = join(open, 'dist/main.js'), uid = 0, kill }: Typed = {},
): Promise<Ended> {
  writeFileSync(join(host.folder, 'spy/seen'), '');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--require', join(host.folder, 'spy/spy.cjs'), program, ...args], {
      env: { PATH: process.env['PATH'], HOME: '/root', MUSTER_CONFIG: host.config, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      uid,
      gid: uid,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (kill && seenBy(host).length >= kill.processes && stderr.includes('waiting up to')) child.kill(kill.signal);
    });
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr, seen: seenBy(host) }));
  });
}

function ownersIn(folder: string): readonly number[] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [...new Set(paths.map((path) => lstatSync(join(folder, path)).uid))];
}

/** A folder for PATH with these programs of the host and no others. */
function programs(host: Host, names: readonly string[]): string {
  const folder = join(host.folder, 'bin');
  mkdirSync(folder);
  for (const name of names) {
    const found = (process.env['PATH'] ?? '').split(':').find((one) => existsSync(join(one, name)));
    if (found !== undefined) symlinkSync(join(found, name), join(folder, name));
  }
  return folder;
}

const nobody = 65534;

describe.skipIf(!isRoot)('given root, a node that cannot change user, and a state folder of another account', () => {
  it.each([
    { owner: 'with a name', uid: nobody },
    { owner: 'that is a number without a name', uid: 4242 },
  ])('when the account is one $owner, then every command works, and all it leaves belongs to that account', async ({ uid }) => {
    const host = await hostOf(uid);
    const first = await type(host, ['reconcile']);
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('stewards');
    // The run and the judging that it starts, each as root only until it has become that account.
    expect(first.seen.map((one) => one.uid).sort()).toEqual([0, 0, uid, uid].sort());
    for (const one of first.seen.filter((seen) => seen.uid === uid)) expect(one.groups).not.toContain(0);
    host.setRoster(stewards.slice(1));
    expect(await type(host, ['plan', '--exit-code'])).toMatchObject({ status: 10, signal: null });
    expect(await type(host, ['reconcile'])).toMatchObject({ status: 0 });
    expect(await host.members('stewards')).toEqual(stewards.slice(1));
    for (const args of [
      ['revoke', 'hoo', '--reason', 'Account taken over.'],
      ['revoke', '--list'],
      ['explain', 'hoo'],
      ['report'],
      ['lift', 'hoo', '--reason', 'It is theirs again.'],
    ])
      expect(await type(host, args)).toMatchObject({ status: 0, stderr: '', seen: [{ uid: 0 }, { uid }] });
    expect((await type(host, ['doctor', '--json'])).stdout).toContain('"command": "doctor"');
    expect(await type(host, ['allow', 'stewards', `sha256:${'0'.repeat(64)}`, '--reason', 'x'])).toMatchObject({ status: 1 });
    expect(await type(host, ['refuse', '0'.repeat(40), '--reason', 'x'])).toMatchObject({ status: 1 });
    expect(await type(host, ['distrust', 'alice', '--since', '2026-11-01', '--reason', 'x'])).toMatchObject({ status: 0 });
    expect(ownersIn(host.state)).toEqual([uid]);
  });

  it('when it goes on, then it is handed a list of variables, and nothing else of what root has', async () => {
    const host = await hostOf(nobody);
    const env = {
      NODE_OPTIONS: '--title=x',
      LD_LIBRARY_PATH: '/nowhere',
      GIT_DIR: '/nowhere',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      TMPDIR: '/root',
      LC_TIME: 'C',
      TZ: 'UTC',
      SUDO_USER: 'alice',
    };
    const { seen } = await type(host, ['revoke', '--list'], { env });
    expect(seen[1]?.env).toEqual({
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      LC_TIME: 'C',
      TZ: 'UTC',
      SUDO_USER: 'alice',
      MUSTER_CONFIG: host.config,
      MUSTER_TYPED_AS: 'root',
    });
  });

  it.each([
    { signal: 'SIGTERM', gives: { status: 143, signal: null } },
    { signal: 'SIGINT', gives: { status: 130, signal: null } },
    { signal: 'SIGKILL', gives: { status: null, signal: 'SIGKILL' } },
  ] as const)('when it is sent $signal, then it ends as ever, and so does what goes on for it', async ({ signal, gives }) => {
    const host = await hostOf(nobody);
    writeFileSync(join(host.state, 'lock'), '');
    chownSync(join(host.state, 'lock'), nobody, nobody);
    const lock = spawn('flock', [join(host.state, 'lock'), 'sleep', '60'], { detached: true, stdio: 'ignore' });
    try {
      const ended = await type(host, ['reconcile'], { kill: { signal, processes: 2 } });
      expect(ended).toMatchObject(gives);
      const pid = ended.seen[1]?.pid;
      expect(pid).toBeGreaterThan(0);
      await expect.poll(() => existsSync(`/proc/${pid}/exe`), { timeout: 60_000 }).toBe(false);
    } finally {
      process.kill(-(lock.pid ?? 0), 'SIGKILL');
    }
  });

  it('when what goes on is killed, then what was typed ends by that signal too', async () => {
    const host = await hostOf(nobody);
    const killer = `setTimeout(() => { if (process.geteuid() !== 0) process.kill(process.pid, 'SIGKILL'); }, 0);`;
    writeFileSync(join(host.folder, 'spy/spy.cjs'), preload + killer);
    expect(await type(host, ['plan'])).toMatchObject({ status: null, signal: 'SIGKILL' });
  });

  it('when it cannot go on as that account, then it says why and ends with 2, and a revocation takes out first', async () => {
    const host = await hostOf(nobody);
    expect(await type(host, ['reconcile'])).toMatchObject({ status: 0 });
    const PATH = programs(host, ['getent', 'git', 'flock']);
    const planned = await type(host, ['plan'], { env: { PATH } });
    expect([planned.status, planned.stdout]).toEqual([2, '']);
    expect(planned.stderr).toBe(
      'muster: this command goes on as the owner of the state folder, nobody, and could not: setpriv(1) of util-linux could not be started (ENOENT)\n',
    );
    const revoked = await type(host, ['revoke', 'hoo', '--reason', 'Account taken over.'], { env: { PATH } });
    expect(revoked.status).toBe(2);
    expect(revoked.stdout).toContain('stewards: out');
    expect(revoked.stdout).toContain('could NOT be kept: the next run may give the access back: this command goes on as');
    expect(await host.members('stewards')).not.toContain('hoo');
    expect(ownersIn(host.state)).toEqual([nobody]);
    expect(await type(host, ['revoke', '--list'], { env: { PATH } })).toMatchObject({ status: 2, stdout: '' });
  });

  it('when somebody else types it, then that is for root or that account, and nothing is said to be mended', async () => {
    const host = await hostOf(nobody);
    chmodSync(host.state, 0o711);
    const acts = [
      ['allow', 'stewards', `sha256:${'0'.repeat(64)}`],
      ['refuse', '0'.repeat(40)],
      ['distrust', 'alice', '--since', '2026-11-01'],
      ['lift', 'hoo'],
    ].map((args) => [...args, '--reason', 'x']);
    for (const args of [['plan'], ['status'], ['explain', 'hoo'], ['report'], ['revoke', '--list'], ...acts]) {
      const { status, stdout, stderr } = await type(host, args, { uid: 4242 });
      expect([status, stdout], args.join(' ')).toEqual([2, '']);
      expect(stderr).toMatch(/^muster: the state folder \S+ is another account's: run this as root, or as that account\n$/);
    }
    // These have something to say before that, and it is no more: the credential, and the two units with an account that is not theirs.
    for (const [status, ...args] of [
      [2, 'revoke', 'hoo', '--reason', 'x'],
      [2, 'judge', '--begin-anew'],
      [5, 'judge'],
      [5, 'reconcile', '--judged'],
    ] as const)
      expect(await type(host, args, { uid: 4242 }), args.join(' ')).toMatchObject({ status });
    expect([readdirSync(host.state), await host.members('stewards')]).toEqual([[], stewards]);
  });

  it('when that account may not read muster, then that is told, with 2', async () => {
    const host = await hostOf(nobody);
    const program = join(host.folder, 'secret/main.js');
    cpSync(join(open, 'dist'), join(host.folder, 'secret'), { recursive: true });
    chmodSync(join(host.folder, 'secret'), 0o700);
    const { status, stderr } = await type(host, ['plan'], { program });
    expect(status).toBe(2);
    expect(stderr).toMatch(/goes on as the owner of the state folder, nobody, and could not: .* must be able to read and run /);
  });

  it('when the state folder has gone, then it is the state that is told of, with 5', async () => {
    const host = await hostOf(nobody);
    renameSync(host.state, `${host.state}.gone`);
    const { status, stderr } = await type(host, ['explain', 'hoo']);
    expect([status, stderr]).toEqual([5, expect.stringContaining('the state folder')]);
    expect(existsSync(host.state)).toBe(false);
  });
});
