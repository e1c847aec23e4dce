// Takes one revoked person out of one group, whatever else is known or not known about the group: it can only narrow. Who is a member is
// the server's answer, before and after.
import type { DirectoryPerson, MemberValue, ObservedGroup, Unwritten } from '../directory/directory.ts';
import type { EntryUuid, GroupName, Instant, Uid } from '../names.ts';
import { uidSpelledIn, type RemovalCause } from '../membership/plan.ts';
import type { OutcomeRecord } from '../ledger/record.ts';
import { DirectoryUnusable, Unavailable } from '../errors.ts';
import type { WritableDirectory } from '../reconcile/ports.ts';
import type { Directory } from '../membership/proposal.ts';

export type Removal =
  | {
      readonly kind: 'removed';
      readonly group: GroupName;
      readonly values: readonly MemberValue[];
      readonly members: number;
      readonly doubt?: Doubt;
      readonly unwritten: readonly Unwritten[];
    }
  | { readonly kind: 'no-member'; readonly unwritten: readonly Unwritten[] }
  /** `tried`: what may be gone all the same, for the answer never came. */
  | ({ readonly kind: 'failed'; readonly tried?: readonly MemberValue[] } & Doubt);

/** What kept somebody from being looked for, or from being taken out. */
export interface Doubt {
  readonly status: 'directory' | 'unavailable';
  readonly message: string;
}

/** Whom: the person, or where the directory shows none or several, whatever carries the uid; and wherever else that person may stand. */
export interface Revoked {
  readonly uid: Uid;
  readonly found: DirectoryPerson | 'ambiguous' | undefined;
  readonly elsewhere: readonly MemberValue[];
  readonly doubt?: Doubt;
}

export type OpenToWrite = () => Promise<WritableDirectory>;

/** Looks for the person in every way there is; one that fails leaves the others. `uuids`: of the entries that the record knows. */
export async function lookFor(uid: Uid, uuids: readonly EntryUuid[], open: OpenToWrite): Promise<Revoked> {
  const straight = await tried(async () => [(await open()).reader.straight(uid)]);
  if ('message' in straight) return { uid, found: undefined, elsewhere: [], doubt: straight };
  const people = await tried(async () => (await open()).reader.people([uid]));
  const former = await tried(async () => (await Promise.all(uuids.map(async (uuid) => (await open()).reader.withUuid(uuid)))).flat());
  const doubt = 'message' in people ? people : 'message' in former ? former : undefined;
  return {
    uid,
    found: 'message' in people ? undefined : people.get(uid),
    elsewhere: [...straight, ...('message' in former ? [] : former)],
    doubt,
  };
}

async function tried<Answer>(ask: () => Promise<Answer>): Promise<Answer | Doubt> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Unavailable) return { status: 'unavailable', message: error.message };
    if (error instanceof DirectoryUnusable) return { status: 'directory', message: error.message };
    throw error;
  }
}

const attempts = 3;

/**
 * Value by value; whoever else writes the group meanwhile only makes us look again. `before`: how an earlier look ended: what it tried and is
 * gone by now, it removed.
 */
export async function removeFrom(group: GroupName, revoked: Revoked, open: OpenToWrite, before?: Removal): Promise<Removal> {
  const removed: MemberValue[] = before?.kind === 'failed' ? [...(before.tried ?? [])] : [];
  const removal = await tried(() => tryToRemove(group, revoked, open, removed));
  const outcome: Removal = 'kind' in removal ? removal : { kind: 'failed', ...removal };
  return outcome.kind === 'failed' ? { ...outcome, tried: removed } : outcome;
}

async function tryToRemove(group: GroupName, revoked: Revoked, open: OpenToWrite, removed: MemberValue[]): Promise<Removal> {
  let doubt: Doubt = revoked.doubt ?? { status: 'directory', message: 'somebody else keeps changing the group' };
  for (let attempted = 0; attempted < attempts; attempted++) {
    const { reader, writer } = await open();
    const observed = await reader.group(group);
    if (observed.kind === 'unusable') return { kind: 'failed', status: 'directory', message: observed.message };
    const { values, unwritten, unseen = revoked.doubt } = await valuesOf(revoked, observed, reader);
    if (values.length === 0) {
      if (removed.length === 0) return unseen ? { kind: 'failed', ...unseen } : { kind: 'no-member', unwritten };
      return { kind: 'removed', group, values: removed, members: observed.members.length, unwritten, doubt: unseen };
    }
    for (const value of values) if (!removed.some(({ key }) => key === value.key)) removed.push(value);
    // Each value is a compare-and-set of its own: nothing else about the group has to be as it was read.
    const outcome = await writer.apply({ group: { ...observed, revision: '' }, add: [], remove: values });
    if (outcome.kind === 'refused') return { kind: 'failed', status: 'directory', message: outcome.message };
    if (outcome.kind === 'unknown') doubt = { status: 'unavailable', message: outcome.message };
    else if (outcome.kind === 'done' && attempted > 0)
      doubt = { status: 'directory', message: 'the directory accepts the removal and still counts the person among the members' };
  }
  return { kind: 'failed', ...doubt };
}

/** Every value that stands for the person, as the list shows it or as the server says when it is asked by name. */
async function valuesOf(
  { uid, found, elsewhere }: Revoked,
  observed: ObservedGroup,
  reader: Directory,
): Promise<{ readonly values: readonly MemberValue[]; readonly unwritten: readonly Unwritten[]; readonly unseen?: Doubt }> {
  const { group, members } = observed;
  const person = found === 'ambiguous' ? undefined : found;
  const names = [...(person ? [{ dn: person.dn, key: person.key }] : []), ...elsewhere];
  const keys = new Set(names.map(({ key }) => key));
  const isSpelled = ({ dn, key }: MemberValue) => uidSpelledIn(dn) === uid || keys.has(key);
  // Only where no single entry has the uid, all members' entries are looked at.
  const behind = person ? new Map<never, never>() : await tried(() => reader.membersBehind(members.filter((value) => !isSpelled(value))));
  const unseen = 'message' in behind ? behind : undefined;
  const listed = members.filter((value) => {
    const entry = 'message' in behind ? undefined : behind.get(value.key);
    return (
      isSpelled(value) ||
      (entry?.kind === 'person' && entry.person.uid === uid) ||
      (entry?.kind === 'no-person' && entry.uids.includes(uid))
    );
  });
  const unwritten = observed.unwritten.filter(({ value }) => isSpelled(value));
  const told = [...listed, ...unwritten.flatMap(({ where, value }) => (where === 'computed' ? [value] : []))];
  const unlisted: MemberValue[] = [];
  for (const value of names)
    if (![...told, ...unlisted].some(({ key }) => key === value.key) && (await reader.isMember(group, value.dn))) unlisted.push(value);
  return { values: [...listed, ...unlisted], unwritten, unseen };
}

/** What the ledger keeps of it. */
export function removalRecords(
  uid: Uid,
  removals: readonly Removal[],
  at: Instant,
  because: RemovalCause = { kind: 'revoked', at },
): readonly OutcomeRecord[] {
  return removals.flatMap((removal) => {
    if (removal.kind !== 'removed') return [];
    const { group, values, members } = removal;
    const remove = [{ because, limited: false, members: values.map(({ dn }) => ({ uid, dn })) }];
    return [{ type: 'outcome', at, group, result: 'revoked', add: [], remove, members } as const];
  });
}
