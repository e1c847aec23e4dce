// A record as it stands in a line of the ledger, and back.
import * as v from 'valibot';
import type { LedgerRecord, TakenLine } from './record.ts';
import { ledgerRecordShapes, renderMembership, takenShape, type OwnRecord } from './ledger-records.ts';
import type { Shape } from '../record/shapes.ts';
import { isJudgingType } from '../record/judging-record.ts';
import { parseJudgingRecord, renderJudgingRecord } from '../record/judging-shapes.ts';

const shapes: { readonly [Type in OwnRecord['type']]: Shape<OwnRecord> } = ledgerRecordShapes;

export function renderRecord(record: LedgerRecord): object {
  if (record.type === 'membership') return renderMembership(record);
  return isTakenLine(record) ? { ...renderJudgingRecord(record), place: record.place } : record;
}

function isTakenLine(record: LedgerRecord): record is TakenLine {
  return isJudgingType(record.type);
}

/** Undefined: of a type or a shape that muster does not write. */
export function parseRecord(kept: unknown): LedgerRecord | undefined {
  if (typeof kept !== 'object' || kept === null || !('type' in kept) || typeof kept.type !== 'string') return undefined;
  if (isJudgingType(kept.type)) return parseTakenLine(kept);
  if (!isOwnType(kept.type)) return undefined;
  const parsed = v.safeParse(shapes[kept.type], kept, { abortEarly: true, abortPipeEarly: true });
  return parsed.success ? parsed.output : undefined;
}

function parseTakenLine(kept: object): TakenLine | undefined {
  const place = v.safeParse(takenShape, Reflect.get(kept, 'place'), { abortEarly: true });
  const record = parseJudgingRecord(Object.fromEntries(Object.entries(kept).filter(([key]) => key !== 'place')));
  return record && place.success ? { ...record, place: place.output } : undefined;
}

function isOwnType(type: string): type is OwnRecord['type'] {
  return Object.hasOwn(shapes, type);
}
