// rsync for the tests: the installed one, or Debian's package unpacked under .cache/rsync. Leaves .cache/rsync/bin/rsync, which runs either.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages, libraryFolders } from './fetch-debian.mjs';

const cache = fileURLToPath(new URL('../.cache/rsync', import.meta.url));
const script = join(cache, 'bin/rsync');

export function prepareRsync() {
  // A restored cache may lie in another folder than the one it was made in.
  if (spawnSync(script, ['--version'], { stdio: 'ignore' }).status === 0) return;
  const installed = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'rsync'))
    .find((path) => existsSync(path));
  if (installed) return writeScript(`exec '${installed}' "$@"`);
  const root = join(cache, 'root');
  if (!existsSync(join(root, 'usr/bin/rsync'))) fetchDebianPackages(['rsync'], cache);
  writeScript(`LD_LIBRARY_PATH='${libraryFolders(root).join(':')}' exec '${join(root, 'usr/bin/rsync')}' "$@"`);
}

/** Several test processes may do this at once: whoever looks finds a whole file. */
function writeScript(command) {
  mkdirSync(join(cache, 'bin'), { recursive: true });
  const draft = `${script}.${process.pid}`;
  writeFileSync(draft, `#!/bin/sh\n${command}\n`);
  chmodSync(draft, 0o755);
  renameSync(draft, script);
}
