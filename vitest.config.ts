import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Journeys start slapd, git and the built command several times each.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Much of their time they wait: for deadlines, for processes, for disks.
    maxWorkers: availableParallelism() + 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
  },
});
