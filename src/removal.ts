// Takes one revoked person out of one group, whatever else is known or not known about the group: it can only narrow.
import type { DirectoryPerson, MemberValue } from './domain/directory.ts';
import type { GroupName, Instant, Uid } from './domain/names.ts';
import type { OutcomeRecord } from './domain/record.ts';
import { Unavailable, Unusable } from './failures.ts';
import type { WritableDirectory } from './ports.ts';

export type Removal =
  | { readonly kind: 'removed'; readonly group: GroupName; readonly member: MemberValue; readonly members: number }
  | { readonly kind: 'no-member' }
  | { readonly kind: 'failed'; readonly message: string };

const attempts = 5;

/** Value by value under the usual assertion; whoever else writes the group meanwhile only makes us look again. */
export async function removeFrom(group: GroupName, person: DirectoryPerson, directory: WritableDirectory): Promise<Removal> {
  try {
    return await tryToRemove(group, person, directory);
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return { kind: 'failed', message: error.message };
    throw error;
  }
}

async function tryToRemove(group: GroupName, person: DirectoryPerson, { reader, writer }: WritableDirectory): Promise<Removal> {
  let message = 'somebody else keeps changing the group';
  let removed: MemberValue | undefined;
  for (let attempted = 0; attempted < attempts; attempted++) {
    const observed = await reader.group(group);
    if (observed.kind === 'unusable') return { kind: 'failed', message: observed.message };
    const member = observed.members.find(({ key }) => key === person.key);
    if (!member) return removed ? { kind: 'removed', group, member: removed, members: observed.members.length } : { kind: 'no-member' };
    removed = member;
    const outcome = await writer.apply({ group: observed, add: [], remove: [member] });
    if (outcome.kind === 'refused' || outcome.kind === 'unknown') message = outcome.message;
    if (outcome.kind === 'refused') break;
  }
  return { kind: 'failed', message };
}

/** What the ledger keeps of it. */
export function removalRecords(uid: Uid, removals: readonly Removal[], at: Instant): readonly OutcomeRecord[] {
  return removals.flatMap((removal) => {
    if (removal.kind !== 'removed') return [];
    const { group, member, members } = removal;
    const remove = [{ because: { kind: 'revoked', at } as const, limited: false, members: [{ uid, dn: member.dn }] }];
    return [{ type: 'outcome', at, group, result: 'revoked', add: [], remove, members } as const];
  });
}
