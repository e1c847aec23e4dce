// Which file may use what (docs/ARCHITECTURE.md draws it). The rules are read off the sources' import lines and, for globals, off their code
// without comments and strings. Each rule has a file that it must object to, so that none can pass by seeing nothing.

import { describe, expect, it } from 'vitest';
import { codeOf, importsOf, lineCount, readSources, type Source } from './support/sources.ts';

const sources = readSources('src');
const tests = readSources('test');

type Rule = (source: Source) => readonly string[];

const layers = ['domain', 'adapters', 'render', 'commands', 'wiring'] as const;
type Layer = (typeof layers)[number] | 'main' | 'top';

/** `top` are the files beside main.ts: the picture as code, the command line, the host's file. `wiring` is the part of main.ts that got too long for it. */
function layerOf(path: string): Layer {
  // launch.ts does nothing but choose which form of main.ts is run.
  if (path === 'main.ts' || path === 'launch.ts') return 'main';
  return layers.find((layer) => path.startsWith(`${layer}/`)) ?? 'top';
}

/** The tool an adapter belongs to: its folder, or its file where it has none. */
function toolOf(path: string): string | undefined {
  return /^adapters\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1];
}

const networkModules = ['node:net', 'node:tls', 'node:http', 'node:https', 'node:http2', 'node:dgram', 'node:dns', 'node:dns/promises'];
const pureModules = ['node:path', 'node:path/posix', 'node:crypto', 'node:util', 'node:assert'];

function mayImport(from: string, name: string): boolean {
  const layer = layerOf(from);
  if (layer === 'main') return true;
  if (layer === 'wiring') return name !== 'node:process' && name !== 'main.ts';
  if (name.startsWith('node:')) {
    if (layer === 'adapters') return name !== 'node:process';
    return layer === 'top'
      ? ![...networkModules, 'node:process', 'node:child_process'].includes(name)
      : layer === 'commands' && pureModules.includes(name);
  }
  if (!name.endsWith('.ts')) return layer === 'adapters' || layer === 'top';
  return mayImportFile(from, name);
}

function mayImportFile(from: string, to: string): boolean {
  const target = layerOf(to);
  switch (layerOf(from)) {
    case 'domain':
      return target === 'domain';
    case 'render':
      return target === 'domain' || target === 'render';
    case 'adapters':
      return target === 'domain' || to === 'failures.ts' || (target === 'adapters' && toolOf(to) === toolOf(from));
    case 'commands':
    case 'top':
      // The host's file is YAML and is read as strictly as the policy.
      if (from.startsWith('configuration') && toolOf(to) === 'yaml') return true;
      return target !== 'adapters' && target !== 'main' && target !== 'wiring';
    case 'main':
    case 'wiring':
      return true;
  }
}

const importDirections: Rule = (source) =>
  importsOf(source)
    .filter((name) => !mayImport(source.path, name))
    .map((name) => `${source.path} imports ${name}`);

/** Globals that reach outside, and the layers beside main.ts that may use them. */
const globals: readonly { readonly what: string; readonly pattern: RegExp; readonly allowed: readonly Layer[] }[] = [
  { what: 'the process', pattern: /(?<![.\w])process\s*[.[?]/, allowed: [] },
  { what: 'the clock', pattern: /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<!new )\bDate\(/, allowed: [] },
  {
    what: 'the network',
    pattern: /(?:\bawait|\breturn|=>|[=(,])\s*fetch\(|\bnew (?:WebSocket|XMLHttpRequest|EventSource)\b/,
    allowed: ['adapters'],
  },
  { what: 'the console', pattern: /(?<![.\w])console\./, allowed: [] },
  { what: 'a timer', pattern: /(?<![.\w])(?:setTimeout|setInterval|setImmediate)\(|\bAbortSignal\.timeout\b/, allowed: ['adapters'] },
  { what: 'chance', pattern: /\bMath\.random\b|\brandomUUID\(|\brandomBytes\(/, allowed: ['adapters'] },
];

const outsideWorld: Rule = (source) => {
  const layer = layerOf(source.path);
  const code = codeOf(source);
  const used = globals.filter(({ pattern, allowed }) => layer !== 'main' && !allowed.includes(layer) && pattern.test(code));
  return used.map(({ what }) => `${source.path} uses ${what}`);
};

const brands = sources
  .filter(({ path }) => path === 'domain/names.ts')
  .flatMap(({ text }) => [...text.matchAll(/^export type (\w+) = Branded</gm)].map(([, name = '']) => name));

const brandCasts: Rule = (source) => {
  if (source.path === 'domain/names.ts') return [];
  const casts = codeOf(source).match(new RegExp(`\\bas (?:readonly )?(?:${brands.join('|')}|unknown as|never|any)\\b`, 'g')) ?? [];
  return casts.map((cast) => `${source.path} casts: ${cast}`);
};

const emptyWords = /^(?:utils?|types?|index|helpers?|common|misc|shared|manager|service|constants)$/;
const tellingNames: Rule = ({ path }) =>
  path
    .replace(/(?:\.test)?\.ts$/, '')
    .split('/')
    .filter((part) => emptyWords.test(part))
    .map(() => `${path} is called after nothing`);

const sizes: Rule = (source) => (lineCount(source) >= 400 ? [`${source.path} has ${lineCount(source)} lines`] : []);

const rules: readonly {
  readonly title: string;
  readonly rule: Rule;
  readonly over: readonly Source[];
  readonly breaks: readonly Source[];
}[] = [
  {
    title: 'imports go in the allowed directions only',
    rule: importDirections,
    over: sources,
    breaks: [
      { path: 'domain/x.ts', text: "import { readFile } from 'node:fs';" },
      { path: 'domain/x.ts', text: "import * as v from 'valibot';" },
      { path: 'domain/x.ts', text: "import type { Unavailable } from '../failures.ts';" },
      { path: 'domain/x.ts', text: "export {\n  render,\n} from '../render/plan.ts';" },
      { path: 'adapters/git/x.ts', text: "import { a } from '../ldap/reader.ts';" },
      { path: 'adapters/flock.ts', text: "import { a } from './git/mirror.ts';" },
      { path: 'adapters/git/x.ts', text: "import process from 'node:process';" },
      { path: 'adapters/git/x.ts', text: "import { a } from '../../render/plan.ts';" },
      { path: 'commands/x.ts', text: "const a = await import('../adapters/git/mirror.ts');" },
      { path: 'commands/x.ts', text: "import { connect } from 'node:net';" },
      { path: 'render/x.ts', text: "import { a } from '../commands/plan.ts';" },
      { path: 'reconcile.ts', text: "import { a } from './adapters/git/mirror.ts';" },
      { path: 'reconcile.ts', text: "import './main.ts';" },
      { path: 'configuration.ts', text: "import { a } from './adapters/git/mirror.ts';" },
      { path: 'wiring/x.ts', text: "import { env } from 'node:process';" },
    ],
  },
  {
    title: 'only main.ts knows process and clock; only adapters reach outside',
    rule: outsideWorld,
    over: sources,
    breaks: [
      { path: 'adapters/git/x.ts', text: "const home = process.env['HOME'];" },
      { path: 'adapters/git/x.ts', text: 'const now = Date.now();' },
      { path: 'domain/x.ts', text: 'const now = new Date();' },
      { path: 'domain/x.ts', text: 'const now = new Date;' },
      { path: 'commands/x.ts', text: "await fetch('https://gitlab.example.org');" },
      { path: 'render/x.ts', text: 'console.log(1);' },
      { path: 'domain/x.ts', text: 'setTimeout(run, 1);' },
      { path: 'domain/x.ts', text: 'Math.random();' },
    ],
  },
  {
    title: 'text becomes a branded type in names.ts only',
    rule: brandCasts,
    over: sources,
    breaks: [
      { path: 'adapters/git/x.ts', text: 'const id = text as CommitId;' },
      { path: 'domain/x.ts', text: 'const all = texts as unknown as Uid[];' },
      { path: 'domain/x.ts', text: 'const all = texts as readonly Uid[];' },
    ],
  },
  {
    title: 'files are called after what they hold',
    rule: tellingNames,
    over: [...sources, ...tests],
    breaks: [
      { path: 'domain/utils.ts', text: '' },
      { path: 'helpers/dates.ts', text: '' },
      { path: 'adapters/git/index.ts', text: '' },
      { path: 'domain/types.test.ts', text: '' },
    ],
  },
  {
    title: 'no file has 400 lines',
    rule: sizes,
    over: [...sources, ...tests],
    breaks: [{ path: 'domain/x.ts', text: 'x;\n'.repeat(400) }],
  },
];

describe('given all sources', () => {
  for (const { title, rule, over } of rules) {
    it(title, () => {
      expect(over.flatMap(rule)).toEqual([]);
    });
  }

  it.each([
    { folder: 'src', files: sources },
    { folder: 'test', files: tests },
  ])('nine files in ten under $folder have fewer than 250 lines', ({ files }) => {
    const long = files.filter((source) => lineCount(source) >= 250);
    expect(long.length, long.map(({ path }) => path).join(', ')).toBeLessThanOrEqual(files.length / 10);
  });

  it('every layer has files and imports, so that the rules above saw something', () => {
    for (const layer of ['main', 'top', ...layers] as const) {
      const files = sources.filter(({ path }) => layerOf(path) === layer);
      expect(files.length, layer).toBeGreaterThan(0);
      expect(files.flatMap(importsOf).length, layer).toBeGreaterThan(0);
    }
    expect(brands).toContain('Uid');
  });
});

describe('given a file that breaks a rule', () => {
  for (const { title, rule, breaks } of rules) {
    it(`when "${title}" meets it, then it objects, each time`, () => {
      expect(breaks.filter((source) => rule(source).length === 0)).toEqual([]);
      expect(breaks).not.toEqual([]);
    });
  }

  it('when code only speaks of such things, in comments and strings, then nobody objects', () => {
    const text =
      "// process.env and Date.now()\nconst words = 'import of process.env, new Date()'; // https://x\nconst day = new Date(0);\nresult.process.kind;";
    expect(rules.flatMap(({ rule }) => rule({ path: 'domain/x.ts', text }))).toEqual([]);
  });
});
