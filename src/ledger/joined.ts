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

/** The last time that somebody came into a group or left it, as far as the record goes. */
export interface LastChange {
  readonly at: Instant;
  readonly came: readonly string[];
  readonly left: readonly string[];
}

export function lastChanges(records: Iterable<LedgerRecord>): ReadonlyMap<GroupName, LastChange> {
  const changes = new Map<GroupName, LastChange>();
  for (const record of records) {
    const change = changeOf(record);
    if (change && change.came.length + change.left.length > 0 && 'group' in record) changes.set(record.group, change);
  }
  return changes;
}

function changeOf(record: LedgerRecord): LastChange | undefined {
  const { at } = record;
  if (record.type === 'membership') return { at, came: record.appeared.map(({ name }) => name), left: record.vanished };
  if (record.type !== 'outcome') return undefined;
  const names = (parts: readonly { readonly members: readonly { readonly uid: string }[] }[]) =>
    parts.flatMap(({ members }) => members.map(({ uid }) => uid));
  return { at, came: names(record.add), left: names(record.remove) };
}
