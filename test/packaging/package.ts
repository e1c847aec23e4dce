// The package as `npm run deb` builds it, in a folder of its own, unpacked beside it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface BuiltPackage {
  /** The .deb. */
  readonly file: string;
  /** What it unpacks to. */
  readonly root: string;
  /** Its scripts and control file, unpacked. */
  readonly control: string;
  remove(): void;
}

export function buildPackage(): BuiltPackage {
  const folder = mkdtempSync(join(tmpdir(), 'muster-packaging-'));
  execFileSync(process.execPath, ['--import', 'tsx', join(root, 'scripts/deb.ts'), '--out', folder], { cwd: root, stdio: 'pipe' });
  const file = join(folder, readdirSync(folder).find((name) => name.endsWith('.deb')) ?? 'muster.deb');
  const unpacked = { root: join(folder, 'root'), control: join(folder, 'control') };
  execFileSync('dpkg-deb', ['--extract', file, unpacked.root]);
  execFileSync('dpkg-deb', ['--control', file, unpacked.control]);
  return { file, ...unpacked, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The path of a program, if it is installed; the tests that need it are skipped where it is not. */
export function installed(program: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
