// The package as it is installed first, the one it is upgraded to, and where Debian's own is too old a Node.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Into `folder`: the package of this tree, and one with another version and other file names in it, as the next release has them. */
export function buildPackages(folder: string, debian: string): void {
  const built = execFileSync(process.execPath, ['--import', 'tsx', 'scripts/deb.ts', '--out', folder], {
    cwd: repository,
    encoding: 'utf8',
  }).trim();
  const next = join(folder, 'next');
  execFileSync('dpkg-deb', ['--raw-extract', built, next]);
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(next, file), change(readFileSync(join(next, file), 'utf8')));
  edit('DEBIAN/control', (text) => text.replace(/^Version: .*$/m, 'Version: 0.1.0+second'));
  const chunks = readdirSync(join(next, 'usr/lib/muster/chunks'));
  const others = (text: string) => chunks.reduce((all, name) => all.replaceAll(name, name.replace(/(?=\.m?js$)/, '0')), text);
  const programs = execFileSync('find', ['usr/lib/muster', '-name', '*.*js'], { cwd: next, encoding: 'utf8' }).trim().split('\n');
  for (const file of programs) edit(file, others);
  for (const name of chunks)
    execFileSync('mv', [join(next, 'usr/lib/muster/chunks', name), join(next, 'usr/lib/muster/chunks', others(name))]);
  const second = join(folder, 'muster_0.1.0+second_all.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', next, second], { stdio: 'ignore' });
  rmSync(next, { recursive: true });
  if (debian === 'bookworm') packNode(folder);
}

/** The Node that runs this, as a package: Debian 12 has none that is new enough. */
function packNode(folder: string): void {
  const stage = join(folder, 'nodejs');
  execFileSync('install', ['-D', process.execPath, join(stage, 'usr/bin/node')]);
  execFileSync('mkdir', [join(stage, 'DEBIAN')]);
  const version = process.version.slice(1);
  writeFileSync(
    join(stage, 'DEBIAN/control'),
    `Package: nodejs\nVersion: ${version}\nArchitecture: ${process.arch === 'x64' ? 'amd64' : process.arch}\nMaintainer: nobody <nobody@example.org>\nDescription: upstream's Node\n`,
  );
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Znone', stage, join(folder, `nodejs_${version}.deb`)], { stdio: 'ignore' });
  rmSync(stage, { recursive: true });
}
