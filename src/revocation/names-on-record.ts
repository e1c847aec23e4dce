// Who still names a revoked person, as far as this host's record tells: nobody else is asked.
import { readGeneration } from '../roster/generations.ts';
import type { Memory } from '../ledger/memory.ts';
import type { GroupName, Instant, RosterName, Uid } from '../names.ts';
import { stillNamed, type StillNamed } from './ratification.ts';
import { parseRoster } from '../roster/roster.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { openStateToRead } from '../ledger/state.ts';

interface RevokedTarget {
  readonly uid: Uid;
  readonly only: GroupName | undefined;
}

/** Undefined where there is no record that could tell. */
export async function openNamesOnRecord(folder: string, now: Instant): Promise<((target: RevokedTarget) => StillNamed) | undefined> {
  try {
    const { memory } = await openStateToRead(folder);
    if (!memory.policy) return undefined;
    const policy = { rules: memory.policy.rules, grants: [...memory.policy.inForce.values()] };
    const people = await rosterPeople(memory, folder);
    return ({ uid, only }) => stillNamed({ uid, group: only }, policy, people, now);
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return undefined;
    throw error;
  }
}

/** The people of the lists that were accepted last, as far as these are kept still. */
export async function rosterPeople(
  { rosters }: Pick<Memory, 'rosters'>,
  folder: string,
): Promise<ReadonlyMap<RosterName, ReadonlySet<string>>> {
  const people = new Map<RosterName, ReadonlySet<string>>();
  for (const { roster, sha256 } of rosters.values()) {
    const kept = await readGeneration(folder, roster, sha256);
    const parsed = kept.kind === 'kept' ? parseRoster(kept.bytes) : undefined;
    if (parsed?.kind === 'read') people.set(roster, new Set(parsed.uids));
  }
  return people;
}
