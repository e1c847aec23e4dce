// What a period saw: who was in at any time of it, who came and went, what was decided, and whether the rules are others.
import type { Because } from '../membership/desired.ts';
import type { GroupName, Instant } from '../names.ts';
import type { JudgedLanding, OverrideStory, Replayed, RevocationStory } from '../ledger/replay.ts';
import type { Departure, Stay } from '../ledger/stays.ts';

export interface ReportChanges {
  readonly since: Instant;
  /** Everybody who was in at any time of the period. */
  readonly access: readonly Stay[];
  readonly joined: readonly { readonly group: GroupName; readonly name: string; readonly at: Instant; readonly because: Because | null }[];
  readonly left: readonly { readonly group: GroupName; readonly name: string; readonly departure: Departure }[];
  readonly landings: readonly JudgedLanding[];
  readonly revocations: readonly RevocationStory[];
  readonly overrides: readonly OverrideStory[];
  readonly rulesChanged: boolean;
}

export function changesIn(
  { stays, policyBefore }: NonNullable<Replayed['period']>,
  { replay: now }: Replayed,
  since: Instant,
): ReportChanges {
  return {
    since,
    access: stays,
    joined: stays
      .filter(({ from }) => from > since)
      .map(({ group, name, from, reasons }) => ({ group, name, at: from, because: reasons[0]?.because ?? null })),
    left: stays.flatMap(({ group, name, departure }) => (departure ? [{ group, name, departure }] : [])),
    landings: now.landings,
    revocations: now.revocations.filter(({ record, lifted }) => record.at > since || (lifted !== undefined && lifted.at > since)),
    overrides: now.overrides.filter(({ record, usedAt }) => record.at > since || (usedAt !== undefined && usedAt > since)),
    rulesChanged: now.landings.length > 0 && policyBefore !== undefined && policyBefore.rules !== now.memory.policy?.rules,
  };
}
