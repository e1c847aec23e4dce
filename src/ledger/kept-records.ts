// The records as they stand in the ledger: JSON, and the thousands that one run may find in a group told by their cause.
import type { Because } from '../membership/desired.ts';
import type { EntryUuid } from '../names.ts';
import { decode, encode, type LedgerRecord, type MembershipRecord } from './record.ts';

type Appeared = MembershipRecord['appeared'][number];
/** A name, and the entry behind it where it is known. */
type Named = readonly [name: string, uuid?: EntryUuid];

interface ByCause {
  readonly because: Because | null;
  readonly names: readonly Named[];
}

export function renderRecord(record: LedgerRecord): object {
  const told = record.type === 'membership' ? { ...record, appeared: byCause(record.appeared) } : record;
  return encode(told);
}

export function parseRecord(kept: object): LedgerRecord {
  const record: LedgerRecord = decode(kept);
  if (record.type !== 'membership') return record;
  const told: readonly (ByCause | Appeared)[] = record.appeared;
  return { ...record, appeared: told.flatMap((one) => ('names' in one ? one.names.map((named) => appeared(named, one.because)) : [one])) };
}

function byCause(all: MembershipRecord['appeared']): readonly ByCause[] {
  const causes = new Map<string, { because: Because | null; names: Named[] }>();
  let last: Because | null | undefined;
  let names: Named[] = [];
  for (const { name, because, uuid } of all) {
    // Neighbours nearly always share the very same cause object: a roster's thousands need no text made of each.
    if (because !== last) {
      const key = JSON.stringify(because);
      const known = causes.get(key) ?? { because, names: [] };
      causes.set(key, known);
      names = known.names;
      last = because;
    }
    names.push(uuid === undefined ? [name] : [name, uuid]);
  }
  return [...causes.values()];
}

function appeared([name, uuid]: Named, because: Because | null): Appeared {
  return { name, because, ...(uuid === undefined ? {} : { uuid }) };
}
