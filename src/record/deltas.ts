// From one state of the policy to a later one, by the deltas that the ledger keeps.
import type { PolicyDelta, PolicyState } from './policy-state.ts';

/** The state after a delta. */
export function applyDelta(state: PolicyState, delta: PolicyDelta): PolicyState {
  return applyDeltas(state, [delta]);
}

/** The state after a row of deltas. However long it is, a map is copied once, and not at all where nothing of it changes. */
export function applyDeltas(state: PolicyState, deltas: readonly PolicyDelta[]): PolicyState {
  const last = deltas.at(-1);
  if (!last) return state;
  return {
    ...state,
    judged: last.judged,
    unlisted: deltas.findLast(({ unlisted }) => unlisted !== undefined)?.unlisted ?? state.unlisted,
    rules: deltas.findLast(({ rules }) => rules)?.rules ?? state.rules,
    endorsed: changed(state.endorsed, deltas, ({ endorsed }) => endorsed),
    inForce: changed(state.inForce, deltas, ({ inForce }) => inForce),
    ended: changed(state.ended, deltas, ({ ended }) => ended),
    tree: changed(state.tree, deltas, ({ tree }) => tree),
    refusals: changed(state.refusals, deltas, ({ refusals }) => refusals),
    usedMergeRequests: changed(state.usedMergeRequests, deltas, ({ usedMergeRequest, judged }) =>
      usedMergeRequest === null ? [] : [[usedMergeRequest, judged]],
    ),
    takenOut: takenOutAfter(state.takenOut, deltas),
    // A landing speaks the last word on a path that a new start had proposed.
    proposed:
      state.proposed.size === 0 ? state.proposed : changed(state.proposed, deltas, ({ tree }) => tree.map(([path]) => [path, null])),
  };
}

function takenOutAfter(before: PolicyState['takenOut'], deltas: readonly PolicyDelta[]): PolicyState['takenOut'] {
  const last = deltas.findLast(({ takenOut }) => takenOut)?.takenOut;
  return last ? new Set(last) : before;
}

function changed<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  deltas: readonly PolicyDelta[],
  changesOf: (delta: PolicyDelta) => readonly (readonly [Key, Value | null])[],
): ReadonlyMap<Key, Value> {
  let next: Map<Key, Value> | undefined;
  for (const delta of deltas) {
    for (const [key, value] of changesOf(delta)) {
      if (value !== null) (next ??= new Map(map)).set(key, value);
      else if ((next ?? map).has(key)) (next ??= new Map(map)).delete(key);
    }
  }
  return next ?? map;
}
