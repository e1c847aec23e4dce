// The calls muster makes to read evidence, each whole (every page) and checked, by numeric ids.
// https://docs.gitlab.com/api/merge_requests/, https://docs.gitlab.com/api/commits/#list-merge-requests-associated-with-a-commit
import * as v from 'valibot';
import { Gitlab } from '@gitbeaker/rest';
import type { Approval, MergeRequest, StateEvent, Version } from '../record/kept-evidence.ts';
import { inOrder, instant, type CommitId, type Instant } from '../names.ts';
import { day, renderInstant } from '../time.ts';
import {
  approvalsShape,
  mergeRequestShape,
  noteShape,
  projectShape,
  pushEventShape,
  sourceBranchShape,
  stateEventShape,
  understand,
  versionShape,
  type Note,
  type PushEvent,
} from './answers.ts';
import type { Comment } from '../signing/collect.ts';
import { unmetered } from './budget.ts';
import { Malformed } from './failure.ts';
import { pageOfTexts, pages, shownOfTexts, whole, wholeOfTexts, type Shown } from './lists.ts';
import { requester, type RequesterSettings } from './requester.ts';

export interface Project {
  readonly id: number;
  readonly path: string;
}

export type Api = ReturnType<typeof connect>;

export type Client = InstanceType<typeof Gitlab>;

/** gitbeaker, on our own requester. */
export function clientFor(settings: RequesterSettings): Client {
  // No token for gitbeaker: it would follow it into its errors. The timeout is for all pages of one list together.
  return new Gitlab({
    host: settings.server.href.replace(/\/+$/, ''),
    requesterFn: requester(settings),
    // The gate limits what is asked. gitbeaker's own limiters, made anew for each of its hundred resources, would never be asked.
    rateLimits: {},
    queryTimeout: settings.timeout * 10,
  });
}

/** What muster asks, of one server. */
export function connect(settings: RequesterSettings) {
  const gitlab = clientFor(settings);
  return {
    /** By path or number. */
    async project(pathOrId: string): Promise<Project> {
      const { id, path_with_namespace } = understand(projectShape, await gitlab.Projects.show(pathOrId), 'the project');
      return { id, path: path_with_namespace ?? pathOrId };
    },
    ...listsOf(gitlab),
    ...mergeRequestOf(gitlab, settings.server),
    ...pushesOf(gitlab),
  };
}

function listsOf(gitlab: Client) {
  return {
    async mergeRequestsOf(project: number, commit: CommitId): Promise<readonly MergeRequest[]> {
      const list = await wholeOfTexts(
        mergeRequestShape,
        (paging) => gitlab.Commits.allMergeRequests(project, commit, paging),
        'the merge requests of a commit',
      );
      return list.sort((left, right) => left.iid - right.iid);
    },
    /** Those that are being merged into the branch right now. */
    async lockedInto(project: number, branch: string): Promise<readonly MergeRequest[]> {
      const list = await wholeOfTexts(
        mergeRequestShape,
        (paging) => gitlab.MergeRequests.all({ projectId: project, state: 'locked', targetBranch: branch, ...paging }),
        'the merge requests being merged',
      );
      // A server that does not know a filter leaves it out.
      return list.filter(({ state, targetBranch }) => state === 'locked' && targetBranch === branch);
    },
    /** Those that changed last, newest first, a handful: of all, or of those merged into a branch. */
    async newest(project: number, mergedInto?: string): Promise<readonly MergeRequest[]> {
      const which = mergedInto === undefined ? {} : ({ state: 'merged', targetBranch: mergedInto } as const);
      const newest = { orderBy: 'updated_at', sort: 'desc', page: 1, perPage: 5 } as const;
      const shown = await gitlab.MergeRequests.all({ projectId: project, ...which, ...newest });
      const rows = understand(v.array(v.unknown()), shown, 'the merge requests that changed last');
      // One that cannot be understood is none to compare with, and keeps nobody from asking about the others.
      const list = rows.flatMap((row) => {
        const parsed = v.safeParse(mergeRequestShape, row);
        return parsed.success ? [parsed.output] : [];
      });
      if (list.length === 0 && rows.length > 0) understand(mergeRequestShape, rows[0], 'the merge requests that changed last');
      return list.filter((one) => mergedInto === undefined || (one.state === 'merged' && one.targetBranch === mergedInto));
    },
  };
}

/** What is known of one merge request. */
function mergeRequestOf(gitlab: Client, server: URL) {
  return {
    async mergeRequest(project: number, iid: number) {
      const shown = await gitlab.MergeRequests.show(project, iid);
      const answer = understand(mergeRequestShape, shown, `merge request !${iid}`);
      if (answer.iid !== iid || answer.targetProject !== project)
        throw new Malformed(`merge request !${iid}`, 'it is about another merge request');
      return {
        mergeRequest: { ...answer, url: isBelow(server, answer.url) ? answer.url : '' },
        sourceBranch: understand(sourceBranchShape, shown, `merge request !${iid}`),
      };
    },
    async approvals(project: number, iid: number): Promise<readonly Approval[]> {
      return understand(
        approvalsShape,
        await gitlab.MergeRequestApprovals.showConfiguration(project, { mergerequestIId: iid }),
        `the approvals of !${iid}`,
      );
    },
    /** Oldest first. */
    async versions(project: number, iid: number): Promise<readonly Version[]> {
      const list = await whole(versionShape, gitlab.MergeRequests.allDiffVersions(project, iid, pages), `the versions of !${iid}`);
      return list.sort((left, right) => left.createdAt - right.createdAt || left.id - right.id);
    },
    async notes(project: number, iid: number): Promise<Shown<Note>> {
      const { entries, hidden } = await shownOfTexts(
        noteShape,
        // Only those that GitLab wrote, where the server knows the filter: whoever comments a lot must not make this long.
        (paging) => gitlab.MergeRequestNotes.all(project, iid, { sort: 'asc', orderBy: 'created_at', ...onlyActivity, ...paging }),
        `the notes of !${iid}`,
      );
      return { entries: entries.toSorted((left, right) => left.created_at - right.created_at || left.id - right.id), hidden };
    },
    /** What people wrote on it, newest first: not more than is read of one. */
    async comments(project: number, iid: number): Promise<readonly Comment[]> {
      const newest = { sort: 'desc', orderBy: 'created_at', page: 1, ...onlyComments } as const;
      const { entries } = await pageOfTexts(
        noteShape,
        (perPage) => gitlab.MergeRequestNotes.all(project, iid, { ...newest, perPage }),
        `the comments of !${iid}`,
      );
      return entries.flatMap(({ body, system, author }) => (system ? [] : [{ body, by: author?.id }]));
    },
    async stateEvents(project: number, iid: number): Promise<readonly StateEvent[]> {
      const list = await whole(stateEventShape, gitlab.MergeRequestStateEvents.all(project, iid, pages), `the state events of !${iid}`);
      return list.sort((left, right) => left.at - right.at || inOrder(left.state, right.state));
    },
  };
}

function pushesOf(gitlab: Client) {
  // Many merge requests of one time lie in the same months of the same project.
  const known = new Map<string, Promise<Shown<PushEvent>>>();
  const pushesIn = async (project: number, { name, after, before }: Month): Promise<Shown<PushEvent>> => {
    const key = `${project} ${name}`;
    const events =
      known.get(key) ??
      unmetered(() =>
        shownOfTexts(
          pushEventShape,
          (paging) => gitlab.Events.all({ projectId: project, action: 'pushed', after, before, sort: 'asc', ...paging }),
          'the pushes to a project',
        ),
      ).then(({ entries, hidden }) => ({ entries: entries.filter((event) => event !== null), hidden }));
    known.set(key, events);
    // An answer that did not come may come the next time.
    return events.catch((error: unknown) => {
      known.delete(key);
      throw error;
    });
  };
  return {
    /** Pushes to any branch of a project in the months that hold the two moments and those between; oldest first. Each month is asked for once. */
    async pushEvents(project: number, from: Instant, to: Instant): Promise<Shown<PushEvent>> {
      const months = await Promise.all(monthsOf(from, to).map((month) => pushesIn(project, month)));
      const entries = months.flatMap((month) => month.entries).sort((left, right) => left.at - right.at);
      return { entries, hidden: months.reduce((sum, { hidden }) => sum + hidden, 0) };
    },
  };
}

interface Month {
  readonly name: string;
  /** The days on its two sides: GitLab leaves out the days that it is given. */
  readonly after: string;
  readonly before: string;
}

function monthsOf(from: Instant, to: Instant): readonly Month[] {
  const months: Month[] = [];
  const first = new Date(from);
  for (let month = first.getUTCMonth(); ; month++) {
    const begins = Date.UTC(first.getUTCFullYear(), month, 1);
    if (begins > to) return months;
    const ends = Date.UTC(first.getUTCFullYear(), month + 1, 1);
    months.push({ name: dayOf(begins).slice(0, 7), after: dayOf(begins - day), before: dayOf(ends) });
  }
}

function dayOf(at: number): string {
  return renderInstant(instant(at)).slice(0, 10);
}

/** [C] `UserPreference::NOTES_FILTERS`; gitbeaker does not know it, and a server that does not leaves it out. */
const onlyActivity: object = { activityFilter: 'only_activity' };
const onlyComments: object = { activityFilter: 'only_comments' };

/** A page that people are told to open is one of the configured server, whatever the answer says. */
function isBelow(server: URL, page: string): boolean {
  return page.startsWith(`${server.href.replace(/\/+$/, '')}/`);
}
