// Takes one revoked person out of one group, whatever else is known or not known about the group: it can only narrow.
import type { DirectoryPerson, MemberValue, ObservedGroup } from '../directory/directory.ts';
import type { DnKey, GroupName, Instant, Uid } from '../names.ts';
import { uidSpelledIn } from '../membership/plan.ts';
import type { OutcomeRecord } from '../ledger/record.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { WritableDirectory } from '../reconcile/ports.ts';
import type { Directory } from '../membership/proposal.ts';

export type Removal =
  | { readonly kind: 'removed'; readonly group: GroupName; readonly values: readonly MemberValue[]; readonly members: number }
  | { readonly kind: 'no-member' }
  | { readonly kind: 'failed'; readonly message: string };

/** Whom: the person, or where the directory shows none or several, whatever carries the uid. */
export interface Revoked {
  readonly uid: Uid;
  readonly person: DirectoryPerson | undefined;
}

const attempts = 5;

/** Value by value under the usual assertion; whoever else writes the group meanwhile only makes us look again. */
export async function removeFrom(group: GroupName, revoked: Revoked, directory: WritableDirectory): Promise<Removal> {
  try {
    return await tryToRemove(group, revoked, directory);
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return { kind: 'failed', message: error.message };
    throw error;
  }
}

async function tryToRemove(group: GroupName, revoked: Revoked, { reader, writer }: WritableDirectory): Promise<Removal> {
  let message = 'somebody else keeps changing the group';
  const removed = new Map<DnKey, MemberValue>();
  for (let attempted = 0; attempted < attempts; attempted++) {
    const observed = await reader.group(group);
    if (observed.kind === 'unusable') return { kind: 'failed', message: observed.message };
    const values = await valuesOf(revoked, observed, reader);
    if (values.length === 0) {
      return removed.size > 0
        ? { kind: 'removed', group, values: [...removed.values()], members: observed.members.length }
        : { kind: 'no-member' };
    }
    for (const value of values) removed.set(value.key, value);
    const outcome = await writer.apply({ group: observed, add: [], remove: values });
    if (outcome.kind === 'refused' || outcome.kind === 'unknown') message = outcome.message;
    if (outcome.kind === 'refused') break;
  }
  return { kind: 'failed', message };
}

/** Every value that stands for the person. Only where no single entry has the uid, all members' entries are looked at. */
async function valuesOf({ uid, person }: Revoked, { members }: ObservedGroup, reader: Directory): Promise<readonly MemberValue[]> {
  const isSpelled = ({ dn, key }: MemberValue) => uidSpelledIn(dn) === uid || key === person?.key;
  if (person) return members.filter(isSpelled);
  const behind = await reader.membersBehind(members);
  return members.filter((value) => {
    const entry = behind.get(value.key);
    return (
      isSpelled(value) ||
      (entry?.kind === 'person' && entry.person.uid === uid) ||
      (entry?.kind === 'no-person' && entry.uids.includes(uid))
    );
  });
}

/** What the ledger keeps of it. */
export function removalRecords(uid: Uid, removals: readonly Removal[], at: Instant): readonly OutcomeRecord[] {
  return removals.flatMap((removal) => {
    if (removal.kind !== 'removed') return [];
    const { group, values, members } = removal;
    const remove = [{ because: { kind: 'revoked', at } as const, limited: false, members: values.map(({ dn }) => ({ uid, dn })) }];
    return [{ type: 'outcome', at, group, result: 'revoked', add: [], remove, members } as const];
  });
}
