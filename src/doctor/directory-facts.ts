// What `doctor` reads of the directory: what its server can do, and how the managed groups stand.
import { randomUUID } from 'node:crypto';
import { Attribute, Change, ResultCodeError, type Entry } from 'ldapts';
import type { GroupFacts, Permission, UsableGroup } from './doctor-directory.ts';
import type { ServerFacts } from './doctor-server.ts';
import { asked } from './asked.ts';
import { dn, type Dn, type GroupName, type Instant } from '../names.ts';
import { DirectoryUnusable, Unavailable } from '../errors.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import { namedBy, pagesOf } from '../directory/entries.ts';
import { claimedBy, requireDisabled, tellClaims, type Claims } from '../directory/people.ts';
import { configuredKey, type Disabled, type DirectoryLayout } from '../directory/layout.ts';
import { directoryReader } from '../directory/reader.ts';
import { schemaOf } from '../directory/schema.ts';
import { renderRefusal, resultCode } from '../directory/result-codes.ts';
import type { MemberAttribute } from '../directory/directory.ts';
import { dnKeyOf } from '../directory/distinguished-names.ts';

const pageSize = 1000;

/** Throws Unavailable or Unusable where the server does not answer at all. */
export async function readServer(connection: DirectoryConnection, layout: DirectoryLayout): Promise<ServerFacts> {
  const schema = await schemaOf(connection);
  const { disabled, people } = layout;
  const claims: Claims = new Map();
  const base = configuredKey(people);
  const look = (entry: Entry) => {
    const uids = layout.namedBy === 'uid' ? claimedBy(entry, base) : [];
    if (uids.length > 0) claims.set(namedBy(entry.dn).key, { dn: namedBy(entry.dn).dn, uids });
  };
  const mark = await directoryReader(connection, layout).mark();
  const seen = disabled && `(&(uid=*)(|(${disabled.attribute}=*)(!(${disabled.attribute}=*))))`;
  return {
    asserts: schema.asserts,
    keepsMark: mark !== undefined,
    people: await asked(() => countEntries(connection, people, '(uid=*)', look)),
    claims: await asked(() => tellClaims(connection, claims)),
    // What may not be seen answers neither half (RFC 4511, section 4.5.1.7).
    disabledVisible:
      seen === undefined
        ? 'not-configured'
        : await asked(async () => {
            requireDisabled(schema, layout);
            return countEntries(connection, people, seen);
          }),
    locked: await asked(async () => (disabled ? countEntries(connection, people, `(&(uid=*)${isLocked(disabled, layout.now)})`) : 0)),
  };
}

async function countEntries(connection: DirectoryConnection, base: Dn, filter: string, look?: (entry: Entry) => void): Promise<number> {
  const question = { scope: 'sub' as const, filter, attributes: [look ? 'uid' : '1.1'] };
  let entries = 0;
  for await (const page of pagesOf(connection, base, question, pageSize, `count the entries under ${base}`)) {
    entries += page.length;
    if (look) page.forEach(look);
  }
  return entries;
}

/** `writing`: the connection whose rights are looked at; it may be the same. */
export async function readGroupFacts(
  reading: DirectoryConnection,
  writing: DirectoryConnection | undefined,
  layout: DirectoryLayout,
  group: GroupName,
): Promise<GroupFacts> {
  const name = layout.groups.get(group);
  const usable = await asked(() => usableGroup(reading, layout, group));
  const untold = { untold: 'the server that is written did not let this account in' };
  const attribute = usable.kind === 'known' ? usable.value.attribute : layout.attributes.get(group);
  return { group, usable, mayWriteMember: writing && name !== undefined ? await mayChangeMember(writing, name, attribute) : untold };
}

async function usableGroup(connection: DirectoryConnection, layout: DirectoryLayout, name: GroupName): Promise<UsableGroup> {
  const reader = directoryReader(connection, layout);
  const group = await reader.group(name);
  if (group.kind === 'unusable') throw new DirectoryUnusable(group.message);
  const behind = [...(await reader.membersBehind(group.members)).values()];
  const persons = behind.flatMap((one) => (one.kind === 'person' ? [one.person] : []));
  return {
    attribute: group.attribute,
    members: group.members.length,
    persons: persons.length,
    locked: persons.filter(({ locked }) => locked).length,
    placeholder: group.placeholder,
    unwritten: group.unwritten,
    needsMember: group.needsValue,
    memberOf: await countEntries(connection, layout.people, `(memberOf=${escaped(group.dn)})`),
  };
}

function isLocked({ attribute, is }: Disabled, now: Instant): string {
  if (is === 'present') return `(${attribute}=*)`;
  const time = new Date(now).toISOString().replace(/[-:T]|\.\d+/g, '');
  if (is === 'past') return `(${attribute}<=${time})`;
  if (is === 'future') return `(&(${attribute}>=${time})(!(${attribute}=${time})))`;
  return `(|${is.map((value) => `(${attribute}=${escaped(value)})`).join('')})`;
}

/** RFC 4515, section 3. */
function escaped(value: string): string {
  return value.replace(/[\\*()\0]/g, (letter) => `\\${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);
}

const insufficientAccess = 50;

/**
 * Asked by taking a value away that is not there: 16 where the account may, 50 where it may not, and neither changes anything. Rights are judged before the values are looked at (slapd, `acl_check_modlist`).
 */
async function mayTakeAway(connection: DirectoryConnection, entry: Dn, type: string, value: string): Promise<Permission> {
  try {
    await connection.modify(entry, [new Change({ operation: 'delete', modification: new Attribute({ type, values: [value] }) })], []);
    return { untold: 'the server took away a value that cannot have been there; its administrator has to say what the account may' };
  } catch (error) {
    if (error instanceof Unavailable) return { untold: error.message };
    if (!(error instanceof ResultCodeError)) throw error;
    if (error.code === insufficientAccess) return 'may-not';
    // An entry without the attribute: 389 Directory Server looks at the class first.
    if (error.code === resultCode.noSuchAttribute || error.code === resultCode.objectClassViolation) return 'may';
    return { untold: `the directory did not say: ${renderRefusal(error)}` };
  }
}

/** A name that nobody has. */
export function mayChangeMember(connection: DirectoryConnection, group: Dn, attribute: MemberAttribute = 'member'): Promise<Permission> {
  const nobody = `muster-probe-${randomUUID()}`;
  return mayTakeAway(connection, group, attribute, attribute === 'memberUid' ? nobody : `cn=${nobody}`);
}

interface TriedRight {
  readonly what: string;
  readonly permission: Permission;
}

/** Every group below the one that the managed groups stand under, and a person: muster changes none of these. */
export async function readOtherRights(connection: DirectoryConnection, layout: DirectoryLayout): Promise<readonly TriedRight[]> {
  const managed = [...layout.groups.values()];
  const [group] = managed;
  if (group === undefined) return [];
  const except = new Set(managed.map(dnKeyOf));
  const tried: TriedRight[] = [
    { what: `description of ${group}`, permission: await mayTakeAway(connection, group, 'description', randomUUID()) },
  ];
  const { classesWith } = await schemaOf(connection);
  const strangers = new Map<Dn, Permission>();
  for (const attribute of ['member', 'uniqueMember', 'memberUid'] as const) {
    // A group may have nobody now, or hide them.
    const filter = `(|(${attribute}=*)${classesWith(attribute)
      .map((name) => `(objectClass=${name})`)
      .join('')})`;
    for (const name of await entriesUnder(connection, parentOf(group), filter)) {
      if (except.has(dnKeyOf(name)) || strangers.get(name) === 'may') continue;
      strangers.set(name, await mayChangeMember(connection, name, attribute));
    }
  }
  for (const [name, permission] of strangers) tried.push({ what: `member of ${name}`, permission });
  const [person] = await entriesUnder(connection, layout.people, '(uid=*)', 1);
  if (person !== undefined)
    tried.push({ what: `description of ${person}`, permission: await mayTakeAway(connection, person, 'description', randomUUID()) });
  return tried;
}

/** RFC 4514, section 2.4: a comma inside a value is escaped. */
function parentOf(name: string): string {
  return name.replace(/^(?:\\.|[^\\,])*,\s*/, '');
}

async function entriesUnder(connection: DirectoryConnection, base: string, filter: string, most = 2000): Promise<readonly Dn[]> {
  const question = { scope: 'sub' as const, filter, attributes: ['1.1'] };
  const names: Dn[] = [];
  for await (const page of pagesOf(connection, base, question, Math.min(most, 500), `list the entries under ${base}`)) {
    names.push(...page.map((entry) => dn(entry.dn)));
    if (names.length >= most) break;
  }
  return names.slice(0, most);
}
