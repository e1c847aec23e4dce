// Where the fold begins: the commit that the host's configuration calls `start`, taken as it is, and what a new one may change at once.
import { applyDelta } from './deltas.ts';
import type { PolicyDelta, PolicyState } from './policy-state.ts';
import { earlier, meet, type GrantInForce } from './grants.ts';
import type { PolicyTree } from '../history/landing.ts';
import type { CommitId, Instant, Uid } from '../names.ts';
import type { GrantFile, Rules } from '../policy/policy.ts';

export interface StartingPoint {
  readonly commit: CommitId;
  readonly committedAt: Instant;
  readonly tree: PolicyTree;
  readonly rules: Rules;
  readonly grants: ReadonlyMap<string, GrantFile>;
}

/** The policy of the commit that the host's configuration calls `start`, taken as it is; or what it leaves of what was in force before. */
export function startingState(start: StartingPoint, earlierState?: PolicyState): PolicyState {
  const nobody: readonly Uid[] = [];
  const said = new Map(
    [...start.grants].map(([path, file]) => {
      const provenance = { commit: start.commit, mergeRequest: null, approvedBy: nobody, landedAt: start.committedAt };
      return [path, { ...file, ...provenance, path, endorsedUntil: file.until }] as const;
    }),
  );
  const fresh: PolicyState = {
    start: start.commit,
    judged: start.commit,
    rules: start.rules,
    endorsed: new Map([...start.tree].map(([path, { blob }]) => [path, blob])),
    inForce: said,
    ended: new Map(),
    tree: start.tree,
    unlisted: 0,
    refusals: new Map(),
    usedMergeRequests: new Map(),
    takenOut: new Set(),
    proposed: new Map(),
  };
  return earlierState ? carriedOver(fresh, earlierState) : fresh;
}

/** What a later beginning leaves of what was in force: what it would add or lengthen is only proposed, and what it drops has ended unreviewed. */
export function carriedOver(fresh: PolicyState, before: PolicyState): PolicyState {
  const commit = fresh.judged;
  const inForce = new Map<string, GrantInForce>();
  const proposed = new Map<string, GrantInForce>();
  for (const [path, grant] of new Map([...fresh.inForce, ...fresh.proposed])) {
    const had = before.inForce.get(path);
    if (had) inForce.set(path, meet(had, grant, commit));
    if (!had || isWider(grant, had)) proposed.set(path, grant);
  }
  const ended = new Map(before.ended);
  for (const [path, grant] of before.inForce) {
    if (!inForce.has(path)) ended.set(path, { grant, cause: 'deleted', reviewed: false, commit });
  }
  return { ...fresh, inForce, proposed, ended, usedMergeRequests: before.usedMergeRequests };
}

/**
 * What a signed landing leaves that this record never saw land: when that was nobody knows, and what was signed for it may be long past. So what it
 * adds or lengthens is only proposed.
 */
export function heldBack(before: PolicyState, delta: PolicyDelta): PolicyState {
  const after = applyDelta(before, delta);
  const inForce = new Map(after.inForce);
  const proposed = new Map(after.proposed);
  for (const [path, grant] of delta.inForce) {
    const had = before.inForce.get(path);
    if (!grant || (had && !isWider(grant, had))) continue;
    proposed.set(path, grant);
    if (had) inForce.set(path, meet(had, grant, delta.judged));
    else inForce.delete(path);
  }
  return { ...after, inForce, proposed };
}

function isWider(grant: GrantInForce, had: GrantInForce): boolean {
  return earlier(grant.until, had.until) !== grant.until || (had.from !== undefined && (grant.from ?? 0) < had.from);
}

/** A person allowed what a new start proposed for these paths. */
export function acceptProposed(state: PolicyState, paths: readonly string[]): PolicyState {
  const inForce = new Map(state.inForce);
  const ended = new Map(state.ended);
  const proposed = new Map(state.proposed);
  for (const path of paths) {
    const grant = state.proposed.get(path);
    if (!grant) continue;
    inForce.set(path, grant);
    ended.delete(path);
    proposed.delete(path);
  }
  return { ...state, inForce, ended, proposed };
}
