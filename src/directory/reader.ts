// What the directory says of people and groups, whole or not at all. This half of the adapter cannot write.
import { escapeFilter, Filter } from 'ldapts';
import type { DirectoryPerson, MemberAttribute, MemberEntry, MemberValue, WriteMark } from './directory.ts';
import { parseUid, inOrder, type Dn, type DnKey, type EntryUuid, type GroupName, type Uid } from '../names.ts';
import type { Directory } from '../membership/proposal.ts';
import { DirectoryUnusable, Misuse } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { eachOf } from './connections.ts';
import { isWithin, uidOf, dnKeyOf } from './distinguished-names.ts';
import { entryAt, namedBy, pagesOf, valuesOf } from './entries.ts';
import { readGroup, textOf } from './groups.ts';
import { schemaOf } from './schema.ts';
import { configuredKey, type DirectoryLayout } from './layout.ts';
import { attributesOf, findPeople, personIn, requireDisabled, tellClaims, type Claims } from './people.ts';
import { answered } from './result-codes.ts';

const readsInFlight = 8;

export function directoryReader(connection: DirectoryConnection, layout: DirectoryLayout): Directory {
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
      requireDisabled(await schemaOf(connection), layout);
      return findPeople(connection, layout, [...new Set(uids)], claims);
    },
    claims: () => tellClaims(connection, claims),
    group: async (name) => {
      const observed = await readGroup(connection, layout, name, dnOf(layout, name));
      if (observed.kind === 'group') formats.set(name, observed.attribute);
      return observed;
    },
    isMember: (name, ...members) => {
      const attribute = formats.get(name) ?? layout.attributes.get(name) ?? 'member';
      return isMember(connection, dnOf(layout, name), attribute, members);
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
async function isMember(connection: DirectoryConnection, group: Dn, attribute: MemberAttribute, members: readonly Dn[]): Promise<boolean> {
  const [member] = members;
  const who = members.length === 1 ? `${member} is a member` : `one of ${members.length} names is a member`;
  const answers = async (filter: string) => {
    const question = { scope: 'base' as const, filter, attributes: ['1.1'] };
    return (await answered(connection.search(group, question), `say whether ${who} of ${group}`)).length > 0;
  };
  const isOne = `(|${members.map((dn) => `(${attribute}=${Filter.escape(textOf(attribute, { dn }))})`).join('')})`;
  // The yes first: of what dynlist computes it says no to the negation too.
  if (await answers(isOne)) return true;
  if (await answers(`(!${isOne})`)) return false;
  throw new DirectoryUnusable(
    `the directory does not say whether ${who} of ${group}: its administrator has to let this account read and search that attribute`,
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
      // The empty DN is the root DSE, which is nobody.
      if (value.key === '') return void behind.set(value.key, { kind: 'no-person', uids: [] });
      const entry = await entryAt(connection, value.dn, { attributes: attributesOf(layout) });
      if (entry === undefined) throw new DirectoryUnusable(`the directory does not say whether the entry ${value.dn} exists`);
      if (entry === 'absent') return void behind.set(value.key, { kind: 'absent' });
      const uids = valuesOf(entry, 'uid').flatMap((text) => parseUid(text) ?? []);
      behind.set(value.key, { kind: 'no-person', uids });
      if (!isWithin(value.key, peopleBase)) return;
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

// RFC 4533: who offers content synchronisation keeps contextCSN up.
const syncRequestOid = '1.3.6.1.4.1.4203.1.9.1.1';

/** One small read instead of everybody and every group: the contextCSN values of the naming context (RFC 4512, section 5.1) that holds all of the bases, in a stable order. */
async function readMark(connection: DirectoryConnection, bases: readonly DnKey[]): Promise<WriteMark> {
  const question = { scope: 'base' as const, attributes: ['namingContexts', 'supportedControl'] };
  const [root] = await answered(connection.search('', question), 'show its root DSE');
  if (!root) return undefined;
  const named = valuesOf(root, 'namingContexts');
  const isKept = valuesOf(root, 'supportedControl').includes(syncRequestOid);
  const [context, ...others] = new Set(bases.map((base) => contextOf(base, named)));
  // Own writes show of one database alone that its mark moves.
  if (context === undefined || others.length > 0) return undefined;
  const values = await stateOf(connection, context);
  if (values.length === 0 || (!isKept && (await hasNewerEntry(connection, context, values)))) return undefined;
  return [...values].sort(inOrder).join(' ');
}

function contextOf(base: DnKey, contexts: readonly string[]): string | undefined {
  const holding = contexts.filter((context) => {
    const key = dnKeyOf(context);
    return key !== undefined && isWithin(base, key);
  });
  return holding.sort((left, right) => right.length - left.length).at(0);
}

async function stateOf(connection: DirectoryConnection, context: string): Promise<readonly string[]> {
  const entry = await entryAt(connection, context, { attributes: ['contextCSN'] });
  return typeof entry === 'object' ? valuesOf(entry, 'contextCSN') : [];
}

/** A replica keeps contextCSN up without offering the control. What slapadd -w once wrote stays as it is: then entries are newer. */
async function hasNewerEntry(connection: DirectoryConnection, context: string, values: readonly string[]): Promise<boolean> {
  const newest = [...values].sort(inOrder).at(-1) ?? '';
  const question = { scope: 'sub' as const, filter: `(&(entryCSN>=${newest})(!(entryCSN=${newest})))`, attributes: ['1.1'] };
  for await (const page of pagesOf(connection, context, question, 1, `search ${context} by entryCSN`)) return page.length > 0;
  return false;
}
