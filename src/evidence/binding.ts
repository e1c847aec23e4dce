// Which merge request, if any, a landing is: GitLab names every merge request that contains a commit, in any state and for any branch,
// and calls one merged when somebody pushed its head. Only one that GitLab itself merged as exactly this landing is bound.
import type { TargetBranch } from './evidence.ts';
import type { Candidate, MergeRequest, Review, StateEvent } from '../record/kept-evidence.ts';
import type { CommitId, Instant } from '../names.ts';
import type { UnboundReason } from '../record/approval-count.ts';

/** A candidate that is the landing. Its merge time is known and its review complete. */
export interface BoundMergeRequest {
  readonly mergeRequest: MergeRequest;
  readonly mergedAt: Instant;
  readonly review: Review;
}

export type Binding =
  /** Each to be tried by itself: approvals of different merge requests are never added up. */
  | { readonly kind: 'bound'; readonly mergeRequests: readonly [BoundMergeRequest, ...BoundMergeRequest[]] }
  /** The reason of the candidate that came closest, and its number. */
  | { readonly kind: 'none'; readonly reason: UnboundReason; readonly mergeRequest?: number };

/** The commit that a merge leaves on the branch: the first of these that GitLab sets, by merge method (facts of `merge_strategies`). */
export function landingCommit(mergeRequest: MergeRequest): CommitId | null {
  return mergeRequest.mergeCommit ?? mergeRequest.squashCommit ?? mergeRequest.head;
}

/** Why the merge request's own fields rule it out, before anything is asked about its review. */
export function ruledOut(mergeRequest: MergeRequest, commit: CommitId, target: TargetBranch): UnboundReason | undefined {
  if (mergeRequest.targetProject !== target.project) return 'other-project';
  if (mergeRequest.targetBranch !== target.branch) return 'other-branch';
  if (mergeRequest.state !== 'merged') return 'not-merged';
  if (mergeRequest.imported) return 'imported';
  if (landingCommit(mergeRequest) === commit) return undefined;
  return isFastForward(mergeRequest, target) ? 'part-of-fast-forward' : 'not-its-landing';
}

/** Merged into the branch with no commit of GitLab's own. */
export function isFastForward(
  { state, imported, targetProject, targetBranch, mergeCommit, squashCommit }: MergeRequest,
  { project, branch }: TargetBranch,
): boolean {
  const isMergedThere = state === 'merged' && !imported && targetProject === project && targetBranch === branch;
  return isMergedThere && mergeCommit === null && squashCommit === null;
}

/**
 * @param landing the commit and how many parents it has
 * @param used numbers (iid) of the merge requests that earlier landings were bound to
 */
export function bindMergeRequests(
  landing: { readonly commit: CommitId; readonly parents: number; readonly committedAt?: Instant },
  candidates: readonly Candidate[],
  target: TargetBranch,
  used: ReadonlySet<number>,
): Binding {
  if (landing.parents > 2) return { kind: 'none', reason: 'octopus' };
  const attempts = candidates.map((candidate) => bind(candidate, landing, target, used));
  const [first, ...others] = attempts.flatMap((attempt) => (attempt.kind === 'bound' ? [attempt.bound] : []));
  if (first) return { kind: 'bound', mergeRequests: [first, ...others] };
  const [closest] = attempts.flatMap((attempt) => (attempt.kind === 'unbound' ? [attempt] : [])).sort(byCloseness);
  if (!closest) return { kind: 'none', reason: 'no-merge-request' };
  return { kind: 'none', reason: closest.reason, mergeRequest: closest.iid };
}

type Attempt =
  | { readonly kind: 'bound'; readonly bound: BoundMergeRequest }
  | { readonly kind: 'unbound'; readonly reason: UnboundReason; readonly iid: number };

function bind(
  { mergeRequest, review }: Candidate,
  { commit, committedAt }: { readonly commit: CommitId; readonly committedAt?: Instant },
  target: TargetBranch,
  used: ReadonlySet<number>,
): Attempt {
  const { iid } = mergeRequest;
  const reason = ruledOut(mergeRequest, commit, target) ?? (used.has(iid) ? 'used-before' : undefined);
  if (reason !== undefined) return { kind: 'unbound', reason, iid };
  const merges = (review?.stateEvents ?? []).filter((event) => event.state === 'merged');
  if (merges.some(namesAnotherSource)) return { kind: 'unbound', reason: 'merged-elsewhere', iid };
  const mergedAt = mergeTime(mergeRequest, merges, committedAt);
  if (review === null || mergedAt === undefined) return { kind: 'unbound', reason: 'merge-not-recorded', iid };
  return { kind: 'bound', bound: { mergeRequest, mergedAt, review } };
}

/**
 * A merge without its event is not proof of an ordinary merge: the event is where GitLab says that it was another kind. Only one that GitLab freed
 * itself, after it had been locked for hours, has neither an event nor a time; the commit that GitLab made of it is dated.
 */
function mergeTime(
  { mergedAt, mergeCommit, squashCommit }: MergeRequest,
  merges: readonly StateEvent[],
  committedAt?: Instant,
): Instant | undefined {
  const [event] = merges;
  if (event) return mergedAt ?? event.at;
  const isMadeByGitLab = mergeCommit !== null || squashCommit !== null;
  return mergedAt === null && isMadeByGitLab ? committedAt : undefined;
}

/** The last of several commits of a fast-forward: by itself it is not what anybody approved. */
export function isEndOfFastForward({ parent }: { readonly parent: CommitId }, { mergeRequest, review }: BoundMergeRequest): boolean {
  const [last] = [...review.versions].sort((left, right) => right.createdAt - left.createdAt || right.id - left.id);
  return mergeRequest.mergeCommit === null && mergeRequest.squashCommit === null && last?.base !== parent;
}

function namesAnotherSource(event: StateEvent): boolean {
  return event.sourceCommit !== null || event.sourceMergeRequest !== null;
}

/** Furthest first: the reason to tell is the one of the merge request that passed the most conditions. */
const progress: readonly UnboundReason[] = [
  'merged-elsewhere',
  'merge-not-recorded',
  'used-before',
  'rebased-while-merging',
  'part-of-fast-forward',
  'not-its-landing',
  'imported',
  'not-merged',
  'other-branch',
  'other-project',
];

function byCloseness(left: { reason: UnboundReason; iid: number }, right: { reason: UnboundReason; iid: number }): number {
  return progress.indexOf(left.reason) - progress.indexOf(right.reason) || left.iid - right.iid;
}
