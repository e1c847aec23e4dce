// Metrics for the textfile collector of the node exporter, in the text format of Prometheus.
import { Gauge, Registry } from 'prom-client';
import type { Metric } from './metrics.ts';

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
