// What was read of the directory, as one text that answers from where it lies: a hundred thousand people are not turned
// into values before somebody asks for them. A text that is not whole, or not of this version, is no snapshot.
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { MemberValue, ObservedGroup } from './directory.ts';
import { dn, instant, type GroupName, type Instant, type Uid } from '../names.ts';
import {
  baseBehind,
  baseOf,
  parseMember,
  parsePeople,
  renderMember,
  renderPerson,
  type Base,
  type KnownPerson,
  type ParsedPeople,
} from './snapshot-lines.ts';

/** What the answers hold for: the server and the layout that were asked, the mark, and when the oldest was read. */
interface Validity {
  readonly key: string;
  readonly mark: string;
  readonly at: Instant;
}

interface Header extends Validity {
  readonly base: string;
  /** Lengths of the sections that follow, in UTF-16 code units. */
  readonly people: number;
  readonly groups: readonly GroupHeader[];
}

interface GroupHeader extends Pick<ObservedGroup, 'revision' | 'placeholder'> {
  readonly group: string;
  readonly dn: string;
  readonly length: number;
}

const version = 'muster-directory 1';

export class Snapshot {
  readonly validity: Validity;
  #base: Base;
  /** A section as it was loaded, and those who were asked for since. */
  readonly #peopleText: string;
  readonly #newPeople = new Map<Uid, KnownPerson>();
  /** All of them, once somebody was asked for: the names of a member are then the very strings of the person, and not others like them. */
  #people: ParsedPeople | undefined;
  /** Sections as they were loaded, and groups that were read since. */
  readonly #sections = new Map<string, { readonly header: GroupHeader; readonly text: string }>();
  readonly #newGroups = new Map<string, ObservedGroup>();

  private constructor(header: Header, text: string, at: number) {
    this.validity = { key: header.key, mark: header.mark, at: header.at };
    this.#base = baseOf(header.base);
    let end = at + header.people;
    this.#peopleText = text.slice(at, end);
    for (const group of header.groups) {
      this.#sections.set(group.group, { header: group, text: text.slice(end, end + group.length) });
      end += group.length;
    }
  }

  static empty(validity: Validity): Snapshot {
    return new Snapshot({ ...validity, base: '', people: 0, groups: [] }, '', 0);
  }

  /** Undefined for anything but what `render` wrote. */
  static parse(bytes: Buffer): Snapshot | undefined {
    const start = bytes.indexOf('\n') + 1;
    const body = bytes.subarray(start);
    if (start === 0 || bytes.toString('latin1', 0, start) !== `${version} ${digestOf([body])}\n`) return undefined;
    // The digest tells that the lines are those that were written, so none is checked again.
    const text = body.toString(isAscii(body) ? 'latin1' : 'utf8');
    const at = text.indexOf('\n') + 1;
    const header: Header = JSON.parse(text.slice(0, at));
    return new Snapshot({ ...header, at: instant(header.at) }, text, at);
  }

  /** Undefined: nobody asked for this uid yet. */
  person(uid: Uid): KnownPerson | undefined {
    this.#people ??= parsePeople(this.#peopleText, this.#base);
    return this.#people.byUid.get(uid) ?? this.#newPeople.get(uid);
  }

  rememberPerson(uid: Uid, person: KnownPerson): void {
    if (this.#base.text === '' && typeof person === 'object') this.#base = baseOf(baseBehind(person.dn));
    this.#newPeople.set(uid, person);
  }

  group(group: GroupName): ObservedGroup | undefined {
    const section = this.#sections.get(group);
    if (!section) return this.#newGroups.get(group);
    const { dn: name, revision, placeholder } = section.header;
    const { byUid, unusual } = this.#people ?? {};
    const members: MemberValue[] = [];
    for (let at = 0; at < section.text.length;) {
      const end = section.text.indexOf('\n', at);
      const line = section.text.slice(at, end);
      const person = unusual?.has(line) ? undefined : byUid?.get(line);
      members.push(typeof person === 'object' ? { dn: person.dn, key: person.key } : parseMember(line, this.#base));
      at = end + 1;
    }
    return { kind: 'group', group, dn: dn(name), revision, members, placeholder };
  }

  rememberGroup(observed: ObservedGroup): void {
    if (this.#base.text === '') this.#base = baseOf(baseBehind(observed.members[0]?.dn ?? ''));
    this.#newGroups.set(observed.group, observed);
  }

  /** In pieces, for a file of megabytes is not put together in memory. */
  render(): readonly Buffer[] {
    const people = [this.#peopleText];
    this.#newPeople.forEach((person, uid) => people.push(renderPerson(uid, person, this.#base)));
    const sections = [...this.#sections.values()];
    for (const { group, dn: name, revision, placeholder, members } of this.#newGroups.values()) {
      const text = members.map((member) => renderMember(member, this.#base)).join('');
      sections.push({ header: { group, dn: name, revision, placeholder, length: text.length }, text });
    }
    const peopleText = people.join('');
    const header: Header = {
      ...this.validity,
      base: this.#base.text,
      people: peopleText.length,
      groups: sections.map((section) => section.header),
    };
    const body = [`${JSON.stringify(header)}\n`, peopleText, ...sections.map((section) => section.text)].map((text) => Buffer.from(text));
    return [Buffer.from(`${version} ${digestOf(body)}\n`), ...body];
  }
}

function digestOf(pieces: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
