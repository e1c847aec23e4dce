// A booted Debian: a root that systemd-nspawn starts, with systemd as PID 1. What it writes is kept in memory, in a file system of its own that goes
// with the mount namespace of this process; the network is this process's too.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Typed {
  readonly status: number;
  /** Of both streams, as a terminal shows them. */
  readonly output: string;
}

/** systemd-nspawn(1): the machine wants to be started again. */
const rebooting = 133;
const bootsWithin = 60_000;

export class Machine {
  readonly name: string;
  readonly #folder: string;
  readonly #root: string;
  readonly #log: (text: string) => void;
  /** A folder of this machine's that it may write on without changing it, and where it sees that. */
  readonly #shared: { readonly folder: string; readonly at: string } | undefined;
  /** Control groups of its own: systemd-nspawn names those of a machine alike, and two that share them end each other's units. */
  readonly #cgroups: readonly string[];
  #nspawn: ChildProcess | undefined;
  #leader = 0;

  /** `from` stays as it is. `log` takes what a reader of the plays sees. */
  constructor(name: string, from: string, log: (text: string) => void, shared?: { readonly folder: string; readonly at: string }) {
    this.name = name;
    this.#shared = shared;
    this.#log = log;
    this.#cgroups = ownCgroups().map((group) => join(group, `muster-host-${name}-${process.pid}`));
    this.#folder = mkdtempSync(join(tmpdir(), 'muster-host-'));
    this.#root = join(this.#folder, name);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', this.#folder]);
    const [upper, work] = [join(this.#folder, 'upper'), join(this.#folder, 'work')];
    for (const folder of [this.#root, upper, work]) mkdirSync(folder);
    execFileSync('mount', ['-t', 'overlay', '-o', `lowerdir=${from},upperdir=${upper},workdir=${work}`, 'overlay', this.#root]);
    this.write('/etc/hostname', `${name}\n`);
    this.write('/etc/mailname', `${name}.example.org\n`);
    this.write('/etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${name}.example.org ${name}\n`);
  }

  /** The path of a file of this machine, seen from here. What lies below /run or /tmp is not: the machine mounts those itself. */
  path(file: string): string {
    return join(this.#root, file);
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** As root, who is the owner. */
  write(file: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text);
    chmodSync(this.path(file), mode);
  }

  async boot(): Promise<void> {
    const console = openSync(join(this.#folder, 'console'), 'a');
    const options = ['--quiet', '--register=no', '--keep-unit', '--boot', '--console=pipe', '--link-journal=no', '--resolv-conf=off'];
    const itself = [`--directory=${this.#root}`, `--machine=${this.name}-${process.pid}`, `--hostname=${this.name}`];
    for (const group of this.#cgroups) mkdirSync(group, { recursive: true });
    const shares = this.#shared ? [`--overlay=${this.#shared.folder}::${this.#shared.at}`] : [];
    const inItsOwn = `for group in ${this.#cgroups.join(' ')}; do echo $$ >$group/cgroup.procs; done; exec "$@"`;
    const nspawn = ['setpriv', '--pdeathsig', 'TERM', '--', 'systemd-nspawn', ...options, ...itself, ...shares];
    this.#nspawn = spawn('sh', ['-c', inItsOwn, 'sh', ...nspawn], {
      stdio: ['ignore', console, console],
      env: { PATH: process.env['PATH'], SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
    });
    closeSync(console);
    const until = Date.now() + bootsWithin;
    while (Date.now() < until && this.#nspawn.exitCode === null) {
      this.#leader = this.#findLeader();
      if (this.#leader > 0 && /^(?:running|degraded)/m.test((await this.run('systemctl is-system-running --wait')).output)) return;
      await pause(100);
    }
    throw new Error(`${this.name} did not boot:\n${readFileSync(join(this.#folder, 'console'), 'utf8')}`);
  }

  #findLeader(): number {
    const pid = this.#nspawn?.pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return Number(children.find((child) => child !== '' && readFileSync(`/proc/${child}/comm`, 'utf8') === 'systemd\n') ?? 0);
  }

  async reboot(): Promise<void> {
    this.#log(`${this.name}# systemctl reboot\n`);
    await this.run('systemctl reboot');
    const status = await this.#ended();
    if (status !== rebooting) throw new Error(`${this.name} ended with ${status} instead of booting again`);
    await this.boot();
  }

  /** What a person types, shown with what is answered. `as`: an account that calls sudo(8); root without it. */
  async type(command: string, { as }: { readonly as?: string } = {}): Promise<Typed> {
    this.#log(`${as === undefined ? `${this.name}#` : `${as}@${this.name}$ sudo`} ${command}\n`);
    const typed = await this.run(as === undefined ? command : `su ${as} --command 'sudo ${command}'`);
    this.#log(typed.output.replace(/^(?=.)/gm, '    '));
    if (typed.status !== 0) this.#log(`    (status ${typed.status})\n`);
    return typed;
  }

  /** What nobody has to see, by sh(1). */
  run(command: string): Promise<Typed> {
    const child = spawn('nsenter', ['--target', String(this.#leader), '--all', '--', '/bin/sh', '-c', command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A machine that hangs is a play that fails.
      timeout: 300_000,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        LANG: 'C.UTF-8',
        DEBIAN_FRONTEND: 'noninteractive',
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve({ status: status ?? 255, output }));
    });
  }

  /** The same for what must not fail. @returns what it printed */
  async must(command: string): Promise<string> {
    const { status, output } = await this.run(command);
    if (status !== 0) throw new Error(`${this.name}# ${command} ended with ${status}:\n${output}`);
    return output.trimEnd();
  }

  /** At once, and without a trace. */
  async remove(): Promise<void> {
    if (this.#nspawn && this.#nspawn.exitCode === null) {
      if (this.#leader > 0) process.kill(this.#leader, 'SIGKILL');
      else this.#nspawn.kill('SIGKILL');
      await this.#ended();
    }
    for (const group of this.#cgroups) execFileSync('find', [group, '-depth', '-type', 'd', '-delete']);
    execFileSync('umount', ['--recursive', '--lazy', this.#folder]);
    rmdirSync(this.#folder);
  }

  async #ended(): Promise<number | null> {
    const nspawn = this.#nspawn;
    if (!nspawn) return null;
    if (nspawn.exitCode === null && nspawn.signalCode === null) await new Promise((resolve) => nspawn.once('close', resolve));
    this.#leader = 0;
    return nspawn.exitCode;
  }
}

/** Where this process is in the hierarchies that systemd uses (cgroups(7)): the unified one, and where there is one its own of version 1. */
function ownCgroups(): readonly string[] {
  const lines = (file: string) => readFileSync(file, 'utf8').trim().split('\n');
  const paths = new Map(lines('/proc/self/cgroup').map((line) => [/^\d+:([^:]*):/.exec(line)?.[1], line.slice(line.lastIndexOf(':') + 1)]));
  return lines('/proc/self/mounts').flatMap((line) => {
    const [, at = '', type, options = ''] = line.split(' ');
    const path =
      type === 'cgroup2' ? paths.get('') : type === 'cgroup' && options.includes('name=systemd') ? paths.get('name=systemd') : undefined;
    return path === undefined ? [] : [join(at, path)];
  });
}
