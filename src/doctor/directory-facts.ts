// What `doctor` reads of the directory: what its server can do, and how the managed groups stand.
import type { Entry } from 'ldapts';
import type { GroupFacts } from './doctor-directory.ts';
import type { ServerFacts } from './doctor-server.ts';
import type { Answer } from './doctor.ts';
import type { Dn, GroupName, Instant } from '../names.ts';
import { DirectoryUnusable, Unavailable, Unusable } from '../errors.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import { namedBy } from '../directory/entries.ts';
import { claimedBy, requireDisabled, tellClaims, type Claims } from '../directory/people.ts';
import { configuredKey, type Disabled, type DirectoryLayout } from '../directory/layout.ts';
import { directoryReader } from '../directory/reader.ts';
import { schemaOf } from '../directory/schema.ts';
import { refusal } from '../directory/result-codes.ts';
import { mayChangeMember } from './rights.ts';

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
    people: await answered(() => countEntries(connection, people, '(uid=*)', look)),
    claims: await answered(() => tellClaims(connection, claims)),
    // What may not be seen answers neither half (RFC 4511, section 4.5.1.7).
    disabledVisible:
      seen === undefined
        ? 'not-configured'
        : await answered(async () => {
            requireDisabled(schema, layout);
            return countEntries(connection, people, seen);
          }),
    locked: await answered(async () => (disabled ? countEntries(connection, people, `(&(uid=*)${isLocked(disabled, layout.now)})`) : 0)),
  };
}

async function countEntries(connection: DirectoryConnection, base: Dn, filter: string, look?: (entry: Entry) => void): Promise<number> {
  let entries = 0;
  try {
    for await (const page of connection.pages(base, { scope: 'sub', filter, attributes: [look ? 'uid' : '1.1'] }, pageSize)) {
      entries += page.length;
      if (look) page.forEach(look);
    }
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
  const attribute = usable.kind === 'known' ? usable.value.attribute : layout.attributes.get(group);
  return { group, usable, mayWriteMember: writing && name !== undefined ? await mayChangeMember(writing, name, attribute) : untold };
}

async function usableGroup(connection: DirectoryConnection, layout: DirectoryLayout, name: GroupName): Promise<Usable> {
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
