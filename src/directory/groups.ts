// Reads one managed group, in the format that its entry has, and says what is the matter with one that cannot be used.
import { Control, type Entry } from 'ldapts';
import { dn, dnKey, parseUid, type Dn, type DnKey, type GroupName } from '../names.ts';
import type { MemberAttribute, MemberValue, ObservedGroup, Unwritten, UnusableGroup } from './directory.ts';
import { DirectoryUnusable } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { dnKeyOf, isSameValue } from './distinguished-names.ts';
import { entryAt, namedBy, valuesOf } from './entries.ts';
import { placeholderKey, type DirectoryLayout } from './layout.ts';
import { findPeople } from './people.ts';
import { answered } from './result-codes.ts';
import { schemaOf, type Schema } from './schema.ts';

const formats: readonly MemberAttribute[] = ['member', 'uniqueMember', 'memberUid'];

/** Only what is stored (RFC 3296): an overlay such as dynlist shows values that it computes. */
const storedOnly = () => [new Control('2.16.840.1.113730.3.4.2', { critical: false })];

export async function readGroup(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  group: GroupName,
  base: Dn,
): Promise<ObservedGroup | UnusableGroup> {
  const unusable = (message: string): UnusableGroup => ({ kind: 'unusable', group, dn: base, message });
  const schema = await schemaOf(connection);
  // What computes members is told by a URL, whatever its name (RFC 2079; memberURL is one).
  const entry = await entryAt(connection, base, {
    attributes: ['objectClass', 'entryCSN', 'labeledURI', ...formats],
    controls: storedOnly(),
  });
  if (typeof entry !== 'object')
    return unusable(
      `the directory has no entry ${base}, or this account may not see it: muster creates no groups, the administrator of the directory has to`,
    );
  const format = formatOf(entry, schema, layout.attributes.get(group));
  if ('flaw' in format) return unusable(format.flaw);
  const { attribute, needsValue } = format;
  if (valuesOf(entry, attribute).length === 0 && (needsValue || !(await canSee(connection, base, attribute))))
    return unusable(
      `this account may not see ${attribute} of ${base}: the administrator of the directory has to let it read and search that attribute`,
    );
  const [revision = ''] = valuesOf(entry, 'entryCSN');
  if (schema.asserts && revision === '')
    return unusable(
      `this account sees no entryCSN of ${base}: the administrator of the directory has to let it read that attribute, which tells whether somebody else wrote the group`,
    );
  const placeholder = placeholderKey(layout.emptyGroup);
  const stored = await valuesIn(connection, layout, entry, attribute);
  return {
    ...{ kind: 'group', group, dn: dn(entry.dn), attribute, needsValue, revision: schema.asserts ? revision : '' },
    members: stored.filter(({ key }) => key !== placeholder),
    placeholder: stored.some(({ key }) => key === placeholder),
    unwritten: await unwrittenIn(connection, layout, entry, attribute, placeholder),
  };
}

/** An attribute that may not be seen answers neither half, and then the entry is not in the answer. */
async function canSee(connection: DirectoryConnection, base: Dn, attribute: MemberAttribute): Promise<boolean> {
  const filter = `(|(${attribute}=*)(!(${attribute}=*)))`;
  return (await answered(connection.search(base, { scope: 'base', filter, attributes: ['1.1'] }), `show ${base}`)).length > 0;
}

type Format = { readonly attribute: MemberAttribute; readonly needsValue: boolean } | { readonly flaw: string };

/** What the entry holds already; else what its classes want or allow. A class name decides nothing. */
function formatOf(entry: Entry, schema: Schema, configured: MemberAttribute | undefined): Format {
  if (Object.keys(entry).some((name) => /^(?:member|uniqueMember|memberUid);/i.test(name))) {
    // Some servers hand out long lists in parts, `member;range=0-1499`: a part is not the group.
    throw new DirectoryUnusable(
      `the directory shows the members of ${entry.dn} in parts or with options, which muster cannot take for the whole group`,
    );
  }
  const { must, may } = schema.attributesOf(valuesOf(entry, 'objectClass'));
  const isIn = (names: ReadonlySet<string>) => (attribute: MemberAttribute) => names.has(attribute.toLowerCase());
  const allowed = [...formats.filter(isIn(must)), ...formats.filter(isIn(may))];
  const held = formats.filter((attribute) => valuesOf(entry, attribute).length > 0);
  if (configured === undefined && held.length > 1)
    return {
      flaw: `${entry.dn} holds members in ${held.join(' and in ')}: the administrator of this host has to say which muster keeps, as in "directory.groups: { NAME: { dn: …, attribute: ${held[0]} } }"`,
    };
  const attribute = configured ?? held[0] ?? allowed[0];
  if (attribute === undefined || !(allowed.includes(attribute) || held.includes(attribute)))
    return {
      flaw: `${entry.dn} is of no class that has ${configured ?? formats.join(', ')} (${valuesOf(entry, 'objectClass').join(', ')}): the administrator of the directory has to create it as one, such as groupOfNames`,
    };
  return { attribute, needsValue: isIn(must)(attribute) };
}

/** What stands in the entry for a member. */
export function textOf(attribute: MemberAttribute, { dn: name, text, uid }: Pick<MemberValue, 'dn' | 'text' | 'uid'>): string {
  if (text !== undefined) return text;
  return attribute === 'memberUid' ? (nameOf(name) ?? uid ?? name) : name;
}

const nameOf = (name: Dn) => /^uid=([^,+\\]+)/i.exec(name)?.[1];

async function valuesIn(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  entry: Entry,
  attribute: MemberAttribute,
): Promise<readonly MemberValue[]> {
  const texts = valuesOf(entry, attribute);
  if (attribute === 'member') return texts.map((text) => ({ dn: dn(text), key: keyOf(text) }));
  if (attribute === 'uniqueMember')
    return texts.map((text) => {
      const name = text.replace(/#'[01]*'B$/, '');
      return { dn: dn(name), key: keyOf(name), text };
    });
  const uids = texts.flatMap((text) => parseUid(text) ?? []);
  const people = uids.length === 0 ? new Map<never, never>() : await findPeople(connection, layout, uids);
  return texts.map((text) => {
    const uid = parseUid(text);
    if (uid === undefined) return { dn: dn(text), key: dnKey(`\0${text}`), text };
    const person = people.get(uid);
    if (person === undefined || person === 'ambiguous') return { ...namedBy(`uid=${uid},${layout.people}`), text };
    // Another spelling is another value, where the server compares so, and the name tells how it is spelled.
    const spelled = nameOf(person.dn);
    const isSame = spelled === undefined || isSameValue(attribute, text, spelled);
    return { dn: person.dn, key: isSame ? person.key : dnKey(`\0${text}`), text };
  });
}

/** A value that muster cannot read is a value of its own, and holds up no other. */
function keyOf(text: string): DnKey {
  return dnKeyOf(text) ?? dnKey(`\0${text}`);
}

/** What counts people in besides: values of another attribute, and those that the server shows and does not store. */
async function unwrittenIn(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  entry: Entry,
  attribute: MemberAttribute,
  placeholder: DnKey,
): Promise<readonly Unwritten[]> {
  const unwritten: Unwritten[] = [];
  for (const where of formats.filter((one) => one !== attribute)) {
    for (const value of await valuesIn(connection, layout, entry, where)) if (value.key !== placeholder) unwritten.push({ where, value });
  }
  if (
    !Object.keys(entry).some(
      (name) => !/^(?:dn|objectClass|entryCSN|member|uniqueMember|memberUid)$/i.test(name) && valuesOf(entry, name).length > 0,
    )
  )
    return unwritten;
  const stored = new Set(valuesOf(entry, attribute));
  const shown = await entryAt(connection, entry.dn, { attributes: [attribute] });
  const values = typeof shown === 'object' ? await valuesIn(connection, layout, shown, attribute) : [];
  return [
    ...unwritten,
    ...values.flatMap((value) => (stored.has(textOf(attribute, value)) ? [] : [{ where: 'computed' as const, value }])),
  ];
}
