// A bare copy of the policy repository: the only thing that is ever read, and disposable. What came in was checked by git's fsck.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { isBranchName, type CommitId } from '../names.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import type { GitSettings } from './environment.ts';
import { createHistory, type History } from './history.ts';
import { ensureCommits, type CommitPresence } from './kept-commits.ts';
import { branchRef, prepareMirror, readTip, shownUrl } from './mirror-layout.ts';
import { createGit, type Git } from './runner.ts';
import { readServerTip, runFetch } from './server.ts';

export interface MirrorSettings extends GitSettings {
  /** The branch that is judged, as in `main`. */
  readonly branch: string;
}

export interface Mirror {
  /** What had to be thrown away to trust the folder, for people to read. */
  readonly notes: readonly string[];
  readonly history: History;
  /**
   * The branch's tip on the server, now in the mirror too; one small question when nothing moved. Throws Unavailable when the server does not
   * answer, answers with something else than git, or has no branch, and Unusable when it has other branches only, or what it sends is
   * damaged or dangerous.
   */
  fetch(): Promise<CommitId>;
  /** The tip as last fetched; undefined when there never was one. */
  head(): Promise<CommitId | undefined>;
  /** Fetches the commits that are not in the mirror yet and keeps them. */
  ensureCommits(commits: Iterable<CommitId>): Promise<ReadonlyMap<CommitId, CommitPresence>>;
}

/** So many packs are put together into one: every look-up goes through all of them. */
const mostPacks = 50;

/** Makes `folder` a mirror of `url` if it is not one yet, or not one that can be trusted. One process at a time may have it open. */
export async function openMirror(settings: MirrorSettings): Promise<Mirror> {
  const { folder, url, branch } = settings;
  if (!isBranchName(branch)) throw new Misuse(`repository.branch ${JSON.stringify(branch)} cannot be the name of a branch`);
  // A control character would end the line of the mirror's configuration that holds the url; a dash would make it an option.
  if (/[^\x21-\x7e]|^-|^$/.test(url.replaceAll(' ', ''))) throw new Misuse('repository.url cannot be the address of a repository');
  const notes = prepareMirror(folder, url);
  const git = createGit(settings);
  const onBranch = new Set<CommitId>();
  return {
    notes,
    history: createHistory(git, (commit) => void onBranch.add(commit)),
    fetch: () => fetchBranch(git, branch),
    head: () => Promise.resolve(readTip(folder)),
    ensureCommits: (commits) => ensureCommits(git, [...commits], onBranch),
  };
}

async function fetchBranch(git: Git, branch: string): Promise<CommitId> {
  const tip = await readServerTip(git, branch);
  if (tip === readTip(git.settings.folder)) return tip;
  const outcome = await runFetch(git, [`+refs/heads/${branch}:${branchRef}`]);
  if (outcome.kind === 'damaged')
    throw new Unusable(`branch ${branch} of ${shownUrl(git.settings.url)} holds objects that git refuses: ${outcome.words}`);
  if (outcome.kind === 'unanswered') throw outcome.error;
  const fetched = readTip(git.settings.folder);
  if (fetched === undefined)
    throw new Unavailable('git', `branch ${branch} of ${shownUrl(git.settings.url)} could not be stored in ${git.settings.folder}`);
  await putPacksTogether(git);
  return fetched;
}

async function putPacksTogether(git: Git): Promise<void> {
  const packs = readdirSync(join(git.settings.folder, 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
  if (packs.length <= mostPacks) return;
  // `-n` leaves out the lists for dumb servers. A failure costs speed and nothing else: the packs stay as they are.
  await git.run('mirror', ['repack', '-a', '-d', '-n', '-q']);
}
