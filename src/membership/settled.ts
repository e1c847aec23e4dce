// Groups that the last run found in order, and how it is told that nothing they were judged by has changed since: then
// they need not be judged again. Whatever cannot be told for certain is judged anew.
import type { Revocation, Withheld } from './desired.ts';
import type { WriteMark } from '../directory/directory.ts';
import type { ClockVerdict } from './clock.ts';
import { instant, type Dn, type Duration, type GroupName, type Instant, type RosterName } from '../names.ts';
import type { RosterRecord } from '../ledger/record.ts';
import type { RosterState } from '../roster/roster.ts';
import type { GroupProposal } from '../reconcile/run.ts';
import { hour } from '../time.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';

/** In order: nothing to add, remove, hold or report. */
export interface SettledGroup {
  readonly kind: 'settled';
  readonly group: GroupName;
  readonly dn: Dn;
  readonly members: number;
  readonly withheld: readonly Withheld[];
}

export interface SettledRun {
  /** Stands for everything that the groups were judged by, but the time. */
  readonly stamp: string;
  readonly at: Instant;
  /** The first moment at which time alone may change something. */
  readonly until: Instant;
  readonly groups: readonly SettledGroup[];
}

export interface Grounds {
  /** Stands for this build, the host's configuration and the ledger. */
  readonly context: string;
  /** New verdicts, which are not in that ledger yet. */
  readonly verdicts: number;
  readonly policy: EffectivePolicy | undefined;
  readonly clock: ClockVerdict;
  readonly rosters: readonly { readonly roster: RosterName; readonly state: RosterState }[];
  readonly accepted: ReadonlyMap<RosterName, RosterRecord>;
  readonly revocations: readonly Revocation[];
  readonly mark: WriteMark;
}

/** A text that is the same only when all the grounds are; undefined where something is open, new or not as it should be. */
export function renderGrounds(grounds: Grounds): string | undefined {
  const { context, verdicts, policy, clock, rosters, accepted, revocations, mark } = grounds;
  if (mark === undefined || verdicts > 0 || clock.kind !== 'sound' || !policy || policy.pending.length > 0) return undefined;
  const digests: [RosterName, string][] = [];
  for (const { roster, state } of rosters) {
    if (state.kind !== 'fresh' || accepted.get(roster)?.sha256 !== state.sha256) return undefined;
    digests.push([roster, state.sha256]);
  }
  return JSON.stringify([context, mark, digests, revocations]);
}

// What moves no mark of the directory, such as new access rules, is seen after this time at the latest.
const oldest = hour;

export function isStillSettled(run: SettledRun, stamp: string, now: Instant): boolean {
  return run.stamp === stamp && run.at <= now && now < run.until;
}

/** When time alone may change something: a grant begins or ends, by its file, by its approval or by the host's ceiling. */
export function firstChange(policy: EffectivePolicy, ceilings: ReadonlyMap<GroupName, Duration>, now: Instant): Instant {
  let first = now + oldest;
  const take = (moment: Instant | 'open' | undefined) => {
    if (moment !== undefined && moment !== 'open' && moment > now) first = Math.min(first, moment);
  };
  for (const { from, until, endorsedUntil, landedAt, group } of [...policy.grants, ...policy.proposed]) {
    const ceiling = ceilings.get(group);
    [from, until, endorsedUntil, ceiling === undefined ? undefined : instant(landedAt + ceiling)].forEach(take);
  }
  return instant(first);
}

/** The groups of a run that found all of them in order; undefined when one is not. */
export function settledGroups(proposals: readonly GroupProposal[]): readonly SettledGroup[] | undefined {
  const settled: SettledGroup[] = [];
  for (const proposal of proposals) {
    if (proposal.kind === 'settled') settled.push(proposal);
    else if (proposal.kind !== 'planned' || !isInOrder(proposal)) return undefined;
    else {
      const { group, dn, observed, desired } = proposal;
      settled.push({ kind: 'settled', group, dn, members: observed.members.length, withheld: desired.withheld });
    }
  }
  return settled;
}

function isInOrder({ plan, guarded, doubt }: Extract<GroupProposal, { kind: 'planned' }>): boolean {
  if (doubt !== undefined) return false;
  const open = [plan.add, plan.remove, plan.lengthen, plan.reported, plan.kept, guarded.held, guarded.used];
  return open.every((changes) => changes.length === 0);
}
