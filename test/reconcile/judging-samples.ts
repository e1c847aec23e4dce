// What judging leaves, as values: a record of a few lines and what it saw, and a host that takes of it run after run.
import { emptyMemory, rememberAll, type Memory } from '../../src/ledger/memory.ts';
import { parseBlobId, type CommitId, type Instant } from '../../src/names.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import type { JudgingRecord, VerdictRecord } from '../../src/record/judging-record.ts';
import type { Now } from '../../src/record/now.ts';
import { takeRecord, type TakenPolicy, type JudgingSeen } from '../../src/reconcile/take.ts';
import { commit, rules } from '../evidence/evidence-samples.ts';
import { grantOf, hours, now } from '../membership/membership-samples.ts';

export const id = 'ab'.repeat(16);
export const otherId = 'cd'.repeat(16);
export const start = commit('1');
const blob = parseBlobId('b'.repeat(40)) ?? '';
if (blob === '') throw new Error('the sample is wrong');
const entry = { mode: '100644', blob };

export function startOf(...grants: readonly GrantInForce[]): readonly JudgingRecord[] {
  const files = grants.map(
    ({ path, group, uid, reason, until, from }) => [path, { group, uid, reason, until, ...(from && { from }) }] as const,
  );
  return [
    { type: 'start', at: hours(-240), commit: start, committedAt: hours(-240), rules: rules(), tree: [], parts: 1 },
    { type: 'start-part', at: hours(-240), tree: grants.map(({ path }) => [path, entry]), grants: files },
  ];
}

export function begun(name = id, head = commit('9')): JudgingRecord {
  return { type: 'record', at: hours(-240), id: name, head };
}

/** A landing that nobody refused brings these grants. */
export function endorsed(landing: CommitId, grants: readonly GrantInForce[], changes: Partial<VerdictRecord['delta']> = {}): VerdictRecord {
  const provenance = { commit: landing, mergeRequest: 7, approvedBy: [], landedAt: hours(-1) };
  return {
    type: 'verdict',
    at: hours(-1),
    commit: landing,
    verdict: { kind: 'endorsed', reviewed: true, ...provenance },
    evidence: null,
    delta: deltaOf(
      landing,
      grants.map((grant) => [grant.path, { ...grant, ...provenance }]),
      changes,
    ),
  };
}

export function refused(
  landing: CommitId,
  inForce: VerdictRecord['delta']['inForce'],
  changes: Partial<VerdictRecord['delta']> = {},
): VerdictRecord {
  return {
    type: 'verdict',
    at: hours(-1),
    commit: landing,
    verdict: { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: null },
    evidence: null,
    delta: deltaOf(landing, inForce, changes),
  };
}

function deltaOf(
  judged: CommitId,
  inForce: VerdictRecord['delta']['inForce'],
  changes: Partial<VerdictRecord['delta']>,
): VerdictRecord['delta'] {
  const nothing = { endorsed: [], ended: [], refusals: [], usedMergeRequest: null };
  return { judged, ...nothing, inForce, tree: inForce.map(([path]) => [path, entry]), ...changes };
}

export const seen = (landing: CommitId, head = false): JudgingRecord => ({ type: 'seen', at: now, commit: landing, ...(head && { head }) });
export const judgedTo = (landing: CommitId): JudgingRecord => ({ type: 'judged', at: now, commit: landing });
export const caughtUp: JudgingRecord = { type: 'caught-up', at: now, commit: commit('9') };

const nothingListed = { list: [], more: 0 };
export function nowAt(line: number, changes: Partial<Now> = {}, name = id): Now {
  const lists = {
    problems: nothingListed,
    lessened: nothingListed,
    undecided: nothingListed,
    refused: nothingListed,
    pending: nothingListed,
    open: nothingListed,
  };
  return { format: 1, at: now, record: { id: name, line }, head: commit('9'), clock: null, tokens: [], ...lists, ...changes };
}

export const settings = { start, folder: 'policy' };

/** What converging makes of a record: of what it took before, and of the lines beyond. */
export class Taker {
  readonly memory: Memory = emptyMemory();
  begunAnew: string | undefined;
  bytesOfLine = 100;
  /** As the host is configured. */
  start = start;
  lastRun: Instant | undefined;

  /** `most`: lines that one run takes. */
  take(records: readonly JudgingRecord[], seenNow?: JudgingSeen['now'] | Partial<Now>, at: Instant = now, most = Infinity): TakenPolicy {
    return this.keep(this.#seen(records, seenNow, at, most), at);
  }

  /** Keeps nothing of it. */
  look(records: readonly JudgingRecord[], at: Instant = now): TakenPolicy {
    return this.#taken(this.#seen(records, undefined, at, Infinity), at);
  }

  keep(seenThere: JudgingSeen, at: Instant = now): TakenPolicy {
    const judged = this.#taken(seenThere, at);
    rememberAll(this.memory, judged.records);
    return judged;
  }

  #taken(seenThere: JudgingSeen, at: Instant): TakenPolicy {
    return takeRecord(this.memory, seenThere, { ...settings, start: this.start, now: at, clock: at, lastRun: this.lastRun });
  }

  #seen(records: readonly JudgingRecord[], seenNow: JudgingSeen['now'] | Partial<Now> | undefined, at: Instant, most: number): JudgingSeen {
    const [first] = records;
    const name = first?.type === 'record' ? first.id : undefined;
    const { taken } = this.memory;
    const isAnother = taken !== undefined && name !== undefined && taken.id !== name;
    const from = taken && !isAnother ? taken.head.count : 0;
    const lines = records.slice(from, from + most).map((record, place) => ({
      record,
      place: { id: name ?? '', head: { count: from + place + 1, hash: 'f'.repeat(64) }, offset: this.bytesOfLine * (from + place + 1) },
    }));
    const piece = { lines, isAnother, id: name, more: from + most < records.length };
    const found: JudgingSeen['now'] =
      seenNow && 'kind' in seenNow ? seenNow : { kind: 'read', content: nowAt(records.length, { at, ...seenNow }, name) };
    return { piece: records.length === 0 ? { kind: 'absent' } : { kind: 'read', content: piece }, now: found, begunAnew: this.begunAnew };
  }
}

export const alice = grantOf('alice', { until: hours(48) });
export const bob = grantOf('bob', { until: hours(72) });
export const whole: readonly JudgingRecord[] = [begun(), ...startOf(alice), endorsed(commit('2'), [bob]), judgedTo(commit('9')), caughtUp];
