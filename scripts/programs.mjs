// Programs for the tests: the installed one, or Debian's package unpacked under .cache/PROGRAM. Leaves .cache/PROGRAM/bin/PROGRAM, which runs either.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchDebianPackages, libraryFolders } from './fetch-debian.mjs';

export function prepareProgram(program, debian) {
  const cache = fileURLToPath(new URL(`../.cache/${program}`, import.meta.url));
  const script = join(cache, 'bin', program);
  // A restored cache may lie in another folder than the one it was made in: then the shell ends with 126 or 127.
  const { status } = spawnSync(script, ['--version'], { stdio: 'ignore' });
  if (status !== null && status < 126) return;
  const installed = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => path !== script && existsSync(path));
  if (installed) return writeScript(script, `exec '${installed}' "$@"`);
  const root = join(cache, 'root');
  const fetched = join(root, 'usr/bin', program);
  if (!existsSync(fetched)) fetchDebianPackages([debian], cache);
  writeScript(script, `LD_LIBRARY_PATH='${libraryFolders(root).join(':')}' exec '${fetched}' "$@"`);
}

/** Several test processes may do this at once: whoever looks finds a whole file. */
function writeScript(script, command) {
  mkdirSync(join(script, '..'), { recursive: true });
  const draft = `${script}.${process.pid}`;
  writeFileSync(draft, `#!/bin/sh\n${command}\n`);
  chmodSync(draft, 0o755);
  renameSync(draft, script);
}
