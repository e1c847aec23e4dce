// What the ledger tells of one person, group by group, oldest first.
import { place } from '../policy/policy.ts';
import type { HistoryEntry } from '../explain/explain.ts';
import { parseGroupName, type GroupName, type Uid } from '../names.ts';
import type { LedgerRecord } from './record.ts';
import type { VerdictRecord } from '../record/judging-record.ts';

export type Histories = ReadonlyMap<GroupName, readonly HistoryEntry[]>;

/** What one record tells of the person in one group. */
type Told = readonly [group: GroupName, entry: HistoryEntry];

/** One pass over the records; only what concerns the person is kept. `groups`: those that a revocation of everything takes away. */
export function personHistories(uid: Uid, groups: readonly GroupName[], folder: string, records: Iterable<LedgerRecord>): Histories {
  const histories = new Map<GroupName, HistoryEntry[]>();
  for (const record of records) {
    for (const [group, entry] of toldBy(record, uid, groups, folder)) {
      const known = histories.get(group);
      if (known) known.push(entry);
      else histories.set(group, [entry]);
    }
  }
  return histories;
}

function toldBy(record: LedgerRecord, uid: Uid, groups: readonly GroupName[], folder: string): readonly Told[] {
  switch (record.type) {
    case 'outcome': {
      const { at, group, add, remove } = record;
      const values = ({ members }: { readonly members: readonly { readonly uid: string }[] }) => members.filter((one) => one.uid === uid);
      return [
        ...remove.flatMap((part) => values(part).map((): Told => [group, { at, event: 'removed', because: part.because }])),
        ...add.flatMap((part) => values(part).map((): Told => [group, { at, event: 'added', because: part.because }])),
      ];
    }
    case 'membership': {
      const { at, group, appeared, vanished } = record;
      const came = appeared.find(({ names }) => names.includes(uid));
      return [
        ...(came ? [[group, { at, event: 'appeared', because: came.because }] satisfies Told] : []),
        ...(vanished.includes(uid) ? [[group, { at, event: 'vanished', because: null }] satisfies Told] : []),
      ];
    }
    case 'verdict':
      return toldByVerdict(record, uid, folder);
    case 'revocation':
    case 'lift': {
      if (record.uid !== uid) return [];
      const { at, from, reason: detail, by } = record;
      const entry: HistoryEntry = { at, event: record.type === 'lift' ? 'lifted' : 'revoked', because: null, detail, by };
      return (from === null ? groups : [from]).map((group) => [group, entry]);
    }
    default:
      return [];
  }
}

function toldByVerdict({ at, commit, verdict, delta }: VerdictRecord, uid: Uid, folder: string): readonly Told[] {
  return delta.tree.flatMap(([path, after]): readonly Told[] => {
    const where = place(path, folder);
    const group = where.kind === 'grant' && where.uid === uid ? parseGroupName(where.group) : undefined;
    if (!group) return [];
    const { mergeRequest, link } = verdict;
    // A deletion takes effect whether somebody approved it or not.
    const event = after ? verdict.kind : 'deleted';
    const detail = event === 'refused' && verdict.kind === 'refused' ? { detail: verdict.code } : {};
    const page = link === undefined ? {} : { link };
    return [[group, { at, event, because: null, commit, mergeRequest, ...page, ...detail }]];
  });
}
