// Distinguished names as keys: two DNs have one key when distinguishedNameMatch (RFC 4517, section 4.2.15) calls them equal.
// Attribute types compare as RFC 4519, RFC 4524 and RFC 2307 say. Reads what OpenLDAP reads: RFC 4514, and of RFC 2253 the quotes and the semicolon. What it rejects has no key.
// Two differences from OpenLDAP remain, both in letters no uid has: it keeps capital sharp s and the mathematical letters
// beyond U+FFFF apart from the plain ones, and it ignores spaces and hyphens in a telephoneNumber.
import { dnKey, parseUid, type DnKey, type Uid } from '../names.ts';

/** `fold`: ignoring case, any letters. `fold-ascii`: ignoring case, ASCII only. `exact-ascii`: with case, ASCII only. `integer`: one spelling per number. */
type Comparison = 'fold' | 'fold-ascii' | 'exact-ascii' | 'integer' | 'exact';

interface AttributeType {
  /** The first name of the type in lower case: what a server writes back, whatever alias it was given. */
  readonly name: string;
  readonly comparison: Comparison;
}

const known: readonly (readonly [comparison: Comparison, oid: string, ...names: string[]])[] = [
  ['fold', '2.5.4.3', 'cn', 'commonName'],
  ['fold', '2.5.4.4', 'sn', 'surname'],
  ['fold', '2.5.4.6', 'c', 'countryName'],
  ['fold', '2.5.4.7', 'l', 'localityName'],
  ['fold', '2.5.4.8', 'st', 'stateOrProvinceName'],
  ['fold', '2.5.4.9', 'street', 'streetAddress'],
  ['fold', '2.5.4.10', 'o', 'organizationName'],
  ['fold', '2.5.4.11', 'ou', 'organizationalUnitName'],
  ['fold', '2.5.4.13', 'description'],
  ['fold', '2.5.4.20', 'telephoneNumber'],
  ['fold', '2.5.4.41', 'name'],
  ['fold', '2.5.4.42', 'givenName', 'gn'],
  ['fold', '2.16.840.1.113730.3.1.3', 'employeeNumber'],
  ['fold', '0.9.2342.19200300.100.1.1', 'uid', 'userid'],
  ['fold-ascii', '0.9.2342.19200300.100.1.25', 'dc', 'domainComponent'],
  ['fold-ascii', '0.9.2342.19200300.100.1.3', 'mail', 'rfc822Mailbox'],
  ['exact-ascii', '1.3.6.1.1.1.1.3', 'homeDirectory'],
  ['exact-ascii', '1.3.6.1.1.1.1.4', 'loginShell'],
  ['integer', '1.3.6.1.1.1.1.0', 'uidNumber'],
  ['integer', '1.3.6.1.1.1.1.1', 'gidNumber'],
];

const byName = new Map<string, AttributeType>();
for (const [comparison, oid, ...names] of known) {
  const type = { name: (names[0] ?? oid).toLowerCase(), comparison };
  for (const name of [oid, ...names]) byName.set(name.toLowerCase(), type);
}

const comparisons: Readonly<Record<string, Comparison>> = {
  caseignorematch: 'fold',
  caseignoreia5match: 'fold-ascii',
  caseexactia5match: 'exact-ascii',
  integermatch: 'integer',
};

/** A type that the table does not have, as the server's schema tells it (schema.ts): a local one may name people too. */
export function learnType(name: string, first: string, rule: string | undefined): void {
  if (!byName.has(name)) byName.set(name, { name: first, comparison: comparisons[rule ?? ''] ?? 'exact' });
}

/**
 * The type behind a name, an alias or an OID. A name that is neither in the table nor learned compares exactly, which can only tell
 * two spellings apart; an OID that is not means nothing (undefined).
 */
function attributeTypeOf(text: string): AttributeType | undefined {
  const type = byName.get(text.toLowerCase());
  if (type) return type;
  return /^[a-z][a-z0-9-]*$/i.test(text) ? { name: text.toLowerCase(), comparison: 'exact' } : undefined;
}

// Nearly every DN of a directory: plain letters, known types, single spaces. Its key is itself in lower case.
const plain = /^(?:uid|cn|ou|dc|o)=[\w.@-]+(?: [\w.@-]+)*(?:,(?:uid|cn|ou|dc|o)=[\w.@-]+(?: [\w.@-]+)*)*$/i;

/** The key of a DN in any spelling; undefined when the text is not a DN. The empty DN (RFC 4514, section 2) has the empty key. */
export function dnKeyOf(text: string): DnKey | undefined {
  if (text === '' || plain.test(text)) return dnKey(text.toLowerCase());
  const rdns = new DnReader(text).readRdns();
  return rdns === undefined ? undefined : dnKey(rdns.join(','));
}

/** The uid that an entry under the people base is named by (its RDN), alone or among others. Both as keys. */
export function uidOf(key: DnKey, peopleBase: DnKey): Uid | undefined {
  if (!isWithin(key, peopleBase) || key === peopleBase) return undefined;
  const [, value] = /^(?:(?:\\.|[^,+\\])*\+)*uid=([^,+\\]+)[,+]/.exec(key) ?? [];
  return value === undefined ? undefined : parseUid(value);
}

/** Whether the entry is the base itself or stands somewhere under it. Both as keys. */
export function isWithin(key: DnKey, base: DnKey): boolean {
  return key === base || base === '' || key.endsWith(`,${base}`);
}

/** A string as caseIgnoreMatch compares it: NFKC, simple case mapping, spaces trimmed and runs of them counted once. */
export function foldText(text: string): string {
  const normal = text.normalize('NFKC');
  // One code point becomes one: the longer mappings (İ) and those that look at neighbours (final Σ) are not made.
  const folded = [...normal].map((letter) => {
    const lower = letter.toLowerCase();
    return [...lower].length === 1 ? lower : letter;
  });
  return squeeze(folded.join(''));
}

function squeeze(text: string): string {
  return text
    .replace(/ {2,}/g, ' ')
    .replace(/^ (?=.)/su, '')
    .replace(/(?<=.) $/su, '');
}

/** A value in the form its type compares; undefined when the type's syntax has no such value. */
function comparable(value: string, { comparison }: AttributeType): string | undefined {
  switch (comparison) {
    case 'fold':
      return foldText(value);
    case 'fold-ascii':
      return isAscii(value) ? foldText(value) : undefined;
    case 'exact-ascii':
      return isAscii(value) ? squeeze(value) : undefined;
    case 'integer':
      return /^(?:0|-?[1-9]\d*)$/.test(value) ? value : undefined;
    case 'exact':
      return value;
  }
}

/** Whether the server takes both for one value of this type, by the rule of its schema. */
export function isSameValue(type: string, left: string, right: string): boolean {
  const known = attributeTypeOf(type);
  return left === right || (known !== undefined && comparable(left, known) === comparable(right, known));
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

const separators = ',;+';
// RFC 4514, section 3: what may follow a backslash as itself.
const escapable = ' "#+,;<=>\\';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one text from left to right; every `read…` gives undefined where the text is not a DN. */
class DnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readRdns(): readonly string[] | undefined {
    const rdns: string[] = [];
    do {
      const rdn = this.#readRdn();
      if (rdn === undefined) return undefined;
      rdns.push(rdn);
    } while (this.#skip(',') || this.#skip(';'));
    return this.#at === this.#text.length ? rdns : undefined;
  }

  /** `a=1+b=2`, its parts in the order of their types; a type may stand in it only once. */
  #readRdn(): string | undefined {
    const parts = new Map<string, string>();
    do {
      const type = this.#readType();
      const value = type && this.#readValue();
      const compared = type && value !== undefined ? comparable(value, type) : undefined;
      if (type === undefined || compared === undefined || compared === '' || parts.has(type.name)) return undefined;
      parts.set(type.name, compared.replace(/[\\,+]/g, '\\$&'));
    } while (this.#skip('+'));
    const sorted = [...parts].sort(([left], [right]) => (left < right ? -1 : 1));
    return sorted.map(([name, value]) => `${name}=${value}`).join('+');
  }

  #readType(): AttributeType | undefined {
    this.#skipSpaces();
    const end = this.#text.indexOf('=', this.#at);
    if (end < 0) return undefined;
    const type = attributeTypeOf(this.#text.slice(this.#at, end).replace(/ +$/, ''));
    this.#at = end + 1;
    return type;
  }

  #readValue(): string | undefined {
    this.#skipSpaces();
    // `#` begins a BER value in hexadecimal, which OpenLDAP does not take for the types above.
    if (this.#text.charAt(this.#at) === '#') return undefined;
    const octets = this.#skip('"') ? this.#readQuoted() : this.#readPlain();
    this.#skipSpaces();
    if (octets === undefined) return undefined;
    try {
      return utf8.decode(Buffer.concat(octets));
    } catch {
      return undefined;
    }
  }

  #readQuoted(): readonly Buffer[] | undefined {
    const octets: Buffer[] = [];
    while (!this.#skip('"')) {
      const read = this.#readLetter();
      if (read === undefined) return undefined;
      octets.push(read);
    }
    return octets;
  }

  /** Up to a separator; the unescaped spaces before it belong to nobody. */
  #readPlain(): readonly Buffer[] | undefined {
    const octets: Buffer[] = [];
    let kept = 0;
    while (this.#at < this.#text.length && !separators.includes(this.#text.charAt(this.#at))) {
      const first = this.#text.charAt(this.#at);
      const read = '"<>'.includes(first) ? undefined : this.#readLetter();
      if (read === undefined) return undefined;
      octets.push(read);
      if (first !== ' ') kept = octets.length;
    }
    return octets.slice(0, kept);
  }

  /** One code point, one escaped letter, or one octet written as `\` and two hexadecimal digits. */
  #readLetter(): Buffer | undefined {
    const point = this.#text.codePointAt(this.#at);
    if (point === undefined) return undefined;
    const letter = String.fromCodePoint(point);
    this.#at += letter.length;
    if (letter !== '\\') return Buffer.from(letter);
    const digits = this.#text.slice(this.#at, this.#at + 2);
    if (/^[0-9a-f]{2}$/i.test(digits)) {
      this.#at += 2;
      return Buffer.from(digits, 'hex');
    }
    const escaped = this.#text.charAt(this.#at);
    this.#at += 1;
    return escaped !== '' && escapable.includes(escaped) ? Buffer.from(escaped) : undefined;
  }

  #skip(letter: string): boolean {
    if (this.#text.charAt(this.#at) !== letter) return false;
    this.#at += 1;
    return true;
  }

  #skipSpaces(): void {
    while (this.#text.charAt(this.#at) === ' ') this.#at += 1;
  }
}
