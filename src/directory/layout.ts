// Where people and groups stand in the directory, and its local customs: the host's configuration, read once.
import type { DirectoryConfiguration } from '../config/configuration.ts';
import { dnKey, type Dn, type DnKey, type Instant } from '../names.ts';
import { Misuse } from '../errors.ts';
import { dnKeyOf } from './distinguished-names.ts';

/** `now`: the moment by which a time in an entry has passed. */
export type DirectoryLayout = Pick<DirectoryConfiguration, 'people' | 'groups' | 'attributes' | 'emptyGroup' | 'namedBy' | 'disabled'> & {
  readonly now: Instant;
};

/** What stands in a group that has no members: the empty DN, nothing, or the DN of an entry that is nobody. */
export type EmptyGroup = 'empty-dn' | 'no-member' | Dn;

export interface Disabled {
  readonly attribute: string;
  /** Any value at all, one of some, or a time (RFC 4517, section 3.3.13) that is still to come or has passed. */
  readonly is: 'present' | 'future' | 'past' | readonly string[];
}

/** The value of `member` that is nobody. Where groups may be empty it is still the empty DN: others may have put it there. */
export function placeholderOf(emptyGroup: EmptyGroup): string {
  return emptyGroup === 'empty-dn' || emptyGroup === 'no-member' ? '' : emptyGroup;
}

/** The key of a DN that the configuration names; `Misuse` when it is none. */
export function configuredKey(name: Dn): DnKey {
  const key = dnKeyOf(name);
  if (key === undefined) throw new Misuse(`${JSON.stringify(name)} in the configuration is not a DN (RFC 4514)`);
  return key;
}

export function placeholderKey(emptyGroup: EmptyGroup): DnKey {
  return emptyGroup === 'empty-dn' || emptyGroup === 'no-member' ? dnKey('') : configuredKey(emptyGroup);
}
