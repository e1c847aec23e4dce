// A Chromium for the tests of the report's page: the installed one, or Debian's headless shell unpacked under .cache/chromium, without root.
// Leaves .cache/chromium/bin/chromium, which runs either. Where none can be had, .cache/chromium/missing says why, and those tests are skipped.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages, libraryFolders } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/chromium', import.meta.url));
const script = join(cache, 'bin/chromium');
const missing = join(cache, 'missing');

/** Never throws: a machine without Chromium can run all other tests. */
export function prepareChromium() {
  if (runs()) return;
  try {
    // What is installed and cannot run (a snap's stub, a missing library) is no browser.
    if (!installed() && !unpacked()) {
      fetchDebianPackages(['chromium-headless-shell', 'chromium-common'], cache);
      if (!unpacked()) throw new Error('the fetched Chromium does not run here');
    }
    rmSync(missing, { force: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mkdirSync(cache, { recursive: true });
    rmSync(script, { force: true });
    writeFileSync(missing, `${reason}\n`);
    process.stderr.write(`prepare: no Chromium, so the tests of the report's page in a browser are skipped: ${reason}\n`);
  }
}

function runs() {
  return spawnSync(script, ['--version'], { stdio: 'ignore' }).status === 0;
}

function installed() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const programs = ['chromium', 'chromium-headless-shell'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = programs.find((path) => existsSync(path));
  return found !== undefined && writeScript(`exec '${found}' "$@"`);
}

function unpacked() {
  const root = join(cache, 'root');
  const program = join(root, 'usr/lib/chromium/chromium-headless-shell');
  // libpulse has a library of its own in a folder of its own.
  const libraries = libraryFolders(root)
    .flatMap((folder) => [folder, join(folder, 'pulseaudio')])
    .join(':');
  return existsSync(program) && writeScript(`LD_LIBRARY_PATH='${libraries}' exec '${program}' "$@"`);
}

/** Several test processes may do this at once: whoever looks finds a whole file. */
function writeScript(command) {
  mkdirSync(join(cache, 'bin'), { recursive: true });
  const draft = `${script}.${process.pid}`;
  writeFileSync(draft, `#!/bin/sh\n${command}\n`);
  chmodSync(draft, 0o755);
  renameSync(draft, script);
  return runs();
}
