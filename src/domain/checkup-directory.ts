// The directory in a checkup: the connection, what its server can do, what the account may see, and that it may change members and little else.
import { advice, error, failed, ok, unknown, type Answer, type Area, type Verdict } from './checkup.ts';
import { count } from './time.ts';

const administrator = 'the administrator of this host';
const directoryAdministrator = 'the administrator of the directory';

export interface ConnectionFacts {
  readonly url: string;
  readonly encryption: 'none' | 'start-tls' | 'tls' | 'socket';
  /** As the server names it (RFC 4532). */
  readonly identity: string;
}

/** One server: where people and groups are read from. */
export const readingArea: Area<ConnectionFacts> = connectionArea('Directory, to read', 'directory-read', 'read-tls', 'read-identity');

/** One server: where members are written. */
export const writingArea: Area<ConnectionFacts> = connectionArea('Directory, to write', 'directory', 'tls', 'bind-identity');

function connectionArea(area: string, reach: string, tls: string, identity: string): Area<ConnectionFacts> {
  return {
    area,
    fixer: administrator,
    checks: [
      { code: reach, look: ({ url }) => [ok(`${url} answers`)] },
      { code: tls, look: ({ encryption }) => [encryptionOf(encryption)] },
      { code: identity, look: (facts) => [ok(`bound as ${facts.identity}, which is the account that was meant`)] },
    ],
  };
}

function encryptionOf(encryption: ConnectionFacts['encryption']): Verdict {
  switch (encryption) {
    case 'tls':
    case 'start-tls':
      return ok('encrypted, and the certificate is verified against the host of the URL');
    case 'socket':
      return ok('a socket of this host');
    case 'none':
      return advice('in the clear, on this host only', administrator, 'Use ldaps://, start-tls or ldapi:// where others use this host.');
  }
}

/** What the server offers (RFC 4512, section 5.1) and how it answers long questions. */
export interface ServerFacts {
  readonly controls: ReadonlySet<string>;
  /** contextCSN tells that nothing was written. */
  readonly keepsMark: boolean;
  /** Everybody under the people base, counted by pages. */
  readonly people: Answer<number>;
  /** Of those, whose disabled attribute this account may see; `not-configured` where none is named. */
  readonly disabledVisible: Answer<number> | 'not-configured';
  /** Who has the value that counts as locked. */
  readonly locked: Answer<number>;
}

export const serverArea: Area<ServerFacts> = {
  area: 'Directory server',
  fixer: directoryAdministrator,
  checks: [
    { code: 'controls', look: ({ controls }) => [controlsOf(controls)] },
    { code: 'context-csn', look: ({ keepsMark }) => [markOf(keepsMark)] },
    { code: 'size-limit', look: ({ people }) => [pagesOf(people)] },
    { code: 'disabled-attribute', look: (facts) => [disabledOf(facts)] },
  ],
};

/** RFC 4528 and RFC 4527. */
const assertion = '1.3.6.1.1.12';
const postRead = '1.3.6.1.1.13.2';

function controlsOf(controls: ReadonlySet<string>): Verdict {
  const missing = [
    ...(controls.has(assertion) ? [] : ['assertion (RFC 4528)']),
    ...(controls.has(postRead) ? [] : ['post-read (RFC 4527)']),
  ];
  if (missing.length === 0) return ok('assertion and post-read are there: a change is bound to what was read');
  return error(
    `the server does not offer ${missing.join(' and ')}`,
    directoryAdministrator,
    'Without them muster does not write: use a server that has them, such as OpenLDAP.',
  );
}

function markOf(keepsMark: boolean): Verdict {
  if (keepsMark) return ok('contextCSN is kept: a run that finds nothing new reads next to nothing');
  return advice(
    'contextCSN is not kept, so every run reads all groups again',
    directoryAdministrator,
    'Add the overlay syncprov, or leave it: it costs time only.',
  );
}

function pagesOf(people: ServerFacts['people']): Verdict {
  if (people.kind !== 'known') {
    if (people.kind === 'unanswered') return { ...unknown(people.reason), unanswered: true };
    const how = 'Let the account read by pages without a limit (size.prtotal=unlimited): long lists need it.';
    return advice(people.reason, directoryAdministrator, how);
  }
  if (people.value > 0) return ok(`${count(people.value, 'person', 'people')} read by pages`);
  return error(
    'nobody is seen under the people base',
    administrator,
    'Correct directory.people, or have the account see uid of the people.',
  );
}

function disabledOf({ people, disabledVisible, locked }: ServerFacts): Verdict {
  if (disabledVisible === 'not-configured')
    return advice(
      'not configured: nobody counts as locked',
      administrator,
      'Add directory.disabled, where the directory marks disabled accounts.',
    );
  if (disabledVisible.kind !== 'known')
    return { ...unknown(disabledVisible.reason), ...(disabledVisible.kind === 'unanswered' ? { unanswered: true as const } : {}) };
  if (people.kind !== 'known') return unknown('the people could not be counted');
  const hidden = people.value - disabledVisible.value;
  if (hidden > 0)
    return error(
      `of ${count(hidden, 'person', 'people')} this account cannot see whether they are locked`,
      directoryAdministrator,
      'Let the account read and search the attribute of directory.disabled on everybody under the people base.',
    );
  const said = 'this account sees of everybody whether they are locked';
  if (locked.kind !== 'known') return ok(said);
  if (locked.value > 0) return ok(`${said}: ${count(locked.value, 'person', 'people')}`);
  return advice(
    `${said}, and nobody is: nobody at all, or the value is misspelled`,
    administrator,
    'Compare directory.disabled with an account that is known to be disabled.',
  );
}

/** What trying a change that cannot take place showed. */
export type Permission = 'may' | 'may-not' | { readonly untold: string };

export interface GroupFacts {
  readonly group: string;
  /** A group of the right class whose members and revision can be seen; the reason where it is not. */
  readonly usable: Answer<{
    readonly members: number;
    /** Members with a person behind them, and those among them who are locked. */
    readonly persons: number;
    readonly locked: number;
    readonly placeholder: boolean;
    /** The class demands at least one value of `member`. */
    readonly needsMember: boolean;
    /** Entries that the overlay memberof counts into the group. */
    readonly memberOf: number;
  }>;
  readonly mayWriteMember: Permission;
}

export interface GroupsFacts {
  readonly groups: readonly GroupFacts[];
  readonly emptyGroup: string;
  /** Things beside the members of managed groups, and whether the account may change them. */
  readonly others: readonly { readonly what: string; readonly permission: Permission }[];
}

export const groupsArea: Area<GroupsFacts> = {
  area: 'Managed groups',
  fixer: directoryAdministrator,
  checks: [
    { code: 'group', look: ({ groups }) => groups.map(groupOf) },
    { code: 'placeholder', look: ({ groups, emptyGroup }) => groups.map((one) => placeholderOf(one, emptyGroup)) },
    { code: 'members', look: ({ groups }) => groups.map(membersOf) },
    { code: 'memberof', look: ({ groups }) => groups.map(memberOfOf) },
    { code: 'may-write-member', look: ({ groups }) => groups.map(mayWrite) },
    { code: 'may-write-else', look: ({ others }) => others.map(mayWriteElse) },
  ],
};

const create = 'Create the group as a groupOfNames, or let the account see it.';

function groupOf({ group, usable }: GroupFacts): Verdict {
  if (usable.kind !== 'known') return failed(usable, { who: directoryAdministrator, how: create }, group);
  return ok(`there, of a class that has members: ${count(usable.value.members, 'member')}`, group);
}

function placeholderOf({ group, usable }: GroupFacts, emptyGroup: string): Verdict {
  if (usable.kind !== 'known') return unseen(group);
  const { needsMember, members, placeholder } = usable.value;
  if (emptyGroup === 'no-member' && needsMember)
    return error(
      'its class wants a member always, and empty-group is no-member: the last member could not leave',
      administrator,
      'Write "empty-group: empty-dn", or the DN that stands in empty groups there.',
      group,
    );
  const shown = members === 0 && placeholder ? 'it stands there now' : 'not needed now';
  return ok(`an empty group holds ${emptyGroup}; ${shown}`, group);
}

function membersOf({ group, usable }: GroupFacts): Verdict {
  if (usable.kind !== 'known') return unseen(group);
  const { members, persons, locked } = usable.value;
  const odd = [
    ...(members > persons ? [`${count(members - persons, 'member')} with no person behind`] : []),
    ...(locked > 0 ? [`${locked} locked`] : []),
  ];
  if (odd.length === 0) return ok('a person stands behind every member, and none is locked', group);
  return advice(odd.join(', '), administrator, 'Runs take them out, within the limits; "muster plan" names them.', group);
}

function memberOfOf({ group, usable }: GroupFacts): Verdict {
  if (usable.kind !== 'known') return unseen(group);
  const { persons, memberOf } = usable.value;
  if (memberOf === persons) return ok(`memberOf names ${count(persons, 'person', 'people')}, as member does`, group);
  if (memberOf === 0)
    return advice(
      'nobody has memberOf of this group: the overlay is off, or hidden from this account',
      directoryAdministrator,
      'Whoever asks by memberOf sees an empty group: switch the overlay on, or leave it where nobody asks so.',
      group,
    );
  return error(
    `memberOf names ${memberOf} and member names ${persons}: the overlay missed some changes`,
    directoryAdministrator,
    'Add the present members again with the permissive modify control, which makes memberOf right.',
    group,
  );
}

function mayWrite({ group, mayWriteMember }: GroupFacts): Verdict {
  if (mayWriteMember === 'may') return ok('the account may change member', group);
  if (mayWriteMember === 'may-not')
    return error(
      'the account may not change member',
      directoryAdministrator,
      'Grant it write access to member of this group, and to nothing else.',
      group,
    );
  return unknown(mayWriteMember.untold, group);
}

function mayWriteElse({ what, permission }: GroupsFacts['others'][number]): Verdict {
  if (permission === 'may-not') return ok('the account may not change it', what);
  if (permission === 'may')
    return advice(
      'the account may change it, which muster does not need',
      directoryAdministrator,
      'Give muster an account of its own that may change member of the managed groups only.',
      what,
    );
  return unknown(permission.untold, what);
}

function unseen(group: string): Verdict {
  return unknown('not looked at, because of "group" above', group);
}
