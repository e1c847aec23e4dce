import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-journal-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command that fails, with stderr in a file; `listens` is what the environment says of the journal, given the file's own name there. */
function fail(listens: (own: string) => string | undefined): { readonly status: number | null; readonly stderr: string } {
  const path = join(folder, 'stderr');
  const file = openSync(path, 'w');
  const { dev, ino } = fstatSync(file, { bigint: true });
  const { status } = spawnSync(process.execPath, [main, 'plan', '--config', '/nonexistent/muster.yaml'], {
    env: { PATH: process.env['PATH'], JOURNAL_STREAM: listens(`${dev}:${ino}`) },
    stdio: ['ignore', 'ignore', file],
  });
  closeSync(file);
  return { status, stderr: readFileSync(path, 'utf8') };
}

describe('given a command that fails', () => {
  it('when the journal listens, then every line on stderr has its priority', () => {
    const { status, stderr } = fail((own) => own);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^(?:<3>.+\n)+$/);
  });

  // systemd.exec(5), JOURNAL_STREAM: it is inherited, also by what writes somewhere else.
  it.each([
    { given: 'a person does', listens: () => undefined },
    { given: 'the journal listened to whoever started the shell', listens: () => '8:12345' },
  ])('when $given, then no line has one', ({ listens }) => {
    expect(fail(listens).stderr).toMatch(/^muster: there is no configuration \/nonexistent.+\n$/);
  });
});

describe('given work that comes to no end', () => {
  it('when nothing is left to wait for, then that is a bug and no success', () => {
    const preload = join(folder, 'mute.cjs');
    // Nobody is told that the output is out, which is what the process waits for before it ends.
    writeFileSync(preload, 'process.stdout.write = () => true;\n');
    const { status, stderr } = spawnSync(process.execPath, ['--require', preload, main, '--version'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    expect([status, stderr]).toEqual([70, expect.stringContaining('the work is not done')]);
  });
});

describe('given a reader that has seen enough', () => {
  it.each(['--help', 'revoke --help'])(
    'when %s is read by its first line only, then nothing is on stderr, and the status is its own',
    (args) => {
      const { stdout, stderr } = spawnSync(
        'bash',
        ['--norc', '-c', `set -o pipefail; "$0" "$1" ${args} | head -n 1; echo "$?"`, process.execPath, main],
        { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
      );
      expect([stdout, stderr]).toEqual([expect.stringMatching(/^Usage: muster .*\n0\n$/), '']);
    },
  );
});

describe('given somebody who asks which muster this is', () => {
  it('when they ask for the version, then it is that of the package, with the build and the Node it runs on', () => {
    const { version }: { version: string } = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'));
    const { status, stdout } = spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^muster \S+ \(build [0-9a-f]{12}\), Node \S+\n$/);
    expect(stdout).toContain(`muster ${version} `);
    expect(stdout).toContain(`Node ${process.versions.node}`);
  });
});
