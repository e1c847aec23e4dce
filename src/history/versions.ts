// What merge requests are made of that the branch does not lead to. Of older versions that is what is compared: their trees, without what their files
// contain and without their history; of one that is open its history too, and the files that may be a policy's. They lie in folders of their own beside
// the mirror, made anew in every process that needs them: a fetch of the branch must never take for granted that what they lack is there.
import { join } from 'node:path';
import type { CommitId } from '../names.ts';
import { duration } from '../names.ts';
import { Unusable } from '../errors.ts';
import { minute } from '../time.ts';
import { readChangeDigests } from './changes.ts';
import type { GitSettings } from './environment.ts';
import { longestAttributes } from './hidden-diff.ts';
import { createHistory, type History } from './history.ts';
import type { CommitPair } from './landing.ts';
import { branchRef, headFile, makeRepository, renderConfiguration } from './mirror-layout.ts';
import { commitsPresent } from './objects.ts';
import { createGit, type Git } from './runner.ts';
import { runFetch, type FetchOptions } from './server.ts';

/** `refused`: the server has no such commit, or sends one that fails git's check. Both are final. */
export type CommitPresence = 'present' | 'refused';

export interface Versions {
  /** Throws Unavailable when the server does not answer, or not in time: then nothing is known of what is missing. */
  ensureCommits(commits: Iterable<CommitId>): Promise<ReadonlyMap<CommitId, CommitPresence>>;
  /** The digests of what differs, in order; undefined where that is more than a landing may change. */
  changeDigests(pairs: readonly CommitPair[]): Promise<(string | undefined)[]>;
}

/** Commits fetched by their ids stand here. */
const namedRefs = 'refs/muster/named';

/** 64 MiB. */
const longestFile = 128 * 1024;

/** Trees of many versions fit into that. A server that cannot leave contents out sends those of the one commit. */
const onlyTrees: FetchOptions = { options: ['--depth=1', '--filter=blob:none'], longestFile };

/** No file of a policy is as long as an attributes file may be. */
const withoutLongFiles: FetchOptions = { options: [`--filter=blob:limit=${longestAttributes + 1}`], longestFile };

const longestFetch = duration(minute);

/** Commits to fetch in one go. */
const mostAtOnce = 50;

/** Reads them together with the mirror, which promises nothing: what is missing there is missing, and git fetches nothing to fill a gap. */
export function openVersions(settings: GitSettings): Versions {
  const folder = `${settings.folder}.versions`;
  const reader = createGit({ ...settings, objects: join(folder, 'objects') });
  const fetcher = createGit({ ...settings, folder, timeout: duration(Math.min(longestFetch, settings.timeout)) });
  let isMade = false;
  const made = (): void => {
    if (!isMade) makeFolder(folder, settings.url, {});
    isMade = true;
  };
  return {
    async ensureCommits(commits) {
      made();
      const wanted = [...new Set(commits)];
      const here = await commitsPresent(reader, wanted);
      const missing = wanted.filter((commit) => !here.has(commit));
      const refused = new Set<CommitId>();
      for (let start = 0; start < missing.length; start += mostAtOnce)
        for (const commit of await fetchCommits(fetcher, missing.slice(start, start + mostAtOnce))) refused.add(commit);
      // What was fetched may still be no commit but a tag or a tree.
      const fetched = missing.length === 0 ? here : await commitsPresent(reader, wanted);
      const isPresent = (commit: CommitId): boolean => fetched.has(commit) && !refused.has(commit);
      return new Map(wanted.map((commit) => [commit, isPresent(commit) ? 'present' : 'refused']));
    },
    async changeDigests(pairs) {
      made();
      return readChangeDigests(reader, pairs);
    },
  };
}

/** Gives those that the server refuses. One bad commit spoils a whole fetch, so it is found and the others are asked for again. */
async function fetchCommits(git: Git, batch: readonly CommitId[]): Promise<CommitId[]> {
  if (batch.length === 0) return [];
  const outcome = await runFetch(
    git,
    batch.map((commit) => `+${commit}:${namedRefs}/${commit}`),
    onlyTrees,
  );
  if (outcome.kind === 'fetched') return [];
  const named = outcome.kind === 'unanswered' ? batch.filter((commit) => isRefusal(outcome.stderr, commit)) : [];
  if (named.length > 0) {
    const rest = batch.filter((commit) => !named.includes(commit));
    return [...named, ...(await fetchCommits(git, rest))];
  }
  if (outcome.kind === 'unanswered') throw outcome.error;
  if (batch.length === 1) return [...batch];
  const half = Math.ceil(batch.length / 2);
  return [...(await fetchCommits(git, batch.slice(0, half))), ...(await fetchCommits(git, batch.slice(half)))];
}

/** upload-pack says the first where it may look at all objects (gitprotocol-v2(5)), our own git the second where the server offers only its refs. */
function isRefusal(stderr: string, commit: CommitId): boolean {
  return stderr
    .split('\n')
    .some((line) => line.endsWith(`not our ref ${commit}`) || line.endsWith(`request for unadvertised object ${commit}`));
}

/**
 * The branch together with the history that leads to `head`, which is on no branch that is known; undefined where the server has no such commit.
 * Throws Unusable where it is more than is read of a merge request, or fails git's check.
 */
export async function readProposal(settings: GitSettings, head: CommitId, tip: CommitId): Promise<History | undefined> {
  const folder = `${settings.folder}.proposal`;
  // With all of the branch at hand, no more comes than what the branch lacks.
  const mirror = join(settings.folder, 'objects');
  makeFolder(folder, settings.url, { 'objects/info/alternates': `${mirror}\n`, [branchRef]: `${tip}\n` });
  const fetcher = createGit({ ...settings, folder, timeout: duration(Math.min(longestFetch, settings.timeout)) });
  const outcome = await runFetch(fetcher, [`+${head}:${namedRefs}/${head}`], withoutLongFiles);
  if (outcome.kind === 'damaged')
    throw new Unusable(
      `the commit ${head} cannot be read (${outcome.words}): whoever opened the merge request makes a new branch, with the change alone, for another one`,
    );
  if (outcome.kind === 'unanswered') {
    if (isRefusal(outcome.stderr, head)) return undefined;
    throw outcome.error;
  }
  const reader = createGit({ ...settings, objects: join(folder, 'objects'), lacksLongFiles: true });
  return (await commitsPresent(reader, [head])).has(head) ? createHistory(reader) : undefined;
}

export function makeFolder(folder: string, url: string, more: Readonly<Record<string, string>>): void {
  // Said here, and not by a fetch, which would write it: what a commit names may be missing.
  const config = `${renderConfiguration(url)}\tpromisor = true\n\tpartialclonefilter = blob:none\n`;
  makeRepository(folder, new Map(Object.entries({ config, HEAD: headFile, ...more })));
}
