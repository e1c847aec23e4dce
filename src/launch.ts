#!/usr/bin/env node
// Where the process begins: with muster as this very Node has compiled it before (scripts/compile.mjs), or else as it was bundled.
// V8 takes a cache for its own by version, flags and the length of the source alone, so checksums are looked at before it:
// what is torn, or left over from another build, is never run.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, Script } from 'node:vm';

const folder = join(__dirname, 'compiled');
const file = join(folder, 'program.js');

type Program = (module: object, require: NodeJS.Require, file: string, folder: string) => void;

/** Undefined where there is nothing compiled, or where it is not for this Node and this build. */
function compiledProgram(): Program | undefined {
  let source: Buffer;
  let cachedData: Buffer;
  try {
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'latin1');
    source = readFileSync(file);
    cachedData = readFileSync(join(folder, 'program.cache'));
    if (sums !== `${sumOf(source)}  program.js\n${sumOf(cachedData)}  program.cache\n`) return undefined;
  } catch {
    // Without it a run takes longer, and does the same.
    return undefined;
  }
  // The bundle is ASCII.
  const script = new Script(source.toString('latin1'), {
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

const program = compiledProgram();
if (program) program({ exports: {} }, createRequire(file), file, folder);
else void import('./main.ts');
