// What the server says of itself (RFC 4512, sections 4.2 and 5.1): what a class needs and allows, how the values of a type compare, and whether
// a change can be bound to the entry that was read. Read once, and once more where the connection was opened anew.
import type { Entry } from 'ldapts';
import { DirectoryUnusable } from '../errors.ts';
import { learnType } from './distinguished-names.ts';
import type { DirectoryConnection } from './connection.ts';
import { valuesOf } from './entries.ts';
import { answered } from './result-codes.ts';

export interface Schema {
  /** What entries of these classes must and may have; names in lower case. */
  attributesOf(classes: readonly string[]): { readonly must: ReadonlySet<string>; readonly may: ReadonlySet<string> };
  /** Those that want or allow this attribute by themselves; in lower case. */
  classesWith(attribute: string): readonly string[];
  /** Where it shows types at all, it has none of this name: nobody could have been given a right to see it. */
  lacks(type: string): boolean;
  /** The assertion control (RFC 4528) and entryCSN are there. Without them each value is its own compare-and-set. */
  readonly asserts: boolean;
}

interface ObjectClass {
  readonly superior: readonly string[];
  readonly must: readonly string[];
  readonly may: readonly string[];
}

// The mark is the session: slapd gives its schema the time of its own start, 389 Directory Server gives none, and both let it change meanwhile.
const known = new WeakMap<DirectoryConnection, { readonly session: number; readonly schema: Promise<Schema> }>();

/** Throws `DirectoryUnusable` where the schema is not shown, or the server is of a kind that muster does not write. */
export function schemaOf(connection: DirectoryConnection): Promise<Schema> {
  const { session } = connection;
  const before = known.get(connection);
  if (before?.session === session) return before.schema;
  const schema = readSchema(connection);
  known.set(connection, { session, schema });
  // One that failed is asked for again.
  schema.catch(() => known.delete(connection));
  return schema;
}

/** [MS-ADTS], section 3.1.1.3.4.3: what Active Directory, and Samba in its place, say of themselves. */
const activeDirectory = '1.2.840.113556.1.4.800';
const assertion = '1.3.6.1.1.12';

/** Looks at the root DSE. Samba knows no "Who am I?", and no other question comes before that one. */
export function refuseActiveDirectory(roots: readonly Entry[]): void {
  if (roots.some((root) => valuesOf(root, 'supportedCapabilities').includes(activeDirectory)))
    throw new DirectoryUnusable(
      'this is Active Directory, or Samba in its place, and muster keeps no groups there: it is for OpenLDAP and 389 Directory Server',
    );
}

async function readSchema(connection: DirectoryConnection): Promise<Schema> {
  const ask = async (base: string, filter: string, attributes: readonly string[]) => {
    const answer = connection.search(base, { scope: 'base', filter, attributes });
    const [entry] = await answered(answer, base === '' ? 'show its root DSE' : `show its schema, ${base}`);
    if (entry) refuseActiveDirectory([entry]);
    return (attribute: string) => (entry ? valuesOf(entry, attribute) : []);
  };
  const root = await ask('', '(objectClass=*)', ['subschemaSubentry', 'supportedControl', 'supportedCapabilities']);
  const [place = 'cn=Subschema'] = root('subschemaSubentry');
  const schema = await ask(place, '(objectClass=subschema)', ['objectClasses', 'attributeTypes']);
  if (schema('objectClasses').length === 0)
    throw new DirectoryUnusable(
      `the directory shows no object classes at ${place}: its administrator has to let this account read the schema, which says what a group needs`,
    );
  const types = readTypes(schema('attributeTypes'));
  const classes = readClasses(schema('objectClasses'));
  return {
    attributesOf: (names) => attributesOf(names, classes),
    classesWith: (attribute) =>
      [...classes].flatMap(([name, { must, may }]) => ([...must, ...may].includes(attribute.toLowerCase()) ? [name] : [])),
    lacks: (type) => types.size > 0 && !types.has(type.toLowerCase()),
    asserts: root('supportedControl').includes(assertion) && types.has('entrycsn'),
  };
}

/** RFC 4512, section 4.1: the words behind a keyword, `name`, `'name'` or `( several )`. */
function words(definition: string, keyword: string): readonly string[] {
  const [, several, one] = new RegExp(` ${keyword} +(?:\\(([^)]*)\\)|'?([^ ')]+))`).exec(definition) ?? [];
  return (several ?? one ?? '').split(/[ $']+/).flatMap((word) => (word === '' ? [] : [word.toLowerCase()]));
}

/** A description may hold any words. */
function bare(definition: string): string {
  return definition.replace(/ (?:DESC|X-[A-Z-]+) +(?:'[^']*'|\( *(?:'[^']*' *)*\))/g, '');
}

function oidOf(definition: string): string {
  return /^\( *([\w.-]+)/.exec(definition)?.[1]?.toLowerCase() ?? '';
}

function readClasses(definitions: readonly string[]): ReadonlyMap<string, ObjectClass> {
  const classes = new Map<string, ObjectClass>();
  for (const definition of definitions.map(bare)) {
    const one = { superior: words(definition, 'SUP'), must: words(definition, 'MUST'), may: words(definition, 'MAY') };
    for (const name of [oidOf(definition), ...words(definition, 'NAME')]) classes.set(name, one);
  }
  return classes;
}

function attributesOf(names: readonly string[], classes: ReadonlyMap<string, ObjectClass>) {
  const must = new Set<string>();
  const may = new Set<string>();
  const seen = new Set<ObjectClass>();
  const look = (name: string) => {
    const one = classes.get(name.toLowerCase());
    if (!one || seen.has(one)) return;
    seen.add(one);
    for (const attribute of one.must) must.add(attribute);
    for (const attribute of one.may) may.add(attribute);
    one.superior.forEach(look);
  };
  names.forEach(look);
  return { must, may };
}

/** Each is told to the reader of DNs (distinguished-names.ts), by its own rule or its superior's. */
function readTypes(definitions: readonly string[]): ReadonlySet<string> {
  const types = new Map<
    string,
    { readonly names: readonly string[]; readonly rule: string | undefined; readonly superior: string | undefined }
  >();
  for (const definition of definitions.map(bare)) {
    const names = words(definition, 'NAME');
    const one = { names, rule: words(definition, 'EQUALITY')[0], superior: words(definition, 'SUP')[0] };
    for (const name of [oidOf(definition), ...names]) types.set(name, one);
  }
  for (const [name, type] of types) {
    let of: typeof type | undefined = type;
    for (let depth = 0; of && of.rule === undefined && depth < 8; depth++)
      of = of.superior === undefined ? undefined : types.get(of.superior);
    learnType(name, type.names[0] ?? name, of?.rule);
  }
  return new Set(types.keys());
}
