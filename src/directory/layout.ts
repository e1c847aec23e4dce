// Where people and groups stand in the directory, and its local customs: the host's configuration, read once.
import { dnKey, type Dn, type DnKey, type GroupName } from '../names.ts';
import { Misuse } from '../errors.ts';
import { dnKeyOf } from './distinguished-names.ts';

export interface DirectoryLayout {
  /** Every person stands under it; most directly. */
  readonly people: Dn;
  readonly groups: ReadonlyMap<GroupName, Dn>;
  /** What stands in a group that has no members: the empty DN, nothing, or the DN of an entry that is nobody. */
  readonly emptyGroup: EmptyGroup;
  /** Who has this value is locked. Without it nobody is. */
  readonly disabled?: Disabled;
}

export type EmptyGroup = 'empty-dn' | 'no-member' | Dn;

export interface Disabled {
  readonly attribute: string;
  readonly value: string;
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
