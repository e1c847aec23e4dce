// Runs the built command the way a timer does: another process, nothing on stdin, at a moment of the test's choosing.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface CommandOptions {
  /** The configuration file, given as MUSTER_CONFIG. */
  readonly config?: string;
  /** The moment at which the command believes to start: an ISO time, or a Date. The real one when left out. */
  readonly at?: string | Date | undefined;
  /** What the kernel's clock says then, where it is not the same, and which boot it is. */
  readonly boot?: { readonly at?: string; readonly id?: string };
  /** More environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A command that starts the rest of its arguments, such as unshare(1). */
  readonly through?: readonly string[];
  /** Milliseconds after which the command is killed and the promise rejects; a minute unless told. */
  readonly timeout?: number;
  /** Called with the process as soon as it runs: for tests that kill it. */
  readonly started?: (kill: (signal: NodeJS.Signals) => void) => void;
}

export interface CommandResult {
  /** The exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as one JSON document; throws with both outputs in the message when it is none. */
  json<Document = unknown>(): Document;
}

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const clock = fileURLToPath(new URL('./clock.cjs', import.meta.url));

/** `muster ARGS`. An exit status other than 0 is a result, not an error. */
export function runMuster(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { at, boot } = options;
  return runNode([...(at === undefined ? [] : ['--require', clock]), main, ...args], {
    ...options,
    env: {
      MUSTER_CONFIG: options.config,
      MUSTER_TEST_NOW: at instanceof Date ? at.toISOString() : at,
      MUSTER_TEST_BOOT: boot?.at,
      MUSTER_TEST_BOOT_ID: boot?.id,
      ...options.env,
    },
  });
}

/** A file that people type in place of `muster`: the built command, with this configuration, at this moment. */
export function writeMusterCommand(file: string, { config, at }: { readonly config: string; readonly at: Date }): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const variables = `MUSTER_CONFIG=${quoted(config)} MUSTER_TEST_NOW=${at.toISOString()}`;
  const typed = [process.execPath, '--require', clock, main].map(quoted).join(' ');
  writeFileSync(file, `#!/bin/sh\n${variables} exec ${typed} "$@"\n`, { mode: 0o755 });
  return file;
}

/** `node ARGS`, with only the given environment and what every process has. */
export function runNode(
  args: readonly string[],
  { env = {}, cwd, through = [], timeout = 150_000, started }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const [program = process.execPath, ...rest] = [...through, process.execPath, ...args];
    const child = spawn(program, rest, {
      cwd,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: process.env['TMPDIR'], LANG: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (late) reject(new Error(`the command did not end within ${timeout} ms\n${stdout}${stderr}`));
      else resolve({ status, signal, stdout, stderr, json: () => parseDocument(stdout, stderr) as never });
    });
    started?.((signal) => child.kill(signal));
  });
}

export function parseDocument(stdout: string, stderr: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch (error) {
    throw new Error(`stdout is not one JSON document:\n${stdout}\nstderr:\n${stderr}`, { cause: error });
  }
}
