// A record as it stands in a line of the ledger, and back.
import * as v from 'valibot';
import type { LedgerRecord } from './record.ts';
import { ledgerRecordShapes, renderMembership } from './ledger-records.ts';
import type { Shape } from './shapes.ts';
import { renderStart, renderVerdict, verdictRecordShapes } from './verdict-records.ts';

const shapes: { readonly [Type in LedgerRecord['type']]: Shape<LedgerRecord> } = { ...verdictRecordShapes, ...ledgerRecordShapes };

export function renderRecord(record: LedgerRecord): object {
  switch (record.type) {
    case 'start':
      return renderStart(record);
    case 'verdict':
      return renderVerdict(record);
    case 'membership':
      return renderMembership(record);
    default:
      return record;
  }
}

/** Undefined: of a type or a shape that muster does not write. */
export function parseRecord(kept: unknown): LedgerRecord | undefined {
  const type: unknown = typeof kept === 'object' && kept !== null && 'type' in kept ? kept.type : undefined;
  if (!isType(type)) return undefined;
  const parsed = v.safeParse(shapes[type], kept, { abortEarly: true, abortPipeEarly: true });
  return parsed.success ? parsed.output : undefined;
}

function isType(type: unknown): type is LedgerRecord['type'] {
  return typeof type === 'string' && Object.hasOwn(shapes, type);
}
