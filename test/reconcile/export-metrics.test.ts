import { describe, expect, it } from 'vitest';
import { renderMetrics } from '../../src/reconcile/export-metrics.ts';
import type { Metric } from '../../src/reconcile/metrics.ts';

const metrics: readonly Metric[] = [
  { name: 'muster_group_members', help: 'Members of the group.', samples: [{ labels: { group: 'stewards' }, value: 11 }] },
  { name: 'muster_last_success_timestamp_seconds', help: 'Never yet.', samples: [] },
];

describe('given the metrics of a run', () => {
  it('when they are rendered, then a figure that is not known has no line at all', async () => {
    expect(await renderMetrics(metrics)).toBe(
      '# HELP muster_group_members Members of the group.\n# TYPE muster_group_members gauge\nmuster_group_members{group="stewards"} 11\n',
    );
  });
});
