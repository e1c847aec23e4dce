// promtool for the tests of the alert rules: the installed one, or Debian's package unpacked under .cache/prometheus.
// Prints its path; the status is 1 where it cannot be had.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/prometheus', import.meta.url));
const unpacked = join(cache, 'root/usr/bin/promtool');

try {
  const installed = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'promtool'));
  const found = () => [...installed, unpacked].find((path) => existsSync(path));
  if (!found()) fetchDebianPackages(['prometheus'], cache);
  const path = found();
  if (!path) throw new Error('the fetched package does not hold promtool where it was expected');
  process.stdout.write(`${path}\n`);
} catch (error) {
  process.stderr.write(`promtool: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
