// The very last line of a test run, for people and machines that read nothing else: `N passed, N failed`, and `, N skipped` if any.

import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    let broken = unhandledErrors.length;
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
      // What fails outside of tests: a hook of a suite, or a file that does not load.
      const suites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0).length;
      broken += suites > 0 ? suites : Math.min(1, module.errors().length);
    }
    const skipped = counts.skipped + counts.pending;
    const line = `${counts.passed} passed, ${counts.failed + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // The default reporter still prints its summary: wait until the process is done.
    process.once('exit', () => writeSync(1, `${line}\n`));
  }
}
