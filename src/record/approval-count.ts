// What a verdict keeps of the approvals: which counted, and why the others did not.
import * as v from 'valibot';
import type { Instant, Uid } from '../names.ts';
import { approval } from './kept-evidence.ts';
import { fingerprint, instant, natural, team, texts, uid, type Kept } from './shapes.ts';

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

export const signatureReasons = [
  'signature-bad',
  /** It says another project, branch, start, rules or effects, or another change of some path; the detail says which. */
  'other-content',
  /** What the file of this path (the detail) said before is not in force, so that the change does more than the statement says. */
  'not-in-force',
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

const judgedApproval = v.variant('kind', [
  v.strictObject({ kind: v.literal('counted'), approval, person: uid, paths: texts }),
  v.strictObject({ kind: v.literal('not-counted'), approval, person: v.exactOptional(uid), reason: v.picklist(notCountedReasons) }),
]);

/** The fingerprint is that of the key; `touched`: a security key says that a hand was there. */
const signature = { person: uid, fingerprint: v.string(), touched: v.boolean(), at: instant };

/** A signed statement for a landing. */
const judgedSignature = v.variant('kind', [
  v.strictObject({ kind: v.literal('counted'), ...signature, paths: texts }),
  v.strictObject({
    kind: v.literal('not-counted'),
    ...signature,
    reason: v.picklist(signatureReasons),
    detail: v.exactOptional(v.string()),
  }),
]);

/** What one path needs and has. */
const pathQuorum = v.strictObject({
  path: v.string(),
  teams: v.array(team),
  needed: natural,
  /** Different persons, in order. */
  by: v.array(uid),
  /** Where some of the approvals must be signed: how many, and who of `by` signed. */
  signed: v.exactOptional(v.strictObject({ needed: natural, by: v.array(uid) })),
});

export const approvalCount = v.strictObject({
  enough: v.boolean(),
  approvals: v.array(judgedApproval),
  /** Where some must be signed. */
  signatures: v.exactOptional(v.array(judgedSignature)),
  paths: v.array(pathQuorum),
});

/** Those whose signatures on exactly the change counted for it. */
export const signedBy = v.array(v.strictObject({ person: uid, fingerprint, touched: v.boolean() }));

export type JudgedApproval = Kept<typeof judgedApproval>;
export type JudgedSignature = Kept<typeof judgedSignature>;
export type PathQuorum = Kept<typeof pathQuorum>;
export type ApprovalCount = Kept<typeof approvalCount>;
export type SignedBy = Kept<typeof signedBy>[number];

/** Root's word (`muster distrust`): statements of the person, or of one of their keys, count for nothing where this host first saw them after `since`. */
export interface Distrusted {
  readonly person: Uid;
  readonly fingerprint?: string;
  readonly since: Instant;
}
