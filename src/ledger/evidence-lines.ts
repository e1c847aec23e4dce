// What of the ledger signatures are verified by, in its order: lines of judging, and where root let something in. One after the other: there may be
// very many.
import { isEvidence, type ProofLine } from '../record/judging-record.ts';
import type { LedgerRecord } from './record.ts';

export function evidenceLine(record: LedgerRecord): ProofLine | undefined {
  if (isEvidence(record)) return record;
  return record.type === 'override-used' && record.accepted.length > 0 ? { type: 'allowed', paths: record.accepted } : undefined;
}

export function* evidenceLines(...records: readonly Iterable<LedgerRecord>[]): Generator<ProofLine> {
  for (const some of records)
    for (const record of some) {
      const line = evidenceLine(record);
      if (line) yield line;
    }
}
