// Which file may use what (docs/ARCHITECTURE.md draws it): which modules are pure is a list (pure-modules.ts). The rules are read off the sources' import lines and, for globals, off their code
// without comments and strings. Each rule has a file that it must object to, so that none can pass by seeing nothing.

import { describe, expect, it } from 'vitest';
import { pureModules } from './pure-modules.ts';
import { codeOf, importsOf, lineCount, readSources, type Source } from './support/sources.ts';

const sources = readSources('src');
const tests = readSources('test');

type Rule = (source: Source) => readonly string[];

const pure = new Set(
  Object.entries(pureModules).flatMap(([folder, names]) => names.map((name) => (folder === '' ? name : `${folder}/${name}`) + '.ts')),
);

/** The process and what starts it: the only files that know arguments, environment, streams and the clock. */
const processFiles = ['process.ts', 'launch.ts', 'judging.ts', 'converging.ts', 'looking.ts', 'verifying.ts'];

const isProcess = (path: string): boolean => processFiles.includes(path);

function mayImport(from: string, name: string): boolean {
  if (isProcess(from)) return true;
  if (isProcess(name) || name === 'node:process') return false;
  return !pure.has(from) || pure.has(name) || name.endsWith('.json');
}

/** Types are erased: where they come from binds nobody. */
function withoutTypes({ path, text }: Source): Source {
  return { path, text: text.replace(/^(?:import|export) type [^;]*;/gm, '') };
}

const importDirections: Rule = (source) =>
  importsOf(withoutTypes(source))
    .filter((name) => !mayImport(source.path, name))
    .map((name) => `${source.path} imports ${name}`);

/** Globals that reach outside. `impure`: what is not on the list of pure modules may use them; otherwise the process alone. */
const globals: readonly { readonly what: string; readonly pattern: RegExp; readonly impure: boolean }[] = [
  { what: 'the process', pattern: /(?<![.\w])process\s*[.[?]/, impure: false },
  { what: 'the clock', pattern: /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<!new )\bDate\(/, impure: false },
  {
    what: 'the network',
    pattern: /(?:\bawait|\breturn|=>|[=(,])\s*fetch\(|\bnew (?:WebSocket|XMLHttpRequest|EventSource)\b/,
    impure: true,
  },
  { what: 'the console', pattern: /(?<![.\w])console\./, impure: false },
  { what: 'a timer', pattern: /(?<![.\w])(?:setTimeout|setInterval|setImmediate)\(|\bAbortSignal\.timeout\b/, impure: true },
  { what: 'chance', pattern: /\bMath\.random\b|\brandomUUID\(|\brandomBytes\(/, impure: true },
];

const outsideWorld: Rule = (source) => {
  const code = codeOf(source);
  const mayUse = (impure: boolean) => isProcess(source.path) || (impure && !pure.has(source.path));
  return globals.filter(({ pattern, impure }) => !mayUse(impure) && pattern.test(code)).map(({ what }) => `${source.path} uses ${what}`);
};

const brands = sources
  .filter(({ path }) => path === 'names.ts')
  .flatMap(({ text }) => [...text.matchAll(/^export type (\w+) = Branded</gm)].map(([, name = '']) => name));

const brandCasts: Rule = (source) => {
  if (source.path === 'names.ts') return [];
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

/** A chapter by number is of a document of this repository, or of an RFC or another one that has a number itself. */
const citedDocuments: Rule = ({ path, text }) =>
  [...text.matchAll(/\b[A-Z]{5,},? (?:section )?\d+/g)].map(([cited]) => `${path} cites ${cited}`);

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
      { path: 'membership/plan.ts', text: "import { readFile } from 'node:fs';" },
      { path: 'membership/plan.ts', text: "import * as v from 'valibot';" },
      { path: 'membership/plan.ts', text: "import { Unavailable } from '../errors.ts';" },
      { path: 'text.ts', text: "export {\n  openLedger,\n} from './ledger/open.ts';" },
      { path: 'report/report.ts', text: "const a = await import('../history/mirror.ts');" },
      { path: 'history/mirror.ts', text: "import process from 'node:process';" },
      { path: 'reconcile/reconcile.ts', text: "import '../process.ts';" },
    ],
  },
  {
    title: 'only process.ts knows process and clock; nothing pure reaches outside',
    rule: outsideWorld,
    over: sources,
    breaks: [
      { path: 'history/mirror.ts', text: "const home = process.env['HOME'];" },
      { path: 'history/mirror.ts', text: 'const now = Date.now();' },
      { path: 'membership/plan.ts', text: 'const now = new Date();' },
      { path: 'membership/plan.ts', text: 'const now = new Date;' },
      { path: 'membership/guard.ts', text: "await fetch('https://gitlab.example.org');" },
      { path: 'report/report.ts', text: 'console.log(1);' },
      { path: 'membership/plan.ts', text: 'setTimeout(run, 1);' },
      { path: 'membership/plan.ts', text: 'Math.random();' },
    ],
  },
  {
    title: 'text becomes a branded type in names.ts only',
    rule: brandCasts,
    over: sources,
    breaks: [
      { path: 'history/mirror.ts', text: 'const id = text as CommitId;' },
      { path: 'membership/plan.ts', text: 'const all = texts as unknown as Uid[];' },
      { path: 'membership/plan.ts', text: 'const all = texts as readonly Uid[];' },
    ],
  },
  {
    title: 'files are called after what they hold',
    rule: tellingNames,
    over: [...sources, ...tests],
    breaks: [
      { path: 'policy/utils.ts', text: '' },
      { path: 'helpers/dates.ts', text: '' },
      { path: 'history/index.ts', text: '' },
      { path: 'policy/types.test.ts', text: '' },
    ],
  },
  {
    title: 'no document is cited that readers do not have',
    rule: citedDocuments,
    over: sources,
    breaks: [
      { path: 'membership/plan.ts', text: '// Who is to be added (DESIGN, section 5).' },
      { path: 'membership/plan.ts', text: '/** One account that counts twice (CASES 26 and 28). */' },
    ],
  },
  {
    title: 'no file has 400 lines',
    rule: sizes,
    over: [...sources, ...tests],
    breaks: [{ path: 'membership/plan.ts', text: 'x;\n'.repeat(400) }],
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

  it('no name of a file stands in two folders', () => {
    const names = sources.map(({ path }) => path.replace(/^.*\//, ''));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('every pure module is there, so that the rules above saw something', () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect([...pure].filter((path) => !paths.has(path))).toEqual([]);
    expect(pure.size).toBeGreaterThan(sources.length / 4);
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
    expect(rules.flatMap(({ rule }) => rule({ path: 'membership/plan.ts', text }))).toEqual([]);
  });
});
