// The right Node, and node_modules as package-lock.json says.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const leastNode = [20, 19];

export function prepareNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])) return;
  throw new Error(`Node ${leastNode.join('.')} or later is needed, and this is ${process.versions.node}`);
}

/** `npm ci`, unless the lock file is the one that was installed last. */
export function preparePackages() {
  const stamp = new URL('node_modules/.cache/installed', root);
  const wanted = createHash('sha256')
    .update(readFileSync(new URL('package-lock.json', root)))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('prepare: npm ci\n');
  // npm_command in the environment is the outer `npm test`; npm ci sets its own.
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
  });
  if (error) throw new Error(`npm cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`npm ci ended with status ${status}`);
  mkdirSync(new URL('.', stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
