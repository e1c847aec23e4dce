// A 389 Directory Server for the tests: Debian's packages unpacked under .cache/389ds, without root and without dscreate.
// Where none can be had, .cache/389ds/missing says why, and those tests are skipped.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/389ds', import.meta.url));
const missing = join(cache, 'missing');

/** Never throws: a machine without it can run all other tests. */
export function prepare389() {
  if (existsSync(join(cache, 'root/usr/sbin/ns-slapd'))) return;
  try {
    fetchDebianPackages(['389-ds-base', '389-ds-base-libs'], cache);
    rmSync(missing, { force: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mkdirSync(cache, { recursive: true });
    writeFileSync(missing, `${reason}\n`);
    process.stderr.write(`prepare: no 389 Directory Server, so the tests against it are skipped: ${reason}\n`);
  }
}
