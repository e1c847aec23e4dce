// The policy in force by what was judged so far, a verdict, and what one landing changes: what judging tells and converging takes.
import type { PolicyTree } from '../history/landing.ts';
import type { BlobId, CommitId, Uid } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import type { EndedGrant, GrantInForce } from './grants.ts';
import type { VerdictRecord } from './judging-record.ts';

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

export type Verdict = VerdictRecord['verdict'];

/** What one landing changes: null takes the path out. */
export type PolicyDelta = VerdictRecord['delta'];

export type Refusal = NonNullable<PolicyDelta['refusals'][number][1]>;

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
