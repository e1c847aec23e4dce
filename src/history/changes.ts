// Reads what differs between commits from the mirror, and the digests of that: of one pair, or of many by one process.
import type { CommitPair, PathChange } from './landing.ts';
import type { CommitId } from '../names.ts';
import { Unusable } from '../errors.ts';
import { rawDiff } from './landings.ts';
import { nulRecords } from './nul-records.ts';
import { digestOfChanges, readRawChanges } from './raw-changes.ts';
import type { Git } from './runner.ts';

/** Everything that differs between two commits, over the whole tree. */
export async function readChanges(git: Git, from: CommitId, to: CommitId): Promise<PathChange[]> {
  const all: string[] = [];
  for await (const records of nulRecords(git.stream(['diff-tree', '-r', ...rawDiff, from, to, '--'])))
    for (const record of records) all.push(record);
  return readRawChanges(all);
}

/**
 * git-diff-tree(1): a line that names two commits compares the first with the second as if that were its parent, and prints the first; with
 * `--always` also where nothing differs. Each is hashed as it ends, so that no more than one change is held.
 */
export async function readChangeDigests(git: Git, pairs: readonly CommitPair[]): Promise<string[]> {
  if (pairs.length === 0) return [];
  const input = pairs.map(([from, to]) => `${to} ${from}\n`).join('');
  const digests: string[] = [];
  let records: string[] | undefined;
  const finish = (): void => {
    if (records) digests.push(digestOfChanges(readRawChanges(records)));
  };
  for await (const batch of nulRecords(git.stream(['diff-tree', '--stdin', '--always', '-r', ...rawDiff], input))) {
    for (const record of batch) {
      // A path follows its entry, so what follows a whole change and is no entry is the next commit.
      if (records && (records.length % 2 === 1 || record.startsWith(':'))) {
        records.push(record);
        continue;
      }
      finish();
      if (record !== pairs[digests.length]?.[1])
        throw new Unusable(`git printed another commit than was asked for: ${record.slice(0, 100)}`);
      records = [];
    }
  }
  finish();
  if (digests.length < pairs.length) throw new Unusable('the changes that git printed were cut short');
  return digests;
}
