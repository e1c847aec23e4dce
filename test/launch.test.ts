// What main.js launches: the program compiled ahead of time only where it is whole, of this build and for this Node; otherwise the bundle.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'muster-launch-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const at = (path: string) => join(temporary, 'dist', path);

function launch(...flags: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, at('main.js'), 'reconcile', '--help'], { encoding: 'utf8', env: {} });
  return stdout + stderr;
}

/** One byte is another one; the length stays. */
function disturb(path: string): void {
  const bytes = readFileSync(at(path));
  const place = Math.floor(bytes.length / 2);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(at(path), bytes);
}

describe('given a build, whose bundle was replaced by one that says so', () => {
  beforeEach(() => {
    rmSync(at(''), { recursive: true, force: true });
    cpSync(dist, at(''), { recursive: true });
    for (const program of ['judging', 'converging']) writeFileSync(at(`${program}.mjs`), "process.stdout.write('the bundle');");
  });

  it.each(['judging', 'converging'])('then what was compiled of %s is ASCII, so that a letter of it takes one byte', (program) => {
    expect(readFileSync(at(`compiled/${program}.js`), 'utf8').match(/.{0,40}[^\0-\x7f]/g)).toBeNull();
  });

  it('when what was compiled is whole, then it is launched', () => {
    expect(launch()).toMatch(/^Usage: muster reconcile/);
  });

  it.each([
    { given: 'the compiled code is another one of the same length', change: () => disturb('compiled/converging.js') },
    { given: 'the cache is another one of the same length', change: () => disturb('compiled/converging.cache') },
    { given: 'the cache is cut', change: () => writeFileSync(at('compiled/converging.cache'), 'cut') },
    { given: 'the checksums are of another build', change: () => disturb('compiled/SHA256SUMS') },
    { given: 'the cache is missing', change: () => rmSync(at('compiled/converging.cache')) },
    { given: 'nothing was compiled', change: () => rmSync(at('compiled'), { recursive: true }) },
  ])('when $given, then the bundle is launched', ({ change }) => {
    change();
    expect(launch()).toBe('the bundle');
  });

  it('when judging has the memory that its unit and reconcile give it, then what was compiled is launched', () => {
    const unit = readFileSync(new URL('../packaging/systemd/muster-judge.service', import.meta.url), 'utf8');
    const options = /^Environment=NODE_OPTIONS=(\S+)$/m.exec(unit)?.[1];
    const given = /heapOfAnother = (\d+);/.exec(readFileSync(new URL('../src/process.ts', import.meta.url), 'utf8'))?.[1];

    const { stdout } = spawnSync(process.execPath, [at('main.js'), 'judge', '--help'], {
      encoding: 'utf8',
      env: { NODE_OPTIONS: options },
    });

    expect(options).toBe(`--max-old-space-size=${given}`);
    expect(stdout).toMatch(/^Usage: muster judge/);
  });

  it('when Node runs with flags that it was not compiled for, then the bundle is launched', () => {
    expect(launch('--no-flush-bytecode', '--no-lazy')).toBe('the bundle');
  });

  it('when it is compiled once more, then that is launched again', () => {
    rmSync(at('compiled/converging.cache'));
    cpSync(join(dist, 'converging.mjs'), at('converging.mjs'));
    const { status, stderr } = spawnSync(process.execPath, [at('compile.mjs')], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    writeFileSync(at('converging.mjs'), "process.stdout.write('the bundle');");
    expect(launch()).toMatch(/^Usage: muster reconcile/);
  });
});

describe('given the bundle alone', () => {
  it('when help is asked for, then it is the same', () => {
    rmSync(at(''), { recursive: true, force: true });
    cpSync(dist, at(''), { recursive: true });
    const compiled = launch();
    rmSync(at('compiled'), { recursive: true });
    expect(launch()).toBe(compiled);
  });
});
