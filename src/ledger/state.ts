// The state folder: the ledger and what follows from it, the last run's time, the generations of rosters.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../kept-files.ts';
import { parseJson, type Head } from '../chain/chain.ts';
import { openLedger, type Line, type SoundLedger } from '../chain/open.ts';
import { parseRecord, renderRecord } from './ledger-records.ts';
import { setAside, withReserve } from '../chain/reserve.ts';
import { isGroupRecord, type GroupRecord } from './group-memory.ts';
import { emptyMemory, rememberAll, type Memory, type UnreadLine } from './memory.ts';
import { duration, instant, type Instant } from '../names.ts';
import type { BootClock } from '../membership/clock.ts';
import type { LedgerRecord } from './record.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { errnoOf, stateFailure, Unusable } from '../errors.ts';
import type { Journal } from '../reconcile/ports.ts';

/** How far both chains go. Whoever keeps them elsewhere can show later that nothing before was written anew. */
export interface Heads {
  readonly ledger: Head;
  /** As far as it was taken; undefined where nothing was. */
  readonly record: Head | undefined;
}

export function headsOf({ head, memory }: Pick<State, 'head' | 'memory'>): Heads {
  return { ledger: head, record: memory.taken?.head };
}

export interface State {
  readonly folder: string;
  readonly memory: Memory;
  readonly notes: readonly string[];
  /** The high-water mark of time. */
  readonly lastRun: Instant | undefined;
  /** The kernel's clock at that moment. */
  readonly lastBoot: BootClock | undefined;
  /** Of the ledger as it is now. */
  readonly head: Head;
  records(): Iterable<LedgerRecord>;
}

export interface WritableState extends State {
  readonly journal: Journal;
  keepTime(now: Instant, boot: BootClock | undefined): Promise<void>;
}

/**
 * Throws Unusable when the chain of the ledger is broken: everything stays as it is until a person has looked. `groups` when-asked: what the ledger
 * tells of groups is not understood before somebody asks the memory for it, which throws that too.
 */
function openState(folder: string, groups: 'now' | 'when-asked'): State & { readonly ledger: SoundLedger } {
  const ledger = openLedger(folder);
  if (ledger.kind === 'broken') throw distrusted(folder, ledger.message);
  const records = () => understood(folder, ledger.records());
  const memory = emptyMemory();
  rememberAll(memory, groups === 'now' ? records() : unread(folder, ledger.records()));
  const kept = readLastRun(folder);
  const { lastRun = memory.records > 0 ? memory.latest : undefined, lastBoot } = typeof kept === 'string' ? {} : kept;
  const notes =
    kept === 'damaged'
      ? [...ledger.notes, `${join(folder, lastRunFile)} holds no time; the last time on record counts instead.`]
      : ledger.notes;
  return { folder, memory, notes, lastRun, lastBoot, ledger, head: ledger.head, records };
}

function* understood(folder: string, lines: Iterable<Line>): Generator<LedgerRecord> {
  for (const line of lines) yield understand(folder, line);
}

/** Muster writes lines about groups in this order. In any other they are understood at once. */
const aboutGroup = /^\{"type":"(?:intent|outcome|membership|bindings|held)","at":(\d{1,15}),"group":/;

function* unread(folder: string, lines: Iterable<Line>): Generator<LedgerRecord | UnreadLine> {
  for (const line of lines) {
    const [, at] = aboutGroup.exec(line.json) ?? [];
    if (at === undefined) yield understand(folder, line);
    else yield { type: 'unread', at: instant(Number(at)), read: () => aboutGroupIn(folder, line) };
  }
}

function aboutGroupIn(folder: string, line: Line): GroupRecord {
  const record = understand(folder, line);
  if (isGroupRecord(record)) return record;
  throw notOurs(folder, line);
}

function understand(folder: string, line: Line): LedgerRecord {
  const record = parseRecord(parseJson(line.json));
  if (!record) throw notOurs(folder, line);
  return record;
}

function notOurs(folder: string, { sequence }: Line): Unusable {
  return distrusted(folder, `line ${sequence} of the ledger is no record as this version of muster writes them`);
}

function distrusted(folder: string, what: string): Unusable {
  return new Unusable(
    `the ledger in ${folder} cannot be trusted: ${what}. The administrator of this host compares it with its backup; docs/operating.md says how to begin a new one`,
  );
}

/** What would not be read back is not written. */
function readable(record: LedgerRecord): object {
  const kept = renderRecord(record);
  if (!parseRecord(parseJson(JSON.stringify(kept)))) throw new TypeError(`a record of the type ${record.type} could not be read back`);
  return kept;
}

export async function openStateToRead(folder: string): Promise<State> {
  return openState(folder, 'now');
}

/** Only under the lock of the folder. `groups`: whether what the ledger tells of groups is understood now, or when the memory is asked for it. */
export async function openStateToWrite(folder: string, groups: 'now' | 'when-asked'): Promise<WritableState> {
  const { ledger, ...state } = openState(folder, groups);
  ledger.begin();
  const appender = ledger.appender();
  const appended: LedgerRecord[] = [];
  return {
    ...state,
    *records() {
      yield* state.records();
      yield* appended;
    },
    journal: {
      append: async (records, use) => {
        const kept = records.map(readable);
        await (use === 'reserve' ? withReserve(folder, () => appender.append(kept)) : appender.append(kept));
        rememberAll(state.memory, records);
        appended.push(...records);
      },
      diskFull: setAside(folder),
      inParts: (records) => inParts(records, renderRecord),
    },
    keepTime: async (now, boot) => writeLastRun(folder, now, boot),
    get head() {
      return appender.head;
    },
  };
}

const lastRunFile = 'last-run';

interface LastRun {
  readonly lastRun?: Instant;
  readonly lastBoot?: BootClock;
}

/** The time, and in a second line the kernel's clock. */
function readLastRun(folder: string): LastRun | 'none' | 'damaged' {
  try {
    const text = readFileSync(join(folder, lastRunFile), 'utf8');
    const [, time = '', id, uptime] = /^([^\n]+)\n(?:([0-9a-f-]{36}) (\d{1,15})\n)?$/.exec(text) ?? [];
    const lastRun = parseMoment(time);
    if (lastRun === undefined || time !== renderInstant(lastRun)) return 'damaged';
    return { lastRun, ...(id === undefined ? {} : { lastBoot: { id, uptime: duration(Number(uptime)) } }) };
  } catch (error) {
    // Without the file, the ledger's own times are the mark.
    if (errnoOf(error) === 'ENOENT') return 'none';
    throw stateFailure('ledger', folder, `${join(folder, lastRunFile)} cannot be read; if it is no plain file, remove it`, error);
  }
}

function writeLastRun(folder: string, now: Instant, boot: BootClock | undefined): void {
  const path = join(folder, lastRunFile);
  try {
    const kernel = boot ? `${boot.id} ${Math.round(boot.uptime)}\n` : '';
    replaceFile(path, `${renderInstant(now)}\n${kernel}`);
  } catch (error) {
    throw stateFailure('ledger', folder, `${path} could not be written`, error);
  }
}

const mostRecords = 1_000;
/** UTF-16 code units of JSON. Far below what one append may have (chain/append.ts), for an octet is not a code unit. */
const mostCharacters = 8 * 1024 * 1024;

/** The records in their order, a part for each append: a first run may have thousands of verdicts, and one append is one write. One that is larger than a part should be stands alone. */
export function* inParts<Item>(records: readonly Item[], render: (one: Item) => object): Generator<readonly Item[]> {
  let part: Item[] = [];
  let characters = 0;
  for (const record of records) {
    const length = JSON.stringify(render(record)).length;
    if (part.length > 0 && (part.length === mostRecords || characters + length > mostCharacters)) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(record);
    characters += length;
  }
  if (part.length > 0) yield part;
}
