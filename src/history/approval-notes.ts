// Notes under refs/notes/muster-approvals, which whoever may push can write: fetched by themselves into a folder of their own, within limits, and
// read by the names that git gives them (git-notes(1): the commit, in folders of two digits each where they are many).
import { duration, type CommitId } from '../names.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { GitSettings } from './environment.ts';
import { readRef } from './mirror-layout.ts';
import { readBlobs } from './objects.ts';
import { createGit } from './runner.ts';
import { runFetch } from './server.ts';
import { notesRef } from '../signing/carried.ts';
import { withTrees } from './trees.ts';
import { makeFolder } from './versions.ts';

const fetchedRef = 'refs/muster/approvals';
/** Bytes of one note, to which everybody who signs adds a statement. */
export const largestNote = 512 * 1024;
const limits = { options: ['--depth=1', `--filter=blob:limit=${largestNote + 1}`], longestFile: 64 * 1024 };
const longestFetch = duration(20_000);

export interface ApprovalNotes {
  /** Those on any of these commits. None where there are no such notes, or they cannot be had: nothing depends on them alone. */
  read(commits: readonly CommitId[]): Promise<readonly string[]>;
  /** Why there may be some that could not be had. */
  failure(): string | undefined;
}

/** They are fetched once, when they are first asked for. */
export function openApprovalNotes(settings: GitSettings): ApprovalNotes {
  const folder = `${settings.folder}.notes`;
  const own = { ...settings, folder, timeout: duration(Math.min(longestFetch, settings.timeout)) };
  let fetched: Promise<CommitId | undefined> | undefined;
  let failure: string | undefined;
  const fetch = async (): Promise<CommitId | undefined> => {
    makeFolder(folder, settings.url, {});
    const outcome = await runFetch(createGit(own), [`+${notesRef}:${fetchedRef}`], limits);
    // A repository without such notes is the usual one.
    if (outcome.kind === 'damaged') failure = outcome.words;
    if (outcome.kind === 'unanswered' && !/couldn't find remote ref/.test(outcome.stderr)) failure = outcome.error.message;
    return outcome.kind === 'fetched' ? readRef(folder, fetchedRef) : undefined;
  };
  return {
    async read(commits) {
      try {
        const head = await (fetched ??= fetch());
        if (head === undefined) return [];
        const reader = createGit({ ...own, lacksLongFiles: true });
        const entries = await withTrees(reader, (trees) => trees.findAll(head, commits.flatMap(pathsOf)));
        const files = [...entries.values()].filter(({ mode }) => mode === '100644');
        const { contents } = await readBlobs(
          reader,
          files.map(({ blob }) => blob),
          largestNote,
        );
        return [...contents.values()].map((bytes) => Buffer.from(bytes).toString('latin1'));
      } catch (error) {
        if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
        failure = error.message;
        return [];
      }
    },
    failure: () => failure,
  };
}

function pathsOf(commit: CommitId): readonly string[] {
  return [0, 1, 2, 3].map((folders) => {
    const parts = Array.from({ length: folders }, (_, place) => commit.slice(2 * place, 2 * place + 2));
    return [...parts, commit.slice(2 * folders)].join('/');
  });
}
