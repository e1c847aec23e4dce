// May this account change that? Asked by taking a value away that is not there: 16 where it may, 50 where it may not, and neither changes
// anything. Only doctor asks so.
import { randomUUID } from 'node:crypto';
import { Attribute, Change, ResultCodeError } from 'ldapts';
import type { Permission } from './doctor-directory.ts';
import { dn, type Dn } from '../names.ts';
import type { MemberAttribute } from '../directory/directory.ts';
import { Unavailable } from '../errors.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import { dnKeyOf } from '../directory/distinguished-names.ts';
import type { DirectoryLayout } from '../directory/layout.ts';
import { refusal, renderRefusal, resultCode } from '../directory/result-codes.ts';
import { schemaOf } from '../directory/schema.ts';

const insufficientAccess = 50;

/** Rights are judged before the values are looked at (slapd, `acl_check_modlist`). */
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

export interface TriedRight {
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
  const names: Dn[] = [];
  try {
    for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: ['1.1'] }, Math.min(most, 500))) {
      names.push(...page.map((entry) => dn(entry.dn)));
      if (names.length >= most) break;
    }
  } catch (error) {
    throw refusal(error, `list the entries under ${base}`);
  }
  return names.slice(0, most);
}
