// How a snapshot writes one person and one member: a line each, and a DN only where it does not follow from the uid.
import type { DirectoryPerson, MemberValue } from '../../domain/directory.ts';
import { dn, dnKey, entryUuid, type DnKey, type Uid } from '../../domain/names.ts';
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
export function isUnder(base: Base, { uid, dn: name }: DirectoryPerson): boolean {
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

/** `rest` is the line behind the uid and the space. */
export function parsePerson(uid: Uid, rest: string, base: Base): KnownPerson {
  if (rest.length === 1) return rest === '?' ? 'ambiguous' : 'absent';
  const locked = rest.charAt(uuidLength) === '!';
  const spelledAt = uuidLength + (locked ? 2 : 1);
  const name = rest.length > spelledAt ? parseName(rest.slice(spelledAt)) : nameUnder(base, uid);
  return { uid, dn: name.dn, key: name.key, uuid: entryUuid(rest.slice(0, uuidLength)), locked };
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
