// The two halves: what each is made of, read off the imports of code, however far they lead. Types are erased.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { importsOf, readSources, type Source } from './support/sources.ts';

const sources = new Map(readSources('src').map((source) => [source.path, source]));

function codeImportsOf({ path, text }: Source): readonly string[] {
  return importsOf({ path, text: text.replace(/^(?:import|export) type [^;]*;/gm, '') });
}

/** Files and packages that an entry leads to. */
function madeOf(entry: string): { readonly files: ReadonlySet<string>; readonly packages: readonly string[] } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const path of files) {
    const source = sources.get(path);
    if (!source) throw new Error(`there is no src/${path}`);
    for (const name of codeImportsOf(source)) {
      if (name.endsWith('.ts')) files.add(name);
      else if (!name.startsWith('node:')) packages.add(name);
    }
  }
  return { files, packages: [...packages].sort() };
}

/** Those of its files that lie in these folders. */
function within(entry: string, folders: readonly string[]): readonly string[] {
  return [...madeOf(entry).files].filter((path) => folders.some((folder) => path.startsWith(`${folder}/`))).sort();
}

describe('judging', () => {
  it('has git, GitLab and the YAML of the policy, and no directory', () => {
    expect(madeOf('judging.ts').packages).toEqual([
      '@gitbeaker/requester-utils',
      '@gitbeaker/rest',
      'commander',
      'simple-git',
      'valibot',
      'yaml',
    ]);
    expect(within('judging.ts', ['directory', 'membership', 'revocation', 'reconcile'])).toEqual(judgingBorrows);
  });
});

describe('converging', () => {
  it('has the directory, and no git and no GitLab; YAML is for the host’s own file', () => {
    expect(madeOf('converging.ts').packages).toEqual(['commander', 'ldapts', 'prom-client', 'valibot', 'yaml']);
    expect(within('converging.ts', ['history', 'gitlab', 'evidence', 'judge'])).toEqual(convergingBorrows);
    expect(within('converging.ts', ['policy'])).not.toContain('policy/parser.ts');
  });
});

describe('verifying', () => {
  it('has the YAML of the policy, and no way to any server', () => {
    expect(madeOf('verifying.ts').packages).toEqual(['valibot', 'yaml']);
    expect(within('verifying.ts', ['directory', 'gitlab', 'history', 'reconcile', 'ledger', 'config'])).toEqual([]);
    const builtin = [...madeOf('verifying.ts').files].flatMap((path) => codeImportsOf(sources.get(path) ?? { path, text: '' }));
    expect(builtin.filter((name) => /^node:(?:net|tls|http|https|http2|dgram|dns)\b/.test(name))).toEqual([]);
  });
});

/** Values and pure functions that both halves speak of the policy in force with. */
const convergingBorrows: readonly string[] = [];
const judgingBorrows: readonly string[] = [];

it('is about files that are there', () => {
  expect(existsSync('src/judging.ts')).toBe(true);
});
