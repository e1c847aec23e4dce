// The directory in a checkup: the connection, how the managed groups stand, and that the account may change members and little else.
import { advice, error, failed, ok, unknown, type Answer, type Area, type Verdict } from './doctor.ts';
import type { MemberAttribute, Unwritten } from '../directory/directory.ts';
import { renderUnwritten } from '../text.ts';
import { inOrder } from '../names.ts';
import { count } from '../time.ts';

const administrator = 'the administrator of this host';
const directoryAdministrator = 'the administrator of the directory';

export interface ConnectionFacts {
  readonly url: string;
  readonly encryption: 'none' | 'start-tls' | 'tls' | 'socket';
  /** As the server names it (RFC 4532). */
  readonly identity: string;
}

/** One server: where people and groups are read from. */
export const readingArea: Area<ConnectionFacts> = connectionArea(
  'Directory, to read',
  'read-url',
  'directory-read',
  'read-tls',
  'read-identity',
);

/** One server: where members are written. */
export const writingArea: Area<ConnectionFacts> = connectionArea('Directory, to write', 'url', 'directory', 'tls', 'bind-identity');

function connectionArea(area: string, address: 'url' | 'read-url', reach: string, tls: string, identity: string): Area<ConnectionFacts> {
  return {
    area,
    fixer: administrator,
    remedy: `Correct "directory.${address}", or the certificate ("ca-file") or the credentials under "directory", or ask those who run that server.`,
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

/** What trying a change that cannot take place showed. */
export type Permission = 'may' | 'may-not' | { readonly untold: string };

/** A group of the right class whose members and revision can be seen. */
export interface UsableGroup {
  readonly attribute: MemberAttribute;
  readonly members: number;
  /** Members with a person behind them, and those among them who are locked. */
  readonly persons: number;
  readonly locked: number;
  readonly placeholder: boolean;
  readonly unwritten: readonly Unwritten[];
  /** The class demands at least one value of `member`. */
  readonly needsMember: boolean;
  /** Entries that the overlay memberof counts into the group. */
  readonly memberOf: number;
}

export interface GroupFacts {
  readonly group: string;
  readonly usable: Answer<UsableGroup>;
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
  remedy: 'If the connection above is an error, mend that first. Otherwise let the account of muster read the groups.',
  checks: [
    { code: 'group', look: ({ groups }) => groups.map(groupOf) },
    {
      code: 'placeholder',
      look: ({ groups, emptyGroup }) => groups.map(ofUsable((group, usable) => placeholderOf(group, usable, emptyGroup))),
    },
    { code: 'members', look: ({ groups }) => groups.map(ofUsable(membersOf)) },
    { code: 'memberof', look: ({ groups }) => groups.map(ofUsable(memberOfOf)) },
    { code: 'may-write-member', look: ({ groups }) => groups.map(mayWrite) },
    { code: 'may-write-else', look: ({ others }) => mayWriteElse(others) },
  ],
};

function ofUsable(look: (group: string, usable: UsableGroup) => Verdict): (facts: GroupFacts) => Verdict {
  return ({ group, usable }) =>
    usable.kind === 'known' ? look(group, usable.value) : unknown('not looked at, because of "group" above', group);
}

const create = 'Create the group as a groupOfNames, or let the account see it.';

function groupOf({ group, usable }: GroupFacts): Verdict {
  if (usable.kind !== 'known') return failed(usable, { who: directoryAdministrator, how: create }, group);
  const [besides] = renderUnwritten(usable.value.unwritten);
  if (besides !== undefined) return advice(besides, directoryAdministrator, 'Whoever is in there has access that no plan shows.', group);
  return ok(`there, of a class that has members: ${count(usable.value.members, 'member')}`, group);
}

function placeholderOf(group: string, { needsMember, members, placeholder }: UsableGroup, emptyGroup: string): Verdict {
  if (emptyGroup === 'no-member' && needsMember)
    return error(
      'its class wants a member always, and empty-group is no-member: the last member could not leave',
      administrator,
      'Write "empty-group: empty-dn", or the DN that stands in empty groups there.',
      group,
    );
  if (!needsMember) return ok('its class lets it be empty', group);
  const shown = members === 0 && placeholder ? 'it stands there now' : 'not needed now';
  return ok(`an empty group holds ${emptyGroup}; ${shown}`, group);
}

function membersOf(group: string, { members, persons, locked }: UsableGroup): Verdict {
  const odd = [
    ...(members > persons ? [`${count(members - persons, 'member')} with no person behind`] : []),
    ...(locked > 0 ? [`${locked} locked`] : []),
  ];
  if (odd.length === 0) return ok('a person stands behind every member, and none is locked', group);
  return advice(odd.join(', '), administrator, 'Runs take them out, within the limits; "muster plan" names them.', group);
}

function memberOfOf(group: string, { persons, memberOf, attribute }: UsableGroup): Verdict {
  if (attribute === 'memberUid') return ok('memberUid has no memberOf', group);
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

function mayWrite({ group, usable, mayWriteMember }: GroupFacts): Verdict {
  const attribute = usable.kind === 'known' ? usable.value.attribute : 'member';
  if (mayWriteMember === 'may') return ok(`the account may change ${attribute}`, group);
  if (mayWriteMember === 'may-not')
    return error(
      `the account may not change ${attribute}`,
      directoryAdministrator,
      `Grant it write access to ${attribute} of this group, and to nothing else.`,
      group,
    );
  return unknown(mayWriteMember.untold, group);
}

/** `cn=ops` and its like first: whoever may write those may give themselves anything. */
function mayWriteElse(others: GroupsFacts['others']): readonly Verdict[] {
  const groups = others.filter(({ what }) => what.startsWith('member of '));
  const open = groups.filter(({ permission }) => permission === 'may').map(({ what }) => what.slice('member of '.length));
  open.sort((left, right) => Number(/^cn=ops,/i.test(right)) - Number(/^cn=ops,/i.test(left)) || inOrder(left, right));
  const rule =
    'access to dn.exact="GROUP" attrs=member by dn.exact="ACCOUNT" write by * read, one for each managed group, and no wider rule before them';
  const closed = groups.filter(({ permission }) => permission === 'may-not').length;
  const rest = others.flatMap(({ what, permission }): readonly Verdict[] => {
    if (typeof permission === 'object') return [unknown(permission.untold, what)];
    if (what.startsWith('member of ')) return [];
    if (permission === 'may-not') return [ok('the account may not change it', what)];
    return [
      advice(
        'the account may change it, which muster does not need',
        directoryAdministrator,
        'Give muster an account of its own that may change member of the managed groups only.',
        what,
      ),
    ];
  });
  const said = `it could also change the members of ${count(open.length, 'other group')}: ${open.slice(0, 10).join('; ')}${open.length > 10 ? ` and ${open.length - 10} more` : ''}`;
  return [
    ...(open.length > 0
      ? [error(said, directoryAdministrator, `Let it write the managed groups only, as by these rules (OpenLDAP): ${rule}.`)]
      : []),
    ...(closed > 0 && open.length === 0 ? [ok(`the account may change the members of none of ${count(closed, 'other group')}`)] : []),
    ...rest,
  ];
}
