// What systemd knows of the timer and of the runs it started: systemctl(1) is-enabled and show. Asks, and changes nothing.
import { spawn } from 'node:child_process';
import { instant, type Instant } from '../names.ts';
import { second } from '../time.ts';

export interface TimerState {
  /** As in systemctl(1), is-enabled: `enabled`, `disabled`, `not-found`, … */
  readonly enabled: string;
  readonly active: string;
  readonly last: { readonly result: string; readonly status: number; readonly at: Instant } | undefined;
}

/** `path` as in PATH. Undefined where systemd does not run, or does not answer within ten seconds. */
export async function readTimer(timer: string, service: string, path: string): Promise<TimerState | undefined> {
  const [unit, run] = await Promise.all([
    show(timer, ['LoadState', 'UnitFileState', 'ActiveState'], path),
    show(service, ['Result', 'ExecMainStatus', 'ExecMainExitTimestamp'], path),
  ]);
  if (!unit || !run) return undefined;
  const isThere = unit.get('LoadState') === 'loaded';
  const enabled = isThere ? unit.get('UnitFileState') || 'not enabled' : 'not-found';
  // `--timestamp=unix`: `@` and seconds; empty before the first time.
  const endedAt = /^@(\d+)$/.exec(run.get('ExecMainExitTimestamp') ?? '')?.[1];
  const status = Number(run.get('ExecMainStatus') ?? 0);
  const result = run.get('Result') ?? '';
  return {
    enabled,
    active: unit.get('ActiveState') ?? 'unknown',
    last: endedAt === undefined || Number(endedAt) === 0 ? undefined : { result, status, at: instant(Number(endedAt) * second) },
  };
}

async function show(unit: string, properties: readonly string[], path: string): Promise<ReadonlyMap<string, string> | undefined> {
  const output = await systemctl(['show', '--timestamp=unix', `--property=${properties.join(',')}`, '--', unit], path);
  if (output === undefined) return undefined;
  return new Map(
    output.split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function systemctl(args: readonly string[], path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('systemctl', args, { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: path, LC_ALL: 'C' }, timeout: 10 * second });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text;
    });
    child.once('error', () => resolve(undefined));
    child.once('close', (status) => resolve(status === 0 ? output : undefined));
  });
}
