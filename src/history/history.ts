// Reads the branch from the mirror by plumbing only. Nothing is checked out, and nothing here speaks to the server.
import type { Ancestry, Landing, PathChange, PolicyEntries, PolicyTree, TreeEntry } from './landing.ts';
import { isInstant, parseCommitId, type BlobId, type CommitId, type Instant } from '../names.ts';
import { Unusable } from '../errors.ts';
import { readChanges } from './changes.ts';
import { chainBegins, readJump, readLandings } from './read-landings.ts';
import { commitsPresent, readBlobs, type Blobs } from './objects.ts';
import { damagedMirror, slowMirror, type Git, type Outcome } from './runner.ts';
import { Allowance, withTrees } from './trees.ts';

/** Folders are given from the root of the repository, without a slash at the end; `''` is the root. All throw Unusable when the mirror is damaged. */
export interface History {
  /** How a commit judged earlier stands to the branch's tip. One that the mirror does not have was rewritten away. */
  ancestry(judged: CommitId, head: CommitId): Promise<Ancestry>;
  /** The landings after `after`, oldest first; the last is `head`, or one to go on from. `after` must be on the chain: see `ancestry`. */
  landings(after: CommitId, head: CommitId, folder: string): Promise<Landing[]>;
  /** The one landing that stands for all between `after` and `head` when `after` went off the chain. */
  jump(after: CommitId, head: CommitId, folder: string): Promise<Landing>;
  /** The policy folder of a commit; empty where the commit has none. */
  policyTree(commit: CommitId, folder: string): Promise<PolicyTree>;
  /** What stands at these paths of a commit, and how many files there are in the policy folder, however many that are. */
  entries(commit: CommitId, folder: string, paths: readonly string[]): Promise<PolicyEntries>;
  /** Contents of at most `limit` bytes each; longer ones are named and not read. */
  blobs(ids: Iterable<BlobId>, limit: number): Promise<Blobs>;
  /** Everything that differs between two commits, over the whole tree. */
  changes(from: CommitId, to: CommitId): Promise<PathChange[]>;
  /** The last commit that both have in their history; undefined where they have none, or the history here is cut short. */
  mergeBase(left: CommitId, right: CommitId): Promise<CommitId | undefined>;
  /** First parent first. */
  parents(commit: CommitId): Promise<CommitId[]>;
  /** Committer time, as whoever made the commit wrote it. */
  committedAt(commit: CommitId): Promise<Instant>;
}

/** `read`: what becomes of each question, such as another try where the mirror turns out to be damaged. */
export function createHistory(git: Git, read: <Result>(ask: () => Promise<Result>) => Promise<Result> = (ask) => ask()): History {
  return {
    ancestry: (judged, head) => read(() => judgeAncestry(git, judged, head)),
    landings: (after, head, folder) => read(() => readLandings(git, after, head, folder)),
    jump: (after, head, folder) => read(() => readJump(git, after, head, folder)),
    policyTree: (commit, folder) => read(() => readPolicyTree(git, commit, folder)),
    entries: (commit, folder, paths) => read(() => readEntries(git, commit, folder, paths)),
    blobs: (ids, limit) => {
      const wanted = [...ids];
      return read(() => readBlobs(git, wanted, limit));
    },
    changes: (from, to) => read(() => readChanges(git, from, to)),
    mergeBase: (left, right) => read(() => readMergeBase(git, left, right)),
    parents: (commit) => read(() => readParents(git, commit)),
    committedAt: (commit) => read(() => readCommitterTime(git, commit)),
  };
}

async function judgeAncestry(git: Git, judged: CommitId, head: CommitId): Promise<Ancestry> {
  if (judged === head) return 'on-chain';
  if (!(await commitsPresent(git, [judged])).has(judged)) return 'rewritten';
  // The chain is followed until it meets the history of `judged`; where it does, its last step stands on `judged` or on something older.
  if ((await chainBegins(git, judged, head)) === judged) return 'on-chain';
  const isAncestor = (await answerOf(git, ['merge-base', '--is-ancestor', judged, head])) !== undefined;
  return isAncestor ? 'off-chain' : 'rewritten';
}

async function readMergeBase(git: Git, left: CommitId, right: CommitId): Promise<CommitId | undefined> {
  return parseCommitId((await answerOf(git, ['merge-base', left, right]))?.split('\n')[0] ?? '');
}

async function readParents(git: Git, commit: CommitId): Promise<CommitId[]> {
  const line = await readLocal(git, ['rev-list', '--max-count=1', '--parents', commit, '--']);
  const [named, ...parents] = line.trim().split(' ').map(parseCommitId);
  if (named !== commit) throw new Unusable(`git does not know commit ${commit}`);
  return parents.filter((parent) => parent !== undefined);
}

async function readCommitterTime(git: Git, commit: CommitId): Promise<Instant> {
  const answer = (await readLocal(git, ['log', '--max-count=1', '--format=%ct', commit, '--'])).trim();
  const milliseconds = Number(answer) * 1000;
  if (answer === '' || !isInstant(milliseconds)) throw new Unusable(`git does not know commit ${commit}, or when it was made`);
  return milliseconds;
}

/** More files than these no policy has. */
const mostPolicyFiles = 200_000;

async function readPolicyTree(git: Git, commit: CommitId, folder: string): Promise<PolicyTree> {
  return withTrees(git, async (trees) => {
    const tree = new Map<string, TreeEntry>();
    const isWhole = await trees.compare(folder, undefined, await trees.find(commit, folder), new Allowance(), ({ path, after }) => {
      // The check on fetch refuses such trees; this stands for a mirror filled by other hands. Two names that are not UTF-8 may look alike.
      if (tree.has(path) && !path.includes('\uFFFD')) throw new Unusable(`the tree of ${commit} names a path twice`);
      if (after) tree.set(path, after);
      return tree.size <= mostPolicyFiles;
    });
    if (!isWhole)
      throw new Unusable(`${folder} in commit ${commit} has more than ${mostPolicyFiles} files, or more folders than can be read`);
    return tree;
  });
}

async function readEntries(git: Git, commit: CommitId, folder: string, paths: readonly string[]): Promise<PolicyEntries> {
  return withTrees(git, async (trees) => ({
    entries: await trees.findAll(commit, paths),
    files: await trees.count(await trees.find(commit, folder)),
  }));
}

async function readLocal(git: Git, args: readonly string[]): Promise<string> {
  const outcome = await git.run('mirror', args);
  if (outcome.kind === 'done') return outcome.output;
  throw failureOf(git, outcome);
}

/** git-merge-base(1): status 1 is the answer no, and here undefined; every other failure is a failure. */
async function answerOf(git: Git, args: readonly string[]): Promise<string | undefined> {
  const outcome = await git.run('mirror', args);
  if (outcome.kind === 'done') return outcome.output;
  if (outcome.kind === 'failed' && outcome.exitCode === 1) return undefined;
  throw failureOf(git, outcome);
}

function failureOf(git: Git, outcome: Exclude<Outcome, { readonly kind: 'done' }>): Error {
  return outcome.kind === 'late' ? slowMirror(git) : damagedMirror(git, outcome.words);
}
