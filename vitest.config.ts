import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

// Every Node that starts would read the host's certificates; nothing here asks anybody who is outside of this machine.
delete process.env['NODE_EXTRA_CA_CERTS'];

/** Tests of what keeps nothing between two calls: they need no process for each file. */
const shared = ['domain', 'render', 'adapters', 'commands', 'wiring', 'schema'].map((folder) => `test/${folder}/**/*.test.ts`);

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
      { extends: true, test: { name: 'shared', include: shared, isolate: false } },
      { extends: true, test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...shared] } },
    ],
  },
});
