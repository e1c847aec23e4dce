import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Mirror } from '../../src/history/mirror.ts';
import { inOrder, type CommitId } from '../../src/names.ts';
import { commitId, makeBench, type Bench } from './mirrors.ts';

let bench: Bench;
let mirror: Mirror;
let tip: CommitId;
beforeAll(async () => {
  bench = makeBench();
  mirror = await bench.open();
  tip = await mirror.fetch();
});
afterAll(() => {
  bench.remove();
});

/** Names that git orders differently as files and as folders, and whole folders of them. */
const name = fc.constantFrom('a', 'a.b', 'a-b', 'ab', 'a0', 'b', 'é', 'policy');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('/'));
const files = fc.dictionary(path, fc.constantFrom('1\n', '2\n'), { maxKeys: 12 }).map((all) => {
  const paths = Object.keys(all);
  // A path cannot be a file and a folder.
  return Object.fromEntries(Object.entries(all).filter(([one]) => !paths.some((other) => other.startsWith(`${one}/`))));
});
const crowd = fc
  .tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 300 }))
  .map(([from, to]) =>
    Object.fromEntries(Array.from({ length: 250 }, (_, place) => [`crowd/${place}`, place >= from && place <= to ? 'x\n' : 'y\n'])),
  );

describe('given two trees', () => {
  it(
    'when they are compared, then they differ in what git says that they differ in, and each has as many files as git lists',
    { timeout: 300_000 },
    async () => {
      const { repository } = bench;
      await fc.assert(
        fc.asyncProperty(files, files, crowd, crowd, async (before, after, many, others) => {
          const from = commitId(repository.commitTree({ ...before, ...many }, { parents: [] }));
          const to = commitId(repository.commitTree({ ...after, ...others }, { parents: [from], message: 'x' }));
          const gone = Object.keys({ ...before, ...many }).filter((one) => !(one in after) && !(one in others));
          const removed = commitId(
            repository.commitTree({ ...Object.fromEntries(gone.map((one) => [one, null])), ...after, ...others }, { parents: [from] }),
          );
          for (const id of [from, to, removed]) repository.branch(`keep-${id}`, id);
          for (const other of [to, removed]) {
            const said = repository.git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, other]).split('\0').filter(Boolean);
            const history = (await mirror.proposal(other, tip)) ?? mirror.history;
            const found = (await history.changes(from, other)).map((change) => change.path);
            expect(found).toEqual([...new Set(said)].sort(inOrder));
            const listed = repository.git(['ls-tree', '-r', '-z', '--name-only', other]).split('\0').filter(Boolean);
            const { entries, files: count } = await history.entries(other, '', [...listed, 'nothing', 'a']);
            expect([count, [...entries.keys()].sort(inOrder)]).toEqual([listed.length, listed.sort(inOrder)]);
          }
        }),
        { numRuns: 30, seed: 1 },
      );
    },
  );
});
