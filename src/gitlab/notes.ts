// muster's one note on a merge request: found again by its author's id and a marker, edited in place, never a second one.
// https://docs.gitlab.com/api/notes/#merge-requests
import * as v from 'valibot';
import { ruledOut } from '../evidence/binding.ts';
import type { CommitId, Instant } from '../names.ts';
import { renderInstant, second } from '../time.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { noteShape, understand, updatedShape, type Note } from './answers.ts';
import { clientFor, connect, type Client } from './api.ts';
import { pageOfTexts, wholeOfTexts } from './lists.ts';
import { Declined, Malformed } from './failure.ts';
import { requesterSettings, type GitLabSettings } from './gitlab.ts';

export type Written = 'created' | 'edited' | 'unchanged' | 'none';

/** Oldest first. As many as one answer has: where it is full, there may be more after the last. */
export interface Updates {
  readonly updates: readonly UpdatedMergeRequest[];
  readonly full: boolean;
}

/** A merge request into a branch that something happened to. */
export interface UpdatedMergeRequest {
  readonly number: number;
  readonly state: 'opened' | 'closed' | 'locked' | 'merged';
  readonly updatedAt: Instant;
}

const mostPages = 10;

function isWithin(updates: readonly UpdatedMergeRequest[], since: Instant | null): boolean {
  return updates.length === 0 || (since !== null && updates.every(({ updatedAt }) => updatedAt < since - (since % second) + second));
}

const userShape = v.object({ id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });

/** All throw Unavailable when GitLab does not answer, Unusable when it does not take the token. */
export function openNotes(settings: GitLabSettings) {
  const gitlab = clientFor(requesterSettings(settings));
  const { project } = settings;
  let self: Promise<number> | undefined;
  const ownId = async (): Promise<number> => understand(userShape, await gitlab.Users.showCurrentUser(), 'the own account').id;

  /** Oldest first: of several, made at the same time by two jobs, all agree on which one stays. */
  async function own(iid: number, marker: string): Promise<readonly Note[]> {
    self ??= ownId();
    const author = await self;
    const notes = await wholeOfTexts(
      noteShape,
      (paging) => gitlab.MergeRequestNotes.all(project, iid, { sort: 'asc', orderBy: 'created_at', ...paging }),
      `the notes of !${iid}`,
    );
    return notes
      .filter((note) => !note.system && note.author?.id === author && note.body.startsWith(marker))
      .sort((left, right) => left.id - right.id);
  }

  async function settle(iid: number, text: string, [first, ...others]: readonly Note[]): Promise<boolean> {
    for (const { id } of others) await gitlab.MergeRequestNotes.remove(project, iid, id).catch(unlessGone);
    if (!first || first.body.trim() === text.trim()) return false;
    await gitlab.MergeRequestNotes.edit(project, iid, first.id, { body: text });
    return true;
  }

  async function write(iid: number, marker: string, text: string, create: boolean): Promise<Written> {
    const notes = await own(iid, marker);
    if (notes.length > 0) return (await settle(iid, text, notes)) ? 'edited' : 'unchanged';
    if (!create) return 'none';
    await gitlab.MergeRequestNotes.create(project, iid, text);
    // Another job may have done the same meanwhile.
    await settle(iid, text, await own(iid, marker));
    return 'created';
  }

  return {
    /** Those that were updated in that second and since; null: those that are open. */
    updatedSince: async (since: Instant | null, branch: string) => updatedSince(gitlab, project, since, branch).catch(explainRead),
    /** The merge request that GitLab's own merge made this commit of the branch of; undefined where it names none. */
    landedAs: async (commit: CommitId, branch: string) => landedAs(settings, commit, branch).catch(explainRead),
    /**
     * Leaves `text`, which begins with `marker`, as the only note of the token's own account that does. Where there is none yet one is
     * made, unless told not to.
     */
    write: async (iid: number, marker: string, text: string, create: boolean) =>
      write(iid, marker, text, create).catch((error: unknown) => explain(error, iid)),
  };
}

async function updatedSince(gitlab: Client, project: string, since: Instant | null, branch: string): Promise<Updates> {
  const order = { targetBranch: branch, orderBy: 'updated_at', sort: 'asc', scope: 'all' } as const;
  const which = since === null ? { state: 'opened' as const } : { updatedAfter: renderInstant(since) };
  const updates: UpdatedMergeRequest[] = [];
  let full = true;
  // One answer, but for a second in which more were updated than it holds: GitLab is asked by whole seconds.
  for (let page = 1; full && page <= mostPages && isWithin(updates, since); page++) {
    const answer = await pageOfTexts(
      updatedShape,
      (perPage) => gitlab.MergeRequests.all({ projectId: project, ...order, ...which, page, perPage }),
      'the merge requests that were updated',
    );
    full = answer.full;
    // A server that does not know a filter leaves it out.
    updates.push(...answer.entries.filter((one) => one.branch === branch));
  }
  return { updates: updates.sort((left, right) => left.updatedAt - right.updatedAt || left.number - right.number), full };
}

async function landedAs(settings: GitLabSettings, commit: CommitId, branch: string): Promise<number | undefined> {
  const api = connect(requesterSettings(settings));
  const target = { project: (await api.project(settings.project)).id, branch };
  const named = await api.mergeRequestsOf(target.project, commit);
  return named.find((one) => ruledOut(one, commit, target) === undefined)?.iid;
}

/** The other job was faster. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Declined && error.status === 404)) throw error;
}

function explainRead(error: unknown): never {
  if (error instanceof Malformed) throw new Unavailable('gitlab', error.message);
  if (error instanceof Declined) throw new Unusable(error.message);
  throw error;
}

function explain(error: unknown, iid: number): never {
  if (!(error instanceof Declined)) return explainRead(error);
  if (error.status === 401 || error.status === 403)
    throw new Unusable(
      `${error.message}: notes need a token with the scope api, of an account that is a member of the project (gitlab.comment-token-file)`,
    );
  throw new Unusable(`${error.message}, so the note on !${iid} could not be written`);
}
