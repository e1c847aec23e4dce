// The ledger's records as values: what their shapes (ledger-records.ts) read back. Everything muster remembers is a fold over them (memory.ts);
// nothing else decides anything.
import { isJudgingType, type JudgingRecord } from '../record/judging-record.ts';
import type { Taken } from '../record/read-record.ts';
import type { Kept } from '../record/shapes.ts';
import type { ledgerRecordShapes } from './ledger-records.ts';

type RecordOf<Type extends keyof typeof ledgerRecordShapes> = Kept<(typeof ledgerRecordShapes)[Type]>;

export type RosterRecord = RecordOf<'roster'>;
export type IntentRecord = RecordOf<'intent'>;
export type OutcomeRecord = RecordOf<'outcome'>;
export type MembershipRecord = RecordOf<'membership'>;
export type BindingsRecord = RecordOf<'bindings'>;
export type HeldRecord = RecordOf<'held'>;
export type OverrideRecord = RecordOf<'override'>;
export type OverrideUsedRecord = RecordOf<'override-used'>;
export type RevocationRecord = RecordOf<'revocation'>;
export type LiftRecord = RecordOf<'lift'>;
export type DistrustRecord = RecordOf<'distrust'>;
export type VerifiedRecord = RecordOf<'verified'>;

/** Changes with one cause, told once: a roster of thousands has one. */
export type RecordedChanges = Pick<IntentRecord, 'add' | 'remove'>;

/** Which revocation of a person: of several, each has its own time or reason. */
export type WhichRevocation = NonNullable<LiftRecord['standing']>[number];

/** What converging records of its own. */
export type OwnRecord = { [Type in keyof typeof ledgerRecordShapes]: RecordOf<Type> }[keyof typeof ledgerRecordShapes];

/** A line of the record of judging, and how far it was taken with that; without it where no ledger keeps it. */
export type TakenLine = JudgingRecord & { readonly place?: Taken };

export type LedgerRecord = TakenLine | OwnRecord;

export function isTakenLine(record: LedgerRecord): record is TakenLine {
  return isJudgingType(record.type);
}
