// The policy in force by what was judged so far, a verdict, and what one landing changes: what judging tells and converging takes.
import type { PolicyTree, TreeEntry } from '../history/landing.ts';
import type { BlobId, CommitId, Uid } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import type { ApprovalCount, UnboundReason } from './approval-count.ts';
import type { EndedGrant, GrantInForce, Provenance } from './grants.ts';

/** Why a landing endorsed nothing. Each has its words and its way out in review/refusals.ts. */
export const refusalCodes = [
  // form
  'hidden-diff',
  'too-many-files',
  'impure',
  'file-mode',
  'unexpected-path',
  'too-large',
  'unreadable',
  'mixed',
  'too-few-approvers',
  'rules-invalid',
  'unknown-group',
  'not-by-grants',
  'too-long',
  'too-dormant',
  'missing-field',
  'understood-version',
  'until-before-from',
  // what stood there before
  'dirty',
  'rules-dirty',
  'off-chain',
  // evidence
  'no-merge-request',
  'not-bound',
  'no-approval',
  'not-signed',
  'unanswered',
  'refused-by-hand',
] as const;

export type RefusalCode = (typeof refusalCodes)[number];

export type Verdict =
  | ({ readonly kind: 'endorsed'; /** false where `evidence: none` endorsed it unseen */ readonly reviewed: boolean } & Provenance)
  | {
      readonly kind: 'refused';
      readonly code: RefusalCode;
      readonly detail: string;
      readonly mergeRequest: number | null;
      readonly link?: string;
      /** Which approvals counted and which did not, where they were what was missing. Paths are inside the policy folder. */
      readonly count?: ApprovalCount;
      /** How the merge request, or the commit, is not what it must be. */
      readonly unbound?: UnboundReason;
    };

export interface Refusal {
  readonly path: string;
  readonly commit: CommitId;
  readonly mergeRequest: number | null;
  readonly code: RefusalCode;
  readonly detail: string;
  /** The merge request's page. */
  readonly link?: string;
}

export interface PolicyState {
  readonly start: CommitId;
  /** The last commit on the first-parent chain with nothing undecided before it. */
  readonly judged: CommitId;
  /** R: the rules in force. */
  readonly rules: Rules;
  /** A: the endorsed blob of every path, rules and grants alike. */
  readonly endorsed: ReadonlyMap<string, BlobId>;
  /** E: the grants in force, by path. */
  readonly inForce: ReadonlyMap<string, GrantInForce>;
  /** Grants that left E, by path, until a new one stands there. */
  readonly ended: ReadonlyMap<string, EndedGrant>;
  /** The policy folder at `judged`: whatever was ever endorsed or in force, and of the rest as much as a person would look at. */
  readonly tree: PolicyTree;
  /** Files of the policy folder at `judged` that are not in `tree`: they are there, and nothing is concluded from what they are. */
  readonly unlisted: number;
  /** The last refusal that touched a path. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** One merge request endorses one landing: which, by number. Judged anew after a new start, it may endorse the same one again. */
  readonly usedMergeRequests: ReadonlyMap<number, CommitId>;
  /**
   * Whom a refused rules change took out of the approvers: they count for nothing until a rules change is endorsed. Otherwise whoever is to be taken
   * out would make that change fail, put the old rules back, and approve on.
   */
  readonly takenOut: ReadonlySet<Uid>;
  /** Grants that a new `start` would add or lengthen; in force once a person allowed them. */
  readonly proposed: ReadonlyMap<string, GrantInForce>;
}

/** What one landing changes, as the ledger keeps it: null takes the path out. */
export interface PolicyDelta {
  readonly judged: CommitId;
  readonly rules?: Rules;
  readonly endorsed: readonly (readonly [string, BlobId | null])[];
  readonly inForce: readonly (readonly [string, GrantInForce | null])[];
  readonly ended: readonly (readonly [string, EndedGrant | null])[];
  readonly tree: readonly (readonly [string, TreeEntry | null])[];
  /** All in all, after it; left out: as before. */
  readonly unlisted?: number;
  readonly refusals: readonly (readonly [string, Refusal | null])[];
  readonly usedMergeRequest: number | null;
  /** All of them, where it changes who they are. */
  readonly takenOut?: readonly Uid[];
}
