// A command under watch: what it took of the memory, and a git that gets little of it.
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Watch {
  /** For the command. */
  readonly env: Readonly<Record<string, string>>;
  /** The most that muster itself had in memory in any run so far, in MB. */
  megabytes(): number;
}

/** `gitMegabytes`: address space that each git may have. Files are put below `folder`. */
export function watchMemory(folder: string, gitMegabytes: number): Watch {
  const place = mkdtempSync(join(folder, 'watch-'));
  const log = join(place, 'log');
  const path = process.env['PATH'] ?? '/usr/bin:/bin';
  writeFileSync(log, '');
  writeFileSync(
    join(place, 'exit.cjs'),
    `process.on('exit', () => require('node:fs').appendFileSync(${JSON.stringify(log)}, process.resourceUsage().maxRSS + '\\n'));\n`,
  );
  writeFileSync(join(place, 'git'), `#!/bin/sh\nPATH='${path}'\nulimit -v ${gitMegabytes * 1024}\nexec git "$@"\n`);
  chmodSync(join(place, 'git'), 0o755);
  return {
    env: { NODE_OPTIONS: `--require ${join(place, 'exit.cjs')}`, PATH: `${place}:${path}` },
    megabytes: () => Math.max(...readFileSync(log, 'utf8').trimEnd().split('\n').map(Number)) / 1024,
  };
}
