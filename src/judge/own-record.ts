// The record of judging as judging itself has it: what is on disk, what follows from it, and the one way to add to it.
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, stateFailure, Unavailable, Unusable } from '../errors.ts';
import { parseJson } from '../chain/chain.ts';
import { openLedger } from '../chain/open.ts';
import { withReserve } from '../chain/reserve.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { nothingJudged, takeJudged, type JudgedState } from '../record/judged-state.ts';
import { parseJudgingRecord, renderJudgingRecord } from '../record/judging-shapes.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import type { RecordPlace } from '../record/now.ts';

export interface OwnRecord {
  readonly state: () => JudgedState;
  /** All lines so far. */
  readonly records: () => readonly JudgingRecord[];
  /** The branch's head when this record began; undefined before. */
  readonly firstHead: () => CommitId | undefined;
  readonly place: () => RecordPlace;
  /** The latest time in it. */
  readonly latest: Instant | undefined;
  /** What a crash left behind, in sentences. */
  readonly notes: readonly string[];
  /** The first line, where there is none yet. */
  readonly begin: (head: CommitId) => Promise<void>;
  /** On disk, or wherever this one keeps it, when the promise is kept. */
  readonly append: (records: readonly JudgingRecord[]) => Promise<void>;
}

const unnamed = '0'.repeat(32);

/** Under the lock of the folder. Throws Unusable where the chain is broken, Unavailable where it cannot be read. */
export function openOwnRecord(folder: string, now: Instant): OwnRecord {
  const { recorded, notes, append } = openChain(folder);
  return recordOf(recorded, notes, now, append, () => chosenName(folder));
}

/** Where root says how the next record is to be called. */
export function nextRecordIn(folder: string): string {
  return join(folder, 'next-record');
}

function chosenName(folder: string): string | undefined {
  try {
    const [, id] = /^([0-9a-f]{32})\n$/.exec(readFileSync(nextRecordIn(folder), 'latin1')) ?? [];
    rmSync(nextRecordIn(folder), { force: true });
    return id;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw stateFailure('ledger', folder, `${nextRecordIn(folder)} cannot be read`, error);
  }
}

/** For who keeps nothing: goes on in memory from what the record of the host holds. */
export function ownRecordInMemory(records: readonly JudgingRecord[], now: Instant): OwnRecord {
  return recordOf(records, [], now, () => Promise.resolve());
}

/** Of a record that cannot be read or trusted, nothing: whoever looks is told by what converging finds there. */
export function keptRecords(folder: string): readonly JudgingRecord[] {
  try {
    const chain = openLedger(folder, 'record');
    if (chain.kind === 'broken') return [];
    return understood(chain.records(), folder);
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return [];
    throw error;
  }
}

function openChain(folder: string) {
  const chain = openLedger(folder, 'record');
  if (chain.kind === 'broken')
    throw new Unusable(
      `the record of judging in ${folder} cannot be trusted: ${chain.message}. Whoever administers this host finds out why, and begins a new one with "muster judge --begin-anew"`,
    );
  const appender = chain.appender();
  return {
    recorded: understood(chain.records(), folder),
    notes: chain.notes,
    append: (records: readonly JudgingRecord[]) => withReserve(folder, () => appender.append(records.map(renderJudgingRecord))),
  };
}

function understood(lines: Iterable<{ readonly json: string }>, folder: string): readonly JudgingRecord[] {
  const records: JudgingRecord[] = [];
  for (const { json } of lines) {
    const record = parseJudgingRecord(parseJson(json));
    if (!record)
      throw new Unusable(
        `line ${records.length + 1} of the record of judging in ${folder} is not of a kind that this version of muster writes`,
      );
    records.push(record);
  }
  return records;
}

function recordOf(
  recorded: readonly JudgingRecord[],
  notes: readonly string[],
  now: Instant,
  keep: (records: readonly JudgingRecord[]) => Promise<void>,
  nameOf: () => string | undefined = () => undefined,
): OwnRecord {
  let state = takeJudged(nothingJudged, recorded, 'judging');
  const all = [...recorded];
  const [first] = recorded;
  let begun = first?.type === 'record' ? first : undefined;
  const append = async (records: readonly JudgingRecord[]): Promise<void> => {
    if (records.length === 0) return;
    await keep(records);
    state = takeJudged(state, records, 'judging');
    all.push(...records);
  };
  return {
    state: () => state,
    records: () => all,
    firstHead: () => begun?.head,
    place: () => ({ id: begun?.id ?? unnamed, line: all.length }),
    latest: recorded.length === 0 ? undefined : instant(recorded.reduce((latest, { at }) => Math.max(latest, at), 0)),
    notes,
    begin: async (head) => {
      if (begun) return;
      const record = { type: 'record', at: now, id: nameOf() ?? randomBytes(16).toString('hex'), head } as const;
      await append([record]);
      begun = record;
    },
    append,
  };
}
