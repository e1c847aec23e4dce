// The mirror against git's own http-backend, and against servers that are no git server at all.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, basename, join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { mirrorEnvironment, serverEnvironment } from '../../src/history/environment.ts';
import { duration } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { startGitServer, type GitServer } from '../support/git-http.ts';
import { commitId, failureOf, makeBench, watchGit, type Bench } from './mirrors.ts';

const token = 'glpat-very-secret-0123';
const encoded = Buffer.from(`oauth2:${token}`).toString('base64');

let bench: Bench;
let server: GitServer;
let url: string;
beforeEach(async () => {
  bench = makeBench();
  server = await startGitServer({ folder: dirname(bench.repository.path), token });
  url = server.url(basename(bench.repository.path));
});
afterEach(async () => {
  await server.stop();
  bench.remove();
});

describe('given an agent that holds the keys of whoever asks', () => {
  it('then git is told where it is when it speaks to the server, and never otherwise', () => {
    const settings = { path: '/bin', home: '/', folder: '/x', url, timeout: duration(1000), agent: '/run/agent' };
    expect(serverEnvironment(settings)['SSH_AUTH_SOCK']).toBe('/run/agent');
    expect(mirrorEnvironment(settings)).not.toHaveProperty('SSH_AUTH_SOCK');
  });
});

describe('given a server that asks for a token', () => {
  it('when the token is right, then the branch is fetched and an idle fetch is one request', async () => {
    const mirror = await bench.open({ url, token });
    expect(await mirror.fetch()).toBe(bench.repository.resolve('main'));
    const before = server.requests().length;
    await mirror.fetch();
    // Protocol version 2 asks for capabilities, then for the one ref.
    expect(server.requests().length - before).toBeLessThanOrEqual(2);
  });

  it.each([undefined, 'wrong'])('when the token is %s, then git did not answer and the message names the token file', async (given) => {
    const mirror = await bench.open({ url, ...(given === undefined ? {} : { token: given }) });
    const failure = await failureOf(mirror.fetch());
    expect(failure).toBeInstanceOf(Unavailable);
    expect(failure.message).toContain('repository.token-file');
  });

  it('when git runs, then the token stands in no command line, no file of the mirror and no error', async () => {
    const watched = watchGit(bench.scratch);
    const mirror = await bench.open({ url, token, path: watched.path });
    await mirror.fetch();
    await server.set('error');
    const failure = await failureOf(mirror.fetch());
    expect(watched.calls().length).toBeGreaterThanOrEqual(3);
    const files = readdirSync(bench.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const contents = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'));
    for (const text of [...watched.calls(), ...contents, inspect(failure, { depth: 9 })]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(encoded);
    }
  });

  it('when simple-git is told to print what it does, then the token is not printed', () => {
    const script = `import { openMirror } from './src/history/mirror.ts';
      const mirror = await openMirror({ folder: process.argv[1], url: 'http://127.0.0.1:1/x', branch: 'main', token: process.argv[2], timeout: 5000, path: process.env.PATH, home: '/' });
      await mirror.fetch().catch((error) => console.log(error));`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script, bench.folder, token], {
      env: { ...process.env, DEBUG: '*' },
      encoding: 'utf8',
    });
    expect(run.stdout).toContain('git did not answer');
    expect(run.stdout + run.stderr).not.toContain(token);
    expect(run.stdout + run.stderr).not.toContain(encoded);
  });

  it('when another server answers with a redirect, then the token is not carried there', async () => {
    const seen: string[] = [];
    const elsewhere = await listening(
      createServer((request, response) => {
        seen.push(String(request.headers.authorization));
        response.writeHead(404).end();
      }),
    );
    const redirecting = await listening(
      createServer((request, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}${request.url}` }).end();
      }),
    );
    const mirror = await bench.open({ url: `http://127.0.0.1:${redirecting.port}/x.git`, token });
    expect(await failureOf(mirror.fetch())).toBeInstanceOf(Unusable);
    expect(seen).toEqual([]);
    elsewhere.server.close();
    redirecting.server.close();
  });
});

describe('given a server that is no git server at the moment', () => {
  it.each(['down', 'html', 'error'] as const)(
    'when it is "%s", then git did not answer and the tip as last fetched stays',
    async (mode) => {
      const mirror = await bench.open({ url, token });
      const tip = await mirror.fetch();
      await server.set(mode);
      const failure = await failureOf(mirror.fetch());
      expect(failure).toBeInstanceOf(Unavailable);
      expect(failure.message).toContain(url);
      expect(failure.message).toContain('repository.url');
      expect(await mirror.head()).toBe(tip);
      await server.set('up');
      expect(await mirror.fetch()).toBe(tip);
    },
  );

  it('when it hangs, then the time limit ends the fetch and no helper of git stays behind', async () => {
    const mirror = await bench.open({ url, token, timeout: duration(1_000) });
    await server.set('hang');
    const failure = await failureOf(mirror.fetch());
    expect(failure).toBeInstanceOf(Unavailable);
    expect(failure.message).toContain('within 1 s');
    await expect.poll(() => runningWith(url), { timeout: 60_000 }).toBe(false);
  });
});

describe('given commits that no branch leads to', () => {
  function makeVersion(name: string): string {
    const commit = bench.repository.commit(name, { [`policy/${name}.yaml`]: `${name}\n` }, { parents: ['main'] });
    bench.repository.deleteBranch(name);
    return commit;
  }

  it('when they are asked for with some that do not exist, then each has its own answer', async () => {
    const mirror = await bench.open({ url, token });
    const tip = await mirror.fetch();
    const versions = [makeVersion('one'), makeVersion('two')].map(commitId);
    const unknown = [commitId('1'.repeat(40)), commitId('2'.repeat(40))];
    const answers = await mirror.versions.ensureCommits([...versions, ...unknown, tip]);
    expect([...answers]).toEqual([...versions.map((id) => [id, 'present']), ...unknown.map((id) => [id, 'refused']), [tip, 'present']]);
  });

  it('when they were fetched once, then they are not asked for again', async () => {
    const version = commitId(makeVersion('one'));
    const mirror = await bench.open({ url, token });
    await mirror.versions.ensureCommits([version]);
    await server.set('down');
    expect(await mirror.versions.ensureCommits([version])).toEqual(new Map([[version, 'present']]));
  });

  it('when the branch leads to them, then only the others are fetched', async () => {
    const mirror = await bench.open({ url, token });
    const head = commitId(bench.repository.commit('topic', { 'policy/topic.yaml': 'x\n' }, { parents: ['main'] }));
    const landing = commitId(bench.repository.merge('main', 'topic'));
    await mirror.fetch();
    const version = commitId(makeVersion('one'));
    const answers = await mirror.versions.ensureCommits([head, landing, version]);
    expect(new Set(answers.values())).toEqual(new Set(['present']));
    expect(readdirSync(`${bench.folder}.versions/refs/muster/named`)).toEqual([version]);
  });

  it.each(['down', 'html', 'error'] as const)(
    'when the server is "%s", then git did not answer and nothing is called refused',
    async (mode) => {
      const mirror = await bench.open({ url, token });
      await server.set(mode);
      expect(await failureOf(mirror.versions.ensureCommits([commitId('1'.repeat(40))]))).toBeInstanceOf(Unavailable);
    },
  );

  it('when one of them fails the check of git, then it is refused and the others come', async () => {
    const good = commitId(makeVersion('one'));
    const blob = bench.repository.git(['rev-parse', 'main:policy/policy.yaml']);
    const entry = Buffer.concat([Buffer.from('100644 ..\0'), Buffer.from(blob, 'hex')]);
    const tree = bench.repository.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], entry);
    const text = `tree ${tree}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nx\n`;
    const bad = commitId(bench.repository.git(['hash-object', '-t', 'commit', '-w', '--stdin'], text));
    const mirror = await bench.open({ url, token });
    expect(await mirror.versions.ensureCommits([bad, good])).toEqual(
      new Map([
        [bad, 'refused'],
        [good, 'present'],
      ]),
    );
  });

  it('when what is named is no commit, then it is refused', async () => {
    const tree = commitId(bench.repository.git(['rev-parse', 'main^{tree}']));
    const mirror = await bench.open({ url, token });
    expect(await mirror.versions.ensureCommits([tree])).toEqual(new Map([[tree, 'refused']]));
  });
});

async function listening(made: Server): Promise<{ server: Server; port: number }> {
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return { server: made, port: (made.address() as AddressInfo).port };
}

function runningWith(text: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}
