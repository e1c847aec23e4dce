// Where the fold begins: the commit that the host's configuration calls `start`, taken as it is, and what a new one may change at once.
import { PolicyDraft } from './deltas.ts';
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

export function carriedOver(fresh: PolicyState, before: PolicyState): PolicyState {
  const draft = new PolicyDraft(before);
  beginAnew(draft, fresh);
  return draft.state;
}

/** What a later beginning leaves of what was in force: what it would add or lengthen is only proposed, and what it drops has ended unreviewed. */
export function beginAnew(draft: PolicyDraft, fresh: PolicyState): void {
  const commit = fresh.judged;
  const before = draft.inForce;
  const inForce = new Map<string, GrantInForce>();
  const proposed = new Map<string, GrantInForce>();
  for (const [path, grant] of new Map([...fresh.inForce, ...fresh.proposed])) {
    const had = before.get(path);
    if (had) inForce.set(path, meet(had, grant, commit));
    if (!had || isWider(grant, had)) proposed.set(path, grant);
  }
  const dropped = [...before].filter(([path]) => !inForce.has(path));
  draft.replace(
    { ...fresh, inForce, proposed },
    dropped.map(([path, grant]) => [path, { grant, cause: 'deleted', reviewed: false, commit }]),
  );
}

/**
 * What a signed landing leaves that this record never saw land: when that was nobody knows, and what was signed for it may be long past. So what it
 * adds or lengthens is only proposed.
 */
export function holdBack(draft: PolicyDraft, delta: PolicyDelta): void {
  const brought = delta.inForce.map(([path, grant]) => ({ path, grant, had: draft.inForce.get(path) }));
  draft.apply(delta);
  for (const { path, grant, had } of brought)
    if (grant && (!had || isWider(grant, had))) draft.propose(path, grant, had ? meet(had, grant, delta.judged) : null);
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
