import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Mirror } from '../../src/history/mirror.ts';
import type { CommitId } from '../../src/names.ts';
import { Unusable } from '../../src/errors.ts';
import { nestTrees } from '../support/nested-trees.ts';
import { blobId, commitId, failureOf, makeBench, watchGit, type Bench } from './mirrors.ts';

let bench: Bench;
let mirror: Mirror;
let start: CommitId;
beforeAll(async () => {
  bench = makeBench();
  mirror = await bench.open();
  start = await mirror.fetch();
});
afterAll(() => {
  bench.remove();
});

/** Moves main back to where it started, so that each test has a branch of its own. */
function fromStart(): void {
  bench.repository.branch('main', start);
}

function blobOf(revision: string, path: string): string {
  return bench.repository.git(['rev-parse', `${revision}:${path}`]);
}

describe('given landings on a branch', () => {
  it('when they are read, then each has its changes inside, sorted, and where there are any the number of those outside', async () => {
    fromStart();
    const grant = 'policy/grants/klaxon-users/urbanecm.yaml';
    const first = bench.repository.commit(
      'main',
      { [grant]: 'a\n', 'README.md': 'x\n', 'policy.md': 'beside it\n' },
      { date: '2026-11-23T14:05:02Z' },
    );
    const second = bench.repository.commit('main', { [grant]: 'b\n', 'policy/policy.yaml': null, 'policy/a.yaml': 'n\n' });
    const third = bench.repository.commit('main', { 'README.md': 'y\n' });
    const landings = await mirror.history.landings(start, await mirror.fetch(), 'policy');
    expect(landings.map(({ commit, parent, parents, outside }) => ({ commit, parent, parents, outside }))).toEqual([
      { commit: first, parent: start, parents: 1, outside: 2 },
      { commit: second, parent: first, parents: 1, outside: 0 },
      { commit: third, parent: second, parents: 1, outside: 0 },
    ]);
    expect(landings[0]?.committedAt).toBe(Date.parse('2026-11-23T14:05:02Z'));
    expect(landings[0]?.changes).toEqual([{ path: grant, after: { mode: '100644', blob: blobOf(first, grant) } }]);
    expect(landings[1]?.changes).toEqual([
      { path: 'policy/a.yaml', after: { mode: '100644', blob: blobOf(second, 'policy/a.yaml') } },
      { path: grant, before: { mode: '100644', blob: blobOf(first, grant) }, after: { mode: '100644', blob: blobOf(second, grant) } },
      { path: 'policy/policy.yaml', before: { mode: '100644', blob: blobOf(start, 'policy/policy.yaml') } },
    ]);
    expect(landings[2]?.changes).toEqual([]);
    expect(await mirror.history.landings(landings[2]?.commit ?? start, landings[2]?.commit ?? start, 'policy')).toEqual([]);
  });

  it('when a file is renamed, then that is a removal and an addition', async () => {
    fromStart();
    const text = 'one\ntwo\nthree\nfour\n'.repeat(20);
    const before = commitId(bench.repository.commit('main', { 'policy/groups/a.yaml': text }));
    bench.repository.commit('main', { 'policy/groups/a.yaml': null, 'policy/groups/b.yaml': text });
    const [landing] = await mirror.history.landings(before, await mirror.fetch(), 'policy');
    expect(landing?.changes.map(({ path, before: old, after }) => [path, old !== undefined, after !== undefined])).toEqual([
      ['policy/groups/a.yaml', true, false],
      ['policy/groups/b.yaml', false, true],
    ]);
  });

  it('when branches are merged, then a merge is one landing with what it brought to its first parent', async () => {
    fromStart();
    bench.repository.branch('one', start);
    bench.repository.commit('one', { 'policy/groups/one.yaml': '1\n' });
    bench.repository.commit('one', { 'policy/groups/one-more.yaml': '1\n' });
    bench.repository.commit('main', { 'policy/groups/main.yaml': 'm\n' });
    bench.repository.merge('main', 'one');
    bench.repository.merge('main', 'one', 'ours');
    const landings = await mirror.history.landings(start, await mirror.fetch(), 'policy');
    expect(landings.map(({ parents, changes }) => [parents, changes.map(({ path }) => path)])).toEqual([
      [1, ['policy/groups/main.yaml']],
      [2, ['policy/groups/one-more.yaml', 'policy/groups/one.yaml']],
      [2, []],
    ]);
  });

  it('when three branches are merged at once, then the landing has as many parents', async () => {
    fromStart();
    for (const name of ['one', 'two']) {
      bench.repository.branch(name, start);
      bench.repository.commit(name, { [`policy/groups/${name}.yaml`]: name });
    }
    bench.repository.commit(
      'main',
      { 'policy/groups/one.yaml': 'one', 'policy/groups/two.yaml': 'two' },
      { parents: [start, 'one', 'two'] },
    );
    const [landing, ...others] = await mirror.history.landings(start, await mirror.fetch(), 'policy');
    expect(others).toEqual([]);
    expect(landing?.parents).toBe(3);
    expect(landing?.changes).toHaveLength(2);
    expect(await mirror.history.parents(landing?.commit ?? start)).toHaveLength(3);
  });

  it('when nothing changes and when everything goes, then both are landings', async () => {
    fromStart();
    bench.repository.commit('main', {});
    bench.repository.commit('main', { policy: null });
    const head = await mirror.fetch();
    const landings = await mirror.history.landings(start, head, 'policy');
    expect(landings.map(({ changes }) => changes.length)).toEqual([0, 1]);
    expect(await mirror.history.policyTree(head, 'policy')).toEqual(new Map());
  });

  it('when the policy folder is not where the branch starts, then the chain that does not lead there is refused', async () => {
    fromStart();
    const aside = commitId(bench.repository.commit('main', { x: 'aside' }));
    await mirror.fetch();
    fromStart();
    bench.repository.commit('main', { x: 'x' });
    expect(await failureOf(mirror.history.landings(aside, await mirror.fetch(), 'policy'))).toBeInstanceOf(Unusable);
  });
});

describe('given entries and paths that no policy has', () => {
  it('when they land, then they come through as what they are', async () => {
    fromStart();
    const paths = [
      'policy/a\nb.yaml',
      'policy/\u{1F600}é.yaml',
      'policy/tab\there',
      'policy/"quoted"',
      'policy/:100644 100644 x',
      'policy/-f',
      'policy/Upper.YAML',
      'policy/ ',
    ];
    const files = Object.fromEntries(paths.map((path) => [path, `${path}\n`]));
    const head = bench.repository.commit('main', {
      ...files,
      'policy/link.yaml': { mode: '120000', content: '/etc/passwd' },
      'policy/module': { mode: '160000', object: '5'.repeat(40) },
      'policy/run.yaml': { mode: '100755', content: 'x\n' },
    });
    const [landing] = await mirror.history.landings(start, await mirror.fetch(), 'policy');
    const modes = new Map(landing?.changes.map(({ path, after }) => [path, after?.mode]));
    expect(modes).toEqual(
      new Map([
        ...paths.map((path) => [path, '100644'] as const),
        ['policy/link.yaml', '120000'],
        ['policy/module', '160000'],
        ['policy/run.yaml', '100755'],
      ]),
    );
    const tree = await mirror.history.policyTree(commitId(head), 'policy');
    expect(tree.get('policy/module')).toEqual({ mode: '160000', blob: '5'.repeat(40) });
    expect([...tree.keys()].sort()).toEqual([...modes.keys(), 'policy/policy.yaml'].sort());
  });

  it('when names are not UTF-8, then they are data that looks like no policy path', async () => {
    fromStart();
    const blob = blobOf(start, 'policy/policy.yaml');
    const entries = ['\\376.yaml', '\\377.yaml'].map((name) => `M 100644 ${blob} "policy/${name}"\n`).join('');
    bench.repository.git(
      ['fast-import', '--quiet'],
      `commit refs/heads/main\ncommitter A <a@example.org> 1795423121 +0000\ndata 0\nfrom ${start}\n${entries}\n`,
    );
    const head = await mirror.fetch();
    const [landing] = await mirror.history.landings(start, head, 'policy');
    expect(landing?.changes.map(({ path }) => path)).toEqual(['policy/\uFFFD.yaml', 'policy/\uFFFD.yaml']);
    expect((await mirror.history.policyTree(head, 'policy')).has('policy/\uFFFD.yaml')).toBe(true);
  });

  it('when the policy folder becomes a symbolic link or a file, then that is a change inside', async () => {
    fromStart();
    bench.repository.commit('main', { 'policy/policy.yaml': null, policy: { mode: '120000', content: 'elsewhere' } });
    const head = await mirror.fetch();
    const [landing] = await mirror.history.landings(start, head, 'policy');
    expect(landing?.changes.map(({ path }) => path)).toEqual(['policy', 'policy/policy.yaml']);
    expect(landing?.outside).toBe(0);
    expect([...(await mirror.history.policyTree(head, 'policy'))]).toMatchObject([['policy', { mode: '120000' }]]);
  });

  it('when a path is a pattern, then it is taken literally', async () => {
    fromStart();
    bench.repository.commit('main', { 'pol*y/a.yaml': 'x' });
    const tree = await mirror.history.policyTree(await mirror.fetch(), 'pol*y');
    expect([...tree.keys()]).toEqual(['pol*y/a.yaml']);
  });

  it('when a landing changes 100 000 files, then no more are counted or listed than anybody reviews', async () => {
    fromStart();
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`data/${index % 300}/${index}`, 'same\n']));
    bench.repository.commit('main', { ...many, 'policy/groups/a.yaml': 'x\n' });
    const head = await mirror.fetch();
    const [landing] = await mirror.history.landings(start, head, 'policy');
    expect(landing).toMatchObject({ outside: 51, changes: { length: 1 } });
    expect(landing?.cut).toBeUndefined();
    expect(await mirror.history.landings(start, head, 'data')).toMatchObject([{ cut: true, outside: 1, changes: { length: 101 } }]);
    expect(await mirror.history.entries(head, 'data', ['data/7/7', 'data/7/8', 'data/7'])).toMatchObject({
      files: 100_000,
      entries: new Map([['data/7/7', { mode: '100644', blob: blobOf(head, 'data/7/7') }]]),
    });
    expect(await failureOf(mirror.history.changes(start, head))).toBeInstanceOf(Unusable);
  });
});

describe('given commits judged earlier', () => {
  it('when they stand on the chain, beside it, or nowhere, then their ancestry says so', async () => {
    fromStart();
    const first = commitId(bench.repository.commit('main', { 'policy/groups/a.yaml': 'a\n' }));
    bench.repository.branch('side', start);
    const side = commitId(bench.repository.commit('side', { 'policy/groups/b.yaml': 'b\n' }));
    const merge = commitId(bench.repository.merge('main', 'side'));
    bench.repository.commit('main', { 'policy/groups/c.yaml': 'c\n' });
    const head = await mirror.fetch();
    expect(await mirror.history.ancestry(head, head)).toBe('on-chain');
    expect(await mirror.history.ancestry(merge, head)).toBe('on-chain');
    expect(await mirror.history.ancestry(first, head)).toBe('on-chain');
    expect(await mirror.history.ancestry(start, head)).toBe('on-chain');
    expect(await mirror.history.ancestry(side, head)).toBe('off-chain');
    expect(await mirror.history.ancestry(commitId('1'.repeat(40)), head)).toBe('rewritten');
  });

  it('when the branch is wound back, then the commit was rewritten away', async () => {
    fromStart();
    const judged = commitId(bench.repository.commit('main', { 'policy/groups/a.yaml': 'a\n' }));
    await mirror.fetch();
    fromStart();
    expect(await mirror.history.ancestry(judged, await mirror.fetch())).toBe('rewritten');
    bench.repository.commit('main', { 'policy/groups/b.yaml': 'a\n' });
    expect(await mirror.history.ancestry(judged, await mirror.fetch())).toBe('rewritten');
  });

  it('when the branch is replaced by one without a common commit, then it was rewritten away', async () => {
    fromStart();
    bench.repository.commit('fresh', { 'policy/groups/b.yaml': 'a\n' }, { parents: [] });
    bench.repository.branch('main', 'fresh');
    expect(await mirror.history.ancestry(start, await mirror.fetch())).toBe('rewritten');
  });

  it('when the branch jumps forward so that the judged commit becomes a second parent, then the jump is one landing', async () => {
    fromStart();
    const judged = commitId(bench.repository.commit('main', { 'policy/groups/a.yaml': 'a\n' }));
    bench.repository.branch('side', start);
    bench.repository.commit('side', { 'policy/groups/b.yaml': 'b\n' });
    bench.repository.merge('side', 'main');
    bench.repository.commit('side', { 'policy/groups/a.yaml': null, README: 'x\n' });
    bench.repository.branch('main', 'side');
    const head = await mirror.fetch();
    expect(await mirror.history.ancestry(judged, head)).toBe('off-chain');
    expect(await failureOf(mirror.history.landings(judged, head, 'policy'))).toBeInstanceOf(Unusable);
    const jump = await mirror.history.jump(judged, head, 'policy');
    expect(jump).toMatchObject({ commit: head, parent: judged, parents: 1, outside: 1 });
    expect(jump.changes.map(({ path }) => path)).toEqual(['policy/groups/a.yaml', 'policy/groups/b.yaml']);
  });
});

describe('given the contents of files', () => {
  it('when they are read, then large ones are named and left, and bytes come as they are', async () => {
    fromStart();
    const head = bench.repository.commit('main', {
      'policy/empty': '',
      'policy/exact': 'x'.repeat(16_384),
      'policy/large': 'x'.repeat(16_385),
      'policy/bytes': Buffer.from([0, 10, 255, 10, 0]),
    });
    await mirror.fetch();
    const [empty, exact, large, bytes] = ['empty', 'exact', 'large', 'bytes'].map((name) => blobId(blobOf(head, `policy/${name}`)));
    if (!empty || !exact || !large || !bytes) throw new Error('four files, four blobs');
    const blobs = await mirror.history.blobs([bytes, empty, large, exact, bytes], 16_384);
    expect(blobs.tooLarge).toEqual(new Set([large]));
    expect(blobs.contents.get(empty)).toEqual(new Uint8Array());
    expect(blobs.contents.get(exact)?.length).toBe(16_384);
    expect(blobs.contents.get(bytes)).toEqual(Uint8Array.from([0, 10, 255, 10, 0]));
    expect(blobs.contents.size).toBe(3);
  });

  it('when one is missing or is no file, then the mirror is unusable', async () => {
    expect(await failureOf(mirror.history.blobs([blobId('1'.repeat(40))], 100))).toBeInstanceOf(Unusable);
    expect(await failureOf(mirror.history.blobs([blobId(start)], 100))).toBeInstanceOf(Unusable);
    expect(await failureOf(mirror.history.policyTree(commitId('1'.repeat(40)), 'policy'))).toBeInstanceOf(Unusable);
  });
});

describe('given a .gitattributes that hides policy files', () => {
  it('when it comes and goes, then every landing of a policy file with it before or after is marked, and no other', async () => {
    fromStart();
    bench.repository.commit('main', { 'policy/a.yaml': '1' });
    bench.repository.commit('main', { '.gitattributes': '*.yaml -diff\n', 'policy/b.yaml': '1' });
    bench.repository.commit('main', { 'policy/a.yaml': '2' });
    bench.repository.commit('main', { '.gitattributes': '*.png binary\n', 'policy/b.yaml': '2' });
    bench.repository.commit('main', { 'policy/a.yaml': '3' });
    bench.repository.commit('main', {
      'policy/grants/.gitattributes': { mode: '120000', content: '*' },
      'docs/.gitattributes': '* -diff\n',
    });
    const head = await mirror.fetch();
    const landings = await mirror.history.landings(start, head, 'policy');
    expect(landings.map(({ hiddenBy }) => hiddenBy)).toEqual([
      undefined,
      '.gitattributes',
      '.gitattributes',
      '.gitattributes',
      undefined,
      'policy/grants/.gitattributes',
    ]);
    const third = landings[2]?.parent ?? start;
    expect((await mirror.history.landings(third, head, 'policy')).map(({ hiddenBy }) => hiddenBy !== undefined)).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect((await mirror.history.jump(third, head, 'policy')).hiddenBy).toBe('.gitattributes');
  });

  it('when the policy folder lies deeper, then the folders above count too', async () => {
    fromStart();
    bench.repository.commit('main', {
      'access/.gitattributes': 'policy/** gitlab-generated\n',
      'access/policy/a.yaml': 'x',
      'other/.gitattributes': '* -diff\n',
    });
    const [landing] = await mirror.history.landings(start, await mirror.fetch(), 'access/policy');
    expect(landing?.hiddenBy).toBe('access/.gitattributes');
  });
});

describe('given equal trees nested in each other, as a kilobyte of objects makes them', () => {
  it('when they land in the policy folder or beside it, then they are counted and not listed, and git stays small', async () => {
    fromStart();
    const beside = nestTrees(bench.repository, start, 'zz');
    const inside = nestTrees(bench.repository, beside, 'policy/zz');
    const gone = bench.repository.commit('main', { 'policy/zz': null, 'policy/a.yaml': 'x\n' }, { parents: [inside] });
    const head = await mirror.fetch();
    expect(head).toBe(gone);
    const landings = await mirror.history.landings(start, head, 'policy');
    expect(landings).toMatchObject([
      { changes: [], outside: 0 },
      { cut: true, changes: { length: 101 } },
      { cut: true, changes: { length: 101 } },
    ]);
    const paths = ['policy/policy.yaml', 'policy/a.yaml'];
    expect(await mirror.history.entries(commitId(inside), 'policy', paths)).toMatchObject({ files: 11 ** 6 + 1, entries: { size: 1 } });
    expect(await mirror.history.entries(head, 'policy', paths)).toMatchObject({ files: 2, entries: { size: 2 } });
    expect((await mirror.history.jump(start, head, 'policy')).changes).toHaveLength(1);
    expect(await mirror.versions.changeDigests([[start, commitId(inside)]])).toEqual([undefined]);
  });
});

describe('given 3 000 landings', () => {
  it('when they are read, then that takes two processes', async () => {
    fromStart();
    const commits = Array.from({ length: 3_000 }, (_, index) => {
      const from = index === 0 ? `from ${start}\n` : '';
      return `commit refs/heads/main\ncommitter A <a@example.org> ${1_795_423_121 + index} +0000\ndata 0\n${from}M 100644 inline policy/grants/klaxon-users/u${index % 500}.yaml\ndata ${String(index).length}\n${index}\n\n`;
    });
    bench.repository.git(['fast-import', '--quiet'], commits.join(''));
    const head = await mirror.fetch();
    const watched = watchGit(bench.scratch);
    const reader = await bench.open({ path: watched.path });
    const landings = await reader.history.landings(start, head, 'policy');
    expect(watched.calls()).toHaveLength(2);
    expect(landings).toHaveLength(3_000);
    expect(landings.at(-1)?.commit).toBe(head);
  });
});
