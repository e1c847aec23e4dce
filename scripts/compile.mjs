// Has Node compile muster ahead of time: `node compile.mjs`, beside main.js. `npm run build` does it, and the package when it is installed. Kept is
// what a run needed whose directory does not answer. Another Node than the one that ran this does without it.

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
/**
 * The programs that are compiled, each with the command that it is learnt from and how that ends: judging has nothing left to do, and converging has
 * no directory. V8 takes a cache only where Node runs with the same flags, so judging has those that its unit and `reconcile` start it with.
 */
const programs = {
  judging: { flags: ['--max-old-space-size=192'], command: ['judge'], status: 0 },
  converging: { flags: [], command: ['reconcile', '--judged'], status: 75 },
};

if (process.argv[2] === 'run') runAndKeep(process.argv[3]);
else compile();

function compile() {
  const world = mkdtempSync(join(tmpdir(), 'muster-compile-'));
  try {
    const configuration = layOut(world);
    // The first run fetches the policy, and the second finds nothing new.
    run([main, 'reconcile'], configuration, programs.converging.status);
    for (const [name, { flags, status }] of Object.entries(programs)) run([...flags, self, 'run', name], configuration, status);
    const kept = Object.keys(programs).flatMap((name) => [`${name}.js`, `${name}.cache`]);
    replace('SHA256SUMS', kept.map((name) => `${sumOf(readFileSync(join(folder, name)))}  ${name}\n`).join(''));
  } finally {
    rmSync(world, { recursive: true, force: true });
  }
}

/** A host with a policy and a roster of two people. Nothing listens on port 1: nothing is written to any directory. */
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
    });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--no-gpg-sign', '--message=Begin');
  writeFileSync(join(world, 'people.txt'), 'alice\nbob\n');
  writeFileSync(join(world, 'password'), 'writer-secret\n', { mode: 0o600 });
  mkdirSync(join(world, 'state'), { mode: 0o700 });
  const configuration = join(world, 'muster.yaml');
  writeFileSync(
    configuration,
    [
      `repository: { url: policy.git, branch: main, start: ${git('rev-parse', 'HEAD').trim()} }`,
      'evidence: none',
      'directory:',
      '  url: ldap://127.0.0.1:1',
      '  bind-dn: cn=scriptuser,ou=profile,dc=wikimedia,dc=org',
      '  password-file: password',
      '  people: ou=people,dc=wikimedia,dc=org',
      '  groups: { people: "cn=people,ou=groups,dc=wikimedia,dc=org" }',
      'rosters: { people: { from: people.txt, older-than: none } }',
      'state: state',
    ].join('\n'),
  );
  return configuration;
}

function run(args, configuration, expected) {
  const env = { PATH: process.env.PATH, HOME: dirname(configuration), MUSTER_CONFIG: configuration };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, timeout: 120_000, encoding: 'utf8' });
  if (status !== expected) throw new Error(`a run to learn from ended with ${status}\n${stdout}${stderr}`);
}

/** Runs a program from its source, and keeps what Node has compiled of it by then. */
function runAndKeep(name) {
  const file = join(folder, `${name}.js`);
  const source = readFileSync(file);
  const options = { filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  const script = new Script(source.toString(), options);
  process.on('exit', () => replace(`${name}.cache`, script.createCachedData()));
  process.argv.splice(1, 3, main, ...programs[name].command);
  script.runInThisContext()({ exports: {} }, createRequire(file), file, folder);
}

function replace(name, content) {
  writeFileSync(join(folder, `${name}.new`), content);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function sumOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
