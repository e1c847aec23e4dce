// The state folder: the ledger and what follows from it, the last run's time, the generations of rosters.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDerived, writeDerived } from '../adapters/ledger/derived.ts';
import { openLedger } from '../adapters/ledger/open.ts';
import { emptyMemory, remember, type Memory } from '../domain/memory.ts';
import type { Instant } from '../domain/names.ts';
import { decode, encode, type LedgerRecord } from '../domain/record.ts';
import { parseMoment, renderInstant } from '../domain/time.ts';
import { Unusable } from '../failures.ts';
import type { Journal } from '../reconcile.ts';

/** Changes with what the cache beside the ledger holds: another build may fold it differently. */
const derivedFormat = 'muster-memory-1';

export interface State {
  readonly folder: string;
  readonly memory: Memory;
  readonly notes: readonly string[];
  /** The high-water mark of time. */
  readonly lastRun: Instant | undefined;
  records(): Iterable<LedgerRecord>;
}

export interface WritableState extends State {
  readonly journal: Journal;
  keepTime(now: Instant): Promise<void>;
  /** Keeps the memory for the next run. */
  close(): Promise<void>;
}

/** Throws Unusable when the chain of the ledger is broken: everything stays as it is until a person has looked. */
async function openState(folder: string): Promise<State & { ledger: Extract<ReturnType<typeof openLedger>, { kind: 'sound' }> }> {
  const ledger = openLedger(folder);
  if (ledger.kind === 'broken')
    throw new Unusable(
      `the ledger in ${folder} cannot be trusted: ${ledger.message}. Compare it with a backup; docs/operating.md says how to start a new one`,
    );
  const memory = await recall(folder, ledger);
  const lastRun = (await readLastRun(folder)) ?? (memory.records > 0 ? memory.latest : undefined);
  return { folder, memory, notes: ledger.notes, lastRun, ledger, records: () => decoded(ledger.records()) };
}

function* decoded(records: Iterable<object>): Generator<LedgerRecord> {
  for (const record of records) yield decode(record) as LedgerRecord;
}

async function recall(folder: string, ledger: { head: { count: number; hash: string }; records(): Iterable<object> }): Promise<Memory> {
  const derived = await readDerived(folder, ledger.head, derivedFormat);
  if (derived !== undefined) return decode(derived) as Memory;
  const memory = emptyMemory();
  for (const record of decoded(ledger.records())) remember(memory, record);
  return memory;
}

export async function openStateToRead(folder: string): Promise<State> {
  return openState(folder);
}

/** Only under the lock of the folder. */
export async function openStateToWrite(folder: string): Promise<WritableState> {
  const { ledger, ...state } = await openState(folder);
  const appender = ledger.appender();
  return {
    ...state,
    journal: {
      append: async (records) => {
        await appender.append(records.map((record) => encode(record) as object));
        for (const record of records) remember(state.memory, record);
      },
    },
    keepTime: (now) => writeLastRun(folder, now),
    close: () => writeDerived(folder, appender.head, derivedFormat, encode(state.memory)).catch(() => undefined),
  };
}

const lastRunFile = 'last-run';

async function readLastRun(folder: string): Promise<Instant | undefined> {
  try {
    return parseMoment((await readFile(join(folder, lastRunFile), 'utf8')).trim());
  } catch (error) {
    // Without the file, the ledger's own times are the mark.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeLastRun(folder: string, now: Instant): Promise<void> {
  const path = join(folder, lastRunFile);
  await writeFile(`${path}.new`, `${renderInstant(now)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
