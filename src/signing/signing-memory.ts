// What the record of judging says of signatures so far: what need not be kept twice, and which statements landings have used up.
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord, SignedRecord } from '../record/judging-record.ts';
import { withLanding, type EarlierLandings } from './judge-statements.ts';
import { changeLines } from './statement.ts';

export class SigningMemory {
  readonly contents = new Set<string>();
  readonly rulesFiles = new Set<string>();
  /** When statements were first seen, by their names. */
  readonly seen = new Map<string, Instant>();
  readonly #landings = new Map<string, SignedRecord[]>();
  #read = 0;

  follow(records: readonly JudgingRecord[]): this {
    for (const record of records.slice(this.#read)) this.#take(record);
    this.#read = records.length;
    return this;
  }

  #take(record: JudgingRecord): void {
    if (record.type === 'content') this.contents.add(record.sha256);
    if (record.type === 'rules-files') this.rulesFiles.add(record.rules);
    if (record.type === 'statements-seen') for (const name of record.statements) this.seen.set(name, record.at);
    if (record.type !== 'signed') return;
    const lines = changeLines(record.changes).join('\n');
    this.#landings.set(lines, [...(this.#landings.get(lines) ?? []), record]);
  }

  /** Landings with these lines but for one: its own line may be on record from a look that was ended before the verdict. */
  earlier(lines: string, but: CommitId): EarlierLandings {
    const others = (this.#landings.get(lines) ?? []).filter(({ commit }) => commit !== but);
    return others.reduce<EarlierLandings>(
      (earlier, { commit, firstSeen, at }) => withLanding(earlier, { commit, firstSeen: firstSeen ?? undefined, change: { lines } }, at),
      new Map(),
    );
  }
}
