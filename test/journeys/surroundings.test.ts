// Nothing that the surroundings do is a bug (70), and nothing that was cut short is in order (0): environment, streams, folders, names.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { pathWithRsync, startRsyncDaemon } from '../support/rsync-daemon.ts';
import { noon, openWorld, stewards, type Host } from './world.ts';
import { ofThisFile } from '../support/of-this-file.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const clock = fileURLToPath(new URL('../support/clock.cjs', import.meta.url));

const world = ofThisFile(() => openWorld());
let host: Host;
beforeEach(async () => {
  host = await world.newHost({ members: { stewards } });
  await host.reconcile();
});

interface Shell {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of bash, with `muster` for the command; only these variables. (Not synchronously: the git server is in this process.) */
function bash(line: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<Shell> {
  const script = `muster() { '${process.execPath}' --require '${clock}' '${main}' "$@"; }\n${line}`;
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/bash', ['--norc', '-c', script], {
      env: { PATH: process.env['PATH'], MUSTER_CONFIG: host.config, MUSTER_TEST_NOW: noon, ...env },
      cwd: host.folder,
    });
    child.stdin.end();
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const commands = ['plan', 'plan --json', 'reconcile', 'report', 'explain hoo', 'revoke --list'];

describe('given streams that are not what they should be', () => {
  it.each(commands)('when %s prints to a full disk, then it says so, and that is neither in order nor a bug', async (command) => {
    const { status, stderr } = await bash(`muster ${command} > /dev/full`);
    expect([status, stderr]).toEqual([
      5,
      'muster: what was to be printed could not be written (ENOSPC) and was cut short; what was done is done\n',
    ]);
  });

  it('when what is printed goes into a full disk, then a worse status stands, and one that is less is not lost in the JSON', async () => {
    expect((await bash('muster plan --config /nonexistent > /dev/full')).status).toBe(2);
    expect((await bash('muster --help > /dev/full')).status).toBe(5);
    expect((await bash('muster --version > /dev/full')).status).toBe(5);
    expect((await bash('muster plan --config /nonexistent 2> /dev/full')).status).toBe(2);
    writeFileSync(join(host.state, 'revoked-note'), '');
    mkdirSync(join(host.state, 'revoked'), { recursive: true });
    writeFileSync(join(host.state, 'revoked/hoo.json'), 'torn');
    expect((await bash('muster reconcile 2> /dev/full')).status).toBe(5);
  });

  it('when a stream can be read only, then that is no bug either', async () => {
    expect((await bash('muster plan 1< /dev/null')).status).toBe(5);
  });

  it.each(commands)('when %s finds a stream closed, then it does as if nobody had asked for what goes there', async (command) => {
    for (const closed of ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
      expect([closed, (await bash(`muster ${command} ${closed}`)).status]).toEqual([closed, 0]);
  });

  it('when a misuse finds them closed, then it is one', async () => {
    expect((await bash('muster plan --config /nonexistent <&- >&- 2>&-')).status).toBe(2);
  });
});

describe('given an environment with little in it, or with what is of no use', () => {
  it.each([
    { what: 'nothing but the configuration', line: 'exec env -i MUSTER_CONFIG="$MUSTER_CONFIG"' },
    { what: 'a home that is not there', line: 'HOME=/nonexistent' },
    { what: 'a home that is empty', line: 'HOME=' },
    { what: 'a language that is not there', line: 'LANG=xx_XX.UTF-8 LC_ALL=xx' },
    { what: 'a terminal of no kind', line: 'TERM= NO_COLOR=' },
    { what: 'a journal that nobody has', line: 'JOURNAL_STREAM=8:x' },
  ])('when there is $what, then every command works', async ({ line }) => {
    // In the real time: the clock of the tests comes by a variable.
    host = await world.newHost({ members: { stewards } });
    for (const command of ['reconcile', ...commands]) {
      const real = `'${process.execPath}' '${main}' ${command}`;
      const { status, stderr } = await bash(`${line} ${real}`, { MUSTER_TEST_NOW: undefined });
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    }
  });

  it.each(commands)('when no program is on the path, then %s says what it lacks', async (command) => {
    mkdirSync(join(host.folder, 'nothing'), { recursive: true });
    const { status, stdout, stderr } = await bash(`muster ${command}`, { PATH: join(host.folder, 'nothing') });
    expect([command, status]).toEqual([command, command === 'report' || command === 'revoke --list' ? 0 : 75]);
    if (status !== 0) expect(`${stdout}${stderr}`).toMatch(/git|flock/);
    expect(stderr).not.toContain('a bug');
  });
});

describe('given a folder for temporary files that is of no use', () => {
  it.each([
    { what: 'not there', folder: () => join(host.folder, 'nowhere') },
    { what: 'a file', folder: () => host.config },
    { what: 'of the kernel', folder: () => '/proc/self' },
  ])('when it is $what, then muster uses one of its own, and leaves nothing there', async ({ folder }) => {
    for (const command of commands) {
      const { status, stderr } = await bash(`muster ${command}`, { TMPDIR: folder() });
      expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    }
    expect(existsSync(join(host.state, 'judged/tmp'))).toBe(true);
    expect(readdirSync(join(host.state, 'judged/tmp'))).toEqual([]);
  });

  it('when a killed process left something there, then it goes after a day, and not before', async () => {
    for (const [name, age] of [
      ['muster-old', 25],
      ['muster-new', 1],
    ] as const) {
      mkdirSync(join(host.state, 'judged/tmp', name), { recursive: true });
      const at = new Date(Date.now() - age * 3_600_000);
      utimesSync(join(host.state, 'judged/tmp', name), at, at);
    }
    expect((await bash('muster plan', { TMPDIR: join(host.folder, 'nowhere') })).status).toBe(0);
    expect(readdirSync(join(host.state, 'judged/tmp'))).toEqual(['muster-new']);
  });

  it('when a roster comes by rsync, then it is fetched all the same', async () => {
    const daemon = await startRsyncDaemon();
    try {
      const list = join(daemon.exports, 'steward.txt');
      writeFileSync(list, stewards.map((uid) => `${uid}\n`).join(''));
      utimesSync(list, new Date(noon), new Date(noon));
      host.configure({ rosters: { steward: { from: daemon.url('steward.txt'), 'older-than': 'none' } } });
      const { status, stdout } = await bash('muster reconcile --json', { TMPDIR: join(host.folder, 'nowhere'), PATH: pathWithRsync });
      const { rosters }: { rosters: { state: string }[] } = JSON.parse(stdout);
      expect([status, rosters.map(({ state }) => state)]).toEqual([0, ['fresh']]);
    } finally {
      await daemon.stop();
    }
  });
});

describe('given a current folder that was removed', () => {
  const gone = (command: string) => bash(`mkdir gone; cd gone; rmdir ../gone; muster ${command}`);

  it.each(commands)('when %s needs no file from there, then it works', async (command) => {
    expect(await gone(command)).toMatchObject({ status: 0, stderr: '' });
  });

  it.each(['plan --config muster.yaml', 'check', 'adopt stewards --to there'])(
    'when it is %s, then it says what is wrong',
    async (command) => {
      expect(await gone(command)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('the folder in which this was typed is not there any more'),
      });
    },
  );
});

describe('given a word that is no command', () => {
  it.each(['nosuch --help', 'nosuch -h', '--config x nosuch --help', '--help nosuch'])(
    'when its help is asked for (%s), then there is none, with 2',
    async (line) => {
      expect(await bash(`muster ${line}`)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringContaining("unknown command 'nosuch'"),
      });
    },
  );

  it('when it is nearly one, then that is offered', async () => {
    expect((await bash('muster recncile --help')).stderr).toContain('(Did you mean reconcile?)');
  });
});
