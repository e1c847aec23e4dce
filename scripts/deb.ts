// Builds muster_VERSION_all.deb with dpkg-deb: the bundle, its manual, units and examples. The same commit gives the same bytes:
// every time in it is SOURCE_DATE_EPOCH, the time of the last commit unless told. `npm run deb -- --out FOLDER`; prints the file's name.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { commandTree } from '../src/cli.ts';
import { renderCompletions } from './deb/completion.ts';
import { renderConfigurationManual, renderManual, type Edition } from './deb/manual.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
// RFC 2606, section 2: an address that is nobody's; whoever publishes the package writes their own.
const maintainer = 'muster maintainers <maintainers@muster.invalid>';
const documents = [
  'operating',
  'wikimedia',
  'policy',
  'requesting',
  'approving',
  'signing',
  'threat-model',
  'decisions',
  'ARCHITECTURE',
].map((name) => `${name}.md`);
const documentation = 'usr/share/doc/muster';

/** Where people find in the package what documents link to, by its path here. */
const packaged = new Map([
  ...documents.map((name) => [`docs/${name}`, `/${documentation}/${name}`] as const),
  ['docs/report-wide.png', `/${documentation}/report-wide.png`],
  ['README.md', `/${documentation}/README.md`],
  ['CHANGELOG.md', `/${documentation}/NEWS.md`],
  ['LICENSE', '/usr/share/common-licenses/Apache-2.0'],
  ['packaging/etc/muster.yaml.example', '/etc/muster/muster.yaml.example'],
  ['policy', `/${documentation}/examples/policy`],
]);

const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, '.cache/deb') } } });
const seconds = Number(process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct'));
const { version } = JSON.parse(read('package.json')) as { version: string };
const edition: Edition = { version, date: new Date(seconds * 1000).toISOString().slice(0, 10) };

// Into a folder of its own: what is built at the same time by somebody else is not disturbed, and nothing old is packed.
const stage = mkdtempSync(join(tmpdir(), 'muster-deb-'));
try {
  process.umask(0o022);
  chmodSync(stage, 0o755);
  stageProgram();
  stageManuals();
  stageHost();
  stageDocumentation();
  stageControl();
  mkdirSync(values.out, { recursive: true });
  const file = join(resolve(values.out), `muster_${version}_all.deb`);
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', stage, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.stdout.write(`${file}\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

function put(path: string, content: string | Uint8Array, mode = 0o644): void {
  const target = join(stage, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  chmodSync(target, mode);
}

function putZipped(path: string, text: string): void {
  put(`${path}.gz`, gzipSync(text, { level: 9 }));
}

function stageProgram(): void {
  // Debian's own Node, whatever PATH says.
  put('usr/lib/muster/main.js', read('dist/main.js').replace(/^#!.*/, '#!/usr/bin/node'), 0o755);
  // What the host's own Node compiles of it is made when the package is installed.
  const others = ['package.json', 'judging.mjs', 'converging.mjs', 'looking.mjs', 'verifying.mjs', 'compile.mjs'];
  const inFolder = (folder: string) => readdirSync(join(root, 'dist', folder)).map((name) => `${folder}/${name}`);
  const compiled = inFolder('compiled').filter((path) => path.endsWith('.js'));
  for (const path of [...others, ...compiled, ...inFolder('chunks')].sort()) put(`usr/lib/muster/${path}`, read(`dist/${path}`));
  // What `muster init` puts into a policy project.
  for (const name of readdirSync(join(root, 'dist/project'), { recursive: true, encoding: 'utf8' }).sort()) {
    const file = statSync(join(root, 'dist/project', name));
    if (file.isFile()) put(`usr/lib/muster/project/${name}`, read(`dist/project/${name}`), (file.mode & 0o100) === 0 ? 0o644 : 0o755);
  }
  mkdirSync(join(stage, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/muster/main.js', join(stage, 'usr/bin/muster'));
}

function stageManuals(): void {
  const program = commandTree(() => () => undefined);
  putZipped('usr/share/man/man1/muster.1', renderManual(program, edition));
  putZipped('usr/share/man/man5/muster.yaml.5', renderConfigurationManual(read('packaging/etc/muster.yaml.example'), edition));
  const { bash, zsh, fish } = renderCompletions(program);
  put('usr/share/bash-completion/completions/muster', bash);
  put('usr/share/zsh/vendor-completions/_muster', zsh);
  put('usr/share/fish/vendor_completions.d/muster.fish', fish);
}

function stageHost(): void {
  const units = readdirSync(join(root, 'packaging/systemd')).filter((name) => /\.(?:path|service|timer)$/.test(name));
  for (const name of units.sort()) put(`usr/lib/systemd/system/${name}`, read(`packaging/systemd/${name}`));
  put('usr/lib/muster/tell-failure', read('packaging/systemd/tell-failure'), 0o755);
  put('usr/lib/sysusers.d/muster.conf', read('packaging/systemd/muster.sysusers'));
  put('etc/muster/muster.yaml.example', read('packaging/etc/muster.yaml.example'));
}

function stageDocumentation(): void {
  for (const [path, target] of packaged) if (path.endsWith('.md')) put(target, withLinksOfPackage(path));
  put(`${documentation}/report-wide.png`, readFileSync(join(root, 'docs/report-wide.png')));
  put(`${documentation}/copyright`, copyright());
  const date = execFileSync('date', ['--utc', '--rfc-email', `--date=@${seconds}`], { encoding: 'utf8', env: { LC_ALL: 'C' } }).trim();
  const changes = `muster (${version}) unstable; urgency=medium\n\n  * See NEWS.md.\n\n -- ${maintainer}  ${date}\n`;
  putZipped(`${documentation}/changelog`, changes);
  put('usr/share/muster/alerts.yaml', read('packaging/prometheus/alerts.yaml'));
  for (const name of readdirSync(join(root, 'schema')).sort()) put(`usr/share/muster/schema/${name}`, read(`schema/${name}`));
  cpSync(join(root, 'policy'), join(stage, documentation, 'examples/policy'), { recursive: true });
}

/** A document whose links lead to files of the package; what is linked and not in it is left as words. */
function withLinksOfPackage(path: string): string {
  return read(path).replace(/\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)/g, (link, words: string, to: string, part = '') => {
    if (URL.canParse(to)) return link;
    const target = packaged.get(posix.join(dirname(path), to));
    if (target === undefined) return words;
    return `[${words}](${target.replace(`/${documentation}/`, '')}${part})`;
  });
}

function copyright(): string {
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: muster\n',
    'Files: *\nCopyright: 2026 the authors of muster\nLicense: Apache-2.0\n',
    'License: Apache-2.0\n On Debian systems the text of this license is in /usr/share/common-licenses/Apache-2.0.\n',
  ].join('\n');
}

function stageControl(): void {
  const size = Math.ceil(bytesIn(stage) / 1024);
  const control = read('packaging/debian/control')
    .replace('@VERSION@', version)
    .replace('@MAINTAINER@', maintainer)
    .replace('@SIZE@', String(size));
  put('DEBIAN/control', control);
  put('DEBIAN/conffiles', '/etc/muster/muster.yaml.example\n');
  put('DEBIAN/md5sums', execFileSync('sh', ['-c', 'find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum'], { cwd: stage }));
  put('DEBIAN/triggers', read('packaging/debian/triggers'));
  for (const name of ['postinst', 'prerm', 'postrm']) put(`DEBIAN/${name}`, read(`packaging/debian/${name}`), 0o755);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
}
