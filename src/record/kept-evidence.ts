// What GitLab said about one landing, kept in the record as plain JSON: the raw material of a verdict, never the verdict itself.
// On GitLab CE the words `approved` and `merged` prove nothing, so what is here is times, ids and commits.
import * as v from 'valibot';
import { commit, instant, natural, type Kept } from './shapes.ts';

/** A GitLab account. The id is the identity; the username is for people to read, and may be empty. */
const account = v.strictObject({ id: natural, username: v.string() });
/** Null where GitLab no longer knows who it was: somebody whose account is deleted, and that might be anybody. */
const somebody = v.nullable(account);
const noCommit = v.nullable(commit);
const noNumber = v.nullable(natural);

const mergeRequest = v.strictObject({
  /** Unique on the whole server; null where the answer leaves it out. */
  id: noNumber,
  /** The number people see: unique in its project only. */
  iid: natural,
  targetProject: natural,
  targetBranch: v.string(),
  /** Null once a fork is deleted. */
  sourceProject: noNumber,
  state: v.picklist(['opened', 'closed', 'locked', 'merged']),
  author: somebody,
  /** Brought in from elsewhere: its approvals and times were written by whoever imported it. */
  imported: v.boolean(),
  /** The head that was, or would be, merged. */
  head: noCommit,
  mergeCommit: noCommit,
  squashCommit: noCommit,
  mergedAt: v.nullable(instant),
  mergedBy: somebody,
  /** Its page on the configured server; empty where GitLab names a page elsewhere. */
  url: v.string(),
});

/**
 * GitLab CE keeps one row per person, with the time of the first approval since the last withdrawal. Pushes do not touch it. The state is `active`,
 * `blocked`, `deactivated`, … as GitLab spells it.
 */
export const approval = v.strictObject({ account, state: v.string(), at: instant });

/** What the merge request consisted of from `createdAt` on. GitLab writes the row after the push, never before it. */
const version = v.strictObject({ id: natural, base: noCommit, head: noCommit, start: noCommit, createdAt: instant });

/**
 * A push to the source branch, also before the merge request was opened, or of one of its heads to another branch. Applying a suggestion or
 * rebasing in the browser is one too. Most pushes are told twice: by a note on the merge request, and by an event of the source project.
 */
const push = v.strictObject({
  by: somebody,
  at: instant,
  told: v.picklist(['note', 'event']),
  /** What the branch was afterwards; null in notes, and for a push of many branches at once, of which GitLab names none. */
  head: noCommit,
});

const retarget = v.strictObject({ by: somebody, at: instant });

const stateEvent = v.strictObject({
  /** `closed`, `reopened`, `merged`, … as GitLab spells it. */
  state: v.string(),
  at: instant,
  by: somebody,
  /** Set where the merge request became merged because its commits arrived on the branch in another way. */
  sourceCommit: v.nullable(v.string()),
  sourceMergeRequest: noNumber,
});

/** How a merge request came to be merged: every page of every list, oldest first. */
const review = v.strictObject({
  approvals: v.array(approval),
  versions: v.array(version),
  pushes: v.array(push),
  /** Notes that are there and that the account of the token may not see. */
  hiddenNotes: natural,
  /** Whether GitLab shows the pushes to the source project: then every push is among them. */
  eventsShown: v.boolean(),
  retargets: v.array(retarget),
  stateEvents: v.array(stateEvent),
});

/** A merge request that GitLab names for the landing. The review is asked for only where the merge request could be bound to it. */
const candidate = v.strictObject({ mergeRequest, review: v.nullable(review) });

/** The candidates in the order of their numbers. */
export const evidence = v.strictObject({ commit, candidates: v.array(candidate) });

export type Account = Kept<typeof account>;
export type MergeRequest = Kept<typeof mergeRequest>;
export type Approval = Kept<typeof approval>;
export type Version = Kept<typeof version>;
export type Push = Kept<typeof push>;
export type Retarget = Kept<typeof retarget>;
export type StateEvent = Kept<typeof stateEvent>;
export type Review = Kept<typeof review>;
export type Candidate = Kept<typeof candidate>;
export type LandingEvidence = Kept<typeof evidence>;
