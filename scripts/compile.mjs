// Has Node compile muster ahead of time, so that a run that finds nothing to do starts in two thirds of the time. `node compile.mjs`, beside main.js:
// `npm run build` does it, and the package when it is installed. What is kept is what a run with nothing to do needed, so one is made.
// Another Node than the one that ran this does without it.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

const self = fileURLToPath(import.meta.url);
const main = join(dirname(self), 'main.js');
const folder = join(dirname(self), 'compiled');
const file = join(folder, 'program.js');

if (process.argv[2] === 'run') runAndKeep();
else compile();

function compile() {
  const world = mkdtempSync(join(tmpdir(), 'muster-compile-'));
  try {
    const configuration = layOut(world);
    // The first run has the policy to fetch, the second one has nothing to do.
    run([main, 'reconcile'], configuration);
    run([self, 'run'], configuration);
  } finally {
    rmSync(world, { recursive: true, force: true });
  }
}

/** A host with a policy, a roster and a directory that is not there: nothing can be written anywhere. */
function layOut(world) {
  const repository = join(world, 'policy.git');
  const put = (path, text) => {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  };
  put(
    'policy/policy.yaml',
    'version: 1\npeople:\n  alice: { gitlab: 42 }\n  bob: { gitlab: 51 }\nteams:\n  owners: [alice, bob]\nrules:\n  approvers: [owners]\n  approvals: 1\n',
  );
  put('policy/groups/people.yaml', 'purpose: To have something to read.\nowner: owners\nmembers:\n  roster: people\n');
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=muster', '-c', 'user.email=muster@localhost', '-C', repository, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: world, GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--no-gpg-sign', '--message=Begin');
  writeFileSync(join(world, 'people.txt'), 'alice\nbob\n');
  mkdirSync(join(world, 'state'), { mode: 0o700 });
  const configuration = join(world, 'muster.yaml');
  writeFileSync(
    configuration,
    [
      `repository: { url: policy.git, branch: main, start: ${git('rev-parse', 'HEAD').trim()} }`,
      'evidence: none',
      'directory:',
      '  url: ldapi://%2Fnonexistent%2Fldapi',
      '  sasl: external',
      '  people: ou=people,dc=example,dc=org',
      '  groups: { people: "cn=people,ou=groups,dc=example,dc=org" }',
      'rosters: { people: { from: people.txt, older-than: none } }',
      'state: state',
      '',
    ].join('\n'),
  );
  return configuration;
}

/** 75: the directory did not answer, and nothing else was out of order. */
function run(args, configuration) {
  const env = { PATH: process.env.PATH, HOME: dirname(configuration), MUSTER_CONFIG: configuration };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 120_000 });
  if (status !== 75) throw new Error(`a run to compile for ended with ${status}\n${stdout}${stderr}`);
}

/** Runs the program from its source, and keeps what Node has compiled of it by then. */
function runAndKeep() {
  const source = readFileSync(file);
  const options = { filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  const script = new Script(source.toString('latin1'), options);
  process.on('exit', () => {
    const cache = script.createCachedData();
    replace('program.cache', cache);
    replace('SHA256SUMS', `${sumOf(source)}  program.js\n${sumOf(cache)}  program.cache\n`);
  });
  process.argv.splice(1, 2, main, 'reconcile');
  script.runInThisContext()({ exports: {} }, createRequire(file), file, folder);
}

function replace(name, content) {
  writeFileSync(join(folder, `${name}.new`), content);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function sumOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
