import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { duration } from '../../src/names.ts';
import { Misuse, Unavailable, Unusable } from '../../src/errors.ts';
import { blobId, commitId, failureOf, makeBench, watchGit, type Bench } from './mirrors.ts';

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => {
  vi.unstubAllEnvs();
  bench.remove();
});

describe('given a repository with a branch', () => {
  it('when it is fetched for the first time, then the tip is that of the server and there is nothing to note', async () => {
    const mirror = await bench.open();
    expect(await mirror.head()).toBeUndefined();
    expect(await mirror.fetch()).toBe(bench.repository.resolve('main'));
    expect(await mirror.head()).toBe(bench.repository.resolve('main'));
    expect(mirror.notes).toEqual([]);
  });

  it('when nothing moved, then a fetch is one process', async () => {
    await (await bench.open()).fetch();
    const watched = watchGit(bench.scratch);
    const mirror = await bench.open({ path: watched.path });
    await mirror.fetch();
    await mirror.head();
    expect(watched.calls()).toHaveLength(1);
    expect(watched.calls()[0]).toContain('ls-remote');
    expect(mirror.notes).toEqual([]);
  });

  it('when it moved, by a step or by force, then the fetch gives the new tip', async () => {
    const mirror = await bench.open();
    const first = await mirror.fetch();
    const second = bench.repository.commit('main', { 'policy/groups/a.yaml': 'x\n' });
    expect(await mirror.fetch()).toBe(second);
    bench.repository.branch('main', first);
    expect(await mirror.fetch()).toBe(first);
  });

  it('when it has tags and other branches, then only the one branch comes over', async () => {
    bench.repository.commit('other', { file: 'x\n' });
    bench.repository.git(['tag', 'v1', 'main']);
    await (await bench.open()).fetch();
    const names = ['HEAD', 'config', 'objects', 'refs'];
    expect(readdirSync(bench.folder).sort()).toEqual(names.sort());
    expect(readdirSync(join(bench.folder, 'refs'))).toEqual(['muster']);
    expect(readdirSync(join(bench.folder, 'refs/muster'))).toEqual(['branch']);
  });

  it('when fifty fetches left as many packs, then they become one and history is still whole', async () => {
    const mirror = await bench.open();
    const first = await mirror.fetch();
    for (let step = 0; step <= 50; step += 1) {
      bench.repository.commit('main', { 'policy/policy.yaml': `version: ${step}\n` });
      await mirror.fetch();
    }
    expect(readdirSync(join(bench.folder, 'objects/pack')).filter((name) => name.endsWith('.pack')).length).toBeLessThan(10);
    const again = await bench.open();
    expect(again.notes).toEqual([]);
    expect(await again.history.landings(first, await again.fetch(), 'policy')).toHaveLength(51);
  });
});

describe('given a server that has not what is asked for', () => {
  it('when it has another branch only, then that cannot be used, and the message names what there is and where to write it', async () => {
    const mirror = await bench.open({ branch: 'gone' });
    const failure = await failureOf(mirror.fetch());
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toContain('has no branch gone, and has main: the administrator of this host names the right one');
    expect(failure.message).toContain('repository.branch');
  });

  it('when the branch vanishes later, then the tip as last fetched stays', async () => {
    const mirror = await bench.open();
    const tip = await mirror.fetch();
    bench.repository.deleteBranch('main');
    expect(await failureOf(mirror.fetch())).toBeInstanceOf(Unavailable);
    expect(await mirror.head()).toBe(tip);
  });

  it('when a branch only ends in the same name, then it is not taken for it', async () => {
    bench.repository.git(['update-ref', 'refs/heads/refs/heads/wanted', 'main']);
    expect(await failureOf((await bench.open({ branch: 'wanted' })).fetch())).toBeInstanceOf(Unusable);
  });

  it('when there is no repository in a folder of this host, then a person has to mend that', async () => {
    const mirror = await bench.open({ url: join(bench.scratch, 'nowhere.git') });
    expect(await failureOf(mirror.fetch())).toBeInstanceOf(Unusable);
  });

  it('when git itself cannot be found, then git did not answer', async () => {
    const mirror = await bench.open({ path: '/nonexistent' });
    expect(await failureOf(mirror.fetch())).toBeInstanceOf(Unavailable);
  });

  it.each(['--upload-pack=touch', 'a b', 'a..b', 'main*', '/main', 'main.lock', '.hidden', 'a\nb', ''])(
    'when the branch is called %j, then that is misuse',
    async (branch) => {
      await expect(bench.open({ branch })).rejects.toBeInstanceOf(Misuse);
    },
  );

  it.each(['', '-u', 'https://x/\n[core]', 'https://x/\u{1b}'])('when the address is %j, then that is misuse', async (url) => {
    await expect(bench.open({ url })).rejects.toBeInstanceOf(Misuse);
  });

  it('when the address names a program, then it is not run', async () => {
    const trace = join(bench.scratch, 'ran');
    const mirror = await bench.open({ url: `ext::touch ${trace}` });
    expect(await failureOf(mirror.fetch())).toBeInstanceOf(Unavailable);
    expect(existsSync(trace)).toBe(false);
  });
});

describe('given objects that git-fsck(1) names as errors', () => {
  const blob = (): string => bench.repository.git(['hash-object', '-w', '--stdin'], 'version: 1\n');

  function pushTree(...entries: readonly [mode: string, name: string, id: string][]): void {
    const bytes = entries.map(([mode, name, id]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]));
    const tree = bench.repository.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], Buffer.concat(bytes));
    const commit = `tree ${tree}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nx\n`;
    const id = bench.repository.git(['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], commit);
    bench.repository.git(['update-ref', 'refs/heads/main', id]);
  }

  it('when a tree names a file twice, then the repository is unusable and the fault is named', async () => {
    pushTree(['100644', 'policy', blob()], ['100644', 'policy', blob()]);
    const failure = await failureOf((await bench.open()).fetch());
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toContain('duplicateEntries');
  });

  it.each(['..', '.git', '.', '.GIT'])(
    'when a tree names %j, then the repository is unusable and the mirror keeps its tip',
    async (name) => {
      const mirror = await bench.open();
      const tip = await mirror.fetch();
      const inner = bench.repository.git(['rev-parse', 'main^{tree}']);
      pushTree(['40000', name, inner]);
      const failure = await failureOf(mirror.fetch());
      expect(failure).toBeInstanceOf(Unusable);
      expect(failure.message).toMatch(/hasDot/);
      expect(await mirror.head()).toBe(tip);
    },
  );
});

describe('given an environment that would lead git astray', () => {
  it('when muster runs in it, then it has no effect', async () => {
    const script = join(bench.scratch, 'script');
    const trace = join(bench.scratch, 'ran');
    writeFileSync(script, `#!/bin/sh\ntouch '${trace}'\n`, { mode: 0o755 });
    const configuration = join(bench.scratch, 'gitconfig');
    writeFileSync(configuration, `[url "/nowhere"]\n\tinsteadOf = ${bench.repository.path}\n[core]\n\tfsmonitor = ${script}\n`);
    const hostile = {
      GIT_DIR: '/nonexistent',
      GIT_WORK_TREE: '/nonexistent',
      GIT_INDEX_FILE: '/nonexistent',
      GIT_OBJECT_DIRECTORY: '/nonexistent',
      GIT_NAMESPACE: 'x',
      GIT_CONFIG_GLOBAL: configuration,
      GIT_CONFIG_SYSTEM: configuration,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'remote.origin.url',
      GIT_CONFIG_VALUE_0: '/nowhere',
      GIT_CONFIG_PARAMETERS: "'remote.origin.url'='/nowhere'",
      GIT_SSH_COMMAND: script,
      GIT_SSH: script,
      GIT_EXTERNAL_DIFF: script,
      GIT_PAGER: script,
      PAGER: script,
      GIT_ASKPASS: script,
      SSH_ASKPASS: script,
      GIT_EXEC_PATH: '/nonexistent',
      GIT_TEMPLATE_DIR: '/nonexistent',
      GIT_TRACE: join(bench.scratch, 'trace'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: '/nonexistent',
      GIT_SHALLOW_FILE: '/nonexistent',
      GIT_DIFF_OPTS: '--color',
      XDG_CONFIG_HOME: bench.scratch,
      HOME: bench.scratch,
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'de_DE.UTF-8',
      EDITOR: script,
      DEBUG: '*',
    };
    for (const [name, value] of Object.entries(hostile)) vi.stubEnv(name, value);
    const mirror = await bench.open();
    const first = await mirror.fetch();
    vi.unstubAllEnvs();
    const second = commitId(bench.repository.commit('main', { 'policy/groups/a.yaml': 'x\n' }));
    for (const [name, value] of Object.entries(hostile)) vi.stubEnv(name, value);
    expect(await mirror.fetch()).toBe(second);
    expect(await mirror.history.landings(first, second, 'policy')).toHaveLength(1);
    expect(await mirror.history.policyTree(second, 'policy')).toHaveProperty('size', 2);
    expect(existsSync(trace)).toBe(false);
    expect(existsSync(join(bench.scratch, 'trace'))).toBe(false);
  });

  it('when the server sends more than git may take, then that is said, and the tip as last fetched stays', async () => {
    const tip = await (await bench.open()).fetch();
    bench.repository.commit('main', { 'policy/large': randomBytes(3_000_000) });
    const bin = join(bench.scratch, 'small');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\nulimit -f 1000\nexec git "$@"\n', { mode: 0o755 });
    const mirror = await bench.open({ path: `${bin}:/usr/bin:/bin` });
    const failure = await failureOf(mirror.fetch());
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toContain('more than git may take on this host (768 MiB of memory');
    expect(await mirror.head()).toBe(tip);
    expect((await bench.open()).notes).toEqual([]);
  });

  it('when a git takes longer than it may, then it is killed and git did not answer', async () => {
    const bin = join(bench.scratch, 'slow');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\nexec sleep 30\n', { mode: 0o755 });
    const mirror = await bench.open({ path: `${bin}:/usr/bin:/bin`, timeout: duration(300) });
    const failure = await failureOf(mirror.fetch());
    expect(failure).toBeInstanceOf(Unavailable);
    expect(failure.message).toContain('within 0.3 s');
  });

  it('when reading the mirror takes longer than it may, then git did not answer', async () => {
    const tip = await (await bench.open()).fetch();
    const bin = join(bench.scratch, 'slow');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho half\nexec sleep 30\n', { mode: 0o755 });
    const mirror = await bench.open({ path: `${bin}:/usr/bin:/bin`, timeout: duration(300) });
    expect(await failureOf(mirror.history.blobs([blobId(tip)], 100))).toBeInstanceOf(Unavailable);
  });
});
