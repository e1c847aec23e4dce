// The two chains as they lie there: every line, by its hash and its schema, and what the one took from the other.
import { parseJson, type ChainName, type Head } from '../chain/chain.ts';
import { openLedger } from '../chain/open.ts';
import { sha256 } from '../digest.ts';
import { renderRecord } from '../ledger/ledger-records.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { believed } from '../reconcile/take.ts';
import { isJudgingType, type JudgingRecord } from '../record/judging-record.ts';
import { rulesDigest } from '../signing/statement.ts';

export interface Fault {
  readonly file: 'record.jsonl' | 'ledger.jsonl';
  /** Null where it is no line, but one that is missing. */
  readonly line: number | null;
  readonly message: string;
}

export interface KeptLine<Record> {
  readonly line: number;
  readonly hash: string;
  readonly record: Record;
}

export interface Chain<Record> {
  readonly head: Head;
  readonly lines: readonly KeptLine<Record>[];
}

export function readChain<Record>(
  folder: string,
  name: ChainName,
  parse: (kept: unknown) => Record | undefined,
): Chain<Record> | { fault: Fault } {
  const file = `${name}.jsonl` as const;
  const chain = openLedger(folder, name);
  if (chain.kind === 'broken') {
    // Both chains are told of in the words of the ledger, with the line; here file and line stand before them.
    const message = chain.message.replace(/^line \d+ of the ledger /, 'it ').replaceAll('ledger', name);
    return { fault: { file, line: chain.line ?? null, message } };
  }
  const lines: KeptLine<Record>[] = [];
  for (const { sequence: line, json, hash } of chain.records()) {
    const record = parse(parseJson(json));
    if (!record) return { fault: { file, line, message: 'it is no line as this version of muster writes them' } };
    lines.push({ line, hash, record });
  }
  return { head: chain.head, lines };
}

/** What stands under a digest has that digest. */
export function digestFault({ lines }: Chain<JudgingRecord>): Fault | undefined {
  for (const { line, record } of lines) {
    const [said, found] =
      record.type === 'content'
        ? [record.sha256, sha256(Buffer.from(record.base64, 'base64'))]
        : record.type === 'rules-files'
          ? [
              record.rules,
              rulesDigest(
                record.files.map(([path, file]) => ({ path, ...file })),
                sha256,
              ),
            ]
          : [];
    if (said !== found) return { file: 'record.jsonl', line, message: `what it holds has the digest ${found}, and it says ${said}` };
  }
  return undefined;
}

/** The ledger has of this record what it took, each line with its hash at that time: a record that was written anew has others. */
export function takenFault(ledger: Chain<LedgerRecord>, { lines }: Chain<JudgingRecord>): Fault | undefined {
  const first = lines[0]?.record;
  const id = first?.type === 'record' ? first.id : undefined;
  for (const { line, record } of ledger.lines) {
    if (!isJudgingType(record.type) || !('place' in record)) continue;
    const { place } = record;
    if (place === undefined || place.id !== id) continue;
    const { count, hash } = place.head;
    const taken = lines[count - 1];
    if (!taken)
      return { file: 'record.jsonl', line: null, message: `line ${line} of ledger.jsonl took its line ${count}, which is not there` };
    if (taken.hash !== hash)
      return {
        file: 'record.jsonl',
        line: count,
        message: `it is not the line that line ${line} of ledger.jsonl took: the record was written anew`,
      };
    // Of the first sight of a landing converging may have believed less.
    const sight = record.type === 'signed' ? (record.firstSeen ?? undefined) : undefined;
    const claim = { ...believed(taken.record, record.at, sight), place };
    if (JSON.stringify(renderRecord(claim)) !== JSON.stringify(renderRecord(record)))
      return { file: 'ledger.jsonl', line, message: `it is not what line ${count} of record.jsonl says` };
  }
  return undefined;
}
