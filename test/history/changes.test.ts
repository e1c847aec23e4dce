import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Mirror } from '../../src/history/mirror.ts';
import { digestOfChanges } from '../../src/history/changes.ts';
import type { CommitId } from '../../src/names.ts';
import { Unusable } from '../../src/errors.ts';
import type { PathChange } from '../../src/history/landing.ts';
import { blobId, commitId, failureOf, makeBench, type Bench } from './mirrors.ts';

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

describe('given the digest of a change', () => {
  it('when the same change is squashed or rebased, then it stays; when anything more slips in, then it differs', async () => {
    fromStart();
    bench.repository.branch('version', start);
    bench.repository.commit('version', { 'policy/groups/a.yaml': 'half\n' });
    const version = commitId(bench.repository.commit('version', { 'policy/groups/a.yaml': 'whole\n' }));
    const before = commitId(bench.repository.commit('main', { README: 'x\n' }));
    bench.repository.merge('main', 'version', 'squash');
    const head = await mirror.fetch();
    await mirror.versions.ensureCommits([version]);
    const [seen, landed] = await mirror.versions.changeDigests([
      [start, version],
      [before, head],
    ]);
    const [landing] = await mirror.history.landings(before, head, 'policy');
    expect(seen).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(landed).toBe(seen);
    expect(digestOfChanges(landing?.changes ?? [])).toBe(seen);
    const evil = commitId(bench.repository.commitTree({ 'policy/groups/a.yaml': 'whole\n', 'bin/x': 'y\n' }, { parents: [before] }));
    const executable = commitId(
      bench.repository.commitTree({ 'policy/groups/a.yaml': { mode: '100755', content: 'whole\n' } }, { parents: [before] }),
    );
    for (const id of [evil, executable]) bench.repository.branch(`keep-${id}`, id);
    await mirror.versions.ensureCommits([evil, executable]);
    const others = await mirror.versions.changeDigests([
      [before, evil],
      [before, executable],
      [head, before],
    ]);
    expect(others).toHaveLength(3);
    expect(others).not.toContain(seen);
  });

  it('when many are asked for at once, then each is that of its own pair: also of merges, of nothing, and of paths that look like commits', async () => {
    fromStart();
    bench.repository.branch('topic', start);
    bench.repository.commit('topic', { 'policy/t.yaml': 't\n' });
    const commits = [start];
    const add = (commit: string) => void commits.push(commitId(commit));
    add(bench.repository.commit('main', { [start]: 'a path like a commit\n', ':100644': 'x\n' }));
    add(bench.repository.merge('main', 'topic'));
    add(bench.repository.commit('main', {}));
    add(bench.repository.commit('main', { [start]: null, 'policy/t.yaml': { mode: '120000', content: 'x' } }));
    await mirror.fetch();
    const pairs = commits.flatMap((from) => commits.map((to) => [from, to] as const));
    const alone = await Promise.all(pairs.map(async ([from, to]) => digestOfChanges(await mirror.history.changes(from, to))));
    expect(await mirror.versions.changeDigests(pairs)).toEqual(alone);
    expect(new Set(alone).size).toBeGreaterThan(commits.length);
    expect(await mirror.versions.changeDigests([])).toEqual([]);
  });

  it.each([
    { given: 'the first', from: '1'.repeat(40), to: undefined },
    { given: 'the second', from: undefined, to: '1'.repeat(40) },
  ])('when $given of a pair is not there, then no digest at all is given', async ({ from, to }) => {
    fromStart();
    const head = commitId(bench.repository.commit('main', { README: 'x\n' }));
    await mirror.fetch();
    const pair = [commitId(from ?? start), commitId(to ?? head)] as const;
    expect(await failureOf(mirror.versions.changeDigests([[start, head], pair, [start, head]]))).toBeInstanceOf(Unusable);
  });
});

const side = fc.record({
  mode: fc.constantFrom('100644', '100755', '120000'),
  blob: fc.constantFrom('a', 'b', 'c').map((digit) => blobId(digit.repeat(40))),
});
const changeLists: fc.Arbitrary<PathChange[]> = fc.uniqueArray(
  fc.record({ path: fc.string({ minLength: 1, maxLength: 3 }).filter((path) => !path.includes('\0')), before: side, after: side }),
  { selector: ({ path }) => path, maxLength: 6 },
);

describe('given the digest of a change', () => {
  it('when the order of its paths is another, then the digest is the same', () => {
    fc.assert(
      fc.property(changeLists, (changes) => {
        expect(digestOfChanges(changes.toReversed())).toBe(digestOfChanges(changes));
      }),
    );
  });

  it('when two changes differ in anything, then so do their digests', () => {
    const sorted = (changes: readonly PathChange[]): string => JSON.stringify(changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)));
    const similar = changeLists.chain((changes) =>
      fc.tuple(
        fc.constant(changes),
        fc.oneof(
          changeLists,
          fc.constant(changes.slice(1)),
          fc.constant(changes.map(({ path, after }, index) => (index === 0 && after ? { path, after } : { path }))),
          side.map((after) => changes.map((change, index) => (index === 0 ? { ...change, after } : change))),
        ),
      ),
    );
    fc.assert(
      fc.property(similar, ([one, other]) => {
        expect(digestOfChanges(one) === digestOfChanges(other)).toBe(sorted(one) === sorted(other));
      }),
    );
  });
});
