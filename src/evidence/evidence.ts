// What is asked about a landing, and the answers that there are.
import type { CommitId } from '../names.ts';
import type { LandingEvidence } from '../record/kept-evidence.ts';

/** Who says that a change was approved (`evidence` in the host's file): GitLab, signatures and no forge, or nobody. */
export type EvidenceKind = 'gitlab' | 'signed' | 'none';

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

/** One to compare with, and a commit that GitLab should name it for. */
export interface OtherMergeRequest {
  readonly iid: number;
  readonly commit: CommitId;
}

/** The branch of the project that grants live on. */
export interface TargetBranch {
  readonly project: number;
  readonly branch: string;
}
