// What of the ledger signatures are verified by, in its order: lines of judging, and where root let something in.
import { isEvidence, type AllowedLine, type EvidenceLine } from '../record/judging-record.ts';
import type { LedgerRecord } from './record.ts';

export function evidenceLines(records: Iterable<LedgerRecord>): (EvidenceLine | AllowedLine)[] {
  const lines: (EvidenceLine | AllowedLine)[] = [];
  for (const record of records) {
    if (isEvidence(record)) lines.push(record);
    else if (record.type === 'override-used' && record.accepted.length > 0) lines.push({ type: 'allowed', paths: record.accepted });
  }
  return lines;
}
