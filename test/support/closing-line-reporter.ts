// The last lines of a test run, for people and machines that read nothing else: a line `FAILED  …` for each test that failed, and then
// `N passed, N failed`, and `, N skipped` if any.

import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const failures = unhandledErrors.map((error) => failureLine('outside of every test', error as SerializedError));
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        counts[state] += 1;
        if (state === 'failed') failures.push(failureLine(`${module.relativeModuleId} > ${test.fullName}`, errors[0]));
      }
      // What fails outside of tests: a hook of a suite, or a file that does not load.
      const suites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
      for (const suite of suites) failures.push(failureLine(`${module.relativeModuleId} > ${suite.fullName}`, suite.errors()[0]));
      if (suites.length === 0 && module.errors().length > 0) failures.push(failureLine(module.relativeModuleId, module.errors()[0]));
    }
    const skipped = counts.skipped + counts.pending;
    const line = `${counts.passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    // The default reporter still prints its summary: wait until the process is done.
    process.once('exit', () => writeSync(1, [...failures, line, ''].join('\n')));
  }
}

function failureLine(where: string, error: { readonly message: string } | undefined): string {
  return `FAILED  ${where.replaceAll('\n', ' ')}: ${error?.message.split('\n', 1)[0] ?? 'no reason given'}`;
}
