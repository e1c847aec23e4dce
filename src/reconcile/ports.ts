// What a run that may write needs of the world, beside what it may ask (survey.ts).
import type { ChangeOutcome, GroupChange } from '../directory/directory.ts';
import type { Memory } from '../ledger/memory.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { RosterName } from '../names.ts';
import type { Directory } from '../membership/proposal.ts';
import type { Settlement } from './settlement.ts';
import type { Sources } from './survey.ts';

/** What was recorded is remembered at once: later steps of the same run see it. Throws Unavailable when it cannot be written. */
export interface Journal {
  /** `reserve`: what ends, or was done, is recorded from what was set aside where the disk is full. */
  append(records: readonly LedgerRecord[], use?: 'reserve'): Promise<void>;
  /** The disk was full or read-only when the run began: nobody is added. */
  readonly diskFull: Error | undefined;
  /** Cut into appends of bounded size, for records from any part of which a later run can go on. */
  inParts(records: readonly LedgerRecord[]): Iterable<readonly LedgerRecord[]>;
}

export interface WritableDirectory {
  readonly reader: Directory;
  readonly writer: { apply(change: GroupChange, progress?: (done: number, total: number) => Promise<boolean>): Promise<ChangeOutcome> };
}

export interface RunPorts {
  readonly sources: Sources;
  readonly memory: Memory;
  readonly journal: Journal;
  /** Where plans are made. */
  readonly openToRead: () => Promise<Directory>;
  /** Groups that were in order, kept from one run to the next. */
  readonly settled: Settlement;
  /** Where changes are made: the one server that is written. */
  readonly openToWrite: () => Promise<WritableDirectory>;
  /** The two are different servers. */
  readonly readsElsewhere: boolean;
  readonly keepGeneration: (roster: RosterName, sha256: string, bytes: Uint8Array) => Promise<void>;
  /** Looked at again before the first write. */
  readonly isActive: () => Promise<boolean>;
  readonly progress: (text: string) => void;
}
