// What GitLab said about one landing, kept in the ledger as plain JSON: the raw material of a verdict, never the verdict itself.
// On GitLab CE the words `approved` and `merged` prove nothing, so what is here is times, ids and commits.
import type { CommitId, Instant } from '../names.ts';

/** Who says that a change was approved (`evidence` in the host's file): GitLab, signatures and no forge, or nobody. */
export type EvidenceKind = 'gitlab' | 'signed' | 'none';

/** A GitLab account. The id is the identity; the username is for people to read, and may be empty. */
export interface Account {
  readonly id: number;
  readonly username: string;
}

export interface MergeRequest {
  /** Unique on the whole server; null where the answer leaves it out. */
  readonly id: number | null;
  /** The number people see: unique in its project only. */
  readonly iid: number;
  readonly targetProject: number;
  readonly targetBranch: string;
  /** Null once a fork is deleted. */
  readonly sourceProject: number | null;
  readonly state: 'opened' | 'closed' | 'locked' | 'merged';
  /** Null where GitLab no longer knows who it was: somebody whose account is deleted, and that might be anybody. */
  readonly author: Account | null;
  /** Brought in from elsewhere: its approvals and times were written by whoever imported it. */
  readonly imported: boolean;
  /** The head that was, or would be, merged. */
  readonly head: CommitId | null;
  readonly mergeCommit: CommitId | null;
  readonly squashCommit: CommitId | null;
  readonly mergedAt: Instant | null;
  readonly mergedBy: Account | null;
  /** Its page on the configured server; empty where GitLab names a page elsewhere. */
  readonly url: string;
}

/** GitLab CE keeps one row per person, with the time of the first approval since the last withdrawal. Pushes do not touch it. */
export interface Approval {
  readonly account: Account;
  /** `active`, `blocked`, `deactivated`, … as GitLab spells it. */
  readonly state: string;
  readonly at: Instant;
}

/** What the merge request consisted of from `createdAt` on. GitLab writes the row after the push, never before it. */
export interface Version {
  readonly id: number;
  readonly base: CommitId | null;
  readonly head: CommitId | null;
  readonly start: CommitId | null;
  readonly createdAt: Instant;
}

/**
 * A push to the source branch, also before the merge request was opened, or of one of its heads to another branch. Applying a suggestion or
 * rebasing in the browser is one too. Most pushes are told twice: by a note on the merge request, and by an event of the source project.
 */
export interface Push {
  /** Null where GitLab no longer knows who it was. */
  readonly by: Account | null;
  readonly at: Instant;
  readonly told: 'note' | 'event';
  /** What the branch was afterwards; null in notes, and for a push of many branches at once, of which GitLab names none. */
  readonly head: CommitId | null;
}

export interface Retarget {
  readonly by: Account | null;
  readonly at: Instant;
}

export interface StateEvent {
  /** `closed`, `reopened`, `merged`, … as GitLab spells it. */
  readonly state: string;
  readonly at: Instant;
  /** Null where GitLab no longer knows who it was. */
  readonly by: Account | null;
  /** Set where the merge request became merged because its commits arrived on the branch in another way. */
  readonly sourceCommit: string | null;
  readonly sourceMergeRequest: number | null;
}

/** How a merge request came to be merged: every page of every list, oldest first. */
export interface Review {
  readonly approvals: readonly Approval[];
  readonly versions: readonly Version[];
  readonly pushes: readonly Push[];
  /** Notes that are there and that the account of the token may not see. */
  readonly hiddenNotes: number;
  /** Whether GitLab shows the pushes to the source project: then every push is among them. */
  readonly eventsShown: boolean;
  readonly retargets: readonly Retarget[];
  readonly stateEvents: readonly StateEvent[];
}

/** A merge request that GitLab names for the landing. The review is asked for only where the merge request could be bound to it. */
export interface Candidate {
  readonly mergeRequest: MergeRequest;
  readonly review: Review | null;
}

export interface LandingEvidence {
  readonly commit: CommitId;
  /** In the order of their numbers. */
  readonly candidates: readonly Candidate[];
}

export type WaitingCode =
  | 'gitlab-unavailable'
  /** GitLab answered, and not in the form it documents. */
  | 'malformed-answer'
  | 'merge-in-progress'
  | 'commit-unknown'
  | 'project-unknown'
  | 'token-refused';

/** Three answers, one about the server, `unusable`, which does not pass by waiting, and one that is final: more than is ever read. */
export type EvidenceAnswer =
  | { readonly kind: 'known'; readonly evidence: LandingEvidence }
  | { readonly kind: 'waiting'; readonly code: WaitingCode; readonly message: string }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'too-much'; readonly message: string };

/** The branch of the project that grants live on. */
/** One to compare with, and a commit that GitLab should name it for. */
export interface OtherMergeRequest {
  readonly iid: number;
  readonly commit: CommitId;
}

export interface TargetBranch {
  readonly project: number;
  readonly branch: string;
}
