// Debian's own packages of what the tests need, downloaded with private apt state and unpacked into a folder: nothing is installed, nobody has to be root.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Leaves the unpacked packages, and the libraries they lack here, in `cache`/root. Throws when apt cannot get them. */
export function fetchDebianPackages(wanted, cache) {
  if (spawnSync('apt-get', ['--version']).error) {
    throw new Error(`there is no apt-get to fetch ${wanted.join(' and ')} with; install what these packages of Debian hold`);
  }
  const apt = join(cache, 'apt');
  for (const folder of ['cache/archives/partial', 'packages']) mkdirSync(join(apt, folder), { recursive: true });
  // With nothing installed as far as apt knows, its answer does not depend on what this machine has, holds back or has half installed.
  writeFileSync(join(apt, 'status'), '');
  const options = aptOptions(apt);
  if (lists === undefined) update(options);
  const closure = run('apt-get', [
    ...options,
    ...listsOption(),
    '-qq',
    '--yes',
    '--no-install-recommends',
    '--print-uris',
    'install',
    ...wanted,
  ]);
  const names = namesToFetch(closure, wanted);
  process.stderr.write(`prepare: apt-get download ${names.join(' ')}\n`);
  run('apt-get', [...options, ...listsOption(), 'download', ...names], { cwd: join(apt, 'packages') });
  unpack(join(apt, 'packages'), cache);
  rmSync(apt, { recursive: true, force: true });
}

/** What is offered, asked for once by each process. */
let lists;

function update(options) {
  lists = mkdtempSync(join(tmpdir(), 'muster-apt-lists-'));
  process.on('exit', () => rmSync(lists, { recursive: true, force: true }));
  mkdirSync(join(lists, 'partial'));
  process.stderr.write('prepare: apt-get update, in a private folder\n');
  // A third party's source that fails is no reason to stop: whether the packages can be had shows in the next step.
  run('apt-get', [...options, ...listsOption(), 'update'], { mayFail: true });
}

const listsOption = () => ['-o', `Dir::State::lists=${lists}`];

/** Where unpacked packages have their libraries. The multiarch folder is called after the machine: x86_64-linux-gnu, aarch64-linux-gnu. */
export function libraryFolders(root) {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch;
  return [`usr/lib/${machine}-linux-gnu`, `lib/${machine}-linux-gnu`, 'usr/lib']
    .map((path) => join(root, path))
    .filter((path) => existsSync(path));
}

/** The programs, for slapd the LDAP library in its very version, and the libraries that are not installed here. */
function namesToFetch(uris, wanted) {
  const here = installedPackages();
  const names = uris.split('\n').map((line) => /^'[^']*' ([^_]+)_/.exec(line)?.[1]);
  return names.filter(
    (name) => name !== undefined && (wanted.includes(name) || name.startsWith('libldap') || isMissingLibrary(name, here)),
  );
}

function isMissingLibrary(name, here) {
  // slapd's Perl backend is the only one that needs Perl, and no test does.
  return /^z?lib/.test(name) && !/^libc6|^libperl|-perl$|-common$/.test(name) && !here.has(name);
}

function installedPackages() {
  const paragraphs = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n');
  const installed = paragraphs.filter((paragraph) => /^Status: .* installed$/m.test(paragraph));
  return new Set(installed.map((paragraph) => /^Package: (\S+)/m.exec(paragraph)?.[1]));
}

function aptOptions(apt) {
  return [
    ['Dir::State::status', join(apt, 'status')],
    ['Dir::State::extended_states', join(apt, 'extended_states')],
    ['Dir::Cache', join(apt, 'cache')],
    ['Dir::Cache::archives', join(apt, 'cache/archives')],
    ['Dir::Log', join(apt, 'log')],
    ['Debug::NoLocking', '1'],
    // Root's apt downloads as `_apt`, who may not enter this folder.
    ['APT::Sandbox::User', ''],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function unpack(archives, cache) {
  const draft = join(cache, `root.${process.pid}`);
  mkdirSync(draft, { recursive: true });
  const packages = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  for (const name of packages) run('dpkg-deb', ['-x', join(archives, name), draft]);
  rmSync(join(cache, 'root'), { recursive: true, force: true });
  renameSync(draft, join(cache, 'root'));
}

function run(command, args, { mayFail = false, cwd } = {}) {
  const env = { ...process.env, LC_ALL: 'C' };
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env, cwd });
  if (status === 0 || (mayFail && !error)) return stdout;
  throw new Error(`${command} failed: ${error?.message ?? `${stdout}${stderr}`}`);
}
