// What a report draws of the last year: for how long each grant counted, and what was refused.
import { place } from '../policy/policy.ts';
import { type PolicyState, type RefusalCode } from '../record/policy-state.ts';
import { earlier, type End, type GrantInForce } from '../record/grants.ts';
import { instant, parseGroupName, parseUid, type CommitId, type GroupName, type Instant, type Uid } from '../names.ts';
import type { VerdictRecord } from '../record/judging-record.ts';
import type { LedgerRecord } from './record.ts';

/** For how long a grant counted. */
export interface GrantSpan {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly from: Instant;
  readonly until: End;
  /** It ended before its own end: deleted, shortened, or replaced by another one. */
  readonly cutShort: boolean;
  readonly commit: CommitId;
  readonly mergeRequest: number | null;
}

/** A change of a grant file that was refused. */
export interface RefusedMark {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly at: Instant;
  readonly code: RefusalCode;
  readonly mergeRequest: number | null;
}

export interface Chronicle {
  /** By path, oldest first. */
  readonly spans: Map<string, readonly GrantSpan[]>;
  readonly refused: Map<string, readonly RefusedMark[]>;
}

export interface ChronicleSettings {
  /** What was over before this is left out. */
  readonly begin: Instant;
  readonly folder: string;
}

const mostRefusals = 20;

export function emptyChronicle(): Chronicle {
  return { spans: new Map(), refused: new Map() };
}

/** Takes one more record in. `kept` is the builder's own and is changed in place; `policy` is the state after the record. */
export function chronicle(kept: Chronicle, record: LedgerRecord, policy: PolicyState | undefined, settings: ChronicleSettings): void {
  switch (record.type) {
    case 'start':
    case 'start-part':
    case 'caught-up':
      followAll(kept, policy, record.at, settings.begin);
      return;
    case 'verdict':
      for (const [path] of record.delta.inForce) follow(kept, path, policy?.inForce.get(path), landedAt(record), settings.begin);
      markRefused(kept, record, settings);
      return;
    case 'override-used':
      for (const path of record.accepted) follow(kept, path, policy?.inForce.get(path), record.at, settings.begin);
      return;
    default:
  }
}

/** Leaves out what is over by now and told of no more: a bar is looked at again only when its path is. */
export function forgetBefore(kept: Chronicle, begin: Instant): void {
  for (const [path, spans] of kept.spans) {
    const left = spans.filter(({ until }) => until === 'open' || until >= begin);
    if (left.length > 0) kept.spans.set(path, left);
    else kept.spans.delete(path);
  }
}

function landedAt({ at, verdict }: VerdictRecord): Instant {
  return verdict.kind === 'endorsed' ? verdict.landedAt : at;
}

/** After a start, or a record that begins anew, any grant may be another one. */
function followAll(kept: Chronicle, policy: PolicyState | undefined, at: Instant, begin: Instant): void {
  for (const path of new Set([...kept.spans.keys(), ...(policy?.inForce.keys() ?? [])]))
    follow(kept, path, policy?.inForce.get(path), at, begin);
}

/** Brings the bars of one path up to date with the grant that counts from `at` on. */
function follow(kept: Chronicle, path: string, grant: GrantInForce | undefined, at: Instant, begin: Instant): void {
  const known = (kept.spans.get(path) ?? []).filter(({ until }) => until === 'open' || until >= begin);
  const earlierOnes = known.slice(0, -1);
  const last = known.at(-1);
  const spans = [...earlierOnes, ...followed(last, grant, at)].filter(({ from, until }) => until === 'open' || until > from);
  if (spans.length > 0) kept.spans.set(path, spans);
  else kept.spans.delete(path);
}

function followed(last: GrantSpan | undefined, grant: GrantInForce | undefined, at: Instant): readonly GrantSpan[] {
  if (!grant) return last ? [cut(last, at)] : [];
  const fresh = spanOf(grant);
  if (!last || last.commit === grant.commit) return [fresh];
  return [cut(last, fresh.from), fresh];
}

function cut(span: GrantSpan, at: Instant): GrantSpan {
  const until = earlier(span.until, at);
  return { ...span, until, cutShort: span.cutShort || until !== span.until };
}

function spanOf({ group, uid, from, landedAt: landed, until, endorsedUntil, commit, mergeRequest }: GrantInForce): GrantSpan {
  const begins = instant(Math.max(from ?? landed, landed));
  return { group, uid, from: begins, until, cutShort: until !== endorsedUntil, commit, mergeRequest };
}

function markRefused(kept: Chronicle, { at, verdict, delta }: VerdictRecord, { begin, folder }: ChronicleSettings): void {
  if (verdict.kind !== 'refused' || at < begin) return;
  const { code, mergeRequest } = verdict;
  for (const [path, after] of delta.tree) {
    const where = place(path, folder);
    const group = after && where.kind === 'grant' ? parseGroupName(where.group) : undefined;
    const uid = where.kind === 'grant' ? parseUid(where.uid) : undefined;
    if (!group || !uid) continue;
    const known = (kept.refused.get(path) ?? []).filter((one) => one.at >= begin);
    kept.refused.set(path, [...known, { group, uid, at, code, mergeRequest }].slice(-mostRefusals));
  }
}
