// What differs between two commits over the whole tree, and the digest of that.
import { createHash } from 'node:crypto';
import { inOrderOfPath, type CommitId } from '../names.ts';
import { mostFiles } from '../policy/policy.ts';
import { Unusable } from '../errors.ts';
import type { CommitPair, PathChange, TreeEntry } from './landing.ts';
import type { Git } from './runner.ts';
import { Allowance, treeEntry, withTrees, type Trees } from './trees.ts';

/** More paths than these are not listed where all are asked for. */
const mostChanges = 100_000;

/** Everything that differs between two commits. Throws Unusable where that is too much. */
export async function readChanges(git: Git, from: CommitId, to: CommitId): Promise<PathChange[]> {
  const changes = await withTrees(git, (trees) => changesBetween(trees, from, to, mostChanges));
  if (changes) return changes;
  throw new Unusable(
    `the commits ${from} and ${to} differ in more than ${mostChanges} paths, or in folders that are too many or too large to compare`,
  );
}

/** In order; undefined for a pair that differs in more paths than a landing may change: it cannot be what landed. */
export async function readChangeDigests(git: Git, pairs: readonly CommitPair[]): Promise<(string | undefined)[]> {
  return withTrees(git, async (trees) => {
    const digests: (string | undefined)[] = [];
    for (const [from, to] of pairs) {
      const changes = await changesBetween(trees, from, to, mostFiles);
      digests.push(changes && digestOfChanges(changes));
    }
    return digests;
  });
}

async function changesBetween(trees: Trees, from: CommitId, to: CommitId, most: number): Promise<PathChange[] | undefined> {
  const changes: PathChange[] = [];
  const isWhole = await trees.compare('', treeEntry(from), treeEntry(to), new Allowance(), (change) => changes.push(change) <= most);
  return isWhole ? changes.sort(inOrderOfPath) : undefined;
}

/**
 * The digest of a change: SHA-256 over every path that differs, sorted, with old and new mode and content.
 * The same for a landing and for a version of a merge request when, and only when, they change the same paths in the same way.
 */
export function digestOfChanges(changes: readonly PathChange[]): string {
  const hash = createHash('sha256');
  for (const { path, before, after } of changes.toSorted(inOrderOfPath)) {
    // A path cannot hold NUL, so no path can be mistaken for the end of another entry.
    hash.update(`${renderSide(before)} ${renderSide(after)} ${path}\0`);
  }
  return `sha256:${hash.digest('hex')}`;
}

function renderSide(entry: TreeEntry | undefined): string {
  return entry === undefined ? '-' : `${entry.mode} ${entry.blob}`;
}
