// Who approved how much, and whether somebody approves mostly for one person.
import { inOrder, type Instant, type Uid } from '../names.ts';
import type { Approvals } from '../ledger/replay.ts';

export interface ApproverReport {
  readonly uid: Uid;
  readonly landings: number;
  /** Of these, changes of the rules. */
  readonly rules: number;
  readonly last: Instant;
  /** Grants by the person who got them, the most first. */
  readonly grants: readonly { readonly uid: Uid; readonly count: number }[];
  /** More than half of three grants or more went to this person. */
  readonly mostlyFor: Uid | undefined;
}

/** Fewer say nothing about a habit. */
const leastGrants = 3;

export function approverReports(approvals: ReadonlyMap<Uid, Approvals>): readonly ApproverReport[] {
  const reports = [...approvals].map(([uid, { landings, rules, last, grants }]) => {
    const byPerson = [...grants].map(([of, count]) => ({ uid: of, count })).sort((a, b) => b.count - a.count || inOrder(a.uid, b.uid));
    const all = byPerson.reduce((sum, { count }) => sum + count, 0);
    const [most] = byPerson;
    const mostlyFor = most && all >= leastGrants && most.count * 2 > all ? most.uid : undefined;
    return { uid, landings, rules, last, grants: byPerson, mostlyFor };
  });
  return reports.sort((left, right) => right.landings - left.landings || inOrder(left.uid, right.uid));
}
