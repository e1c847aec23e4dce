// What `doctor` asks of the directory. It reads, and it tries changes that cannot take place: see `permission`.
import { Attribute, Change, Control } from 'ldapts';
import type { GroupFacts, Permission, ServerFacts } from '../../domain/checkup-directory.ts';
import type { Answer } from '../../domain/checkup.ts';
import type { ObservedGroup } from '../../domain/directory.ts';
import type { Dn, GroupName } from '../../domain/names.ts';
import { Unavailable, Unusable } from '../../failures.ts';
import type { DirectoryConnection } from './connection.ts';
import { dnKeyOf } from './distinguished-names.ts';
import { valuesOf } from './entries.ts';
import { placeholderOf, type DirectoryLayout } from './layout.ts';
import { directoryReader } from './reader.ts';
import { hasResultCode, refusal, renderResultCode, resultCode } from './result-codes.ts';
import { ResultCodeError } from 'ldapts';

const pageSize = 1000;

/** Throws Unavailable or Unusable where the server does not answer at all. */
export async function readServer(connection: DirectoryConnection, layout: DirectoryLayout): Promise<ServerFacts> {
  const [root] = await connection.search('', { scope: 'base', attributes: ['supportedControl'] }).catch((error: unknown) => {
    throw refusal(error, 'show its root DSE');
  });
  const { disabled, people } = layout;
  const mark = await directoryReader(connection, layout).mark();
  const seen = disabled && `(&(uid=*)(|(${disabled.attribute}=*)(!(${disabled.attribute}=*))))`;
  return {
    controls: new Set(root ? valuesOf(root, 'supportedControl') : []),
    keepsMark: mark !== undefined,
    people: await answered(() => countEntries(connection, people, '(uid=*)')),
    // What may not be seen answers neither half (RFC 4511, section 4.5.1.7).
    disabledVisible: seen === undefined ? 'not-configured' : await answered(() => countEntries(connection, people, seen)),
  };
}

async function countEntries(connection: DirectoryConnection, base: Dn, filter: string): Promise<number> {
  let entries = 0;
  try {
    for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: ['1.1'] }, pageSize)) entries += page.length;
    return entries;
  } catch (error) {
    throw refusal(error, `count the entries under ${base}`);
  }
}

async function answered<Value>(ask: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { kind: 'known', value: await ask() };
  } catch (error) {
    if (error instanceof Unavailable) return { kind: 'unanswered', reason: error.message };
    if (error instanceof Unusable) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

type Usable = Extract<GroupFacts['usable'], { kind: 'known' }>['value'];

/** `writing`: the connection whose rights are looked at; it may be the same. */
export async function readGroupFacts(
  reading: DirectoryConnection,
  writing: DirectoryConnection | undefined,
  layout: DirectoryLayout,
  group: GroupName,
): Promise<GroupFacts> {
  const name = layout.groups.get(group);
  const usable = await answered(() => usableGroup(reading, layout, group));
  const untold = { untold: 'the server that is written did not let this account in' };
  return { group, usable, mayWriteMember: writing && name !== undefined ? await memberPermission(writing, name, layout) : untold };
}

async function usableGroup(connection: DirectoryConnection, layout: DirectoryLayout, name: GroupName): Promise<Usable> {
  const reader = directoryReader(connection, layout);
  const group = await reader.group(name);
  if (group.kind === 'unusable') throw new Unusable(group.message);
  const behind = [...(await reader.membersBehind(group.members)).values()];
  const persons = behind.flatMap((one) => (one.kind === 'person' ? [one.person] : []));
  return {
    members: group.members.length,
    persons: persons.length,
    locked: persons.filter(({ locked }) => locked).length,
    placeholder: group.placeholder,
    needsMember: await needsMember(connection, group),
    memberOf: await countEntries(connection, layout.people, `(memberOf=${escaped(group.dn)})`),
  };
}

/** RFC 4519, section 3.5: a groupOfNames must have a member; groupOfMembers of rfc2307bis need not. */
async function needsMember(connection: DirectoryConnection, { dn }: ObservedGroup): Promise<boolean> {
  const [entry] = await connection.search(dn, { scope: 'base', attributes: ['objectClass'] }).catch((error: unknown) => {
    throw refusal(error, `show the group ${dn}`);
  });
  return entry !== undefined && valuesOf(entry, 'objectClass').some((name) => name.toLowerCase() === 'groupofnames');
}

/** RFC 4515, section 3. */
function escaped(value: string): string {
  return value.replace(/[\\*()\0]/g, (letter) => `\\${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);
}

/** The server does all checks and no change (OpenLDAP, `LDAP_CONTROL_NOOP`). Critical: a server without it answers 12. */
class NoOperation extends Control {
  constructor() {
    super('1.3.6.1.4.1.4203.666.5.2', { critical: true });
  }
}

const noOperation = 16_654;
const insufficientAccess = 50;
const unavailableCriticalExtension = 12;

/**
 * Twice unable to change anything: the control says that nothing is to be done, and the change itself takes away a value that the entry
 * does not have, or gives it one that it has. Access is judged before that is found out (slapd, `acl_check_modlist`), so 16 and 20 say yes.
 */
async function permission(connection: DirectoryConnection, name: string, change: Change): Promise<Permission> {
  try {
    await connection.modify(name, [change], [new NoOperation()]);
    return { untold: 'the server took the question for a change; ask its administrator' };
  } catch (error) {
    if (error instanceof Unavailable) return { untold: error.message };
    if (!(error instanceof ResultCodeError)) throw error;
    if (error.code === insufficientAccess) return 'may-not';
    if ([noOperation, resultCode.noSuchAttribute, resultCode.attributeOrValueExists].includes(error.code)) return 'may';
    if (error.code === unavailableCriticalExtension)
      return { untold: 'the server has no control to ask with (no-op), and muster does not try a real change' };
    return { untold: `the directory did not say: ${renderResultCode(error.code)}` };
  }
}

/** The account itself is no member of a group that it manages; where it is, the no-op control alone keeps it there. */
function memberPermission(connection: DirectoryConnection, group: Dn, layout: DirectoryLayout): Promise<Permission> {
  const account = connection.identity.startsWith('dn:') ? connection.identity.slice(3) : placeholderOf(layout.emptyGroup);
  return permission(connection, group, removal('member', account));
}

function removal(type: string, value: string): Change {
  return new Change({ operation: 'delete', modification: new Attribute({ type, values: [value] }) });
}

function repetition(type: string, value: string): Change {
  return new Change({ operation: 'add', modification: new Attribute({ type, values: [value] }) });
}

/** Samples of what muster never changes: another attribute of a managed group, a person, and a group that is not managed. */
export async function readOtherRights(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
): Promise<readonly { readonly what: string; readonly permission: Permission }[]> {
  const found: { what: string; permission: Permission }[] = [];
  const [group] = layout.groups.values();
  if (group !== undefined) {
    found.push({ what: `objectClass of ${group}`, permission: await permission(connection, group, repetition('objectClass', 'groupOfNames')) });
    const stranger = await firstEntry(connection, parentOf(group), '(objectClass=groupOfNames)', new Set([...layout.groups.values()].map(dnKeyOf)));
    if (stranger !== undefined)
      found.push({ what: `member of ${stranger}`, permission: await memberPermission(connection, stranger, layout) });
  }
  const person = await firstEntry(connection, layout.people, '(uid=*)', new Set());
  if (person !== undefined)
    found.push({ what: `objectClass of ${person}`, permission: await permission(connection, person, repetition('objectClass', 'top')) });
  return found;
}

function parentOf(name: string): string {
  return name.replace(/^(?:\\.|[^\\,])*,\s*/, '');
}

async function firstEntry(
  connection: DirectoryConnection,
  base: string,
  filter: string,
  except: ReadonlySet<unknown>,
): Promise<Dn | undefined> {
  try {
    for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: ['1.1'] }, 50)) {
      const entry = page.find(({ dn }) => !except.has(dnKeyOf(dn)));
      if (entry) return dnOf(entry.dn);
    }
  } catch (error) {
    if (!hasResultCode(error, resultCode.noSuchObject) && !(error instanceof ResultCodeError)) throw error;
  }
  return undefined;
}
