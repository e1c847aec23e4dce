// Bundles src/main.ts into dist/main.js and the chunks that commands load when they are called. Does nothing when nothing changed.

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const stamp = join(root, 'dist/.built-from');

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
    const { metafile } = await bundle({
      absWorkingDir: root,
      entryPoints: { main: 'src/main.ts' },
      outdir: draft,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      keepNames: true,
      minifyWhitespace: true,
      minifySyntax: true,
      define: { MUSTER_BUILD: JSON.stringify(digestOfSources()) },
      chunkNames: 'chunks/[name]-[hash]',
      // CommonJS packages in the bundle call require, which an ES module has to make for them.
      banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
      logLevel: 'warning',
      metafile: true,
    });
    refuseLateCommonJs(metafile);
    finish(draft, before);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // What esbuild finds wrong it has printed itself, with file and line.
    if (!(error instanceof Error && 'errors' in error)) process.stderr.write(`build: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** `import()` of a CommonJS package loses its names in a split bundle: `(await import('yaml')).parse` would be undefined, in dist only. */
function refuseLateCommonJs({ outputs }) {
  for (const { entryPoint, exports } of Object.values(outputs)) {
    if (entryPoint?.startsWith('node_modules/') && exports.length === 1 && exports[0] === 'default') {
      throw new Error(`${entryPoint} is CommonJS: import it by a statement in a file of src, and load that file with import()`);
    }
  }
}

/** The same sources give the same build, wherever it is made. */
function digestOfSources() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'));
  for (const name of ['package-lock.json', ...sources.map((one) => join('src', one)).sort()]) {
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  }
  return hash.digest('hex');
}

function finish(draft, builtFrom) {
  const main = join(draft, 'main.js');
  const code = readFileSync(main, 'utf8');
  writeFileSync(main, code.startsWith('#!') ? code : `#!/usr/bin/env node\n${code}`);
  chmodSync(main, 0o755);
  writeFileSync(join(draft, '.built-from'), builtFrom);
  // In one step each, so that a command started meanwhile finds the old or the new one.
  rmSync(`${draft}.old`, { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  renameSync(join(root, 'dist'), `${draft}.old`);
  renameSync(draft, join(root, 'dist'));
  rmSync(`${draft}.old`, { recursive: true, force: true });
}

function readStamp() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
}

/** Changes when any source, this script or the locked packages change: names, sizes and times, not contents. */
function fingerprint() {
  const sources = readdirSync(join(root, 'src'), { recursive: true }).map((name) => join('src', name));
  const hash = createHash('sha256');
  for (const path of [...sources, 'package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.mjs'].sort()) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
