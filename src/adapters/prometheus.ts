// Writes metrics for the textfile collector of the node exporter: whole or not at all, in the text format of Prometheus.
import { chmod, rename, writeFile } from 'node:fs/promises';
import { Gauge, Registry } from 'prom-client';
import type { Metric } from '../domain/metrics.ts';
import { Unavailable } from '../failures.ts';

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

/** Replaces `file` in one step; the collector may read at any time, as another user. Throws Unavailable when it cannot be written. */
export async function writeMetrics(file: string, metrics: readonly Metric[]): Promise<void> {
  // The collector reads every name that ends in .prom.
  const unfinished = `${file}.new`;
  try {
    await writeFile(unfinished, await renderMetrics(metrics));
    await chmod(unfinished, 0o644);
    await rename(unfinished, file);
  } catch (error) {
    throw new Unavailable('metrics', `${file} could not be written`, error);
  }
}
