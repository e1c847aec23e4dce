// Bundles muster into dist/: main.js launches one of three programs: judging, converging, and looking for all that people type beside; converging starts verifying. compiled/
// has the first two in one piece each, compiled ahead of time for this Node. Does nothing when nothing changed.

import { execFileSync } from 'node:child_process';
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
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
/** The pages that a policy project has too. */
const guides = ['requesting', 'approving', 'signing', 'policy'].map((name) => `docs/${name}.md`);
const stamp = join(root, 'dist/.built-from');

/** debug would look for this package from here up to the root of the disk and run whatever it finds; it does well without. */
const notInstalled = {
  name: 'not installed',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^supports-color$/ }, ({ path }) => ({ path, namespace: 'not-installed' }));
    onLoad({ filter: /.*/, namespace: 'not-installed' }, () => ({ contents: '' }));
  },
};

const programs = ['judging', 'converging', 'looking', 'verifying'];
/** What the timers run. */
const compiledAhead = ['judging', 'converging'];

/** What main.js is launched with when nothing compiled fits. */
const programBeside = {
  name: 'program beside',
  setup: ({ onResolve }) =>
    onResolve({ filter: new RegExp(`^\\./(${programs.join('|')})\\.ts$`) }, ({ path }) => ({
      path: path.replace(/ts$/, 'mjs'),
      external: true,
    })),
};

if (!existsSync(join(root, 'src/launch.ts'))) {
  process.stderr.write('build: there is no src/launch.ts to build from\n');
  process.exitCode = 1;
} else if (readStamp() !== fingerprint() || !existsSync(join(root, 'dist/main.js'))) {
  await build();
}

async function build() {
  // Loaded late: esbuild costs more than finding out that there is nothing to do.
  const { build: bundle } = await import('esbuild');
  const before = fingerprint();
  const draft = join(root, `.cache/build/${process.pid}`);
  const options = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    minifySyntax: true,
    define: { MUSTER_BUILD: JSON.stringify(digestOfSources()), MUSTER_VERSION: JSON.stringify(versionOf()) },
    plugins: [notInstalled],
    logLevel: 'warning',
  };
  try {
    const { metafile } = await bundle({
      ...options,
      entryPoints: Object.fromEntries(programs.map((name) => [name, `src/${name}.ts`])),
      outdir: draft,
      splitting: true,
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      chunkNames: 'chunks/[name]-[hash]',
      // CommonJS packages in the bundle call require, which an ES module has to make for them.
      banner: { js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);" },
      metafile: true,
    });
    await bundle({
      ...options,
      entryPoints: Object.fromEntries(compiledAhead.map((name) => [name, `src/${name}.ts`])),
      outdir: join(draft, 'compiled'),
      format: 'cjs',
      banner: { js: '(function (module, require, __filename, __dirname) {' },
      footer: { js: '})' },
    });
    await bundle({ ...options, entryPoints: { main: 'src/launch.ts' }, outdir: draft, format: 'cjs', plugins: [programBeside] });
    refuseLateCommonJs(metafile);
    for (const name of compiledAhead) {
      const program = readFileSync(join(draft, 'compiled', `${name}.js`), 'utf8');
      refuseLateBuiltins(program);
    }
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

/** A script that Node took from its cache has no `import()`; what is ours is bundled as require, so that only a module of Node's can be meant. */
function refuseLateBuiltins(program) {
  const [found] = /\bimport\("[^"]*"\)/.exec(program) ?? [];
  if (found !== undefined)
    throw new Error(
      `${found} would fail in the compiled program: import it by a statement in a file of src, and load that file with import()`,
    );
}

/** Of this repository, what a policy project has too: `muster init` writes it there, with the program itself below .muster/. */
function projectSources() {
  const within = (folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  return ['.gitlab-ci.yml', '.ci/note', '.ci/page', ...within('.gitlab/merge_request_templates'), ...guides, ...within('schema')];
}

function placeInProject(path) {
  return path.startsWith('.gitlab') ? path : `.muster/${path.replace(/^\.ci\//, '')}`;
}

function gatherProject(folder) {
  for (const path of projectSources()) {
    const place = join(folder, placeInProject(path));
    const text = withLinksOfProject(path, readFileSync(join(root, path), 'utf8'))
      .replaceAll('dist/main.js', '.muster/main.js')
      .replaceAll(/(?<![\w./])\.ci\//g, '.muster/')
      .replaceAll(/(?<![\w./(])docs\//g, '.muster/docs/');
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, path === '.gitlab-ci.yml' ? pipelineOfProject(text) : text, { mode: statSync(join(root, path)).mode });
  }
}

/** A link of a guide to a page that the project does not have is left as words. */
function withLinksOfProject(path, text) {
  if (!guides.includes(path)) return text;
  return text.replaceAll(/\[([^\]]*)\]\(([a-z-]+\.md)[^)]*\)/gi, (link, words, page) => (guides.includes(`docs/${page}`) ? link : words));
}

/** The pipeline without the jobs for code, and with a program that need not be built: paragraphs of the file are jobs. */
function pipelineOfProject(text) {
  const program =
    '# The muster that lies in .muster/ of this project: nothing is built or fetched. "muster init" on a newer muster writes it anew.\n' +
    '.muster:\n  stage: check\n  needs: []\n  timeout: 10 minutes';
  const isCode = (paragraph) => /^(?:\.code|code|tests):$/m.test(paragraph);
  const paragraphs = text
    .trimEnd()
    .split('\n\n')
    .filter((one) => !isCode(one));
  const pipeline = paragraphs.map((one) => (/^\.muster:$/m.test(one) ? program : one)).join('\n\n') + '\n';
  if (/\bdist\/|\bnpm\b|\.ci\//.test(pipeline))
    throw new Error('a policy project cannot run this .gitlab-ci.yml: it names what is built here');
  return pipeline;
}

function versionOf() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
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
  chmodSync(join(draft, 'main.js'), 0o755);
  writeFileSync(join(draft, 'package.json'), '{ "type": "commonjs" }\n');
  copyFileSync(join(root, 'scripts/compile.mjs'), join(draft, 'compile.mjs'));
  gatherProject(join(draft, 'project'));
  execFileSync(process.execPath, [join(draft, 'compile.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
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
  // What is compiled fits one Node.
  const hash = createHash('sha256').update(process.version);
  for (const path of [
    ...sources,
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'scripts/build.mjs',
    'scripts/compile.mjs',
    ...projectSources(),
  ].sort()) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
