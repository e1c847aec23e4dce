// What a period saw: who came, stayed under another grant, and went, what was decided, and whether the rules are others.
import type { Because } from '../membership/desired.ts';
import type { GroupName, Instant } from '../names.ts';
import type { JudgedLanding, OverrideStory, Replayed, RevocationStory } from '../ledger/replay.ts';
import { isFoundOnly, type Departure } from '../ledger/stays.ts';
import { second } from '../time.ts';

interface Arrival {
  readonly group: GroupName;
  readonly name: string;
  readonly at: Instant;
  readonly because: Because | null;
}

export interface ReportChanges {
  readonly since: Instant;
  readonly joined: readonly Arrival[];
  /** Another grant or list for somebody who was in already. */
  readonly renewed: readonly Arrival[];
  readonly left: readonly { readonly group: GroupName; readonly name: string; readonly departure: Departure }[];
  readonly landings: readonly JudgedLanding[];
  readonly revocations: readonly RevocationStory[];
  readonly overrides: readonly OverrideStory[];
  readonly rulesChanged: boolean;
}

export function changesIn({ replay: now, since, stays, policyBefore }: Replayed): ReportChanges {
  // A second that is named means the whole of it.
  const begin = since - (since % second);
  return {
    since,
    joined: stays
      .filter((stay) => stay.from > since && !isFoundOnly(stay))
      .map(({ group, name, from, reasons }) => ({ group, name, at: from, because: reasons[0]?.because ?? null })),
    renewed: stays.flatMap(({ group, name, from, reasons }) =>
      reasons.filter(({ at }) => at > since && at > from).map(({ at, because }) => ({ group, name, at, because })),
    ),
    left: stays.flatMap(({ group, name, departure }) => (departure && departure.at >= begin ? [{ group, name, departure }] : [])),
    landings: now.landings,
    revocations: now.revocations.filter(({ record, lifted }) => record.at > since || (lifted !== undefined && lifted.at > since)),
    overrides: now.overrides.filter(({ record, usedAt }) => record.at > since || (usedAt !== undefined && usedAt > since)),
    rulesChanged: now.landings.length > 0 && policyBefore !== undefined && policyBefore.rules !== now.memory.policy?.rules,
  };
}
