// The entries a test directory starts with, as LDIF (RFC 2849) for slapadd.

/** When the people of a test signed up: before anything was granted to them. */
export const longAgo = '20200101000000Z';

export interface PersonEntry {
  /** When the entry was made (RFC 4517, section 3.3.13); long ago unless told. */
  readonly madeAt?: string;
  readonly uid: string;
  readonly cn?: string;
  readonly mail?: string;
  /** Disabled the way production does it: an operational attribute names the policy `cn=disabled`. */
  readonly locked?: boolean;
  readonly password?: string;
}

export interface DirectoryContent {
  readonly suffix: string;
  readonly writerPassword: string;
  /** A string is the uid of somebody of whom nothing else matters. */
  readonly people: readonly (PersonEntry | string)[];
  /** By cn: uids, or raw DNs (whatever holds a `=`). A group without any holds the empty DN, as the local convention wants it. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly ppolicy: boolean;
  readonly memberof: boolean;
}

/** The LDIF of the whole directory, people and groups in the order given. */
export function renderEntries(content: DirectoryContent): string {
  const people = content.people.map((person) => (typeof person === 'string' ? { uid: person } : person));
  const groups = Object.entries(content.groups).map(([name, members]) => ({
    name,
    members: members.map((member) => memberDn(member, content.suffix)),
  }));
  const memberOf = content.memberof ? groupsByMember(groups, content.suffix) : new Map<string, string[]>();
  return [
    ...fixedEntries(content),
    ...people.map((person, index) => personEntry(person, index, content, memberOf)),
    ...groups.map(({ name, members }, index) => groupEntry(name, members, index, content.suffix)),
  ].join('\n');
}

/** What a test means by a member: a uid, or the DN itself. */
export function memberDn(member: string, suffix: string): string {
  return member === '' || member.includes('=') ? member : `uid=${member},ou=people,${suffix}`;
}

export function disabledPolicy(suffix: string): string {
  return `cn=disabled,ou=ppolicies,${suffix}`;
}

/** The attributes of a person in the shape of a developer account. */
export function personAttributes(person: PersonEntry, number: number): Record<string, string | string[]> {
  const cn = person.cn ?? person.uid.charAt(0).toUpperCase() + person.uid.slice(1);
  return {
    objectClass: ['inetOrgPerson', 'posixAccount', 'ldapPublicKey', 'wikimediaPerson'],
    uid: person.uid,
    cn,
    sn: cn,
    mail: person.mail ?? `${person.uid}@example.org`,
    uidNumber: String(2000 + number),
    gidNumber: '500',
    homeDirectory: `/home/${person.uid}`,
    ...(person.password === undefined ? {} : { userPassword: person.password }),
  };
}

function fixedEntries({ suffix, writerPassword, ppolicy }: DirectoryContent): readonly string[] {
  const top = /^dc=([^,]+)/.exec(suffix)?.[1] ?? 'test';
  const unit = (name: string) => entry(`ou=${name},${suffix}`, { objectClass: 'organizationalUnit', ou: name });
  return [
    entry(suffix, { objectClass: ['dcObject', 'organization'], dc: top, o: top }),
    ...['people', 'groups', 'profile', 'ppolicies'].map(unit),
    entry(`cn=scriptuser,ou=profile,${suffix}`, {
      objectClass: ['applicationProcess', 'simpleSecurityObject'],
      cn: 'scriptuser',
      userPassword: writerPassword,
    }),
    ...(ppolicy
      ? [entry(disabledPolicy(suffix), { objectClass: ['applicationProcess', 'pwdPolicy'], cn: 'disabled', pwdAttribute: 'userPassword' })]
      : []),
  ];
}

function personEntry(
  person: PersonEntry,
  index: number,
  { suffix, ppolicy }: DirectoryContent,
  memberOf: ReadonlyMap<string, string[]>,
): string {
  const dn = memberDn(person.uid, suffix);
  if (person.locked && !ppolicy) throw new Error('a locked person needs the ppolicy overlay');
  return entry(dn, {
    ...personAttributes(person, index),
    ...(person.locked ? { pwdPolicySubentry: disabledPolicy(suffix) } : {}),
    memberOf: memberOf.get(dn.toLowerCase()) ?? [],
    createTimestamp: longAgo,
  });
}

function groupEntry(name: string, members: readonly string[], index: number, suffix: string): string {
  return entry(groupDn(name, suffix), {
    objectClass: ['groupOfNames', 'posixGroup'],
    cn: name,
    gidNumber: String(50_000 + index),
    member: members.length === 0 ? [''] : [...members],
  });
}

export function groupDn(name: string, suffix: string): string {
  return `cn=${name},ou=groups,${suffix}`;
}

/** slapadd goes past the memberof overlay, so what it would have written is written here. */
function groupsByMember(
  groups: readonly { readonly name: string; readonly members: readonly string[] }[],
  suffix: string,
): Map<string, string[]> {
  const memberOf = new Map<string, string[]>();
  for (const { name, members } of groups) {
    for (const member of members) {
      const of = memberOf.get(member.toLowerCase());
      if (of) of.push(groupDn(name, suffix));
      else memberOf.set(member.toLowerCase(), [groupDn(name, suffix)]);
    }
  }
  return memberOf;
}

function entry(dn: string, attributes: Readonly<Record<string, string | readonly string[]>>): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) => [values].flat().map((value) => ldifLine(name, value)));
  return [ldifLine('dn', dn), ...lines, ''].join('\n');
}

// RFC 2849: what is not a SAFE-STRING goes in base64.
function ldifLine(name: string, value: string): string {
  const safe = value === '' || (/^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(value) && !value.endsWith(' '));
  return safe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value, 'utf8').toString('base64')}`;
}
