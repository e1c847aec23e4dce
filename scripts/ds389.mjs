// A 389 Directory Server for the tests: Debian's packages unpacked under .cache/389ds, without root and without dscreate.
// Where none can be had, .cache/389ds/missing says why, and those tests are skipped.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages, libraryFolders } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/389ds', import.meta.url));
const program = join(cache, 'root/usr/sbin/ns-slapd');
const missing = join(cache, 'missing');

/** Never throws: a machine without it can run all other tests. */
export function prepare389() {
  try {
    if (!runs()) fetchDebianPackages(['389-ds-base', '389-ds-base-libs'], cache);
    if (!runs()) throw new Error('the fetched 389 Directory Server does not run here');
    rmSync(missing, { force: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mkdirSync(cache, { recursive: true });
    writeFileSync(missing, `${reason}\n`);
    process.stderr.write(`prepare: no 389 Directory Server, so the tests against it are skipped: ${reason}\n`);
  }
}

function runs() {
  const folders = libraryFolders(join(cache, 'root')).flatMap((folder) => [folder, join(folder, 'dirsrv')]);
  const env = { ...process.env, LD_LIBRARY_PATH: folders.join(':') };
  // It says so and ends with 1.
  return existsSync(program) && String(spawnSync(program, ['-v'], { env }).stdout).includes('389-Directory/');
}
