// Gathers what GitLab knows of one landing. Only merge requests that could be bound to it are read in full; the others are kept as named.
import type { EvidenceAnswer, OtherMergeRequest, TargetBranch, WaitingCode } from '../evidence/evidence.ts';
import type { Candidate, MergeRequest, Push, Review, Version } from '../record/kept-evidence.ts';
import { ruledOut } from '../evidence/binding.ts';
import { instant, type CommitId } from '../names.ts';
import { day } from '../time.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { notedPushes, retargetsOf, toldPushes } from './answers.ts';
import type { Api } from './api.ts';
import { TooMuch, within, type Budget } from './budget.ts';
import { Declined, Malformed } from './failure.ts';

/** Of one landing: some thousand notes, all the versions that GitLab keeps, and a server that is slow. */
const largestReview: Budget = { answers: 60, bytes: 64 * 1024 * 1024, milliseconds: 120_000 };

/** @returns never throws for anything the server does: what is not known is an answer too */
export async function evidenceFor(api: Api, commit: CommitId, target: TargetBranch): Promise<EvidenceAnswer> {
  try {
    return await within(largestReview, () => gather(api, commit, target));
  } catch (error) {
    return await explain(error, api, target.project);
  }
}

/** The same questions as about a landing, and those that are asked of some landings only. */
export async function answersAbout(api: Api, { iid, commit }: OtherMergeRequest, project: number): Promise<boolean> {
  try {
    // One of several: where it hiccups, the next one is asked about, or the next run asks.
    await within({ ...largestReview, attempts: 1 }, async () => {
      await api.mergeRequestsOf(project, commit);
      await readReviewed(api, project, iid, 'all that may be asked');
    });
    return true;
  } catch (error) {
    await explain(error, api, project);
    return false;
  }
}

async function gather(api: Api, commit: CommitId, target: TargetBranch): Promise<EvidenceAnswer> {
  const named = await api.mergeRequestsOf(target.project, commit);
  const candidates: Candidate[] = [];
  // One after the other: hardly ever more than one is read in full.
  for (const mergeRequest of named) candidates.push(await examine(api, mergeRequest, commit, target));
  if (candidates.some(({ review }) => review !== null)) return { kind: 'known', evidence: { commit, candidates } };
  // GitLab moves the branch first and writes the merge commit into the merge request afterwards; until then nothing matches.
  const [merging] = [...named.filter((one) => isMerging(one, target)), ...(await mergesUnderWay(api, target))];
  if (!merging) return { kind: 'known', evidence: { commit, candidates } };
  return { kind: 'waiting', code: 'merge-in-progress', message: `GitLab is still merging !${merging.iid}` };
}

function isMerging({ state, targetProject, targetBranch }: MergeRequest, { project, branch }: TargetBranch): boolean {
  return state === 'locked' && targetProject === project && targetBranch === branch;
}

/** A proxy may let through no more than the questions about one merge request: then the fifteen minutes that every landing has must do. */
async function mergesUnderWay(api: Api, { project, branch }: TargetBranch): Promise<readonly MergeRequest[]> {
  return api.lockedInto(project, branch).catch(async (error: unknown) => {
    if (!(error instanceof Declined && error.status === 404)) throw error;
    // A project that is gone answers with the same status.
    await api.project(String(project));
    return [];
  });
}

async function examine(api: Api, named: MergeRequest, commit: CommitId, { project, branch }: TargetBranch): Promise<Candidate> {
  // The number of a merge request of another project means another merge request here.
  if (ruledOut(named, commit, { project, branch }) !== undefined) return { mergeRequest: named, review: null };
  return readReviewed(api, project, named.iid);
}

/** A merge request and everything that was done to it, all pages. */
export async function readReviewed(
  api: Api,
  project: number,
  iid: number,
  what: 'what is needed' | 'all that may be asked' = 'what is needed',
): Promise<{ readonly mergeRequest: MergeRequest; readonly review: Review }> {
  const reads = [
    api.mergeRequest(project, iid),
    api.approvals(project, iid),
    api.versions(project, iid),
    api.notes(project, iid),
    api.stateEvents(project, iid),
  ] as const;
  // A failure waits for the others: nothing goes on behind the back of whoever asked.
  await Promise.allSettled(reads);
  const [{ mergeRequest, sourceBranch }, approvals, versions, { entries: notes, hidden }, stateEvents] = await Promise.all(reads);
  // Who approved nothing may have pushed what they like.
  const isNeeded = approvals.length > 0 || what === 'all that may be asked';
  const told = !isNeeded ? undefined : await pushesByEvent(api, mergeRequest, sourceBranch, versions);
  const pushes = [...(told ?? []), ...notedPushes(notes)];
  const review = { approvals, versions, pushes, hiddenNotes: hidden, eventsShown: told !== undefined };
  return { mergeRequest, review: { ...review, retargets: retargetsOf(notes), stateEvents } };
}

/** How long a branch may have lain there before its merge request, for a push to it to be found. */
const longestWait = 90 * day;

/**
 * A push from before the merge request was opened, or while it was closed, leaves no note on it, and an event of its project, for some years.
 * Undefined where GitLab does not show these events, or not all of them (a fork of somebody else, a narrow token, a project of very many).
 */
async function pushesByEvent(
  api: Api,
  { sourceProject }: MergeRequest,
  sourceBranch: string | undefined,
  [first, ...later]: readonly Version[],
): Promise<readonly Push[] | undefined> {
  if (sourceProject === null || sourceBranch === undefined || !first) return undefined;
  try {
    const last = later.at(-1) ?? first;
    const { entries, hidden } = await api.pushEvents(sourceProject, instant(first.createdAt - longestWait), last.createdAt);
    const pushes = toldPushes(sourceBranch, [first, ...later], entries);
    // A list without a single push is that of somebody who is shown none: the branch came there by one.
    return entries.length > 0 && hidden === 0 ? pushes : undefined;
  } catch (error) {
    if (error instanceof Declined && (error.status === 403 || error.status === 404)) return undefined;
    throw error;
  }
}

async function explain(error: unknown, api: Api, project: number): Promise<EvidenceAnswer> {
  if (error instanceof TooMuch) return { kind: 'too-much', message: error.message };
  if (error instanceof Unusable) return { kind: 'unusable', message: error.message };
  if (error instanceof Unavailable) return { kind: 'waiting', code: 'gitlab-unavailable', message: error.message };
  if (error instanceof Malformed) return { kind: 'waiting', code: 'malformed-answer', message: error.message };
  if (error instanceof Declined) return { kind: 'waiting', code: await codeOf(error, api, project), message: error.message };
  throw error;
}

async function codeOf({ status }: Declined, api: Api, project: number): Promise<WaitingCode> {
  if (status === 401 || status === 403) return 'token-refused';
  if (status !== 404) return 'gitlab-unavailable';
  // The same status for both, and a hidden project counts as unknown.
  return api.project(String(project)).then(
    () => 'commit-unknown',
    () => 'project-unknown',
  );
}
