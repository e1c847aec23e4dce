#!/usr/bin/env node
// Starts muster.js beside it from what V8 compiled of it when it was built. Where that does not fit, another version of Node above all,
// the code is compiled as ever: slower by some hundredth of a second, and just as right.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'muster.js');
const compiled = join(__dirname, 'muster.compiled');

function readCompiled() {
  try {
    return readFileSync(compiled);
  } catch {
    return undefined;
  }
}

const code = `(function (exports, require, module) {${readFileSync(filename, 'utf8')}\n})`;
const script = new Script(code, { filename, cachedData: readCompiled() });
// Only the build sets it: at the end of a run V8 has compiled what runs need.
if (process.env.MUSTER_KEEP_COMPILED) process.on('exit', () => writeFileSync(compiled, script.createCachedData()));
script.runInThisContext()(exports, require, module);
