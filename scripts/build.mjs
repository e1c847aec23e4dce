// Bundles src/main.ts into dist/muster.js, which dist/main.js starts from code that is compiled already. Does nothing when nothing changed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = join(root, 'dist/.built-from');
const nameToCome = 'muster:the-name-of-this-build';
const rehearsalConfiguration = `repository: { url: nowhere.git, branch: main, path: policy, start: ${'0'.repeat(40)} }
evidence: none
directory:
  url: ldap://127.0.0.1:1
  bind-dn: "cn=nobody"
  password-file: password
  people: "ou=people"
  groups: { nobody: "cn=nobody,ou=groups" }
rosters:
  nobody: { from: people.txt, older-than: none }
state: state
`;

if (!existsSync(join(root, 'src/main.ts'))) {
  process.stderr.write('build: there is no src/main.ts to build from\n');
  process.exitCode = 1;
} else if (readStamp() !== fingerprint() || !existsSync(join(root, 'dist/main.js'))) {
  await build();
}

async function build() {
  // Loaded late: esbuild costs more than finding out that there is nothing to do.
  const { build: bundle } = await import('esbuild');
  const before = fingerprint();
  const draft = join(root, `.cache/build/${process.pid}`);
  try {
    const { outputFiles } = await bundle({
      absWorkingDir: root,
      entryPoints: { muster: 'src/main.ts' },
      outdir: draft,
      write: false,
      bundle: true,
      // One script: what commands load late is compiled late, and V8 keeps what it compiled (vm.Script, cachedData) for scripts only.
      format: 'cjs',
      platform: 'node',
      target: 'node20.19',
      keepNames: true,
      define: { 'import.meta.url': JSON.stringify(nameToCome) },
      logLevel: 'warning',
    });
    finish(draft, outputFiles[0]?.text ?? '', before);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // What esbuild finds wrong it has printed itself, with file and line.
    if (!(error instanceof Error && 'errors' in error)) process.stderr.write(`build: ${error.message}\n`);
    process.exitCode = 1;
  }
}

function finish(draft, text, builtFrom) {
  mkdirSync(draft, { recursive: true });
  const code = text.replace(/^#!.*\n/, '');
  // A build knows itself by its content: what one build found out another does not believe.
  writeFileSync(join(draft, 'muster.js'), code.replaceAll(nameToCome, `muster:${createHash('sha256').update(code).digest('hex')}`));
  writeFileSync(join(draft, 'package.json'), '{ "type": "commonjs" }\n');
  copyFileSync(join(root, 'scripts/start.cjs'), join(draft, 'main.js'));
  chmodSync(join(draft, 'main.js'), 0o755);
  rehearse(draft);
  writeFileSync(join(draft, '.built-from'), builtFrom);
  // In one step each, so that a command started meanwhile finds the old or the new one.
  rmSync(`${draft}.old`, { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  renameSync(join(root, 'dist'), `${draft}.old`);
  renameSync(draft, join(root, 'dist'));
  rmSync(`${draft}.old`, { recursive: true, force: true });
}

/** A run in a world where nothing answers: what V8 compiles in it is kept beside the code, and later runs need not compile it again. */
function rehearse(draft) {
  const stage = join(draft, 'stage');
  mkdirSync(join(stage, 'state'), { recursive: true });
  writeFileSync(join(stage, 'password'), 'none\n', { mode: 0o600 });
  writeFileSync(join(stage, 'people.txt'), 'alice\n');
  writeFileSync(join(stage, 'muster.yaml'), rehearsalConfiguration);
  spawnSync(process.execPath, [join(draft, 'main.js'), 'reconcile', '--config', join(stage, 'muster.yaml')], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, MUSTER_KEEP_COMPILED: '1' },
    stdio: 'ignore',
    timeout: 30_000,
  });
  rmSync(stage, { recursive: true, force: true });
}

function readStamp() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
}

/** Changes when any source, this script or the locked packages change: names, sizes and times, not contents. */
function fingerprint() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name));
  const hash = createHash('sha256');
  for (const path of [...sources, 'package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs', 'scripts/start.cjs'].sort()) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
