// Real git repositories made by plumbing: no checkout, fixed names and times, so that the same test makes the same commits.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderImport, type FileChange } from './fast-import.ts';

export interface CommitDetails {
  readonly message?: string;
  /** Author's and committer's time; a minute after the last commit of this repository when left out. */
  readonly date?: string | Date;
  /** Commits or refs; the tip of the branch when left out, none for an empty list. */
  readonly parents?: readonly string[];
  readonly author?: string;
}

export interface Repository {
  /** The bare repository: what a server serves, and what `git fetch` takes as a local URL. */
  readonly path: string;
  /** Runs git in it; text on stdout without the final newline. Throws with git's words. */
  git(args: readonly string[], input?: string | Buffer): string;
  /** The commit a ref or any revision names. */
  resolve(revision: string): string;
  /** The text of a file in a commit; undefined when it is not there. */
  read(revision: string, path: string): string | undefined;
  /** A new commit on top of a branch (made when missing), which moves to it. Gives its id. */
  commit(branch: string, files: Readonly<Record<string, FileChange>>, details?: CommitDetails): string;
  /** A commit that no branch points to; it starts from the files of the first parent. */
  commitTree(files: Readonly<Record<string, FileChange>>, details: CommitDetails & { readonly parents: readonly string[] }): string;
  /** Starts a branch at a revision, or moves it there by force. */
  branch(name: string, at: string): void;
  deleteBranch(name: string): void;
  /**
   * Merges `source` into `target` as GitLab does: `merge` always makes a merge commit, `squash` one commit with the tree of the merge,
   * `fast-forward` moves the branch, `ours` makes a merge commit that takes nothing. Gives the new tip. Throws on conflicts.
   */
  merge(target: string, source: string, how?: 'merge' | 'squash' | 'fast-forward' | 'ours', details?: CommitDetails): string;
  /** Commits of `source` since its base with `target`, made anew on top of `target`. Gives the new tip of `source`. */
  rebase(source: string, target: string, details?: CommitDetails): string;
  remove(): void;
}

const defaultAuthor = 'Alice <alice@example.org>';

/** An empty bare repository in a temporary folder, whose HEAD is `main`. */
export function makeRepository(options: { readonly path?: string; readonly startsAt?: string } = {}): Repository {
  const path = options.path ?? mkdtempSync(join(tmpdir(), 'muster-git-'));
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', path], { env: environment({}) });
  const clock = new CommitClock(options.startsAt ?? '2026-11-01T00:00:00Z');
  const run = (args: readonly string[], input?: string | Buffer, more: Readonly<Record<string, string>> = {}) =>
    runGit(path, args, input, more);
  const git: Repository['git'] = (args, input) => run(args, input);
  // Tests name branches and commits; a process for each would take longer than what is tested.
  const tip = (branch: string) => looseRef(path, `refs/heads/${branch}`);
  const resolve = (revision: string) => tip(revision) ?? git(['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]);
  const exists = (branch: string) => tip(branch) !== undefined || git(['for-each-ref', `refs/heads/${branch}`]) !== '';
  const branch = (name: string, at: string) => void git(['update-ref', `refs/heads/${name}`, resolve(at)]);

  const record = (tree: string, parents: readonly string[], details: CommitDetails): string => {
    const parentArguments = parents.flatMap((parent) => ['-p', resolve(parent)]);
    return run(['commit-tree', tree, ...parentArguments], `${details.message ?? 'Change'}\n`, commitEnvironment(details, clock));
  };
  const importCommit = (
    ref: string,
    files: Readonly<Record<string, FileChange>>,
    parents: readonly string[],
    details: CommitDetails,
  ): string => {
    const { author = defaultAuthor, message = 'Change', date } = details;
    const text = renderImport({ ref, files, parents, author, message, seconds: clock.next(date) });
    return git(['fast-import', '--quiet', '--force', '--done', '--cat-blob-fd=1'], text);
  };
  const commit: Repository['commit'] = (name, files, details = {}) =>
    importCommit(`refs/heads/${name}`, files, details.parents ?? (exists(name) ? [name] : []), details);
  const commitTree: Repository['commitTree'] = (files, details) => {
    const made = importCommit('refs/unnamed', files, details.parents, details);
    git(['update-ref', '-d', 'refs/unnamed']);
    return made;
  };

  return {
    path,
    git,
    resolve,
    commit,
    commitTree,
    branch,
    deleteBranch: (name) => void git(['update-ref', '-d', `refs/heads/${name}`]),
    read: (revision, file) => {
      if (git(['ls-tree', revision, '--', file]) === '') return undefined;
      return runGit(path, ['cat-file', 'blob', `${revision}:${file}`], undefined, {}, false);
    },
    merge: (target, source, how = 'merge', details = {}) => {
      const made = how === 'fast-forward' ? fastForward(git, resolve, target, source) : merged(git, record, target, source, how, details);
      branch(target, made);
      return made;
    },
    rebase: (source, target, details = {}) => {
      const commits = git(['rev-list', '--reverse', '--no-merges', `${target}..${source}`])
        .split('\n')
        .filter(Boolean);
      const tip = commits.reduce((onto, picked) => {
        const tree = pickedTree(git, onto, picked);
        return record(tree, [onto], { message: git(['log', '-1', '--format=%B', picked]), ...details });
      }, resolve(target));
      branch(source, tip);
      return tip;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** gitrepository-layout(5): a ref that is not packed is a file with the name of its commit. */
export function looseRef(repository: string, ref: string): string | undefined {
  const file = join(repository, ref);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8').trim() : undefined;
}

function fastForward(git: Repository['git'], resolve: (revision: string) => string, target: string, source: string): string {
  git(['merge-base', '--is-ancestor', target, source]);
  return resolve(source);
}

function merged(
  git: Repository['git'],
  record: (tree: string, parents: readonly string[], details: CommitDetails) => string,
  target: string,
  source: string,
  how: 'merge' | 'squash' | 'ours',
  details: CommitDetails,
): string {
  const tree = how === 'ours' ? git(['rev-parse', `${target}^{tree}`]) : git(['merge-tree', '--write-tree', target, source]);
  const parents = how === 'squash' ? [target] : [target, source];
  return record(tree, parents, { message: `Merge branch '${source}' into '${target}'`, ...details });
}

/** The tree of `onto` with what `picked` changed. Stand-in commits give the merge its base: git before 2.40 cannot be told one. */
function pickedTree(git: Repository['git'], onto: string, picked: string): string {
  const standIn = (commit: string, ...parents: string[]) =>
    git(['-c', 'user.name=x', '-c', 'user.email=x@example.org', 'commit-tree', `${commit}^{tree}`, ...parents, '-m', 'x']);
  const base = standIn(`${picked}^`);
  return git(['merge-tree', '--write-tree', standIn(onto, '-p', base), standIn(picked, '-p', base)]);
}

/** Commits without a date of their own are a minute apart, so that their order shows and their ids repeat. */
class CommitClock {
  private seconds: number;

  constructor(startsAt: string) {
    this.seconds = Date.parse(startsAt) / 1000;
  }

  next(date: string | Date | undefined): number {
    this.seconds = date === undefined ? this.seconds + 60 : new Date(date).getTime() / 1000;
    return Math.floor(this.seconds);
  }
}

function commitEnvironment({ date, author = defaultAuthor }: CommitDetails, clock: CommitClock): Record<string, string> {
  const [, name = author, mail = ''] = /^(.*) <(.*)>$/.exec(author) ?? [];
  const time = `@${clock.next(date)} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: mail,
    GIT_AUTHOR_DATE: time,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: mail,
    GIT_COMMITTER_DATE: time,
  };
}

function runGit(
  path: string,
  args: readonly string[],
  input?: string | Buffer,
  more: Readonly<Record<string, string>> = {},
  trim = true,
): string {
  const text = execFileSync('git', ['-C', path, ...args], {
    env: environment(more),
    input: input ?? '',
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 2 ** 28,
  });
  return trim ? text.trimEnd() : text;
}

/** Nothing of this machine's or this user's configuration. */
export function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    ...more,
  };
}
