// Metrics of a run for the textfile collector of the node exporter, written where the configuration says; a run without that key loads none of this.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import { replaceFile, publishFile } from '../kept-files.ts';
import { readRevocations } from '../revocation/revocations.ts';
import type { Memory } from '../ledger/memory.ts';
import type { Heads } from '../ledger/state.ts';
import { endMetrics, isAllJudged, metricsOf, standbyMetrics, type Metric } from './metrics.ts';
import type { Instant } from '../names.ts';
import type { RunReport } from './run.ts';
import { statusOf, type Status } from '../status.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { Unavailable, Unusable, unwritten } from '../errors.ts';
import type { HostConfiguration, Caller } from '../host.ts';

interface RunFacts {
  readonly report: RunReport;
  readonly status: Status;
  /** Undefined where the ledger could not be opened. */
  readonly memory: Memory | undefined;
  readonly heads: Heads | undefined;
  /** Milliseconds. */
  readonly duration: number;
}

export async function exportMetrics(
  file: string,
  { state, rosters }: HostConfiguration,
  { report, status, memory, heads, duration }: RunFacts,
  caller: Caller,
): Promise<void> {
  await holdingUpNothing(caller, async () => {
    const marks = readMarks(state);
    const now = report.at;
    const lastSuccess = status.code === 0 ? now : marks.success;
    const lastJudged = isAllJudged(report) ? now : marks.judged;
    const holds = new Map([...(memory?.groups ?? [])].map(([group, known]) => [group, known.holds]));
    const { revocations } = await readRevocations(state);
    const { tokens } = report;
    const untimed = new Set([...rosters].flatMap(([roster, { olderThan }]) => (olderThan === 'none' ? [roster] : [])));
    const metrics = metricsOf(report, { status, lastSuccess, lastJudged, holds, revocations, untimed, tokens, heads, duration });
    await publish(file, metrics);
    keepMarks(state, { success: lastSuccess, judged: lastJudged });
  });
}

/** A run that a misuse kept from beginning, where the configuration says that much. `state` is for the times of earlier runs. */
export async function exportMisuse(file: string, state: string | undefined, caller: Caller): Promise<void> {
  const { success, judged } = state === undefined ? { success: undefined, judged: undefined } : readMarks(state);
  const circumstances = { status: statusOf(['misuse']), lastSuccess: success, lastJudged: judged };
  await holdingUpNothing(caller, () => publish(file, endMetrics(caller.now(), circumstances)));
}

/** In place of all that a run tells: that this host is the standby, and when it last looked. */
export async function exportStandby(file: string, caller: Caller): Promise<void> {
  await holdingUpNothing(caller, () => publish(file, standbyMetrics(caller.now())));
}

/** A monitoring that cannot be told holds up nothing: the alert for staleness is there for that. */
async function holdingUpNothing({ warn }: Caller, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    warn(error.message);
  }
}

/** The collector reads every name that ends in .prom, at any time. */
async function publish(file: string, metrics: readonly Metric[]): Promise<void> {
  const text = await renderMetrics(metrics);
  try {
    publishFile(file, text, `${file}.new`);
  } catch (error) {
    throw unwritten(`the file of metrics ${file}`, error);
  }
}

interface Marks {
  readonly success: Instant | undefined;
  readonly judged: Instant | undefined;
}

const marksFile = 'last-good';

/** Two lines, `success TIME` and `judged TIME`. Whatever is wrong with the file, the marks are simply not known. */
function readMarks(folder: string): Marks {
  const text = readIfPossible(join(folder, marksFile));
  const mark = (name: string) => parseMoment(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? '');
  return { success: mark('success'), judged: mark('judged') };
}

function readIfPossible(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function keepMarks(folder: string, { success, judged }: Marks): void {
  const path = join(folder, marksFile);
  const lines = [success && `success ${renderInstant(success)}`, judged && `judged ${renderInstant(judged)}`].filter(
    (line) => line !== undefined,
  );
  try {
    replaceFile(path, lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** The text format; metrics without a sample are left out. */
export async function renderMetrics(metrics: readonly Metric[]): Promise<string> {
  const registry = new Registry();
  for (const { name, help, samples } of metrics) {
    const [first] = samples;
    if (!first) continue;
    const gauge = new Gauge({ name, help, labelNames: Object.keys(first.labels), registers: [registry] });
    for (const { labels, value } of samples) gauge.set({ ...labels }, value);
  }
  return registry.metrics();
}
