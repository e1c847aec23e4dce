#!/usr/bin/env node
// Where the process begins: with the part of muster that has the command, as this very Node has compiled it before (scripts/compile.mjs), or else
// as it was bundled. V8 takes a cache for its own by version, flags and the length of the source alone, so checksums are looked at before it:
// what is torn, or left over from another build, is never run.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

type Part = 'judging' | 'converging' | 'looking';

const parts: Readonly<Record<string, Part>> = {
  judge: 'judging',
  reconcile: 'converging',
  allow: 'converging',
  refuse: 'converging',
  distrust: 'converging',
  revoke: 'converging',
  lift: 'converging',
};

/** Whatever else is typed, and what is typed wrongly, is for those who look. */
function partOf(args: readonly string[]): Part {
  const command = args.find((arg, at) => !arg.startsWith('-') && args[at - 1] !== '--config');
  return (command !== undefined && Object.hasOwn(parts, command) ? parts[command] : undefined) ?? 'looking';
}

const part = partOf(process.argv.slice(2));
const folder = join(__dirname, 'compiled');
const file = join(folder, `${part}.js`);

type Program = (module: object, require: NodeJS.Require, file: string, folder: string) => void;

/** Undefined where there is nothing compiled, or where it is not for this Node and this build. */
function compiledProgram(): Program | undefined {
  let source: Buffer;
  let cachedData: Buffer;
  try {
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'latin1');
    source = readFileSync(file);
    cachedData = readFileSync(join(folder, `${part}.cache`));
    if (!sums.includes(`${sumOf(source)}  ${part}.js\n${sumOf(cachedData)}  ${part}.cache\n`)) return undefined;
  } catch {
    // Without it a run takes longer, and does the same.
    return undefined;
  }
  const script = new Script(source.toString(), {
    filename: file,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (script.cachedDataRejected === true) return undefined;
  const compiled: Program = script.runInThisContext();
  return compiled;
}

function sumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function loadBundle(): Promise<unknown> {
  switch (part) {
    case 'judging':
      return import('./judging.ts');
    case 'converging':
      return import('./converging.ts');
    case 'looking':
      return import('./looking.ts');
  }
}

const program = compiledProgram();
if (program) program({ exports: {} }, createRequire(file), file, folder);
else void loadBundle();
