// Revocations as the report tells them, those that were lifted too, and whether the policy and the rosters have followed them.
import type { GroupName, Instant, RosterName, Uid } from '../names.ts';
import { stillNamed } from '../revocation/ratification.ts';
import type { RevocationStory } from '../ledger/replay.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';

export interface RevocationReport {
  readonly uid: Uid;
  /** null: every managed group. */
  readonly from: GroupName | null;
  readonly at: Instant;
  readonly reason: string;
  readonly by: string | undefined;
  readonly lifted: { readonly at: Instant; readonly reason: string; readonly by: string | undefined } | undefined;
  /** Grant files and rosters that still name the person. None: the revocation is ratified. */
  readonly namedBy: readonly string[];
  /** Rosters that may name the person: their lists are no longer on disk. */
  readonly unread: readonly RosterName[];
}

export function revocationReports(
  stories: readonly RevocationStory[],
  policy: EffectivePolicy | undefined,
  rosterPeople: ReadonlyMap<RosterName, ReadonlySet<string>>,
  at: Instant,
): readonly RevocationReport[] {
  return stories.map(({ record, lifted }) => {
    const { uid, from, reason, by } = record;
    const still = policy && stillNamed({ uid, group: from ?? undefined }, policy, rosterPeople, at);
    return {
      uid,
      from,
      at: record.at,
      reason,
      by,
      lifted: lifted && { at: lifted.at, reason: lifted.reason, by: lifted.by },
      namedBy: still?.namedBy ?? [],
      unread: still?.unread ?? [],
    };
  });
}
