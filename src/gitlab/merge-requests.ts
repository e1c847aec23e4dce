// One merge request as a reviewer sees it, and the two writes of those who ask for something: a commit on a new branch, and a merge request from it.
// https://docs.gitlab.com/api/commits/#create-a-commit-with-multiple-files-and-actions, https://docs.gitlab.com/api/merge_requests/#create-mr,
// https://docs.gitlab.com/api/project_forks/#list-forks-of-a-project
import * as v from 'valibot';
import type { MergeRequest, Review } from '../evidence/evidence.ts';
import { Misuse, Unavailable } from '../errors.ts';
import { createdShape, understand } from './answers.ts';
import { clientFor, connect } from './api.ts';
import { pages, whole } from './lists.ts';
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

/** A branch by the number of its project: the project itself, or a fork of it. */
export interface BranchOf {
  readonly project: number;
  readonly branch: string;
}

export interface Fork {
  readonly id: number;
  readonly path: string;
}

export interface MergeRequestDraft {
  readonly source: BranchOf;
  readonly targetProject: number;
  readonly targetBranch: string;
  readonly title: string;
  readonly description: string;
}

export interface MergeRequests {
  /** The project's number. Throws as `GitLab.project` does. */
  readonly project: () => Promise<number>;
  /** Where people make a fork of it, in a browser. */
  readonly forkPage: () => Promise<string>;
  /** Forks of the project that belong to the account of the token. */
  readonly ownForks: (project: number) => Promise<readonly Fork[]>;
  /** Throws Misuse where nothing is there, or no fork of the project. */
  readonly forkAt: (path: string, project: number) => Promise<Fork>;
  /** Whole, with every page. Throws Misuse where there is no such merge request, Unavailable where GitLab does not answer. */
  readonly read: (project: number, iid: number) => Promise<{ readonly mergeRequest: MergeRequest; readonly review: Review }>;
  /**
   * Makes the branch from `from` with one commit on it; `may-not` where the account may not push there, and then nothing was done.
   * Never tried twice: an answer that got lost may have been a yes.
   */
  readonly commit: (branch: BranchOf, from: BranchOf, message: string, actions: readonly FileAction[]) => Promise<'made' | 'may-not'>;
  readonly open: (draft: MergeRequestDraft) => Promise<{ readonly iid: number; readonly url: string }>;
}

export function openMergeRequests(settings: GitLabSettings): MergeRequests {
  const ours = requesterSettings(settings);
  const gitlab = clientFor(ours);
  const api = connect(ours);
  const project = async () => api.project(settings.project).catch((error: unknown) => complain(error, settings.project));
  return {
    project: async () => (await project()).id,
    forkPage: async () => `${ours.server.href.replace(/\/+$/, '')}/${(await project()).path}/-/forks/new`,
    ownForks: async (id) =>
      whole(forkShape, gitlab.Projects.allForks(id, { owned: true, ...pages }), 'the forks of the project').catch(refusedBy),
    forkAt: async (path, id) => {
      const fork = understand(forkShape, await gitlab.Projects.show(path).catch((error: unknown) => notThere(error, path)), 'the fork');
      if (fork.of !== id) throw new Misuse(`${path} is no fork of ${settings.project}`);
      return fork;
    },
    read: async (id, iid) => readReviewed(api, id, iid).catch((error: unknown) => notRead(error, iid)),
    async commit({ project: into, branch }, from, message, actions) {
      const given = actions.map(({ action, path, content }) => ({
        action,
        filePath: path,
        ...(content && { content: Buffer.from(content).toString('base64'), encoding: 'base64' }),
      }));
      const start = { startBranch: from.branch, ...(from.project === into ? {} : { startProject: from.project }) };
      try {
        await gitlab.Commits.create(into, branch, message, given, start);
        return 'made';
      } catch (error) {
        if (error instanceof Declined && error.status === 403 && !error.lacksScope) return 'may-not';
        return notWritten(error, branch);
      }
    },
    async open({ source, targetProject, targetBranch, title, description }) {
      const answer = await gitlab.MergeRequests.create(source.project, source.branch, targetBranch, title, {
        description,
        removeSourceBranch: true,
        ...(targetProject === source.project ? {} : { targetProjectId: targetProject }),
      }).catch((error: unknown) => notWritten(error, source.branch));
      const { iid, web_url } = understand(createdShape, answer, 'the new merge request');
      return { iid, url: web_url ?? '' };
    },
  };
}

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const forkShape = v.pipe(
  v.object({ id: number, path_with_namespace: v.string(), forked_from_project: v.nullish(v.object({ id: number })) }),
  v.transform(({ id, path_with_namespace, forked_from_project }) => ({ id, path: path_with_namespace, of: forked_from_project?.id })),
);

function notThere(error: unknown, path: string): never {
  if (error instanceof Declined && error.status === 404) throw new Misuse(`GitLab knows no project ${path}, or shows it to others only`);
  return refusedBy(error);
}

function notRead(error: unknown, iid: number): never {
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
  if (error instanceof Declined && error.lacksScope)
    throw new Misuse(`${error.message}: the token may not do this, it needs the scope api`);
  if (error instanceof Declined && error.status === 403)
    throw new Misuse(`${error.message}: the account of the token may not do this; branches need the role Developer`);
  if (error instanceof Declined) throw new Misuse(error.message);
  throw error;
}
