// Since when people are in the managed groups, as the ledger tells it.
import type { GroupName, Instant } from '../names.ts';
import type { LedgerRecord } from './record.ts';

/** For every group, the people that are in it as far as the record goes, and when that began. Others than persons are named by DN. */
export function joinedAt(records: Iterable<LedgerRecord>): ReadonlyMap<GroupName, ReadonlyMap<string, Instant>> {
  const groups = new Map<GroupName, Map<string, Instant>>();
  const of = (group: GroupName) => {
    const known = groups.get(group) ?? new Map<string, Instant>();
    groups.set(group, known);
    return known;
  };
  for (const record of records) {
    if (record.type === 'outcome') {
      const members = of(record.group);
      for (const { uid } of record.remove.flatMap((one) => one.members)) members.delete(uid);
      for (const { uid } of record.add.flatMap((one) => one.members)) members.set(uid, record.at);
    }
    if (record.type === 'membership') {
      const members = of(record.group);
      for (const name of record.vanished) members.delete(name);
      for (const { name } of record.appeared) if (!members.has(name)) members.set(name, record.at);
    }
  }
  return groups;
}
