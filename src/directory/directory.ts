// What the directory says of people and groups, as values. Absent, hidden and unanswered are three different things:
// the first is here, the other two are errors of the adapter.
import type { Dn, DnKey, EntryUuid, GroupName, Instant, Uid } from '../names.ts';

/** The one entry under the people base that is named by this uid (its RDN), or, where people are named otherwise, that alone has it. */
export interface DirectoryPerson {
  readonly uid: Uid;
  /** As the server spells it. */
  readonly dn: Dn;
  readonly key: DnKey;
  readonly uuid: EntryUuid;
  /** The account is disabled in the way the host's configuration names. */
  readonly locked: boolean;
  /** When the entry was made; undefined where the server does not say. */
  readonly madeAt?: Instant;
}

/** An entry that carries somebody else's uid as a value: people write their own entries, so it says nothing. */
export interface Claim {
  readonly uid: Uid;
  readonly dn: Dn;
  /** When and by whom that entry was last changed; empty where that is not shown. */
  readonly changedAt: string;
  readonly changedBy: string;
}

/** A uid that is not in the map has no entry. `ambiguous`: more than one entry has that name, and nobody can tell who is meant. */
export type People = ReadonlyMap<Uid, DirectoryPerson | 'ambiguous'>;

/** One value of `member` that is not the placeholder. */
export interface MemberValue {
  readonly dn: Dn;
  readonly key: DnKey;
  /** As it stands in the entry, where that is no DN. */
  readonly text?: string;
  readonly uid?: Uid;
}

/** The formats of a group: DNs, DNs with an optional number (RFC 4517, section 3.3.21), plain uids. */
export type MemberAttribute = 'member' | 'uniqueMember' | 'memberUid';

/** A value that counts somebody in and that muster does not write: of another attribute, or computed by the server. */
export interface Unwritten {
  readonly where: MemberAttribute | 'computed';
  readonly value: MemberValue;
}

export interface ObservedGroup {
  readonly kind: 'group';
  readonly group: GroupName;
  readonly dn: Dn;
  /** entryCSN: changes with every change of the entry (draft-ietf-ldup-model, OpenLDAP). Empty where each value is its own compare-and-set. */
  readonly revision: string;
  /** The entry must keep a value, if only the placeholder. */
  readonly needsValue: boolean;
  /** What holds its members. */
  readonly attribute: MemberAttribute;
  readonly unwritten: readonly Unwritten[];
  /** Compared under distinguishedNameMatch, none twice; the placeholder of an empty group is not among them. */
  readonly members: readonly MemberValue[];
  /** The placeholder stands in the entry, alone or among members. */
  readonly placeholder: boolean;
}

/** muster never creates a group and never mends its class: somebody who may has to. */
export interface UnusableGroup {
  readonly kind: 'unusable';
  readonly group: GroupName;
  readonly dn: Dn;
  readonly message: string;
}

/** Who stands behind a member value that no desired person explains. */
export type MemberEntry =
  | { readonly kind: 'person'; readonly person: DirectoryPerson }
  /** `uids`: those that the entry has all the same; one that stands for several, or several that share one. */
  | { readonly kind: 'no-person'; readonly uids: readonly Uid[] }
  | { readonly kind: 'absent' };

/** Tells that nothing was written since, and who is shown it: the account, and contextCSN of every provider; undefined where the server keeps none. */
export type WriteMark = string | undefined;

/** One change of one group, applied to the entry exactly as it was read. */
export interface GroupChange {
  readonly group: ObservedGroup;
  readonly add: readonly MemberValue[];
  readonly remove: readonly MemberValue[];
}

/** How a change ended. `lost-race`: somebody wrote the entry after it was read; nothing, or only the first pieces, was done. */
export type ChangeOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'lost-race' }
  /** It may not go on: what was not made yet is not made. */
  | { readonly kind: 'stopped' }
  | { readonly kind: 'refused'; readonly message: string }
  /** The answer never came: it may have been done, in whole or in part. */
  | { readonly kind: 'unknown'; readonly message: string };
