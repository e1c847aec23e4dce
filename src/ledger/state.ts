// The state folder: the ledger and what follows from it, the last run's time, the generations of rosters.
import { build } from '../build.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../kept-files.ts';
import { readDerived, writeDerived } from './derived.ts';
import { openLedger } from './open.ts';
import { inParts } from './parts.ts';
import { emptyMemory, knownGroup, rememberAll, type Memory } from './memory.ts';
import type { Instant } from '../names.ts';
import type { LedgerRecord } from './record.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { errnoOf, stateFailure, Unusable } from '../errors.ts';
import type { Journal } from '../reconcile/ports.ts';
import { parseMemory, renderMemory } from './kept-memory.ts';
import { Readiness } from '../reconcile/readiness.ts';
import { parseRecord, renderRecord } from './kept-records.ts';

/** Changes with what the cache beside the ledger holds: another build may fold it differently. */
const derivedFormat = `muster-memory-3 ${build}`;

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
  /** Of the ledger as it is now. */
  readonly head: { readonly hash: string };
  keepTime(now: Instant): Promise<void>;
  /** Keeps the memory for the next run. */
  close(): Promise<void>;
}

/** Throws Unusable when the chain of the ledger is broken: everything stays as it is until a person has looked. */
function openState(folder: string): State & { ledger: SoundLedger; asKept: Recalled['asKept'] } {
  const ledger = openLedger(folder);
  if (ledger.kind === 'broken')
    throw new Unusable(
      `the ledger in ${folder} cannot be trusted: ${ledger.message}. Compare it with a backup; docs/operating.md says how to start a new one`,
    );
  const { memory, asKept } = recall(folder, ledger);
  const lastRun = readLastRun(folder) ?? (memory.records > 0 ? memory.latest : undefined);
  return { folder, memory, notes: ledger.notes, lastRun, ledger, asKept, records: () => decoded(ledger.records()) };
}

function* decoded(records: Iterable<object>): Generator<LedgerRecord> {
  for (const record of records) yield parseRecord(record);
}

type SoundLedger = Extract<ReturnType<typeof openLedger>, { kind: 'sound' }>;

interface Recalled {
  readonly memory: Memory;
  /** Undefined where the memory was worked out from the ledger. */
  readonly asKept: ReturnType<typeof parseMemory>['asKept'] | undefined;
}

function recall(folder: string, { head, records }: SoundLedger): Recalled {
  const fold = () => {
    const memory = emptyMemory();
    rememberAll(memory, decoded(records()));
    return memory;
  };
  const state = readDerived(folder, head, derivedFormat, 'state');
  if (state === undefined) return { memory: fold(), asKept: undefined };
  let members: string | Memory | undefined;
  return parseMemory(JSON.parse(state), (group) => {
    const text = (members ??= readDerived(folder, head, derivedFormat, 'members') ?? fold());
    return typeof text === 'string' ? text : knownGroup(text, group);
  });
}

function keep(folder: string, head: SoundLedger['head'], memory: Memory, ready: Readiness['of']): void {
  const { state, members } = renderMemory(memory, ready);
  try {
    writeDerived(folder, head, derivedFormat, members, 'members');
    writeDerived(folder, head, derivedFormat, JSON.stringify(state), 'state');
  } catch {
    // It costs the next run some time and nothing else.
  }
}

export async function openStateToRead(folder: string): Promise<State> {
  return openState(folder);
}

/** Only under the lock of the folder. */
export async function openStateToWrite(folder: string): Promise<WritableState> {
  const { ledger, asKept, ...state } = openState(folder);
  const appender = ledger.appender();
  const ready = new Readiness(asKept);
  return {
    ...state,
    journal: {
      append: async (records) => {
        await appender.append(records.map(renderRecord));
        rememberAll(state.memory, records);
        ready.take(records);
      },
      inParts: (records) => inParts(records, renderRecord),
      prepare: (group, known, records) => ready.expect(group, known, records),
    },
    keepTime: async (now) => writeLastRun(folder, now),
    get head() {
      return appender.head;
    },
    close: async () => {
      if (!asKept || appender.head.hash !== ledger.head.hash) keep(folder, appender.head, state.memory, (group) => ready.of(group));
    },
  };
}

const lastRunFile = 'last-run';

function readLastRun(folder: string): Instant | undefined {
  try {
    return parseMoment(readFileSync(join(folder, lastRunFile), 'utf8').trim());
  } catch (error) {
    // Without the file, the ledger's own times are the mark.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw stateFailure('ledger', folder, `${join(folder, lastRunFile)} cannot be read; if it is no plain file, remove it`, error);
  }
}

function writeLastRun(folder: string, now: Instant): void {
  const path = join(folder, lastRunFile);
  try {
    replaceFile(path, `${renderInstant(now)}\n`);
  } catch (error) {
    throw stateFailure('ledger', folder, `${path} could not be written`, error);
  }
}
