// The attribute types that name entries, and how their values compare inside a DN (RFC 4519, RFC 4524, RFC 2307).

/** `fold`: ignoring case, any letters. `fold-ascii`: ignoring case, ASCII only. `exact-ascii`: with case, ASCII only. `integer`: one spelling per number. */
type Comparison = 'fold' | 'fold-ascii' | 'exact-ascii' | 'integer' | 'exact';

export interface AttributeType {
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
export function attributeTypeOf(text: string): AttributeType | undefined {
  const type = byName.get(text.toLowerCase());
  if (type) return type;
  return /^[a-z][a-z0-9-]*$/i.test(text) ? { name: text.toLowerCase(), comparison: 'exact' } : undefined;
}
