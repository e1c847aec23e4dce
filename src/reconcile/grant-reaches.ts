// How far the grants in force have come after a run.
import type { GrantInForce } from '../record/grants.ts';
import type { Memory } from '../ledger/memory.ts';
import type { GrantReach, Reach } from '../record/standing.ts';
import { withheldFrom, type GroupResult } from './run.ts';

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
