// What the directory says of people and groups, whole or not at all. This half of the adapter cannot write.
import { escapeFilter, Filter, type Entry } from 'ldapts';
import type {
  Claim,
  DirectoryPerson,
  MemberAttribute,
  MemberEntry,
  MemberValue,
  ObservedGroup,
  People,
  UnusableGroup,
  WriteMark,
} from './directory.ts';
import { parseUid, type Dn, type DnKey, type EntryUuid, type GroupName, type Uid } from '../names.ts';
import { DirectoryUnusable, Misuse } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { eachOf } from './connections.ts';
import { isWithin, uidOf } from './distinguished-names.ts';
import { namedBy, valuesOf } from './entries.ts';
import { readGroup, textOf } from './groups.ts';
import { schemaOf } from './schema.ts';
import { configuredKey, type DirectoryLayout } from './layout.ts';
import { readMark } from './marks.ts';
import { attributesOf, findPeople, personIn, tellClaims, type Claims } from './people.ts';
import { answered, hasResultCode, refusal, resultCode } from './result-codes.ts';

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
  /** Who carries the uid of somebody that was asked for so far, and is somebody else. */
  claims(): Promise<readonly Claim[]>;
  /** Where the entry with this UUID stands now: it may have been renamed. */
  withUuid(uuid: EntryUuid): Promise<readonly MemberValue[]>;
  /** Who stands behind each of the values; every value is in the answer. */
  membersBehind(values: readonly MemberValue[]): Promise<ReadonlyMap<DnKey, MemberEntry>>;
}

const readsInFlight = 8;

export function directoryReader(connection: DirectoryConnection, layout: DirectoryLayout): DirectoryReader {
  const peopleBase = configuredKey(layout.people);
  const claims: Claims = new Map();
  const formats = new Map<GroupName, MemberAttribute>();
  return {
    mark: async () => {
      // Time passes without a write.
      if (layout.disabled?.is === 'future' || layout.disabled?.is === 'past') return undefined;
      const mark = await readMark(connection, [peopleBase, ...[...layout.groups.values()].map(configuredKey)]);
      return mark && `${connection.identity} ${mark}`;
    },
    people: async (uids) => {
      // A naming attribute of a local schema compares as that says.
      await schemaOf(connection);
      return findPeople(connection, layout, [...new Set(uids)], claims);
    },
    claims: () => tellClaims(connection, claims),
    group: async (name) => {
      const observed = await readGroup(connection, layout, name, dnOf(layout, name));
      if (observed.kind === 'group') formats.set(name, observed.attribute);
      return observed;
    },
    isMember: (name, member) => {
      const attribute = formats.get(name) ?? layout.attributes.get(name) ?? 'member';
      return isMember(connection, dnOf(layout, name), attribute, member);
    },
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
async function isMember(connection: DirectoryConnection, group: Dn, attribute: MemberAttribute, member: Dn): Promise<boolean> {
  const answers = async (filter: string) => {
    const question = { scope: 'base' as const, filter, attributes: ['1.1'] };
    return (await answered(connection.search(group, question), `say whether ${member} is a member of ${group}`)).length > 0;
  };
  const isOne = `(${attribute}=${Filter.escape(textOf(attribute, { dn: member }))})`;
  if (await answers(isOne)) return true;
  if (await answers(`(!${isOne})`)) return false;
  throw new DirectoryUnusable(
    `the directory does not say whether ${member} is a member of ${group}: its administrator has to let this account read and search that attribute`,
  );
}

async function entriesWith(connection: DirectoryConnection, { people }: DirectoryLayout, uuid: EntryUuid) {
  const question = { scope: 'sub' as const, filter: escapeFilter`(|(entryUUID=${uuid})(nsUniqueId=${uuid}))`, attributes: ['1.1'] };
  return (await answered(connection.search(people, question), `search ${people} by entryUUID`)).map(({ dn }) => namedBy(dn));
}

async function membersBehind(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  peopleBase: DnKey,
  values: readonly MemberValue[],
): Promise<ReadonlyMap<DnKey, MemberEntry>> {
  const behind = new Map<DnKey, MemberEntry>();
  const ambiguous = new Set<Uid>();
  const recognise = async (uids: ReadonlyMap<DnKey, Uid>) => {
    const people = await findPeople(connection, layout, [...new Set(uids.values())]);
    for (const [key, uid] of uids) {
      const person = people.get(uid);
      if (isPersonAt(person, key)) behind.set(key, { kind: 'person', person });
      if (person === 'ambiguous') ambiguous.add(uid);
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
      const entry = await entryAt(connection, layout, value);
      if (entry === undefined) return void behind.set(value.key, { kind: 'absent' });
      const uids = entry === 'root' ? [] : valuesOf(entry, 'uid').flatMap((text) => parseUid(text) ?? []);
      behind.set(value.key, { kind: 'no-person', uids });
      if (entry === 'root' || !isWithin(value.key, peopleBase)) return;
      const uid = layout.namedBy === 'uid' ? uidOf(value.key, peopleBase) : undefined;
      if (uid !== undefined && !ambiguous.has(uid)) {
        // What the search missed and the entry itself shows is a person all the same.
        const person = await personIn(connection, layout, entry, uid);
        if (isPersonAt(person, value.key)) behind.set(value.key, { kind: 'person', person });
      }
      const [only] = uids;
      if (layout.namedBy !== 'uid' && only !== undefined && uids.length === 1) others.set(value.key, only);
    },
  );
  await recognise(others);
  return behind;
}

function isPersonAt(person: DirectoryPerson | 'ambiguous' | undefined, key: DnKey): person is DirectoryPerson {
  return person !== undefined && person !== 'ambiguous' && person.key === key;
}

/** The entry with this DN; undefined when there is none (32). The empty DN is the root DSE, which is nobody. */
async function entryAt(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  { dn, key }: MemberValue,
): Promise<Entry | 'root' | undefined> {
  if (key === '') return 'root';
  try {
    const [entry] = await connection.search(dn, { scope: 'base', attributes: attributesOf(layout) });
    if (!entry) throw new DirectoryUnusable(`the directory neither shows nor denies ${dn}`);
    return entry;
  } catch (error) {
    if (hasResultCode(error, resultCode.noSuchObject)) return undefined;
    throw refusal(error, `show ${dn}`);
  }
}
