import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

// Every Node that starts would read the host's certificates; nothing here asks anybody who is outside of this machine.
delete process.env['NODE_EXTRA_CA_CERTS'];

/** Tests of functions that keep nothing: they need no process for each file. */
const pure = ['test/domain/**/*.test.ts', 'test/render/**/*.test.ts', 'test/adapters/yaml/**/*.test.ts'];

export default defineConfig({
  test: {
    // Journeys start slapd, git and the built command several times each.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Much of their time they wait: for deadlines, for processes, for disks.
    maxWorkers: availableParallelism() + 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      { extends: true, test: { name: 'real', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...pure] } },
    ],
  },
});
