import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderMetrics, writeMetrics } from '../../src/adapters/prometheus.ts';
import type { Metric } from '../../src/domain/metrics.ts';
import { Unavailable } from '../../src/failures.ts';

const metrics: readonly Metric[] = [
  { name: 'muster_group_members', help: 'Members of the group.', samples: [{ labels: { group: 'stewards' }, value: 11 }] },
  { name: 'muster_last_success_timestamp_seconds', help: 'Never yet.', samples: [] },
];

describe('given the metrics of a run', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metrics-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('when they are rendered, then a figure that is not known has no line at all', async () => {
    expect(await renderMetrics(metrics)).toBe(
      '# HELP muster_group_members Members of the group.\n# TYPE muster_group_members gauge\nmuster_group_members{group="stewards"} 11\n',
    );
  });

  it('when they are written, then the file is whole, readable by the collector, and nothing else is left', async () => {
    const file = join(folder, 'muster.prom');
    await writeMetrics(file, metrics);
    expect(await readFile(file, 'utf8')).toContain('muster_group_members{group="stewards"} 11');
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual(['muster.prom']);
  });

  it('when the folder is not there, then that is said', async () => {
    await expect(writeMetrics(join(folder, 'none', 'muster.prom'), metrics)).rejects.toThrow(Unavailable);
  });
});
