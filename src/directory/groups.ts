// Reads one managed group, and says what is the matter with one that cannot be used.
import { dn, type Dn, type DnKey, type GroupName } from '../names.ts';
import type { MemberValue, ObservedGroup, UnusableGroup } from './directory.ts';
import { DirectoryUnusable } from '../errors.ts';
import type { Entry } from 'ldapts';
import type { DirectoryConnection } from './connection.ts';
import { namedBy, valuesOf } from './entries.ts';
import { placeholderKey, type DirectoryLayout } from './layout.ts';
import { hasResultCode, refusal, resultCode } from './result-codes.ts';

// RFC 4519, section 3.5, and the classes of other schemas that keep people in `member`.
const memberClasses = new Set(['groupofnames', 'groupofmembers', 'groupofentries']);

// An attribute that may not be seen answers neither half, and then the entry is not in the answer.
const memberCanBeSeen = '(|(member=*)(!(member=*)))';

export async function readGroup(
  connection: DirectoryConnection,
  layout: DirectoryLayout,
  group: GroupName,
  base: Dn,
): Promise<ObservedGroup | UnusableGroup> {
  const unusable = (message: string): UnusableGroup => ({ kind: 'unusable', group, dn: base, message });
  const answer = await connection
    .search(base, { scope: 'base', filter: memberCanBeSeen, attributes: ['objectClass', 'member', 'entryCSN'] })
    .catch((error: unknown) => {
      if (hasResultCode(error, resultCode.noSuchObject)) return undefined;
      throw refusal(error, `show the group ${base}`);
    });
  if (answer === undefined)
    return unusable(
      `the directory has no entry ${base}, or this account may not see it: muster creates no groups, the administrator of the directory has to`,
    );
  const [entry] = answer;
  if (!entry)
    return unusable(
      `this account may not see member of ${base}: the administrator of the directory has to let it read and search that attribute`,
    );
  const flaw = flawOf(entry);
  return flaw === undefined ? observed(entry, group, placeholderKey(layout.emptyGroup)) : unusable(flaw);
}

function flawOf(entry: Entry): string | undefined {
  const classes = valuesOf(entry, 'objectClass').map((name) => name.toLowerCase());
  const values = valuesOf(entry, 'member');
  if (Object.keys(entry).some((name) => /^member;/i.test(name))) {
    // Some servers hand out long lists in parts, `member;range=0-1499`: a part is not the group.
    throw new DirectoryUnusable(
      `the directory shows member of ${entry.dn} in parts or with options, which muster cannot take for the whole group`,
    );
  }
  if (values.length === 0 && !classes.some((name) => memberClasses.has(name))) {
    return `${entry.dn} is not a groupOfNames or another class that has member: the administrator of the directory has to create it as one`;
  }
  if (values.length === 0 && classes.includes('groupofnames')) {
    return `this account sees no member of ${entry.dn}, though a groupOfNames always has one: the administrator of the directory has to let it read that attribute`;
  }
  if (valuesOf(entry, 'entryCSN').length !== 1) {
    return `this account sees no entryCSN of ${entry.dn}: the administrator of the directory has to let it read that attribute, which tells whether somebody else wrote the group`;
  }
  return undefined;
}

function observed(entry: Entry, group: GroupName, placeholder: DnKey): ObservedGroup {
  const members: MemberValue[] = [];
  let hasPlaceholder = false;
  for (const text of valuesOf(entry, 'member')) {
    const value = namedBy(text);
    if (value.key === placeholder) hasPlaceholder = true;
    else members.push(value);
  }
  const [revision = ''] = valuesOf(entry, 'entryCSN');
  const needsValue = valuesOf(entry, 'objectClass').some((name) => name.toLowerCase() === 'groupofnames');
  return { kind: 'group', group, dn: dn(entry.dn), revision, needsValue, members, placeholder: hasPlaceholder };
}
