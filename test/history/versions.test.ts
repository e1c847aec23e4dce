// What is fetched of merge requests, and what is not: a large file in the history of one, or in it, costs a number and ends in an answer.
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommitId } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { commitId, failureOf, makeBench, type Bench } from './mirrors.ts';

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
  bench.repository.git(['config', 'uploadpack.allowFilter', 'true']);
});
afterEach(() => bench.remove());

const grant = 'policy/grants/klaxon-users/hoo.yaml';

/** A branch that brings a grant, after a commit with a large file, which the next one takes back. */
function heavy(bytes: number): CommitId {
  const { repository } = bench;
  repository.branch('change', 'main');
  repository.git(['config', 'core.compression', '0']);
  const noise = repository.git(['hash-object', '-w', '--stdin'], randomBytes(bytes));
  const entry = Buffer.concat([Buffer.from('100644 noise\0'), Buffer.from(noise, 'hex')]);
  const tree = repository.git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], entry);
  const text = `tree ${tree}\nparent ${repository.resolve('main')}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nx\n`;
  repository.branch('change', repository.git(['hash-object', '-t', 'commit', '-w', '--stdin'], text));
  return commitId(repository.commit('change', { noise: null, 'policy/policy.yaml': 'version: 1\n', [grant]: 'reason: x\n' }));
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)));
  return files.reduce((sum, one) => sum + (one.isFile() ? one.size : 0), 0);
}

describe('given a merge request that is open', () => {
  it('when its history holds a large file that is gone, then all is read of it but that file', async () => {
    const start = commitId(bench.repository.resolve('main'));
    const head = heavy(4_000_000);
    const later = commitId(bench.repository.commit('main', { 'README.md': 'meanwhile\n' }));
    const mirror = await bench.open();
    const tip = await mirror.fetch();

    const history = await mirror.proposal(head, tip);

    expect([tip, await history?.mergeBase(tip, head)]).toEqual([later, start]);
    const changes = (await history?.changes(start, head)) ?? [];
    expect(changes.map(({ path }) => path)).toEqual([grant]);
    const blob = changes[0]?.after?.blob;
    const { contents } = (await history?.blobs(blob ? [blob] : [], 1000)) ?? {};
    expect([...(contents ?? [])].map(([, bytes]) => Buffer.from(bytes).toString())).toEqual(['reason: x\n']);
    expect((await history?.jump(start, head, 'policy'))?.hiddenBy).toBeUndefined();
    expect(sizeOf(`${bench.folder}.proposal`)).toBeLessThan(100_000);
  });

  it('when it brings files that are too long to be read, then they are that, and the attributes among them hide', async () => {
    const head = commitId(
      bench.repository.commit(
        'change',
        { [grant]: 'x'.repeat(200_000), 'policy/.gitattributes': '#'.repeat(200_000) },
        { parents: ['main'] },
      ),
    );
    const mirror = await bench.open();
    const tip = await mirror.fetch();
    const history = await mirror.proposal(head, tip);
    const blob = (await history?.changes(tip, head))?.find(({ path }) => path === grant)?.after?.blob;
    expect((await history?.blobs(blob ? [blob] : [], 1000))?.tooLarge).toEqual(new Set([blob]));
    expect((await history?.jump(tip, head, 'policy'))?.hiddenBy).toBe('policy/.gitattributes');
  });

  it('when an older version, cut off from its history, is part of it, then its history is whole', async () => {
    const { repository } = bench;
    const older = commitId(repository.commit('change', { [grant]: '1\n' }, { parents: ['main'] }));
    const head = commitId(repository.commit('change', { [grant]: '2\n' }));
    const mirror = await bench.open();
    const tip = await mirror.fetch();
    await mirror.versions.ensureCommits([older]);
    const history = await mirror.proposal(head, tip);
    expect(await history?.mergeBase(tip, head)).toBe(tip);
  });

  it('when the server leaves no contents out, and they are too much, then that is said, and nothing half-written is left', async () => {
    bench.repository.git(['config', 'uploadpack.allowFilter', 'false']);
    const head = heavy(70_000_000);
    const mirror = await bench.open();
    const failure = await failureOf(mirror.proposal(head, await mirror.fetch()));
    expect(failure).toBeInstanceOf(Unusable);
    expect(failure.message).toContain('it is larger than what is read of one');
    expect(sizeOf(`${bench.folder}.proposal`)).toBeLessThan(100_000);
  });

  it('when the server has no such commit, then there is nothing to read; when it is silent, then that is not known', async () => {
    const mirror = await bench.open();
    const tip = await mirror.fetch();
    expect(await mirror.proposal(commitId('1'.repeat(40)), tip)).toBeUndefined();
    bench.repository.remove();
    const gone = await failureOf(mirror.proposal(commitId('1'.repeat(40)), tip));
    expect(gone instanceof Unavailable || gone instanceof Unusable).toBe(true);
  });
});
