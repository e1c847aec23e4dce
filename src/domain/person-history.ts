// What the ledger tells of one person, group by group, oldest first.
import { place } from './effective.ts';
import type { HistoryEntry } from './explained.ts';
import { parseGroupName, type GroupName, type Uid } from './names.ts';
import type { LedgerRecord, MembershipRecord, OutcomeRecord, VerdictRecord } from './record.ts';

export type Histories = ReadonlyMap<GroupName, readonly HistoryEntry[]>;

type Told = readonly (readonly [GroupName, HistoryEntry])[];

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

function toldBy(record: LedgerRecord, uid: Uid, groups: readonly GroupName[], folder: string): Told {
  switch (record.type) {
    case 'outcome':
      return toldByOutcome(record, uid);
    case 'membership':
      return toldByMembership(record, uid);
    case 'verdict':
      return toldByVerdict(record, uid, folder);
    case 'revocation':
    case 'lift': {
      if (record.uid !== uid) return [];
      const entry: HistoryEntry = {
        at: record.at,
        event: record.type === 'lift' ? 'lifted' : 'revoked',
        because: null,
        detail: record.reason,
      };
      return (record.from === null ? groups : [record.from]).map((group) => [group, entry] as const);
    }
    default:
      return [];
  }
}

function toldByOutcome({ at, group, add, remove }: OutcomeRecord, uid: Uid): Told {
  const isAbout = ({ members }: { readonly members: readonly { readonly uid: string }[] }) => members.some((one) => one.uid === uid);
  return [
    ...remove.filter(isAbout).map(({ because }) => [group, { at, event: 'removed', because }] as const),
    ...add.filter(isAbout).map(({ because }) => [group, { at, event: 'added', because }] as const),
  ];
}

function toldByMembership({ at, group, appeared, vanished }: MembershipRecord, uid: Uid): Told {
  const came = appeared.find(({ name }) => name === uid);
  return [
    ...(came ? [[group, { at, event: 'appeared', because: came.because }] as const] : []),
    ...(vanished.includes(uid) ? [[group, { at, event: 'vanished', because: null }] as const] : []),
  ];
}

function toldByVerdict({ at, commit, verdict, delta }: VerdictRecord, uid: Uid, folder: string): Told {
  return delta.tree.flatMap(([path, after]) => {
    const where = place(path, folder);
    const group = where.kind === 'grant' && where.uid === uid ? parseGroupName(where.group) : undefined;
    if (!group) return [];
    const { mergeRequest, link } = verdict;
    // A deletion takes effect whether somebody approved it or not.
    const event = after ? verdict.kind : 'deleted';
    const detail = event === 'refused' && verdict.kind === 'refused' ? { detail: verdict.code } : {};
    const page = link === undefined ? {} : { link };
    return [[group, { at, event, because: null, commit, mergeRequest, ...page, ...detail }] as const];
  });
}
