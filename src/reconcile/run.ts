// What one run found and did, as values: plan and reconcile print it, reports and metrics are made of it.
import type { EvidenceKind } from '../evidence/evidence.ts';
import type { ClockVerdict } from '../membership/clock.ts';
import type { Desired, RosterGeneration, Withheld } from '../membership/desired.ts';
import type { Claim, ObservedGroup } from '../directory/directory.ts';
import type { Guarded } from '../membership/guard.ts';
import type { CommitId, Dn, GroupName, Instant, RosterName } from '../names.ts';
import type { GroupPlan } from '../membership/plan.ts';
import type { GroupRules } from '../policy/policy.ts';
import type { RosterState } from '../roster/roster.ts';
import type { SettledGroup } from '../membership/settled.ts';
import { statusOf, type Status, type StatusName } from '../status.ts';
import type { Problem } from '../errors.ts';
import type { TokenStanding } from '../evidence/tokens.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import type { OpenEffect } from '../record/now.ts';
import type { GrantInForce } from '../record/grants.ts';
import type { Memory } from '../ledger/memory.ts';
import type { GrantReach, Reach } from '../record/standing.ts';

export interface RosterStanding {
  readonly roster: RosterName;
  readonly state: RosterState;
  /** Whose names count, if anybody's do. */
  readonly generation: RosterGeneration | undefined;
  /** What became of the list that was accepted last, where it cannot be used any more. */
  readonly lost?: string;
  /** When the generation that counts was accepted, where it is not new. */
  readonly acceptedAt?: Instant;
}

export interface PlannedGroup {
  readonly kind: 'planned';
  readonly group: GroupName;
  readonly dn: Dn;
  readonly rules: GroupRules;
  readonly observed: ObservedGroup;
  readonly desired: Desired;
  readonly plan: GroupPlan;
  readonly guarded: Guarded;
  /** Of these people the server does not tell whether they are members. */
  readonly doubt?: Doubt;
}

export interface Doubt {
  readonly uids: ReadonlySet<string>;
  readonly message: string;
}

/** A group that is left as it is, and who has to do something about it. */
export interface UnplannedGroup {
  readonly kind: 'frozen' | 'failed';
  readonly group: GroupName;
  readonly dn: Dn | null;
  readonly status: StatusName;
  readonly message: string;
}

export type GroupProposal = PlannedGroup | SettledGroup | UnplannedGroup;

/** What became of a group: the proposal, and what was done about it. */
export interface GroupResult {
  readonly proposal: GroupProposal;
  readonly outcome: 'none' | 'done' | 'not-done';
  /** Members that the directory shows at the end; undefined where it could not be read. */
  readonly members: number | undefined;
  readonly status?: StatusName;
  readonly message?: string;
}

export interface RunReport {
  readonly command: 'plan' | 'reconcile';
  readonly at: Instant;
  readonly mode: 'enforce' | 'report';
  readonly evidence: EvidenceKind;
  readonly start: CommitId;
  /** `sha256:…` over the rules files at `start`, of a plan. */
  readonly rules?: string;
  readonly head: CommitId | undefined;
  readonly policy: EffectivePolicy | undefined;
  /** The tokens for GitLab, as judging found them. */
  readonly tokens: readonly TokenStanding[];
  /** Whom open merge requests are about, as judging found them. */
  readonly open: readonly OpenEffect[];
  readonly clock: ClockVerdict;
  readonly rosters: readonly RosterStanding[];
  readonly groups: readonly GroupResult[];
  readonly claims: readonly Claim[];
  readonly problems: readonly Problem[];
}

/** Whom something names for the group and who is not a member for it. */
export function withheldFrom(proposal: GroupProposal): readonly Withheld[] {
  if (proposal.kind === 'settled') return proposal.withheld;
  return proposal.kind === 'planned' ? proposal.desired.withheld : [];
}

/** There is something to do in the directory now. */
export function isPending(proposal: GroupProposal): boolean {
  return proposal.kind === 'planned' && proposal.guarded.add.length + proposal.guarded.remove.length > 0;
}

/** What does not pass by waiting. */
const waitsForAPerson = new Set(['gitlab-unusable', 'commits-unusable', 'project-changed']);

/** Every status that holds. Changes that merely wait to be made are one only where the caller asked for it. */
export function runStatus(report: Omit<RunReport, 'at'>, countPending: boolean): Status {
  const names = new Set<StatusName>(report.problems.map(({ status }) => status));
  for (const { proposal, status, outcome } of report.groups) {
    if (status) names.add(status);
    if (withheldFrom(proposal).some(({ reason }) => reason.code === 'ambiguous-person')) names.add('input');
    if (proposal.kind !== 'planned') continue;
    if (proposal.guarded.held.length > 0) names.add('held');
    if (countPending && outcome === 'none' && isPending(proposal)) names.add('pending');
  }
  if (report.policy && report.policy.refused.length + report.policy.unlisted > 0) names.add('refused');
  const { pending = [] } = report.policy ?? {};
  // Judging stops at the first that waits. What a person has to mend is told as that: no later run would find it answered.
  if (pending.length > 0 && !report.problems.some(({ code }) => waitsForAPerson.has(code))) names.add('unavailable');
  return statusOf(names);
}

/** What becomes of a group that nothing is done about. */
export function asProposed(proposal: GroupProposal): GroupResult {
  if (proposal.kind === 'settled') return { proposal, outcome: 'none', members: proposal.members };
  if (proposal.kind !== 'planned')
    return { proposal, outcome: 'none', members: undefined, status: proposal.status, message: proposal.message };
  const { observed, doubt } = proposal;
  return {
    proposal,
    outcome: 'none',
    members: observed.members.length,
    ...(doubt !== undefined && { status: 'directory', message: doubt.message }),
  };
}

export const noLongerActive: Problem = {
  status: 'unavailable',
  code: 'no-longer-active',
  message: 'this host stopped being the active one during the run; from then on nothing was written to the directory',
};

export function grantReaches(grants: readonly GrantInForce[], groups: readonly GroupResult[], memory: Memory): readonly GrantReach[] {
  const proposals = new Map(groups.map(({ proposal }) => [proposal.group, proposal]));
  return grants.map(({ group, uid }) => {
    const proposal = proposals.get(group);
    const reach = (): Reach => {
      const membership = memory.groups.get(group)?.members.get(uid);
      if (membership) return { kind: 'member', since: membership.since };
      const reason = proposal && withheldFrom(proposal).find((one) => one.uid === uid)?.reason;
      if (reason) return { kind: 'withheld', code: reason.code };
      const isHeld = proposal?.kind === 'planned' && proposal.guarded.held.some(({ add }) => add.some((one) => one.uid === uid));
      return { kind: isHeld ? 'held' : 'not-yet' };
    };
    return { group, uid, reach: reach() };
  });
}
