// Runs a command and says how long it took, and how much memory a Node process took at its highest.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

interface Ended {
  readonly seconds: number;
  readonly stdout: string;
}

/** Throws with what the command printed when it ends with a status that is not `good`: a run that failed has no speed. */
export function run({ program, args, environment }: Command, good: readonly number[] = [0]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => {
      const seconds = (performance.now() - startedAt) / 1000;
      if (status !== null && good.includes(status)) resolve({ seconds, stdout });
      else reject(new Error(`${program} ended with status ${String(status)}\n${stdout}${stderr}`));
    });
  });
}

const probe = new URL('./peak-memory.mjs', import.meta.url).href;

/** The peak of the resident memory of one run of a Node program, in MB, as getrusage(2) gives it. A run of its own: the probe takes time. */
export async function peakMemory(command: Command, reportFile: string): Promise<number> {
  await run({
    ...command,
    args: ['--import', probe, ...command.args],
    environment: { ...command.environment, BENCH_PEAK_MEMORY: reportFile },
  });
  return Number(readFileSync(reportFile, 'utf8')) / 1024;
}

/** Seconds of processor time, of the command and of all that it waited for. */
export async function processorTime({ program, args, environment }: Command): Promise<number> {
  const timed = ['-c', 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>&3; } 3>&2 2>&1', 'bash', program, ...args];
  const { stdout } = await run({ program: 'bash', args: timed, environment });
  const [user = Number.NaN, system = Number.NaN] = stdout.trim().split(' ').map(Number);
  return user + system;
}

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** `build`: the main.js of another one. */
export function musterCommand(args: readonly string[], configuration: string, build = main): Command {
  return { program: process.execPath, args: [build, ...args], environment: { MUSTER_CONFIG: configuration } };
}

/** As its unit starts it: with the memory that it may have. */
export function judgingCommand(configuration: string): Command {
  const command = musterCommand(['judge'], configuration);
  return { ...command, environment: { ...command.environment, NODE_OPTIONS: '--max-old-space-size=192' } };
}

/** What a Node process costs that does nothing. */
export const bareNode: Command = { program: process.execPath, args: ['-e', '0'], environment: {} };

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
