import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

// Every Node that starts would read the host's certificates; nothing here asks anybody who is outside of this machine.
delete process.env['NODE_EXTRA_CA_CERTS'];

// What scripts/prepare.mjs leaves where none is installed.
process.env['PATH'] = [process.env['PATH'], fileURLToPath(new URL('.cache/ssh-keygen/bin', import.meta.url))].join(delimiter);

/** Tests of what starts the built command, or looks at the project as a whole: a process for each file. The others keep nothing between two calls. */
const apart = ['*', '{ci,demo,packaging,scripts,support}/**/*'].map((path) => `test/${path}.test.ts`);

export default defineConfig({
  test: {
    // Journeys start slapd, git and the built command several times each, and a busy machine takes its time: only what hangs ends here.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Much of their time they wait: for deadlines, for processes, for disks.
    maxWorkers: availableParallelism() + 2,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, ...apart], isolate: false },
      },
      { extends: true, test: { name: 'apart', include: apart } },
    ],
  },
});
