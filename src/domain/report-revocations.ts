// Revocations, and whether the policy and the rosters have followed them: until then a revocation is all that keeps a person out.
import { isOver } from './grants.ts';
import { inOrder, type GroupName, type Instant, type RosterName, type Uid } from './names.ts';
import type { GroupReport } from './report.ts';
import type { RevocationStory } from './replay.ts';
import type { EffectivePolicy } from './waiting.ts';

export interface RevocationReport {
  readonly uid: Uid;
  /** null: every managed group. */
  readonly from: GroupName | null;
  readonly at: Instant;
  readonly reason: string;
  readonly lifted: { readonly at: Instant; readonly reason: string } | undefined;
  /** Grant files and rosters that still name the person. None: the revocation is ratified. */
  readonly namedBy: readonly string[];
  /** Rosters that may name the person: their lists are no longer on disk. */
  readonly unread: readonly RosterName[];
}

export function isRatified({ namedBy, unread }: RevocationReport): boolean {
  return namedBy.length + unread.length === 0;
}

export function revocationReports(
  stories: readonly RevocationStory[],
  policy: EffectivePolicy | undefined,
  rosterPeople: ReadonlyMap<RosterName, ReadonlySet<string>>,
  groups: readonly GroupReport[],
  at: Instant,
): readonly RevocationReport[] {
  return stories.map(({ record, lifted }) => {
    const { uid, from, reason } = record;
    const concerned = groups.filter(({ group }) => from === null || from === group);
    const rosters = [...new Set(concerned.flatMap(({ rules }) => (rules?.members.kind === 'roster' ? [rules.members.roster] : [])))];
    const grants = (policy?.grants ?? []).filter(
      (one) => one.uid === uid && (from === null || from === one.group) && !isOver(one.until, at),
    );
    const lists = rosters.filter((roster) => rosterPeople.get(roster)?.has(uid));
    return {
      uid,
      from,
      at: record.at,
      reason,
      lifted: lifted && { at: lifted.at, reason: lifted.reason },
      namedBy: [...grants.map(({ path }) => path), ...lists.map((roster) => `roster ${roster}`)].sort(inOrder),
      unread: rosters.filter((roster) => !rosterPeople.has(roster)),
    };
  });
}
