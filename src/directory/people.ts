// Finds people by their uids, and proves of each whether the account is locked: an attribute that an access rule hides
// looks just like one that is not there.
import { Filter, type Entry } from 'ldapts';
import { entryUuid, instant, parseUid, type Dn, type DnKey, type Instant, type Uid } from '../names.ts';
import type { Claim, DirectoryPerson, People } from './directory.ts';
import { DirectoryUnusable } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { eachOf } from './connections.ts';
import { dnKeyOf, foldText, uidOf } from './distinguished-names.ts';
import { namedBy, pagesOf, valuesOf } from './entries.ts';
import { configuredKey, type Disabled, type DirectoryLayout } from './layout.ts';
import { answered } from './result-codes.ts';
import type { Schema } from './schema.ts';

// slapd joins the candidate lists of an OR pairwise: the cost of a filter is quadratic in its length.
const uidsPerFilter = 100;
const filtersInFlight = 4;
// Beyond this reading everybody by pages is quicker than asking for each.
const mostAskedFor = 3000;
const pageSize = 1000;

/** The entries under the people base that have one of the uids. Compares uids as caseIgnoreMatch does. `claims`: filled with whoever else has. */
export async function findPeople(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  uids: readonly Uid[],
  claims: Claims = new Map(),
): Promise<People> {
  const { disabled } = layout;
  const found = new Found(layout, uids, claims);
  await find(connection, layout, uids, found);
  if (!disabled) return found.people;
  await proveUnlocked(connection, layout, uids, disabled, found.unlocked);
  // Locked, unlocked or deleted between the two searches, or hidden: the third look tells.
  for (const person of found.unlocked.values())
    if (found.people.get(person.uid) === person) found.people.set(person.uid, await lookAgain(connection, person, disabled, layout.now));
  return found.people;
}

/** The person that an entry is, read by its own name. */
export async function personIn(connection: DirectoryConnection, layout: DirectoryLayout, entry: Entry, uid: Uid) {
  const found = new Found(layout, [uid], new Map());
  found.take(entry);
  const person = found.people.get(uid);
  if (person === undefined || person === 'ambiguous' || !layout.disabled) return person;
  return lookAgain(connection, person, layout.disabled, layout.now);
}

/** An attribute that the schema lacks is hidden from nobody. */
export function requireDisabled({ lacks }: Schema, { disabled }: DirectoryLayout): void {
  if (disabled && lacks(disabled.attribute))
    throw new DirectoryUnusable(
      `the schema of the directory has no attribute ${disabled.attribute}, so nobody can be locked by it: correct directory.disabled, or load what brings it (ppolicy)`,
    );
}

export function attributesOf({ disabled }: DirectoryLayout): readonly string[] {
  return ['uid', 'entryUUID', 'nsUniqueId', 'createTimestamp', 'aliasedObjectName', ...(disabled ? [disabled.attribute] : [])];
}

async function find(connection: DirectoryConnection, layout: DirectoryLayout, uids: readonly Uid[], found: Found): Promise<void> {
  const attributes = attributesOf(layout);
  const take = (entry: Entry) => found.take(entry);
  if (uids.length > mostAskedFor) await scan(connection, layout, '', attributes, take);
  // After a scan those it did not show are asked for by name: ldapts takes a page without entries for the last one.
  const missing = uids.filter((uid) => !found.people.has(uid));
  await ask(connection, layout, missing, '', attributes, take);
}

/**
 * What may not be seen answers neither yes nor no to a filter (RFC 4511, section 4.5.1.7), so a yes to "has none" is proof: who has it is taken
 * out of `unproven`.
 */
async function proveUnlocked(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  uids: readonly Uid[],
  disabled: Disabled,
  unproven: Map<DnKey, DirectoryPerson>,
): Promise<void> {
  const take = (entry: Entry) => void unproven.delete(namedBy(entry.dn).key);
  const hasNone = `(!(${disabled.attribute}=*))`;
  if (uids.length > mostAskedFor) await scan(connection, layout, hasNone, ['1.1'], take);
  else await ask(connection, layout, uids, hasNone, ['1.1'], take);
}

/** The uids of an entry besides the one that it is named by. */
export function claimedBy(entry: Entry, base: DnKey): readonly Uid[] {
  const own = uidOf(namedBy(entry.dn).key, base);
  return valuesOf(entry, 'uid').flatMap((text) => {
    const uid = parseUid(text);
    return uid === undefined || uid === own ? [] : [uid];
  });
}

/** Entries by their keys, with the uids of others that they carry. */
export type Claims = Map<DnKey, { readonly dn: Dn; readonly uids: readonly Uid[] }>;

class Found {
  readonly people = new Map<Uid, DirectoryPerson | 'ambiguous'>();
  /** Those whose entry showed no value of the attribute that locks. */
  readonly unlocked = new Map<DnKey, DirectoryPerson>();
  readonly #wanted = new Map<string, Uid>();
  readonly #layout: DirectoryLayout;
  readonly #base: DnKey;
  readonly #claims: Claims;

  constructor(layout: DirectoryLayout, uids: readonly Uid[], claims: Claims) {
    for (const uid of uids) this.#wanted.set(uid, uid);
    this.#layout = layout;
    this.#base = configuredKey(layout.people);
    this.#claims = claims;
  }

  take(entry: Entry): void {
    // An alias (RFC 4512, section 2.6) carries the uid of somebody and is nobody.
    if (valuesOf(entry, 'aliasedObjectName').length > 0) return;
    const { dn, key } = namedBy(entry.dn);
    const isNamed = this.#layout.namedBy === 'uid';
    const own = isNamed ? uidOf(key, this.#base) : undefined;
    const shown = valuesOf(entry, 'uid');
    // The name says who it is, also where the values may not be seen.
    const names = shown.length === 0 && own !== undefined ? [own] : shown;
    const claimed: Uid[] = [];
    for (const name of names) {
      const uid = this.#wanted.get(name) ?? this.#wanted.get(foldText(name));
      if (uid === undefined) continue;
      const other = this.people.get(uid);
      if (isNamed && uid !== own) claimed.push(uid);
      else if ((!isNamed && names.length > 1) || (other && (other === 'ambiguous' || other.key !== key))) this.people.set(uid, 'ambiguous');
      else this.people.set(uid, this.#personOf(entry, uid, dn, key));
    }
    if (claimed.length > 0) this.#claims.set(key, { dn, uids: claimed });
  }

  #personOf(entry: Entry, uid: Uid, dn: Dn, key: DnKey): DirectoryPerson {
    const { disabled, now } = this.#layout;
    // nsUniqueId: 389 Directory Server's.
    const uuid = valuesOf(entry, 'entryUUID')[0] ?? valuesOf(entry, 'nsUniqueId')[0];
    if (uuid === undefined)
      throw new DirectoryUnusable(
        `the directory shows no entryUUID of ${entry.dn}: its administrator has to let this account read that attribute`,
      );
    const marks = disabled ? valuesOf(entry, disabled.attribute) : [];
    const madeAt = parseGeneralizedTime(valuesOf(entry, 'createTimestamp')[0] ?? '');
    const locked = disabled !== undefined && isDisabled(marks, disabled, now);
    const person = { uid, dn, key, uuid: entryUuid(uuid), locked, madeAt };
    if (marks.length === 0) this.unlocked.set(person.key, person);
    return person;
  }
}

/** As DNs where both are DNs, else as strings ignoring case; a time against now. */
function isDisabled(marks: readonly string[], { attribute, is }: Disabled, now: Instant): boolean {
  if (is === 'present') return marks.length > 0;
  if (is === 'future' || is === 'past') {
    return marks.some((mark) => {
      const time = parseGeneralizedTime(mark);
      if (time === undefined)
        throw new DirectoryUnusable(`${attribute} holds ${JSON.stringify(mark)}, which is no time (RFC 4517): correct directory.disabled`);
      return is === 'future' ? time > now : time <= now;
    });
  }
  return is.some((value) => {
    const key = value.includes('=') ? dnKeyOf(value) : undefined;
    return marks.some((mark) => (key !== undefined && dnKeyOf(mark) === key) || foldText(mark) === foldText(value));
  });
}

/** RFC 4517, section 3.3.13, as far as servers write it: in UTC, with seconds. */
function parseGeneralizedTime(text: string): Instant | undefined {
  const [, year, month, day, hour, minute, seconds = '00'] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?Z$/.exec(text) ?? [];
  // `000001010000Z`: locked until somebody unlocks (slapo-ppolicy(5)).
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${seconds}Z`);
  return Number.isNaN(time) ? undefined : instant(time);
}

type Take = (entry: Entry) => void;

/** Everybody, by pages. */
async function scan(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  condition: string,
  attributes: readonly string[],
  take: Take,
): Promise<void> {
  const question = { scope: 'sub' as const, filter: `(&(uid=*)${condition})`, attributes };
  const pages = pagesOf(connection, layout.people, question, pageSize, `list the people under ${layout.people}`);
  for await (const page of pages) page.forEach(take);
}

/** Those with the uids, a hundred at a time. */
async function ask(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  uids: readonly Uid[],
  condition: string,
  attributes: readonly string[],
  take: Take,
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(uids.length / uidsPerFilter) }, (_, index) =>
    uids.slice(index * uidsPerFilter, (index + 1) * uidsPerFilter),
  );
  await eachOf(chunks, filtersInFlight, async (chunk) => {
    const filter = `(&(|${chunk.map((uid) => `(uid=${Filter.escape(uid)})`).join('')})${condition})`;
    const answer = connection.search(layout.people, { scope: 'sub', filter, attributes });
    (await answered(answer, `show people under ${layout.people}`)).forEach(take);
  });
}

async function lookAgain(
  connection: DirectoryConnection,
  person: DirectoryPerson,
  disabled: Disabled,
  now: Instant,
): Promise<DirectoryPerson> {
  const { attribute } = disabled;
  const read = (filter: string) =>
    answered(connection.search(person.dn, { scope: 'base', filter, attributes: [attribute] }), `show ${person.dn} a second time`);
  const [entry] = await read(`(|(${attribute}=*)(!(${attribute}=*)))`);
  const marks = entry ? valuesOf(entry, attribute) : [];
  const hasNone = marks.length === 0 && (await read(`(!(${attribute}=*))`)).length > 0;
  if (marks.length > 0 || hasNone) return { ...person, locked: isDisabled(marks, disabled, now) };
  throw new DirectoryUnusable(
    `the directory does not show ${attribute} of ${person.dn}, so nobody can tell who is locked: its administrator has to let this account read and search ${attribute} of everybody under the people base`,
  );
}

const mostClaims = 20;

export async function tellClaims(connection: DirectoryConnection, claims: Claims): Promise<readonly Claim[]> {
  const told: Claim[] = [];
  for (const { dn, uids } of [...claims.values()].slice(0, mostClaims)) {
    const question = { scope: 'base' as const, attributes: ['modifyTimestamp', 'modifiersName'] };
    const [entry] = await answered(connection.search(dn, question), `show ${dn}`);
    const first = (attribute: string) => (entry ? (valuesOf(entry, attribute)[0] ?? '') : '');
    told.push(...uids.map((uid) => ({ uid, dn, changedAt: first('modifyTimestamp'), changedBy: first('modifiersName') })));
  }
  return told;
}

/** What people recognise a person by, for eyes only. */
export async function readDetails(
  connection: DirectoryConnection,
  { dn }: DirectoryPerson,
): Promise<{ readonly name: string; readonly mail: string }> {
  const [entry] = await answered(connection.search(dn, { scope: 'base', attributes: ['cn', 'mail'] }), `show the entry ${dn}`);
  const first = (attribute: string) => (entry ? (valuesOf(entry, attribute)[0] ?? '') : '');
  return { name: first('cn'), mail: first('mail') };
}
