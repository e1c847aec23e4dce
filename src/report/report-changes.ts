// What changed between two moments: who came and went, what was decided, and whether the rules are others.
import type { Because } from '../membership/desired.ts';
import { inOrder, type GroupName, type Instant } from '../names.ts';
import type { JudgedLanding, Departure, Replay, Standing, OverrideStory, RevocationStory } from '../ledger/replay.ts';

export interface ReportChanges {
  readonly since: Instant;
  readonly joined: readonly { readonly group: GroupName; readonly name: string; readonly at: Instant; readonly because: Because | null }[];
  readonly left: readonly { readonly group: GroupName; readonly name: string; readonly departure: Departure | undefined }[];
  readonly landings: readonly JudgedLanding[];
  readonly revocations: readonly RevocationStory[];
  readonly overrides: readonly OverrideStory[];
  readonly rulesChanged: boolean;
}

export function changesBetween(before: Standing, now: Replay, since: Instant): ReportChanges {
  const groups = [...new Set([...before.members.keys(), ...now.members.keys()])].sort(inOrder);
  return {
    since,
    joined: groups.flatMap((group) =>
      newIn(before.members.get(group), now.members.get(group)).map(([name, { since: at, because }]) => ({ group, name, at, because })),
    ),
    left: groups.flatMap((group) =>
      newIn(now.members.get(group), before.members.get(group)).map(([name]) => ({
        group,
        name,
        departure: now.departures.get(group)?.get(name),
      })),
    ),
    landings: now.landings,
    revocations: now.revocations.filter(({ record, lifted }) => record.at > since || (lifted !== undefined && lifted.at > since)),
    overrides: now.overrides.filter(({ record, usedAt }) => record.at > since || (usedAt !== undefined && usedAt > since)),
    rulesChanged: now.landings.length > 0 && before.policy !== undefined && before.policy.rules !== now.policy?.rules,
  };
}

/** Those of `after` that `before` does not have, in order. */
function newIn<Of>(before: ReadonlyMap<string, unknown> | undefined, after: ReadonlyMap<string, Of> | undefined): readonly [string, Of][] {
  return [...(after ?? [])].filter(([name]) => !before?.has(name)).sort(([left], [right]) => inOrder(left, right));
}
