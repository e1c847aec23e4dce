// All that can be said about the code without running it: types, lint, format, unused code. One line a check, and the whole output of those
// that failed. The last line is `N passed, N failed`, the status 1 when one failed.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

const checks = [
  { name: 'types', command: ['tsc', '--project', '.', '--pretty', 'false'] },
  { name: 'lint', command: ['oxlint'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
];

const results = await Promise.all(checks.map(runCheck));
for (const { name, output } of results.filter(({ passed }) => !passed)) process.stdout.write(`\n--- ${name}\n${output.trimEnd()}\n`);
const failed = results.filter(({ passed }) => !passed).length;
process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function runCheck({ name, command: [program, ...args] }) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(join(root, 'node_modules/.bin', program), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    const end = (passed) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stdout.write(`${passed ? 'passed' : 'FAILED'}  ${name} (${program}, ${seconds} s)\n`);
      resolve({ name, passed, output });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      end(false);
    });
    child.on('close', (status) => child.pid !== undefined && end(status === 0));
  });
}
