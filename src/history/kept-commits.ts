// Fetches single commits by their ids: what older versions of a merge request were made of. The branch does not lead to them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { CommitId } from '../names.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { keptRefs } from './mirror-layout.ts';
import { commitsPresent } from './objects.ts';
import type { Git } from './runner.ts';
import { runFetch, type FetchOptions } from './server.ts';

/** `refused`: the server has no such commit, or sends one that fails git's check. Both are final. */
export type CommitPresence = 'present' | 'refused';

export const mostAtOnce = 50;

/**
 * Throws Unavailable when the server does not answer: then nothing is known of what is missing.
 * What the branch is known to lead to came with it and stays with it. It is not looked for, and it needs no anchor: after a first run there
 * would be thousands, and every fetch reads them all.
 */
export async function ensureCommits(
  git: Git,
  commits: readonly CommitId[],
  onBranch: ReadonlySet<CommitId>,
): Promise<ReadonlyMap<CommitId, CommitPresence>> {
  const wanted = [...new Set(commits)];
  const others = wanted.filter((commit) => !onBranch.has(commit));
  const here = await commitsPresent(git, others);
  await keep(git, [...here]);
  const missing = others.filter((commit) => !here.has(commit));
  const refused = new Set<CommitId>();
  for (let start = 0; start < missing.length; start += mostAtOnce) {
    for (const commit of await fetchCommits(git, missing.slice(start, start + mostAtOnce))) refused.add(commit);
  }
  // What was fetched may still be no commit but a tag or a tree.
  const fetched = missing.length === 0 ? here : await commitsPresent(git, others);
  const isPresent = (commit: CommitId): boolean => onBranch.has(commit) || (fetched.has(commit) && !refused.has(commit));
  return new Map(wanted.map((commit) => [commit, isPresent(commit) ? 'present' : 'refused']));
}

/** Gives those that the server refuses. One bad commit spoils a whole fetch, so it is found and the others are asked for again. */
export async function fetchCommits(git: Git, batch: readonly CommitId[], options?: FetchOptions): Promise<CommitId[]> {
  if (batch.length === 0) return [];
  const outcome = await runFetch(
    git,
    batch.map((commit) => `+${commit}:${keptRefs}/${commit}`),
    options,
  );
  if (outcome.kind === 'fetched') return [];
  const named = outcome.kind === 'unanswered' ? batch.filter((commit) => isRefusal(outcome.stderr, commit)) : [];
  if (named.length > 0) {
    const rest = batch.filter((commit) => !named.includes(commit));
    return [...named, ...(await fetchCommits(git, rest, options))];
  }
  if (outcome.kind === 'unanswered') throw outcome.error;
  if (batch.length === 1) return [...batch];
  const half = Math.ceil(batch.length / 2);
  return [...(await fetchCommits(git, batch.slice(0, half), options)), ...(await fetchCommits(git, batch.slice(half), options))];
}

/** upload-pack says the first where it may look at all objects (gitprotocol-v2(5)), our own git the second where the server offers only its refs. */
function isRefusal(stderr: string, commit: CommitId): boolean {
  return stderr
    .split('\n')
    .some((line) => line.endsWith(`not our ref ${commit}`) || line.endsWith(`request for unadvertised object ${commit}`));
}

/** Anchors commits that are in the mirror already, so that putting packs together does not lose them. */
async function keep(git: Git, commits: readonly CommitId[]): Promise<void> {
  if (commits.length === 0) return;
  const kept = new Set(keptIn(git.settings.folder));
  const loose = commits.filter((commit) => !kept.has(commit));
  if (loose.length === 0) return;
  const commands = loose.map((commit) => `update ${keptRefs}/${commit} ${commit}\n`).join('');
  const outcome = await git.run('mirror', ['update-ref', '--stdin'], commands);
  if (outcome.kind === 'failed') throw new Unusable(`the mirror ${git.settings.folder} cannot be written: ${outcome.words}`);
  if (outcome.kind === 'late') throw new Unavailable('git', `the mirror ${git.settings.folder} could not be written in time`);
}

function keptIn(folder: string): string[] {
  try {
    return readdirSync(join(folder, keptRefs));
  } catch {
    return [];
  }
}
