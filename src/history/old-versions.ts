// What older versions of a merge request were made of, as far as it is compared: their trees, without what their files contain and without their
// history. They lie in a folder of their own beside the mirror, which is made anew in every process that needs it: a fetch of the branch must never
// take for granted that what they lack is there.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommitId } from '../names.ts';
import { duration } from '../names.ts';
import { minute } from '../time.ts';
import { readChangeDigests } from './changes.ts';
import type { GitSettings } from './environment.ts';
import { fetchCommits, mostAtOnce, type CommitPresence } from './kept-commits.ts';
import type { CommitPair } from './landing.ts';
import { removeMirror } from './mirror-layout.ts';
import { commitsPresent } from './objects.ts';
import { createGit } from './runner.ts';
import type { FetchOptions } from './server.ts';

export interface OldVersions {
  /** Throws Unavailable when the server does not answer, or not in time. */
  ensureCommits(commits: Iterable<CommitId>): Promise<ReadonlyMap<CommitId, CommitPresence>>;
  /** The digests of what differs (DESIGN, section 3), in order; undefined where that is more than a landing may change. */
  changeDigests(pairs: readonly CommitPair[]): Promise<(string | undefined)[]>;
}

/** Trees of many versions fit into 64 MiB. A server that cannot leave contents out sends those of the one commit. */
const onlyTrees: FetchOptions = { options: ['--depth=1', '--filter=blob:none'], longestFile: 128 * 1024 };

const longestFetch = duration(minute);

/** `onBranch`: commits that the branch is known to lead to. They, and whatever else the mirror has, are read from there. */
export function oldVersions(settings: GitSettings, onBranch: ReadonlySet<CommitId>): OldVersions {
  const folder = `${settings.folder}.versions`;
  const reader = createGit({ ...settings, folder, objects: join(settings.folder, 'objects') });
  const fetcher = createGit({ ...settings, folder, timeout: duration(Math.min(longestFetch, settings.timeout)) });
  let isMade = false;
  const made = (): void => {
    if (!isMade) makeFolder(folder, settings.url);
    isMade = true;
  };
  return {
    async ensureCommits(commits) {
      made();
      const wanted = [...new Set(commits)];
      const others = wanted.filter((commit) => !onBranch.has(commit));
      const here = await commitsPresent(reader, others);
      const missing = others.filter((commit) => !here.has(commit));
      const refused = new Set<CommitId>();
      for (let start = 0; start < missing.length; start += mostAtOnce)
        for (const commit of await fetchCommits(fetcher, missing.slice(start, start + mostAtOnce), onlyTrees)) refused.add(commit);
      const fetched = missing.length === 0 ? here : await commitsPresent(reader, others);
      const isPresent = (commit: CommitId): boolean => onBranch.has(commit) || (fetched.has(commit) && !refused.has(commit));
      return new Map(wanted.map((commit) => [commit, isPresent(commit) ? 'present' : 'refused']));
    },
    async changeDigests(pairs) {
      made();
      return readChangeDigests(reader, pairs);
    },
  };
}

function makeFolder(folder: string, url: string): void {
  removeMirror(folder);
  for (const part of ['objects/info', 'objects/pack', 'refs']) mkdirSync(join(folder, part), { recursive: true, mode: 0o700 });
  const quoted = url.replaceAll(/["\\]/g, String.raw`\$&`);
  // Said here, and not by a fetch, which would write it: what a commit names may be missing.
  const origin = `[remote "origin"]\n\turl = "${quoted}"\n\tpromisor = true\n\tpartialclonefilter = blob:none\n`;
  writeFileSync(join(folder, 'config'), `[core]\n\trepositoryformatversion = 0\n\tbare = true\n${origin}`, { mode: 0o600 });
  writeFileSync(join(folder, 'HEAD'), 'ref: refs/muster/branch\n', { mode: 0o600 });
}
