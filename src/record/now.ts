// `now.json`: what judging saw when it last looked, beside what it decided. It is replaced whole at each look and its size is bounded; what did
// not fit is counted. It can only lessen what the record gives: whom no file at the tip covers, and about whom nothing may
// be concluded yet.
import type { EffectivePolicy } from './effective-policy.ts';
import type { PolicyState } from './policy-state.ts';
import { meet } from './grants.ts';
import type { nowShape } from './now-file.ts';
import type { Kept } from './shapes.ts';
import { inOrderOfPath, type CommitId, type Instant } from '../names.ts';
import type { Problem } from '../errors.ts';
import type { TokenStanding } from '../evidence/tokens.ts';

export type Now = Kept<typeof nowShape>;

type Lessened = Now['lessened']['list'][number];

/** What an open merge request would do to somebody. */
export type OpenEffect = Now['open']['list'][number];

/** How far the record went, as its reader knows it again: the record's own name, and its number of lines. */
export type RecordPlace = Now['record'];

/** Bytes that each list may have of the 64 KB. */
const room = { problems: 8_000, lessened: 20_000, undecided: 8_000, refused: 14_000, pending: 10_000, open: 4_000 } as const;

export interface Look {
  readonly at: Instant;
  readonly record: RecordPlace;
  readonly head: CommitId | undefined;
  readonly clock: Now['clock'] | undefined;
  readonly tokens: readonly TokenStanding[];
  readonly problems: readonly Problem[];
  /** Undefined where nothing is in force yet. */
  readonly judged: { readonly state: PolicyState; readonly policy: EffectivePolicy } | undefined;
  readonly open: readonly OpenEffect[];
}

export function nowOf({ at, record, head, clock, tokens, problems, judged, open }: Look): Now {
  const policy = judged?.policy;
  const refused = fitting(policy?.refused ?? [], room.refused);
  return {
    format: 1,
    at,
    record,
    head: head ?? null,
    clock: clock ?? null,
    tokens,
    problems: fitting(problems, room.problems),
    lessened: fitting(judged ? lessenedBy(judged) : [], room.lessened),
    undecided: policy?.undecided === 'everybody' ? { list: [], more: 1 } : fitting(policy?.undecided ?? [], room.undecided),
    refused: { ...refused, more: refused.more + (policy?.unlisted ?? 0) },
    pending: fitting(policy?.pending ?? [], room.pending),
    open: openNow(open),
  };
}

export function openNow(open: readonly OpenEffect[]): Now['open'] {
  return fitting(open, room.open);
}

function lessenedBy({ state, policy }: NonNullable<Look['judged']>): readonly Lessened[] {
  const covered = new Map(policy.grants.map((grant) => [grant.path, grant]));
  return [...state.inForce].flatMap(([path, grant]): Lessened[] => {
    const left = covered.get(path);
    if (left === grant) return [];
    const ended = policy.ended.get(path);
    const by = left?.narrowedBy ?? ended?.commit ?? state.judged;
    return [{ path, commit: by, cause: ended?.cause ?? 'refused', left: left ? { from: left.from ?? null, until: left.until } : null }];
  });
}

/** As many, from the first on, as `bytes` take. */
function fitting<One>(all: readonly One[], bytes: number): { readonly list: readonly One[]; readonly more: number } {
  let left = bytes;
  const end = all.findIndex((one) => (left -= Buffer.byteLength(JSON.stringify(one)) + 1) < 0);
  const list = end === -1 ? all : all.slice(0, end);
  return { list, more: all.length - list.length };
}

/**
 * The policy in force, from what was taken of the record and what judging saw when it last looked. Without that, or where it was written before
 * the last line that was taken, nothing may be concluded from what is not there: whoever holds a grant keeps it, and `isCurrent` is false.
 */
export function policyInForce(state: PolicyState, now: Now | undefined, isCurrent: boolean): EffectivePolicy {
  const seen = isCurrent ? now : undefined;
  const grants = new Map(state.inForce);
  const ended = new Map(state.ended);
  for (const { path, commit: by, cause, left } of seen?.lessened.list ?? []) {
    const grant = state.inForce.get(path);
    if (!grant) continue;
    if (left) grants.set(path, meet(grant, { until: left.until, ...(left.from === null ? {} : { from: left.from }) }, by));
    else {
      grants.delete(path);
      ended.set(path, { grant, cause, reviewed: false, commit: by });
    }
  }
  const pending = seen?.pending.list ?? [];
  const waits = new Set(pending.map(({ path }) => path));
  const isSettled = seen !== undefined && seen.pending.more === 0;
  return {
    rules: state.rules,
    judged: state.judged,
    grants: [...grants.values()].sort(inOrderOfPath),
    ended,
    proposed: [...state.proposed.values()].filter(({ path }) => isSettled && !waits.has(path)).sort(inOrderOfPath),
    refused: [...(seen?.refused.list ?? [])].sort(inOrderOfPath),
    unlisted: seen ? seen.refused.more : state.unlisted,
    pending,
    undecided: !seen || seen.undecided.more > 0 ? 'everybody' : seen.undecided.list,
  };
}
