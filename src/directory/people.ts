// Finds people by their uids, and proves of each whether the account is locked: an attribute that an access rule hides
// looks just like one that is not there.
import { Filter, type Entry } from 'ldapts';
import { entryUuid, type DnKey, type Uid } from '../names.ts';
import type { DirectoryPerson, People } from './directory.ts';
import { DirectoryUnusable, together } from '../errors.ts';
import { eachOf } from './concurrency.ts';
import type { DirectoryConnection } from './connection.ts';
import { dnKeyOf, foldText } from './distinguished-names.ts';
import { namedBy, valuesOf } from './entries.ts';
import type { Disabled, DirectoryLayout } from './layout.ts';
import { refusal } from './result-codes.ts';

// slapd joins the candidate lists of an OR pairwise: the cost of a filter is quadratic in its length.
const uidsPerFilter = 100;
const filtersInFlight = 4;
// Beyond this reading everybody by pages is quicker than asking for each.
const mostAskedFor = 3000;
const pageSize = 1000;

/** The entries under the people base that have one of the uids. Compares uids as caseIgnoreMatch does. */
export async function findPeople(connection: DirectoryConnection, layout: DirectoryLayout, uids: readonly Uid[]): Promise<People> {
  const { disabled } = layout;
  if (!disabled) return (await find(connection, layout, uids)).people;
  const [found, proven] = await together(find(connection, layout, uids), provenUnlocked(connection, layout, uids, disabled));
  // Locked, unlocked or deleted between the two searches, or hidden: the third look tells.
  const doubtful = [...found.unlocked].filter(([key, person]) => !proven.has(key) && found.people.get(person.uid) === person);
  for (const [, person] of doubtful) found.people.set(person.uid, await lookAgain(connection, person, disabled));
  return found.people;
}

async function find(connection: DirectoryConnection, layout: DirectoryLayout, uids: readonly Uid[]): Promise<Found> {
  const found = new Found(uids);
  const { disabled } = layout;
  const attributes = ['uid', 'entryUUID', ...(disabled ? [disabled.attribute] : [])];
  const take = (entry: Entry) => found.take(entry, disabled);
  if (uids.length > mostAskedFor) await scan(connection, layout, '', attributes, take);
  // After a scan those it did not show are asked for by name: ldapts takes a page without entries for the last one.
  const missing = uids.filter((uid) => !found.people.has(uid));
  await ask(connection, layout, missing, '', attributes, take);
  return found;
}

/** What may not be seen answers neither yes nor no to a filter (RFC 4511, section 4.5.1.7), so a yes to "has none" is proof. */
async function provenUnlocked(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  uids: readonly Uid[],
  disabled: Disabled,
): Promise<ReadonlySet<DnKey>> {
  const proven = new Set<DnKey>();
  const take = (entry: Entry) => void proven.add(namedBy(entry.dn).key);
  const hasNone = `(!(${disabled.attribute}=*))`;
  if (uids.length > mostAskedFor) await scan(connection, layout, hasNone, ['1.1'], take);
  else await ask(connection, layout, uids, hasNone, ['1.1'], take);
  return proven;
}

class Found {
  readonly people = new Map<Uid, DirectoryPerson | 'ambiguous'>();
  /** Those whose entry showed no value of the attribute that locks. */
  readonly unlocked = new Map<DnKey, DirectoryPerson>();
  readonly #wanted: ReadonlyMap<string, Uid>;

  constructor(uids: readonly Uid[]) {
    this.#wanted = new Map(uids.map((uid) => [uid, uid]));
  }

  take(entry: Entry, disabled: Disabled | undefined): void {
    const names = valuesOf(entry, 'uid');
    for (const name of names) {
      const uid = this.#wanted.get(name) ?? this.#wanted.get(foldText(name));
      if (uid === undefined) continue;
      if (names.length > 1 || this.people.has(uid)) this.people.set(uid, 'ambiguous');
      else this.people.set(uid, this.#personOf(entry, uid, disabled));
    }
  }

  #personOf(entry: Entry, uid: Uid, disabled: Disabled | undefined): DirectoryPerson {
    const [uuid] = valuesOf(entry, 'entryUUID');
    if (uuid === undefined)
      throw new DirectoryUnusable(
        `the directory shows no entryUUID of ${entry.dn}: its administrator has to let this account read that attribute`,
      );
    const marks = disabled ? valuesOf(entry, disabled.attribute) : [];
    const { dn, key } = namedBy(entry.dn);
    const person = { uid, dn, key, uuid: entryUuid(uuid), locked: disabled !== undefined && isDisabled(marks, disabled) };
    if (marks.length === 0) this.unlocked.set(person.key, person);
    return person;
  }
}

/** As DNs where both are DNs, else as strings ignoring case. */
function isDisabled(marks: readonly string[], { value }: Disabled): boolean {
  const key = value.includes('=') ? dnKeyOf(value) : undefined;
  return marks.some((mark) => (key !== undefined && dnKeyOf(mark) === key) || foldText(mark) === foldText(value));
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
  try {
    const pages = connection.pages(layout.people, { scope: 'sub', filter: `(&(uid=*)${condition})`, attributes }, pageSize);
    for await (const page of pages) page.forEach(take);
  } catch (error) {
    throw refusal(error, `list the people under ${layout.people}`);
  }
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
    try {
      (await connection.search(layout.people, { scope: 'sub', filter, attributes })).forEach(take);
    } catch (error) {
      throw refusal(error, `show people under ${layout.people}`);
    }
  });
}

async function lookAgain(connection: DirectoryConnection, person: DirectoryPerson, disabled: Disabled): Promise<DirectoryPerson> {
  const { attribute } = disabled;
  const read = async (filter: string) => {
    try {
      return await connection.search(person.dn, { scope: 'base', filter, attributes: [attribute] });
    } catch (error) {
      throw refusal(error, `show ${person.dn} a second time`);
    }
  };
  const [entry] = await read(`(|(${attribute}=*)(!(${attribute}=*)))`);
  const marks = entry ? valuesOf(entry, attribute) : [];
  const hasNone = marks.length === 0 && (await read(`(!(${attribute}=*))`)).length > 0;
  if (marks.length > 0 || hasNone) return { ...person, locked: isDisabled(marks, disabled) };
  throw new DirectoryUnusable(
    `the directory does not show ${attribute} of ${person.dn}, so nobody can tell who is locked: its administrator has to let this account read and search ${attribute} of everybody under the people base`,
  );
}
