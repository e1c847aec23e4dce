// The process: arguments, clock, environment, streams. The only place that knows them.
import { execFile, spawn } from 'node:child_process';
import { fstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { carryOut } from './carry-out.ts';
import type { BootClock } from './membership/clock.ts';
import { duration, instant } from './names.ts';
import { stepDown, tellBegun, typedBy, type Owner } from './step-down.ts';
import { exitStatus, statusOf, type StatusName } from './status.ts';
import { Misuse, Unavailable } from './errors.ts';
import { priorities, screenOf } from './terminal.ts';
import { build, version } from './build.ts';
import type { Commands } from './command.ts';
import type { Caller } from './host.ts';

// Servers are always verified (tls.ts). What says otherwise is taken away, and Node does not warn of what is not so.
delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];

const cleanups = new Set<() => void>();

/** Set while another process does the work. */
let passOn: ((signal: NodeJS.Signals) => void) | undefined;

/** A signal ends the process as ever, and nothing is left behind in the folder for temporary files. A second one changes nothing of that. */
for (const [signal, number] of [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.on(signal, () => {
    if (passOn) return passOn(signal);
    for (const cleanup of cleanups) cleanup();
    process.exit(128 + number);
  });
}

/** systemd.exec(5), JOURNAL_STREAM: the variable is inherited, so the stream itself is looked at. */
function isJournal(stream: 1 | 2): boolean {
  const journal = process.env['JOURNAL_STREAM'];
  if (journal === undefined) return false;
  const { dev, ino } = fstatSync(stream, { bigint: true });
  return journal === `${dev}:${ino}`;
}

/** Lines on stderr; the journal takes the priority off each (sd-daemon(3)). */
function tell(priority: number, text: string): void {
  const mark = isJournal(2) ? `<${priority}>` : '';
  process.stderr.write(`muster: ${text}\n`.replace(/^(?=.)/gm, mark));
}

/** What could not be printed, and why. */
let cutShort: NodeJS.ErrnoException | undefined;

/**
 * Whoever reads may have seen enough (`| head`): what is done is done all the same, and the status says how it went. Nothing else that keeps
 * text from being printed is as well. A stream that is closed is /dev/null by now: Node opens that in its place.
 */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') cutShort ??= error;
  });
}

/** Undefined where it has been removed: then on from the root, for no program could be started in a folder that is not there. */
function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    process.chdir('/');
    return undefined;
  }
}

/** proc(5). */
function readBootClock(): BootClock | undefined {
  try {
    const [seconds = ''] = readFileSync('/proc/uptime', 'utf8').split(' ');
    const uptime = Math.round(Number.parseFloat(seconds) * 1000);
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return Number.isFinite(uptime) && /^[0-9a-f-]{36}$/.test(id) ? { id, uptime: duration(uptime) } : undefined;
  } catch {
    // Then another boot cannot be told from this one, and is taken for one.
    return undefined;
  }
}

const folder = currentFolder();

const surroundings: Caller = {
  onInterrupt: (cleanup) => {
    cleanups.add(cleanup);
    return () => void cleanups.delete(cleanup);
  },
  pid: process.pid,
  environment: process.env,
  folder: () => {
    if (folder === undefined)
      throw new Misuse('the folder in which this was typed is not there any more; go to another one, or name files from "/" on');
    return folder;
  },
  now: () => instant(Date.now()),
  boot: readBootClock,
  // Only for a person at a terminal, and only for work that takes longer than a second.
  progress: (text) => {
    if (process.stderr.isTTY && process.uptime() > 1) process.stderr.write(`muster: ${text}\n`);
  },
  warn: (text) => tell(priorities.warning, text),
  typedBy: () => typedBy(process.env, process.geteuid?.() ?? 0),
  goOnAs: process.geteuid?.() === 0 ? goOnAs : undefined,
  startAnother,
  askVerifier,
};

/** Megabytes of objects that judging may hold at a time: what strangers push must not take the memory of this host. */
const heapOfAnother = 192;

/** Gives its status. What it prints for programs is nobody's; what it warns of is told. It ends by itself, also where nobody waits for it any more. */
function startAnother(args: readonly string[], patience: number): Promise<number | 'goes-on'> {
  const [script = ''] = process.argv.slice(1);
  // Whoever reads a pipe waits for the last process that holds it, so this one hands on what the other tells, and lets go when it stops waiting.
  const isHandedOn = process.stderr.isTTY || isJournal(2);
  const child = spawn(process.execPath, [...process.execArgv, `--max-old-space-size=${heapOfAnother}`, script, ...args], {
    stdio: ['ignore', 'ignore', isHandedOn ? 'inherit' : 'pipe'],
    detached: true,
  });
  child.stderr?.pipe(process.stderr, { end: false });
  return new Promise((resolve) => {
    const tired = setTimeout(() => {
      child.unref();
      child.stderr?.destroy();
      resolve('goes-on');
    }, patience);
    const end = (status: number) => {
      clearTimeout(tired);
      resolve(status);
    };
    child.once('error', () => end(exitStatus.bug));
    child.once('close', (status) => end(status ?? exitStatus.bug));
  });
}

/** Milliseconds: every signature takes some of them. */
const verifierPatience = 60_000;

function askVerifier(question: string): Promise<string> {
  const program = join(dirname(realpathSync(process.argv[1] ?? '')), 'verifying.mjs');
  return new Promise((resolve, reject) => {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C' };
    const options = { env: environment, timeout: verifierPatience, killSignal: 'SIGKILL' as const, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.execPath, [`--max-old-space-size=${heapOfAnother}`, program], options, (error, stdout, stderr) => {
      if (error)
        reject(new Unavailable('ssh-keygen', stderr.trim() || 'the program that verifies signatures was ended before it had an answer'));
      else resolve(stdout);
    });
    // One that has ended already tells so by its status.
    child.stdin?.on('error', () => undefined).end(question);
  });
}

/** This process only waits for the other one, and ends as that ends. */
async function goOnAs(owner: Owner, more: readonly string[] = []): Promise<never> {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1), ...more];
  const { status, signal } = await stepDown({ owner, command, environment: process.env, started: (kill) => (passOn = kill) });
  if (signal !== null) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
  process.exit(status ?? exitStatus.bug);
}

/** Two builds of one version are told apart by the first digits of the build's name. */
function versionText(): string {
  return `muster ${version} (build ${build.slice(0, 12)}), Node ${process.versions.node}`;
}

function endOf(names: readonly StatusName[]): number {
  if (!cutShort) return statusOf(names).code;
  tell(
    priorities.error,
    `what was to be printed could not be written (${cutShort.code ?? cutShort.message}) and was cut short; what was done is done`,
  );
  return statusOf([...names, 'input']).code;
}

/** Runs the command that was typed, which is one of these, and ends the process. */
export async function begin(commands: Commands): Promise<void> {
  tellBegun(process.env);
  // Work that comes to no end, because nothing is left that could settle it, is a bug and no success.
  process.exitCode = exitStatus.bug;
  process.once('beforeExit', () => tell(priorities.error, 'a bug: nothing is left to wait for, and the work is not done'));
  const names = await carryOut(process.argv.slice(2), commands, surroundings, {
    print: (text) => void process.stdout.write(text),
    tell,
    screen: screenOf(process.stdout, process.env),
    isForJournal: () => isJournal(1),
    version: versionText(),
  });
  // Once the output is out, nothing is left to wait for: simple-git keeps a timer for a second after each git that ended. That some of it
  // could not be written is told a turn later.
  process.stdout.write('', () => process.stderr.write('', () => setImmediate(() => process.exit(endOf(names)))));
}
