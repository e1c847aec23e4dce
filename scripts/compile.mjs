// Has Node compile muster ahead of time, so that a run that finds nothing to do starts in two thirds of the time. `node compile.mjs`, beside main.js:
// `npm run build` does it, and the package when it is installed. What is kept is what a run with nothing to do needed, so a few are made: with a
// policy and a roster of their own, and with training.json, which holds what an OpenLDAP answered the same questions (scripts/train.ts).
// Another Node than the one that ran this does without it.

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constants, Script } from 'node:vm';

const self = fileURLToPath(import.meta.url);
const main = join(dirname(self), 'main.js');
const folder = join(dirname(self), 'compiled');
const file = join(folder, 'program.js');

if (process.argv[2] === 'run') runAndKeep();
else await compile(process.argv[2]);

/** `url`: a directory to learn from in place of what was recorded of one. */
async function compile(url) {
  const world = mkdtempSync(join(tmpdir(), 'muster-compile-'));
  const recorded = url === undefined ? await replay() : undefined;
  try {
    const configuration = layOut(world, url ?? recorded.url);
    // The first run fetches the policy and takes the group over, the second finds it in order, and from then on there is nothing to do.
    for (const args of [
      [main, 'reconcile'],
      [main, 'reconcile'],
      [self, 'run'],
    ])
      await run(args, configuration);
  } finally {
    recorded?.close();
    rmSync(world, { recursive: true, force: true });
  }
}

/** Says again what was recorded: for each connection in turn, by the number of the message (RFC 4511, section 4.1.1.1). */
async function replay() {
  const connections = JSON.parse(readFileSync(join(dirname(self), 'training.json'), 'utf8'));
  const server = createServer((socket) => {
    const answers = connections.shift() ?? {};
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const id of messagesIn(bytes)) socket.write(Buffer.from(answers[id] ?? '', 'base64'));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `ldap://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Whole messages, as short as these come in: a SEQUENCE that begins with an INTEGER (X.690). */
function* messagesIn(bytes) {
  for (let at = 0; at < bytes.length;) {
    const octets = bytes[at + 1] > 127 ? bytes[at + 1] - 128 : 0;
    const start = at + 2 + octets;
    const length = octets === 0 ? bytes[at + 1] : bytes.readUIntBE(at + 2, octets);
    yield bytes.readUIntBE(start + 2, bytes[start + 1]);
    at = start + length;
  }
}

/** A host with a policy and a roster of two people, who are in their group already: nothing is written to any directory. */
function layOut(world, url) {
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
  writeFileSync(join(world, 'password'), 'writer-secret\n', { mode: 0o600 });
  mkdirSync(join(world, 'state'), { mode: 0o700 });
  const configuration = join(world, 'muster.yaml');
  writeFileSync(
    configuration,
    [
      `repository: { url: policy.git, branch: main, start: ${git('rev-parse', 'HEAD').trim()} }`,
      'evidence: none',
      'directory:',
      `  url: ${url}`,
      '  bind-dn: cn=scriptuser,ou=profile,dc=wikimedia,dc=org',
      '  password-file: password',
      '  people: ou=people,dc=wikimedia,dc=org',
      '  groups: { people: "cn=people,ou=groups,dc=wikimedia,dc=org" }',
      'rosters: { people: { from: people.txt, older-than: none } }',
      'state: state',
      '',
    ].join('\n'),
  );
  return configuration;
}

async function run(args, configuration) {
  const env = { PATH: process.env.PATH, HOME: dirname(configuration), MUSTER_CONFIG: configuration };
  await promisify(execFile)(process.execPath, args, { env, timeout: 120_000 }).catch(({ code, stdout, stderr }) => {
    throw new Error(`a run to learn from ended with ${code}\n${stdout}${stderr}`);
  });
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
