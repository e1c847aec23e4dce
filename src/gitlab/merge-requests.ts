// One merge request as a reviewer sees it, and the two writes of those who ask for something: a commit on a new branch, and a merge request from it.
// https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions, https://docs.gitlab.com/api/merge_requests/#create-mr,
import type { MergeRequest, Review } from '../record/kept-evidence.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { createdShape, understand } from './answers.ts';
import { clientFor, connect } from './api.ts';
import { TooMuch, within, type Budget } from './budget.ts';
import { readReviewed } from './gathering.ts';
import { Declined, Malformed } from './failure.ts';
import { complain, requesterSettings, type GitLabSettings } from './gitlab.ts';

/** What is done to one file. */
export interface FileAction {
  readonly action: 'create' | 'update' | 'delete';
  readonly path: string;
  /** None for a deletion. */
  readonly content?: Uint8Array;
}

export type MergeRequests = ReturnType<typeof openMergeRequests>;

export function openMergeRequests(settings: GitLabSettings) {
  const ours = requesterSettings(settings);
  const gitlab = clientFor(ours);
  const api = connect(ours);
  const project = async () => api.project(settings.project).catch((error: unknown) => complain(error, settings.project));
  return {
    /** The project's number. Throws as `GitLab.project` does. */
    project: async () => (await project()).id,
    /** Whole, with every page. Throws Misuse where there is no such merge request, Unavailable where GitLab does not answer. */
    read: async (id: number, iid: number): Promise<{ readonly mergeRequest: MergeRequest; readonly review: Review }> =>
      within(largestReview, () => readReviewed(api, id, iid)).catch((error: unknown) => notRead(error, iid)),
    /**
     * Makes a branch from another with one commit on it; `may-not` where the account may not push there, and then nothing was done.
     * Never tried twice: an answer that got lost may have been a yes.
     */
    async commit(
      id: number,
      { name, from }: { readonly name: string; readonly from: string },
      message: string,
      actions: readonly FileAction[],
    ): Promise<'made' | 'may-not'> {
      const given = actions.map(({ action, path, content }) => ({
        action,
        filePath: path,
        ...(content && { content: Buffer.from(content).toString('base64'), encoding: 'base64' }),
      }));
      try {
        await gitlab.Commits.create(id, name, message, given, { startBranch: from });
        return 'made';
      } catch (error) {
        if (error instanceof Declined && error.status === 403 && error.lacks === undefined) return 'may-not';
        return notWritten(error, name);
      }
    },
    /** As the account of the token. Never tried twice. */
    async comment(id: number, iid: number, body: string): Promise<void> {
      await gitlab.MergeRequestNotes.create(id, iid, body).catch((error: unknown) => notRead(error, iid));
    },
    async open(
      id: number,
      of: { readonly sourceBranch: string; readonly targetBranch: string; readonly title: string; readonly description: string },
    ): Promise<{ readonly iid: number; readonly url: string }> {
      const { sourceBranch, targetBranch, title, description } = of;
      const answer = await gitlab.MergeRequests.create(id, sourceBranch, targetBranch, title, {
        description,
        removeSourceBranch: true,
      }).catch((error: unknown) => notWritten(error, sourceBranch));
      const { iid, web_url } = understand(createdShape, answer, 'the new merge request');
      return { iid, url: web_url ?? '' };
    },
  };
}

/** Whoever comments a lot on one makes nobody else wait for long. */
const largestReview: Budget = { answers: 60, bytes: 32 * 1024 * 1024, milliseconds: 30_000 };

function notRead(error: unknown, iid: number): never {
  if (error instanceof TooMuch) throw new Unusable(error.message);
  if (error instanceof Declined && error.status === 404) throw new Misuse(`GitLab knows no merge request !${iid} in this project`);
  return refusedBy(error);
}

function notWritten(error: unknown, branch: string): never {
  if (error instanceof Declined && [400, 409, 422].includes(error.status))
    throw new Misuse(
      `GitLab does not take the change on branch ${branch}: the branch, the file or the merge request may be there already, or the file gone`,
    );
  return refusedBy(error);
}

/** What GitLab declines to do for this token is for whoever called to mend; silence is not. */
function refusedBy(error: unknown): never {
  if (error instanceof Malformed) throw new Unavailable('gitlab', error.message);
  if (error instanceof Declined && error.status === 401)
    throw new Misuse('GitLab does not accept the token: it is wrong, revoked or expired. Make a new one and put it into the token file');
  if (error instanceof Declined && error.lacks) throw new Misuse(`${error.message}; it needs the scope api`);
  if (error instanceof Declined && error.status === 403)
    throw new Misuse(`${error.message}: the account of the token may not do this; branches need the role Developer`);
  if (error instanceof Declined) throw new Misuse(error.message);
  throw error;
}
