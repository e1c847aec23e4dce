// The ledger's records as values. Everything muster remembers is a fold over them (memory.ts); nothing else decides anything.
import type { SignedGroup, Window } from '../record/grants.ts';
import type { Place } from '../signing/statement.ts';
import type { Because } from '../membership/desired.ts';
import { isJudgingType, type JudgingRecord } from '../record/judging-record.ts';
import type { Taken } from '../record/read-record.ts';
import type { HoldCode } from '../membership/guard.ts';
import type { CommitId, Dn, EntryUuid, GroupName, Instant, RosterName, Uid } from '../names.ts';
import type { RemovalCause } from '../membership/plan.ts';

/** A line of the record of judging, and how far it was taken with that; without it where no ledger keeps it. */
export type TakenLine = JudgingRecord & { readonly place?: Taken };

export function isTakenLine(record: LedgerRecord): record is TakenLine {
  return isJudgingType(record.type);
}

/** Another record of judging lies there: on root's word it counts once it has caught up, or it must come to the same. */
export interface OtherRecord {
  readonly type: 'other-record';
  readonly at: Instant;
  readonly id: string;
  readonly how: 'succeeds' | 'repeats';
}

/** All that judging had recorded was taken for the first time; what waited for its verdict then. */
export interface AllTakenRecord {
  readonly type: 'all-taken';
  readonly at: Instant;
  readonly waits: readonly CommitId[];
}

export interface RosterRecord {
  readonly type: 'roster';
  readonly at: Instant;
  readonly roster: RosterName;
  readonly sha256: string;
  readonly people: number;
  readonly producedAt: Instant;
}

export interface RecordedAddition {
  readonly uid: Uid;
  readonly dn: Dn;
  readonly uuid: EntryUuid;
}

export interface RecordedRemoval {
  readonly uid: string;
  readonly dn: Dn;
}

/** Changes with one cause, told once: a roster of thousands has one. */
export interface RecordedChanges {
  readonly add: readonly { readonly because: Because; readonly limited: boolean; readonly members: readonly RecordedAddition[] }[];
  readonly remove: readonly { readonly because: RemovalCause; readonly limited: boolean; readonly members: readonly RecordedRemoval[] }[];
}

/** What is about to be done: on disk before it is done. */
export interface IntentRecord extends RecordedChanges {
  readonly type: 'intent';
  readonly at: Instant;
  readonly group: GroupName;
  readonly revision: string;
  /** Allowed sets that this uses up once something of it is done. */
  readonly allowed: readonly string[];
  /** Grants that a new start had proposed and that are in force from then on. */
  readonly accepted?: readonly string[];
}

/** What the directory showed afterwards. */
export interface OutcomeRecord extends RecordedChanges {
  readonly type: 'outcome';
  readonly at: Instant;
  readonly group: GroupName;
  /** `revoked`: done by `revoke`, beside whatever run was under way. */
  readonly result: 'done' | 'failed' | 'recovered' | 'revoked';
  readonly message?: string;
  readonly members: number;
}

/**
 * What a run found in a group besides its own work: from then on these members are known. The first one of a group takes it over.
 * Persons are named by uid, other values by DN.
 */
export interface MembershipRecord {
  readonly type: 'membership';
  readonly at: Instant;
  readonly group: GroupName;
  readonly appeared: readonly { readonly name: string; readonly because: Because | null; readonly uuid?: EntryUuid }[];
  readonly vanished: readonly string[];
  readonly members: number;
}

/** Which entry each uid means, for as long as its reason lasts; null: the reason has ended. */
export interface BindingsRecord {
  readonly type: 'bindings';
  readonly at: Instant;
  readonly group: GroupName;
  readonly basis: string;
  readonly bound: readonly (readonly [Uid, EntryUuid])[];
  readonly released: readonly Uid[];
}

export interface HeldRecord {
  readonly type: 'held';
  readonly at: Instant;
  readonly group: GroupName;
  readonly holds: readonly {
    readonly code: HoldCode;
    readonly digest: string;
    readonly add: readonly string[];
    readonly remove: readonly string[];
  }[];
}

/** `by`, here and below: who typed it (step-down.ts), as text. Only a revocation may have none: its file can be of another make. */
export interface OverrideRecord {
  readonly type: 'override';
  readonly at: Instant;
  readonly group: GroupName;
  readonly code: HoldCode;
  readonly digest: string;
  readonly reason: string;
  readonly by?: string;
}

/** An allowed set was let through, or what it acknowledged was taken note of. */
export interface OverrideUsedRecord {
  readonly type: 'override-used';
  readonly at: Instant;
  readonly group: GroupName;
  readonly code: HoldCode;
  readonly digest: string;
  /** Grants that a new start had proposed and that are in force from now on. */
  readonly accepted: readonly string[];
}

/** Which revocation of a person: of several, each has its own time or reason. */
export interface WhichRevocation {
  readonly at: Instant;
  readonly reason: string;
}

/** Somebody's access was taken away on this host, until lifted. */
export interface RevocationRecord {
  readonly type: 'revocation';
  readonly at: Instant;
  readonly uid: Uid;
  /** null: every managed group. Under another name than in other records: it is no record of the group. */
  readonly from: GroupName | null;
  readonly reason: string;
  /** The time in its file, where that was still to come. */
  readonly dated?: Instant;
  readonly by?: string;
}

export interface LiftRecord {
  readonly type: 'lift';
  readonly at: Instant;
  readonly uid: Uid;
  readonly from: GroupName | null;
  readonly reason: string;
  /** Those of the same person from the same that it did not end: they came meanwhile. */
  readonly standing?: readonly WhichRevocation[];
  readonly by?: string;
}

/** A person turned a landing that waits into a refused one. */
export interface RefuseRecord {
  readonly type: 'refuse';
  readonly at: Instant;
  readonly commit: CommitId;
  readonly reason: string;
  readonly by?: string;
}

/** A person said that signatures of somebody count for nothing, where they were first seen after `since`. */
export interface DistrustRecord {
  readonly type: 'distrust';
  readonly at: Instant;
  readonly person: Uid;
  /** Of one key; without it, of any. */
  readonly fingerprint?: string;
  readonly since: Instant;
  readonly reason: string;
  readonly by?: string;
}

/** What signatures give in the groups that must be signed, as the program that verifies them worked it out. */
export interface VerifiedRecord {
  readonly type: 'verified';
  readonly at: Instant;
  /** Stands for all that it was worked out from. */
  readonly basis: string;
  /** Where statements counted. */
  readonly signedFor: Place;
  readonly groups: readonly SignedGroup[];
  readonly windows: readonly Window[];
}

/** What judging tells: of the branch, and of GitLab. */

export type LedgerRecord =
  | TakenLine
  | OtherRecord
  | AllTakenRecord
  | RosterRecord
  | IntentRecord
  | OutcomeRecord
  | MembershipRecord
  | BindingsRecord
  | HeldRecord
  | OverrideRecord
  | OverrideUsedRecord
  | RefuseRecord
  | DistrustRecord
  | VerifiedRecord
  | RevocationRecord
  | LiftRecord;
