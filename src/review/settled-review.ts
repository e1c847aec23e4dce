// What muster has to say about a merge request that was merged: what its landing was judged to be, and how things stand with it today.
// It is a value of the policy in force and of what the run did, so that a note is written anew only when something became different.
import type { JudgedApproval, JudgedSignature, PathQuorum, SignedBy } from '../record/approval-count.ts';
import type { UnboundReason } from '../record/approval-count.ts';
import type { Refusal, RefusalCode, Verdict } from '../record/policy-state.ts';
import { grantAt, isRules } from '../policy/policy.ts';
import { isWellFormed, wellFormedOnly } from '../judge/form.ts';
import { isOver, type End, type EndedGrant, type GrantInForce } from '../record/grants.ts';
import { inOrderOfPath, type CommitId, type GroupName, type Instant, type Uid } from '../names.ts';
import { week } from '../time.ts';
import type { RulesChange } from '../check/rules-change.ts';
import type { Reach, ReachOf } from '../record/standing.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';

export type GrantStanding =
  | { readonly kind: 'in-force' | 'ends-soon'; readonly until: End; readonly shortened: boolean; readonly reach: Reach }
  | { readonly kind: 'not-begun'; readonly from: Instant; readonly until: End }
  | { readonly kind: 'ended'; readonly at: Instant }
  /** A later merge request speaks for this path now. */
  | { readonly kind: 'replaced'; readonly mergeRequest: number | null }
  /** The file went, or was changed without approval, after it had been in force. */
  | { readonly kind: 'taken-away'; readonly commit: CommitId }
  /** The landing itself took it away. */
  | { readonly kind: 'removed' };

export interface SettledGrant {
  readonly path: string;
  readonly group: GroupName;
  readonly uid: Uid;
  readonly standing: GrantStanding;
}

export type SettledReview =
  | ({
      readonly kind: 'refused';
      readonly code: RefusalCode;
      /** The landing's files that are still not in force, as far as their names may be shown anywhere. */
      readonly paths: readonly string[];
      /** Its files are again what is in force. */
      readonly healed: boolean;
      /** Rules are among those that no merge request can change until they are what is endorsed: then nothing counts until then. */
      readonly locksAll: boolean;
      /** Where approvals were what was missing. */
      readonly approvals: readonly JudgedApproval[];
      readonly signatures: readonly JudgedSignature[];
      readonly quorum: readonly PathQuorum[];
      readonly unbound?: UnboundReason;
    } & Pick<JudgedLanding, 'restores' | 'took' | 'takenOut' | 'locked'>)
  | { readonly kind: 'waiting'; readonly code: string }
  | {
      readonly kind: 'endorsed';
      readonly approvedBy: readonly Uid[];
      readonly signedBy?: readonly SignedBy[];
      readonly landedAt: Instant;
      readonly grants: readonly SettledGrant[];
      /** The landing changed rules. */
      readonly isRules: boolean;
      readonly rules: readonly RulesChange[];
    }
  /** Nothing of it concerns the policy. */
  | { readonly kind: 'nothing' };

/** The time before an end in which a note says that it comes. */
export const endsSoon = week;

/** A landing of a merge request: what it changed inside the policy folder, and the verdict on it, if there is one. */
export interface JudgedLanding {
  readonly commit: CommitId;
  readonly verdict: Verdict;
  /** Path, and whether a file stands there after the landing. */
  readonly paths: readonly { readonly path: string; readonly stands: boolean }[];
  /** Nobody approved it, and it made the files what is endorsed. */
  readonly restores: boolean;
  /** What it took away without approval. */
  readonly took: readonly TakenAway[];
  /** Whose approvals count for nothing since, until a change of the rules is endorsed. */
  readonly takenOut: readonly Uid[];
  /** Its files that are now not what is endorsed. */
  readonly locked: readonly string[];
  /** What it made of the rules, where it is in force. */
  readonly rules: readonly RulesChange[];
}

export interface TakenAway {
  readonly path: string;
  readonly group: GroupName;
  readonly uid: Uid;
  /** The end that is left; null: nothing is. */
  readonly left: End | null;
  /** The end that had been approved. */
  readonly approved: End;
}

export function settledReview(
  commit: CommitId | null,
  landing: JudgedLanding | undefined,
  policy: EffectivePolicy,
  reachOf: ReachOf,
  folder: string,
  now: Instant,
): SettledReview {
  const pending = policy.pending.find((one) => one.commit === commit);
  if (pending) return { kind: 'waiting', code: pending.code };
  if (!landing) return { kind: 'nothing' };
  const { verdict, paths } = landing;
  if (verdict.kind === 'refused') {
    const open = policy.refused.filter((one) => one.commit === landing.commit).map(({ path }: Refusal) => path);
    const { code, count, unbound } = verdict;
    const { restores, took, takenOut, locked } = landing;
    return {
      ...{ kind: 'refused', code, healed: open.length + locked.length === 0, paths: open.filter((path) => isWellFormed(path, folder)) },
      ...{ restores, took, takenOut, locked: locked.filter((path) => isWellFormed(path, folder)) },
      locksAll: locked.some((path) => isRules(path, folder)),
      ...{ approvals: count?.approvals ?? [], signatures: count?.signatures ?? [] },
      ...{ quorum: count ? wellFormedOnly(count.paths, folder) : [] },
      unbound,
    };
  }
  const inForce = new Map(policy.grants.map((grant) => [grant.path, grant]));
  const grants = paths.flatMap(({ path, stands }) => {
    const grant = grantAt(path, folder);
    return grant
      ? [{ path, ...grant, standing: standingOf(stands, inForce.get(path), policy.ended.get(path), landing.commit, reachOf, now) }]
      : [];
  });
  return {
    kind: 'endorsed',
    approvedBy: verdict.approvedBy,
    signedBy: verdict.signedBy,
    landedAt: verdict.landedAt,
    grants: grants.sort(inOrderOfPath),
    isRules: paths.some(({ path }) => isRules(path, folder)),
    rules: landing.rules,
  };
}

function standingOf(
  stands: boolean,
  grant: GrantInForce | undefined,
  ended: EndedGrant | undefined,
  commit: CommitId,
  reachOf: ReachOf,
  now: Instant,
): GrantStanding {
  if (grant && grant.commit !== commit) return { kind: 'replaced', mergeRequest: grant.mergeRequest };
  if (!stands) return { kind: 'removed' };
  if (!grant) return { kind: 'taken-away', commit: ended?.commit ?? commit };
  return standingInForce(grant, reachOf, now);
}

/** How a grant in force stands at `now`; `reachOf` is only asked while it gives access. */
export function standingInForce(grant: GrantInForce, reachOf: ReachOf, now: Instant): GrantStanding {
  const { from, until } = grant;
  if (until !== 'open' && isOver(until, now)) return { kind: 'ended', at: until };
  if (from !== undefined && from > now) return { kind: 'not-begun', from, until };
  const kind = until !== 'open' && until - now <= endsSoon ? 'ends-soon' : 'in-force';
  return { kind, until, shortened: until !== grant.endorsedUntil, reach: reachOf(grant) };
}
