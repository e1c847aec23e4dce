// What the ledger tells of one person, group by group, oldest first.
import { place } from '../policy/policy.ts';
import type { HistoryEntry } from '../explain/explained.ts';
import { parseGroupName, type GroupName, type Uid } from '../names.ts';
import type { LedgerRecord, MembershipRecord, OutcomeRecord } from './record.ts';
import type { VerdictRecord } from '../record/judging-record.ts';

export type Histories = ReadonlyMap<GroupName, readonly HistoryEntry[]>;

/** What one record tells of one person in one group. */
interface Told {
  readonly name: string;
  readonly group: GroupName;
  readonly entry: HistoryEntry;
}

type Wanted = (name: string) => boolean;

/** One pass over the records; only what concerns the person is kept. `groups`: those that a revocation of everything takes away. */
export function personHistories(uid: Uid, groups: readonly GroupName[], folder: string, records: Iterable<LedgerRecord>): Histories {
  const histories = new Map<GroupName, HistoryEntry[]>();
  for (const record of records) {
    for (const { group, entry } of toldBy(record, groups, folder, (name) => name === uid)) {
      const known = histories.get(group);
      if (known) known.push(entry);
      else histories.set(group, [entry]);
    }
  }
  return histories;
}

/** What a record tells of the people that are wanted; whoever is no person is named by DN. */
function toldBy(record: LedgerRecord, groups: readonly GroupName[], folder: string, isWanted: Wanted): readonly Told[] {
  switch (record.type) {
    case 'outcome':
      return toldByOutcome(record, isWanted);
    case 'membership':
      return toldByMembership(record, isWanted);
    case 'verdict':
      return toldByVerdict(record, folder, isWanted);
    case 'revocation':
    case 'lift': {
      if (!isWanted(record.uid)) return [];
      const entry: HistoryEntry = {
        at: record.at,
        event: record.type === 'lift' ? 'lifted' : 'revoked',
        because: null,
        detail: record.reason,
        by: record.by,
      };
      return (record.from === null ? groups : [record.from]).map((group) => ({ name: record.uid, group, entry }));
    }
    default:
      return [];
  }
}

function toldByOutcome({ at, group, add, remove }: OutcomeRecord, isWanted: Wanted): readonly Told[] {
  const told = (members: readonly { readonly uid: string }[], entry: HistoryEntry) =>
    members.filter(({ uid }) => isWanted(uid)).map(({ uid }) => ({ name: uid, group, entry }));
  return [
    ...remove.flatMap(({ because, members }) => told(members, { at, event: 'removed', because })),
    ...add.flatMap(({ because, members }) => told(members, { at, event: 'added', because })),
  ];
}

function toldByMembership({ at, group, appeared, vanished }: MembershipRecord, isWanted: Wanted): readonly Told[] {
  const came = appeared.filter(({ name }) => isWanted(name));
  return [
    ...came.map(({ name, because }) => ({ name, group, entry: { at, event: 'appeared', because } as const })),
    ...vanished.filter(isWanted).map((name) => ({ name, group, entry: { at, event: 'vanished', because: null } as const })),
  ];
}

function toldByVerdict({ at, commit, verdict, delta }: VerdictRecord, folder: string, isWanted: Wanted): readonly Told[] {
  return delta.tree.flatMap(([path, after]) => {
    const where = place(path, folder);
    const group = where.kind === 'grant' && isWanted(where.uid) ? parseGroupName(where.group) : undefined;
    if (!group || where.kind !== 'grant') return [];
    const { mergeRequest, link } = verdict;
    // A deletion takes effect whether somebody approved it or not.
    const event = after ? verdict.kind : 'deleted';
    const detail = event === 'refused' && verdict.kind === 'refused' ? { detail: verdict.code } : {};
    const page = link === undefined ? {} : { link };
    return [{ name: where.uid, group, entry: { at, event, because: null, commit, mergeRequest, ...page, ...detail } }];
  });
}
