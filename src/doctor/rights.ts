// May this account change that? Asked with modifies that cannot take place, twice over: the no-op control tells the server to check
// everything and do nothing, and the modify itself gives an entry a value it has, or takes one away that it has not.
import { Attribute, Change, Control, ResultCodeError } from 'ldapts';
import type { Permission } from './doctor-directory.ts';
import type { Dn } from '../names.ts';
import { Unavailable } from '../errors.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import { dnKeyOf } from '../directory/distinguished-names.ts';
import { namedBy, valuesOf } from '../directory/entries.ts';
import type { DirectoryLayout } from '../directory/layout.ts';
import { renderRefusal, resultCode } from '../directory/result-codes.ts';

/** OpenLDAP, `LDAP_CONTROL_NOOP`. Critical: a server without it answers 12 and does nothing either. */
class NoOperation extends Control {
  constructor() {
    super('1.3.6.1.4.1.4203.666.5.2', { critical: true });
  }
}

const unavailableCriticalExtension = 12;
const insufficientAccess = 50;
/** It would have worked. */
const noOperation = 16_654;

/** Rights are judged before the values are looked at (slapd, `acl_check_modlist`), so "not there" (16) and "there already" (20) both mean yes. */
async function permission(connection: DirectoryConnection, entry: string, change: Change): Promise<Permission> {
  try {
    await connection.modify(entry, [change], [new NoOperation()]);
    return { untold: 'the server answered as if there were no no-op control; its administrator has to say what the account may' };
  } catch (error) {
    if (error instanceof Unavailable) return { untold: error.message };
    if (!(error instanceof ResultCodeError)) throw error;
    if (error.code === insufficientAccess) return 'may-not';
    if ([noOperation, resultCode.noSuchAttribute, resultCode.attributeOrValueExists].includes(error.code)) return 'may';
    if (error.code === unavailableCriticalExtension)
      return { untold: 'the server has no control to ask with (no-op), and muster does not try a real change' };
    return { untold: `the directory did not say: ${renderRefusal(error)}` };
  }
}

function change(operation: 'add' | 'delete', type: string, value: string): Change {
  return new Change({ operation, modification: new Attribute({ type, values: [value] }) });
}

/** Both ways: a group is no member of itself, and the first of its values is there already. */
export async function mayChangeMember(connection: DirectoryConnection, group: Dn): Promise<Permission> {
  const [present] = await valuesAt(connection, group, 'member');
  const removal = await permission(connection, group, change('delete', 'member', group));
  return removal === 'may' && present !== undefined ? permission(connection, group, change('add', 'member', present)) : removal;
}

async function mayChangeClass(connection: DirectoryConnection, entry: Dn): Promise<Permission> {
  const [present] = await valuesAt(connection, entry, 'objectClass');
  if (present === undefined) return { untold: 'the account does not see objectClass there' };
  return permission(connection, entry, change('add', 'objectClass', present));
}

async function valuesAt(connection: DirectoryConnection, name: Dn, attribute: string): Promise<readonly string[]> {
  const [entry] = await orNothing(connection.search(name, { scope: 'base', attributes: [attribute] }), []);
  return entry ? valuesOf(entry, attribute) : [];
}

/** What the server declines to show cannot be tried either. */
async function orNothing<Value>(answer: Promise<Value>, nothing: Value): Promise<Value> {
  return answer.catch((error: unknown) => {
    if (error instanceof ResultCodeError) return nothing;
    throw error;
  });
}

export interface TriedRight {
  readonly what: string;
  readonly permission: Permission;
}

/** Samples of what muster never changes: a managed group besides its members, a group that is not managed, and a person. */
export async function readOtherRights(connection: DirectoryConnection, layout: DirectoryLayout): Promise<readonly TriedRight[]> {
  const managed = [...layout.groups.values()];
  const [group] = managed;
  if (group === undefined) return [];
  const tried: TriedRight[] = [{ what: `objectClass of ${group}`, permission: await mayChangeClass(connection, group) }];
  const except = new Set(managed.map(dnKeyOf));
  const stranger = await orNothing(firstEntry(connection, parentOf(group), '(objectClass=groupOfNames)', except), undefined);
  if (stranger !== undefined) tried.push({ what: `member of ${stranger}`, permission: await mayChangeMember(connection, stranger) });
  const person = await orNothing(firstEntry(connection, layout.people, '(uid=*)', new Set()), undefined);
  if (person !== undefined) tried.push({ what: `objectClass of ${person}`, permission: await mayChangeClass(connection, person) });
  return tried;
}

/** RFC 4514, section 2.4: a comma inside a value is escaped. */
function parentOf(name: string): string {
  return name.replace(/^(?:\\.|[^\\,])*,\s*/, '');
}

async function firstEntry(
  connection: DirectoryConnection,
  base: string,
  filter: string,
  except: ReadonlySet<unknown>,
): Promise<Dn | undefined> {
  for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: ['1.1'] }, 50)) {
    const entry = page.find(({ dn }) => !except.has(dnKeyOf(dn)));
    if (entry) return namedBy(entry.dn).dn;
  }
  return undefined;
}
