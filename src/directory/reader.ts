// What the directory says of people and groups, whole or not at all. This half of the adapter cannot write.
import { escapeFilter } from 'ldapts';
import type { DirectoryPerson, MemberEntry, MemberValue, ObservedGroup, People, UnusableGroup, WriteMark } from './directory.ts';
import { parseUid, type Dn, type DnKey, type EntryUuid, type GroupName, type Uid } from '../names.ts';
import { DirectoryUnusable, Misuse } from '../errors.ts';
import { eachOf } from './concurrency.ts';
import type { DirectoryConnection } from './connection.ts';
import { isWithin, uidOf } from './distinguished-names.ts';
import { namedBy, valuesOf } from './entries.ts';
import { readGroup } from './groups.ts';
import { configuredKey, type DirectoryLayout } from './layout.ts';
import { readMark } from './marks.ts';
import { findPeople } from './people.ts';
import { hasResultCode, refusal, resultCode } from './result-codes.ts';

/** Every method throws `Unavailable` when no whole answer came, and `Unusable` when the server says no to the question itself. */
export interface DirectoryReader {
  /**
   * Moves with every write to the directory: the contextCSN values of all naming contexts that hold people or groups
   * (slapo-syncprov(5)), and whom the server shows them to: another account may be shown something else. Undefined where the
   * server keeps none, or does not keep it up.
   */
  mark(): Promise<WriteMark>;
  /** Those of the uids that have an entry under the people base. */
  people(uids: readonly Uid[]): Promise<People>;
  /**
   * A managed group as it stands now. A group that cannot be used is a value, so that it holds up no other.
   */
  group(name: GroupName): Promise<ObservedGroup | UnusableGroup>;
  /** Whether the server itself, by its own matching rules, counts this name among the members of the group. */
  isMember(name: GroupName, member: Dn): Promise<boolean>;
  /** The name of an entry with this uid that stands straight under the people base, whether or not there is one. */
  straight(uid: Uid): MemberValue;
  /** Where the entry with this UUID stands now: it may have been renamed. */
  withUuid(uuid: EntryUuid): Promise<readonly MemberValue[]>;
  /** Who stands behind each of the values; every value is in the answer. */
  membersBehind(values: readonly MemberValue[]): Promise<ReadonlyMap<DnKey, MemberEntry>>;
}

const readsInFlight = 8;

export function directoryReader(connection: DirectoryConnection, layout: DirectoryLayout): DirectoryReader {
  const peopleBase = configuredKey(layout.people);
  return {
    mark: async () => {
      const mark = await readMark(connection, [peopleBase, ...[...layout.groups.values()].map(configuredKey)]);
      return mark && `${connection.identity} ${mark}`;
    },
    people: (uids) => findPeople(connection, layout, [...new Set(uids)]),
    group: async (name) => readGroup(connection, layout, name, dnOf(layout, name)),
    isMember: (name, member) => isMember(connection, dnOf(layout, name), member),
    straight: (uid) => namedBy(`uid=${uid},${layout.people}`),
    withUuid: (uuid) => entriesWith(connection, layout, uuid),
    membersBehind: (values) => membersBehind(connection, layout, peopleBase, values),
  };
}

function dnOf({ groups }: DirectoryLayout, group: GroupName): Dn {
  const base = groups.get(group);
  if (base === undefined) throw new Misuse(`the configuration names no DN for the group ${group}`);
  return base;
}

/** What may not be seen answers neither yes nor no (RFC 4511, section 4.5.1.7). */
async function isMember(connection: DirectoryConnection, group: Dn, member: Dn): Promise<boolean> {
  const answers = async (filter: string) => {
    try {
      return (await connection.search(group, { scope: 'base', filter, attributes: ['1.1'] })).length > 0;
    } catch (error) {
      throw refusal(error, `say whether ${member} is a member of ${group}`);
    }
  };
  const isOne = escapeFilter`(member=${member})`;
  if (await answers(isOne)) return true;
  if (await answers(`(!${isOne})`)) return false;
  throw new DirectoryUnusable(
    `the directory does not say whether ${member} is a member of ${group}: its administrator has to let this account read and search that attribute`,
  );
}

async function entriesWith(connection: DirectoryConnection, { people }: DirectoryLayout, uuid: EntryUuid) {
  try {
    const filter = escapeFilter`(entryUUID=${uuid})`;
    return (await connection.search(people, { scope: 'sub', filter, attributes: ['1.1'] })).map(({ dn }) => namedBy(dn));
  } catch (error) {
    throw refusal(error, `search ${people} by entryUUID`);
  }
}

async function membersBehind(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  peopleBase: DnKey,
  values: readonly MemberValue[],
): Promise<ReadonlyMap<DnKey, MemberEntry>> {
  const behind = new Map<DnKey, MemberEntry>();
  const recognise = async (uids: ReadonlyMap<DnKey, Uid>) => {
    const people = await findPeople(connection, layout, [...new Set(uids.values())]);
    for (const [key, uid] of uids) {
      const person = people.get(uid);
      if (isPersonAt(person, key)) behind.set(key, { kind: 'person', person });
    }
  };

  // Nearly all are named by their uid and stand directly under the people base: one question for a hundred of them.
  const named = new Map<DnKey, Uid>();
  for (const { key } of values) {
    const uid = uidOf(key, peopleBase);
    if (uid !== undefined) named.set(key, uid);
  }
  await recognise(named);

  const others = new Map<DnKey, Uid>();
  await eachOf(
    values.filter(({ key }) => !behind.has(key)),
    readsInFlight,
    async (value) => {
      const uids = await uidsAt(connection, value);
      behind.set(value.key, uids === 'absent' ? { kind: 'absent' } : { kind: 'no-person', uids });
      const [uid] = uids === 'absent' ? [] : uids;
      if (uid !== undefined && uids.length === 1 && isWithin(value.key, peopleBase)) others.set(value.key, uid);
    },
  );
  await recognise(others);
  return behind;
}

function isPersonAt(person: DirectoryPerson | 'ambiguous' | undefined, key: DnKey): person is DirectoryPerson {
  return person !== undefined && person !== 'ambiguous' && person.key === key;
}

/** The uids of the entry with this DN as far as they are well formed; `absent` when there is no such entry (32). */
async function uidsAt(connection: DirectoryConnection, { dn, key }: MemberValue): Promise<readonly Uid[] | 'absent'> {
  // The empty DN is the root DSE, which is nobody.
  if (key === '') return [];
  try {
    const [entry] = await connection.search(dn, { scope: 'base', attributes: ['uid'] });
    if (!entry) throw new DirectoryUnusable(`the directory neither shows nor denies ${dn}`);
    return valuesOf(entry, 'uid').flatMap((text) => parseUid(text) ?? []);
  } catch (error) {
    if (hasResultCode(error, resultCode.noSuchObject)) return 'absent';
    throw refusal(error, `show ${dn}`);
  }
}
