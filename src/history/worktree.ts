// A clone with its files, as people and CI jobs have it: what stood in a revision, and what lies on the disk now. Only plumbing, nothing is run
// that the clone's own configuration names.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

import type { PathChange, TreeEntry } from './landing.ts';
import { duration, parseBlobId, parseCommitId, type BlobId, type CommitId } from '../names.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { createHistory } from './history.ts';
import type { Blobs } from './objects.ts';
import { createGit } from './runner.ts';

export interface Worktree {
  /** The top of the clone on the disk. */
  readonly top: string;
  /** The folder that was asked for, from the top; `''` is the top itself. */
  readonly folder: string;
  /** Where the change begins: the last commit that the revision and what is checked out have in common. Throws Misuse. */
  comparedWith(revision: string): Promise<{ readonly base: CommitId; readonly head: CommitId }>;
  tree(commit: CommitId): Promise<ReadonlyMap<string, TreeEntry>>;
  /** The folder as it lies on the disk, committed or not; paths are from the top. Links are told as links. */
  treeOnDisk(): Promise<ReadonlyMap<string, TreeEntry>>;
  blobs(ids: Iterable<BlobId>, limit: number): Promise<Blobs>;
  changes(from: CommitId, to: CommitId): Promise<readonly PathChange[]>;
  hiddenBy(from: CommitId, to: CommitId): Promise<string | undefined>;
}

/** Throws Misuse where `directory` lies in no clone. */
export async function openWorktree(directory: string, surroundings: { readonly path: string; readonly home: string }): Promise<Worktree> {
  const inside = realPathOf(directory);
  const { top, gitFolder } = findClone(inside);
  const folder = relative(top, inside).split(sep).join('/');
  const git = createGit({ ...surroundings, folder: gitFolder, url: '', timeout: duration(60_000) });
  const history = createHistory(git);
  const resolveRevision = async (revision: string): Promise<CommitId> => {
    const outcome = await git.run('mirror', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
    if (outcome.kind === 'late') throw new Unavailable('git', `it took too long to find "${revision}" in the clone in ${top}`);
    const commit = outcome.kind === 'done' ? parseCommitId(outcome.output.trim()) : undefined;
    if (!commit) throw new Misuse(`"${revision}" names no commit of the clone in ${top}; fetch it first`);
    return commit;
  };
  return {
    top,
    folder,
    async comparedWith(revision) {
      const [there, head] = [await resolveRevision(revision), await resolveRevision('HEAD')];
      const base = await readable(history.mergeBase(there, head), top);
      if (!base) throw new Misuse(`"${revision}" has no commit in common with what is checked out; in a CI job, set GIT_DEPTH: 0`);
      return { base, head };
    },
    tree: (commit) => readable(history.policyTree(commit, folder), top),
    treeOnDisk: async () => new Map(entriesBelow(inside, folder)),
    blobs: (ids, limit) => readable(history.blobs(ids, limit), top),
    changes: (from, to) => readable(history.changes(from, to), top),
    hiddenBy: async (from, to) => (from === to ? undefined : (await readable(history.jump(from, to, folder), top)).hiddenBy),
  };
}

/** What a mirror's messages advise, to remove it, is nothing for a clone that somebody works in. */
async function readable<Result>(answer: Promise<Result>, top: string): Promise<Result> {
  return answer.catch((error: unknown) => {
    if (error instanceof Unusable)
      throw new Unusable(
        `the clone in ${top} cannot be read whole: it may be a shallow one (git fetch --unshallow; in a CI job GIT_DEPTH: 0)`,
      );
    throw error;
  });
}

function realPathOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    throw new Misuse(`${directory} is not there`);
  }
}

/** `.git` is a folder, or a file that names one (gitrepository-layout(5)). */
function findClone(from: string): { readonly top: string; readonly gitFolder: string } {
  for (let top = from; ; top = dirname(top)) {
    const place = join(top, '.git');
    const kind = lstatSync(place, { throwIfNoEntry: false });
    if (kind?.isDirectory()) return { top, gitFolder: place };
    const named = kind?.isFile() ? /^gitdir: (.+)$/m.exec(readFileSync(place, 'utf8'))?.[1] : undefined;
    if (named !== undefined) return { top, gitFolder: resolve(top, named) };
    if (dirname(top) === top) throw new Misuse(`${from} lies in no git clone, so there is nothing to compare it with`);
  }
}

function entriesBelow(directory: string, path: string): readonly (readonly [string, TreeEntry])[] {
  const found: (readonly [string, TreeEntry])[] = [];
  for (const { name } of readdirSync(directory, { withFileTypes: true })) {
    if (name === '.git') continue;
    const file = join(directory, name);
    const inTree = path === '' ? name : `${path}/${name}`;
    const kind = lstatSync(file);
    if (kind.isDirectory()) found.push(...entriesBelow(file, inTree));
    else if (kind.isSymbolicLink()) found.push([inTree, entry('120000', Buffer.from(readlinkSync(file)))]);
    else if (kind.isFile()) found.push([inTree, entry((kind.mode & 0o100) === 0 ? '100644' : '100755', readFileSync(file))]);
  }
  return found;
}

/** Git names a blob by the SHA-1 of a header and its bytes (git-hash-object(1)). */
function entry(mode: string, bytes: Uint8Array): TreeEntry {
  const blob = parseBlobId(createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'));
  if (!blob) throw new Error('a SHA-1 has 40 hex digits');
  return { mode, blob };
}
