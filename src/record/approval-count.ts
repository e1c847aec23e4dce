// What a verdict keeps of the approvals: which counted, and why the others did not.
import type { Approval } from '../evidence/evidence.ts';
import type { Instant, TeamName, Uid } from '../names.ts';

export const notCountedReasons = [
  'not-a-person-in-policy',
  /** The GitLab account is blocked or deactivated. */
  'inactive',
  'author',
  /** Whoever opened the merge request has deleted the account since, and may have had another. */
  'author-unknown',
  /** Pushed to the branch, applied a suggestion or rebased it in the browser. */
  'pushed',
  /** GitLab does not say who pushed some of what the merge request brings. */
  'pusher-unknown',
  'not-entitled',
  /** A refused change of the rules took them out of the approvers. */
  'taken-out',
  'benefits',
  'after-merge',
  'too-old',
  /** The merge request was retargeted, closed or reopened after the approval. */
  'retargeted-after',
  /** What landed, or something else, came less than a minute before the approval. */
  'just-changed',
  /** What was merged came only after the approval. */
  'before-last-push',
  /** What was approved is not what landed. */
  'other-content',
  /** The server no longer has the commits that were approved. */
  'version-gone',
] as const;

export type NotCountedReason = (typeof notCountedReasons)[number];

export type JudgedApproval =
  | { readonly kind: 'counted'; readonly approval: Approval; readonly person: Uid; readonly paths: readonly string[] }
  | { readonly kind: 'not-counted'; readonly approval: Approval; readonly person?: Uid; readonly reason: NotCountedReason };

export const signatureReasons = [
  'signature-bad',
  /** It says another project, branch, start, rules or effects, or another change of some path; the detail says which. */
  'other-content',
  /** It was signed after the landing was seen (`after`), or had run out before (`expired`). */
  'too-late',
  /** A landing that brought the same has used it up; the detail is its commit. */
  'used-before',
  /** The policy before the change names no such key for the person. */
  'key-not-in-force',
  'no-touch',
  /** The change has more bytes than are kept of one. */
  'too-large',
  /** `muster distrust` on the host. */
  'distrusted',
  'not-entitled',
  'benefits',
  'author',
  'author-unknown',
  'pushed',
  'pusher-unknown',
  'taken-out',
] as const;

export type SignatureReason = (typeof signatureReasons)[number];

/** A signed statement for a landing. The fingerprint is that of the key; `touched`: a security key says that a hand was there. */
export type JudgedSignature = {
  readonly person: Uid;
  readonly fingerprint: string;
  readonly touched: boolean;
  readonly at: Instant;
} & (
  | { readonly kind: 'counted'; readonly paths: readonly string[] }
  | { readonly kind: 'not-counted'; readonly reason: SignatureReason; readonly detail?: string }
);

/** Somebody whose signature on exactly the change counted for it. */
export interface SignedBy {
  readonly person: Uid;
  readonly fingerprint: string;
  readonly touched: boolean;
}

/** Root's word (`muster distrust`): statements of the person, or of one of their keys, count for nothing where this host first saw them after `since`. */
export interface Distrusted {
  readonly person: Uid;
  readonly fingerprint?: string;
  readonly since: Instant;
}

/** What one path needs and has. */
export interface PathQuorum {
  readonly path: string;
  readonly teams: readonly TeamName[];
  readonly needed: number;
  /** Different persons, in order. */
  readonly by: readonly Uid[];
  /** Where some of the approvals must be signed: how many, and who of `by` signed. */
  readonly signed?: { readonly needed: number; readonly by: readonly Uid[] };
}

export interface ApprovalCount {
  readonly enough: boolean;
  readonly approvals: readonly JudgedApproval[];
  /** Where some must be signed. */
  readonly signatures?: readonly JudgedSignature[];
  readonly paths: readonly PathQuorum[];
}

export const unboundReasons = [
  /** GitLab names no merge request at all for the commit. */
  'no-merge-request',
  'other-project',
  'other-branch',
  'not-merged',
  'imported',
  /** The commit is in the merge request, but is not what GitLab made of it. */
  'not-its-landing',
  /** One of several commits of a fast-forward that is not one landing: a merge is among them. */
  'part-of-fast-forward',
  /** GitLab made other commits of it while it merged it (automatic rebase): what landed is not what anybody saw. */
  'rebased-while-merging',
  /** More than two parents: no merge request is merged like that. */
  'octopus',
  'used-before',
  /** It became merged because its commits were pushed, or merged by another merge request. */
  'merged-elsewhere',
  /** GitLab has no event or no time for the merge, or not yet. */
  'merge-not-recorded',
] as const;

export type UnboundReason = (typeof unboundReasons)[number];
