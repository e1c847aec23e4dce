// Source files as text: their imports, and their code without comments and strings. Enough to hold rules about who may use what.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Source {
  /** Below the folder that was read, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file under a folder of this project. */
export function readSources(folder: string): readonly Source[] {
  const root = fileURLToPath(new URL(`../../${folder}/`, import.meta.url));
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/**
 * What a file imports, types included, by `import`, `export … from` and `import()`: a path below the same folder as the file's own
 * for relative ones, the name as written for packages and `node:` modules.
 */
export function importsOf({ path, text }: Source): readonly string[] {
  const code = withoutComments(text);
  const statements = [
    ...code.matchAll(/^\s*(?:import|export)\b(?:[^'";]*?\bfrom)?\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g),
  ];
  return statements.map(([, name = '']) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name));
}

/** The code of a file without its comments and its quoted strings; templates stay. */
export function codeOf({ text }: Source): string {
  return text.replace(commentsAndStrings, (match) => (match.startsWith('/') ? ' ' : "''"));
}

export function lineCount({ text }: Source): number {
  return text.trimEnd().split('\n').length;
}

const commentsAndStrings = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;

// A string may hold what looks like a comment, `//` of a URL for one: strings are matched to be passed over.
function withoutComments(text: string): string {
  return text.replace(commentsAndStrings, (match) => (match.startsWith('/') ? ' ' : match));
}
