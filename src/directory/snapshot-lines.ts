// How a snapshot writes one person and one member: a line each, and a DN only where it does not follow from the uid.
import type { DirectoryPerson, MemberValue } from './directory.ts';
import { dn, dnKey, entryUuid, parseUid, type DnKey, type Uid } from '../names.ts';
import { dnKeyOf, uidOf } from './distinguished-names.ts';

export type KnownPerson = DirectoryPerson | 'ambiguous' | 'absent';

/** The DNs `uid=X,BASE`: their spelling is the server's, so they are compared as text. */
export interface Base {
  readonly text: string;
  /** The comma and the text: what stands behind the uid. */
  readonly suffix: string;
  readonly key: DnKey;
  /** The names under it are their own keys: one string is enough for both. */
  readonly isKey: boolean;
}

/** Without a base no DN follows from a uid. */
export function baseOf(text: string): Base {
  const key = dnKeyOf(text) ?? dnKey('');
  return { text, suffix: `,${text}`, key, isKey: dn(key) === text };
}

/** The base under which the server spells this name; empty when it names nobody by a uid. */
export function baseBehind(name: string): string {
  return /^uid=[^,\\]+,(.*)$/s.exec(name)?.[1] ?? '';
}

/** Its name follows from its uid: in a group it stands as the uid alone. */
function isUnder(base: Base, { uid, dn: name }: DirectoryPerson): boolean {
  return name === `uid=${uid}${base.suffix}`;
}

/** `alice UUID`, with `!` behind it when locked and a DN behind that when it is an unusual one; `ghost -`; `twice ?`. */
export function renderPerson(uid: Uid, person: KnownPerson, base: Base): string {
  if (person === 'absent') return `${uid} -\n`;
  if (person === 'ambiguous') return `${uid} ?\n`;
  const name = isUnder(base, person) ? '' : ` ${JSON.stringify(person.dn)}`;
  return `${uid} ${person.uuid}${person.locked ? '!' : ''}${name}\n`;
}

const uuidLength = 36;

export interface ParsedPeople {
  readonly byUid: ReadonlyMap<string, KnownPerson>;
  /** Uids of those whose name does not follow from it. */
  readonly unusual: ReadonlySet<string>;
}

/** One loop over the text, for there may be a hundred thousand lines in it. */
export function parsePeople(text: string, base: Base): ParsedPeople {
  const byUid = new Map<string, KnownPerson>();
  const unusual = new Set<string>();
  for (let at = 0; at < text.length;) {
    const uidEnd = text.indexOf(' ', at);
    const end = text.indexOf('\n', uidEnd);
    const uid = parseUid(text.slice(at, uidEnd));
    if (uid !== undefined) {
      byUid.set(uid, parsePerson(uid, text, uidEnd + 1, end, base));
      if (text.charAt(end - 1) === '"') unusual.add(uid);
    }
    at = end + 1;
  }
  return { byUid, unusual };
}

/** What stands behind the uid and the space. */
function parsePerson(uid: Uid, text: string, at: number, end: number, base: Base): KnownPerson {
  if (end - at === 1) return text.charAt(at) === '?' ? 'ambiguous' : 'absent';
  const uuidEnd = at + uuidLength;
  const locked = text.charAt(uuidEnd) === '!';
  const spelledAt = uuidEnd + (locked ? 2 : 1);
  const name = end > spelledAt ? parseName(text.slice(spelledAt, end)) : nameUnder(base, uid);
  return { uid, dn: name.dn, key: name.key, uuid: entryUuid(text.slice(at, uuidEnd)), locked };
}

/** The uid, or the DN in quotes. */
export function renderMember({ dn: name, key }: MemberValue, base: Base): string {
  const uid = uidOf(key, base.key);
  return uid !== undefined && name === `uid=${uid},${base.text}` ? `${uid}\n` : `${JSON.stringify(name)}\n`;
}

export function parseMember(line: string, base: Base): MemberValue {
  return line.startsWith('"') ? parseName(line) : nameUnder(base, line);
}

function parseName(text: string): MemberValue {
  const name: string = JSON.parse(text);
  return { dn: dn(name), key: dnKeyOf(name) ?? dnKey(name) };
}

function nameUnder({ suffix, key, isKey }: Base, uid: string): MemberValue {
  const name = `uid=${uid}${suffix}`;
  return { dn: dn(name), key: dnKey(isKey ? name : `uid=${uid},${key}`) };
}
