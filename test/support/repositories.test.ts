import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGitServer, type GitServer } from './git-http.ts';
import { environment, makeRepository, type Repository } from './repositories.ts';

describe('given a repository with one commit', () => {
  let repository: Repository;
  let first: string;
  beforeEach(() => {
    repository = makeRepository();
    first = repository.commit('main', { 'policy/policy.yaml': 'version: 1\n', 'README.md': 'x\n' });
  });
  afterEach(() => repository.remove());

  it('when it is made again, then every commit has the same name', () => {
    const again = makeRepository();
    expect(again.commit('main', { 'policy/policy.yaml': 'version: 1\n', 'README.md': 'x\n' })).toBe(first);
    again.remove();
  });

  it('when files are changed, added and deleted, then the others stay', () => {
    const second = repository.commit(
      'main',
      { 'README.md': null, 'policy/a/b.yaml': Buffer.from('b\n\n') },
      { message: 'Second', date: '2026-11-20T10:00:00Z' },
    );
    expect(repository.git(['ls-tree', '-r', '--name-only', 'main'])).toBe('policy/a/b.yaml\npolicy/policy.yaml');
    expect(repository.read(second, 'policy/a/b.yaml')).toBe('b\n\n');
    expect(repository.read(second, 'README.md')).toBeUndefined();
    expect(repository.git(['log', '-1', '--format=%P %ct %s', 'main'])).toBe(
      `${first} ${Date.parse('2026-11-20T10:00:00Z') / 1000} Second`,
    );
  });

  it('when a link or a submodule is committed, then its mode is kept', () => {
    repository.commit('main', { link: { mode: '120000', content: '/etc/passwd' }, module: { mode: '160000', object: first } });
    expect(repository.git(['ls-tree', 'main', 'link', 'module'])).toMatch(/^120000 blob .*\tlink\n160000 commit .*\tmodule$/);
  });

  it('when a branch is merged in each way, then parents and files are as on GitLab', () => {
    repository.branch('topic', 'main');
    const topic = repository.commit('topic', { 'policy/t.yaml': 't\n' });
    const parents = (commit: string) => repository.git(['log', '-1', '--format=%P', commit]);
    for (const [how, expectedParents, hasFile] of [
      ['merge', `${first} ${topic}`, true],
      ['squash', first, true],
      ['ours', `${first} ${topic}`, false],
    ] as const) {
      repository.branch('target', first);
      const made = repository.merge('target', 'topic', how);
      expect(parents(made)).toBe(expectedParents);
      expect(repository.read('target', 'policy/t.yaml') !== undefined).toBe(hasFile);
    }
    repository.branch('target', first);
    expect(repository.merge('target', 'topic', 'fast-forward')).toBe(topic);
  });

  it('when both sides changed the same line, then merging fails', () => {
    repository.branch('topic', 'main');
    repository.commit('topic', { 'README.md': 'topic\n' });
    repository.commit('main', { 'README.md': 'main\n' });
    expect(() => repository.merge('main', 'topic')).toThrow('merge-tree');
  });

  it('when a branch is rebased, then its commits stand on the new base', () => {
    repository.branch('topic', 'main');
    repository.commit('topic', { 'a.yaml': 'a\n' });
    repository.commit('topic', { 'b.yaml': 'b\n' }, { message: 'Last' });
    const base = repository.commit('main', { 'c.yaml': 'c\n' });
    const tip = repository.rebase('topic', 'main');
    expect(repository.resolve(`${tip}~2`)).toBe(base);
    expect(repository.git(['log', '-1', '--format=%s', tip])).toBe('Last');
    expect(repository.git(['ls-tree', '--name-only', tip])).toBe('README.md\na.yaml\nb.yaml\nc.yaml\npolicy');
  });
});

describe('given a git server that asks for a token', () => {
  let repository: Repository;
  let server: GitServer;
  let scratch: string;
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from('oauth2:s3cret').toString('base64')}`;
  const git = (...args: string[]) => promisify(execFile)('git', args, { env: environment({}), cwd: scratch, timeout: 2000 });

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'muster-clone-'));
    repository = makeRepository();
    repository.commit('main', { 'README.md': 'x\n' });
    server = await startGitServer({ folder: dirname(repository.path), token: 's3cret' });
  });
  afterAll(async () => {
    await server.stop();
    repository.remove();
    rmSync(scratch, { recursive: true, force: true });
  });
  const url = () => server.url(basename(repository.path));

  it('when the token is right, then clone and push work; when not, nothing does', async () => {
    await git('-c', header, 'clone', '--quiet', '--bare', url(), 'clone');
    await git('-C', 'clone', '-c', header, 'push', '--quiet', url(), 'main:refs/heads/pushed');
    expect(repository.resolve('pushed')).toBe(repository.resolve('main'));
    await expect(git('ls-remote', url())).rejects.toThrow(/could not read Username/);
  });

  it('when it is switched, then it is down, hangs or talks HTML, and is up again', async () => {
    await server.set('down');
    await expect(git('-c', header, 'ls-remote', url())).rejects.toThrow(/Failed to connect|Couldn't connect/);
    await server.set('html');
    // git takes any page for a repository of the dumb protocol, here one without refs: status 0 and nothing on stdout.
    expect(await git('-c', header, 'ls-remote', url())).toMatchObject({ stdout: '' });
    await server.set('hang');
    await expect(git('-c', header, 'ls-remote', url())).rejects.toMatchObject({ killed: true });
    await server.set('up');
    const { stdout } = await git('-c', header, 'ls-remote', url(), 'refs/heads/main');
    expect(stdout).toContain(repository.resolve('main'));
  });
});
