// From one state of the policy to a later one, by the deltas that the ledger keeps.
import type { GrantInForce } from './grants.ts';
import type { PolicyDelta, PolicyState } from './policy-state.ts';

/** A map that is being changed: copied once, however much changes, and not at all where nothing does. */
export class MapDraft<Key, Value> {
  #map: ReadonlyMap<Key, Value>;
  #own: Map<Key, Value> | undefined;

  constructor(before: ReadonlyMap<Key, Value>) {
    this.#map = before;
  }

  /** As it is now. It is changed with the draft. */
  get map(): ReadonlyMap<Key, Value> {
    return this.#map;
  }

  set(key: Key, value: Value): void {
    this.#copied().set(key, value);
  }

  delete(key: Key): void {
    if (this.#map.has(key)) this.#copied().delete(key);
  }

  /** Null takes the key out. */
  change(changes: Iterable<readonly [Key, Value | null]>): void {
    for (const [key, value] of changes) {
      if (value === null) this.delete(key);
      else this.set(key, value);
    }
  }

  #copied(): Map<Key, Value> {
    this.#own ??= new Map(this.#map);
    this.#map = this.#own;
    return this.#own;
  }
}

/** What stands where it stood before, but for these changes. */
export function withChanges<Entry>(
  before: ReadonlyMap<string, Entry>,
  changes: readonly { readonly path: string; readonly after?: Entry }[],
): Map<string, Entry> {
  const tree = new Map(before);
  for (const { path, after } of changes) {
    if (after) tree.set(path, after);
    else tree.delete(path);
  }
  return tree;
}

/** A state that is being changed. A row of deltas, such as a first run's, costs what they change and not what there is. */
export class PolicyDraft {
  #state: PolicyState;
  #maps: ReturnType<typeof mapsOf>;

  constructor(before: PolicyState) {
    this.#state = before;
    this.#maps = mapsOf(before);
  }

  get inForce(): PolicyState['inForce'] {
    return this.#maps.inForce.map;
  }

  get usedMergeRequests(): PolicyState['usedMergeRequests'] {
    return this.#maps.usedMergeRequests.map;
  }

  apply(delta: PolicyDelta): void {
    const { judged, rules, unlisted, takenOut, usedMergeRequest } = delta;
    const maps = this.#maps;
    maps.endorsed.change(delta.endorsed);
    maps.inForce.change(delta.inForce);
    maps.ended.change(delta.ended);
    maps.tree.change(delta.tree);
    maps.refusals.change(delta.refusals);
    if (usedMergeRequest !== null) maps.usedMergeRequests.set(usedMergeRequest, judged);
    // A landing speaks the last word on a path that a new start had proposed.
    for (const [path] of delta.tree) maps.proposed.delete(path);
    this.#state = {
      ...this.#state,
      judged,
      ...(rules && { rules }),
      ...(unlisted !== undefined && { unlisted }),
      ...(takenOut && { takenOut: new Set(takenOut) }),
    };
  }

  /** In force until a person allows that grant: null for nothing. */
  propose(path: string, grant: GrantInForce, inForce: GrantInForce | null): void {
    this.#maps.proposed.set(path, grant);
    this.#maps.inForce.change([[path, inForce]]);
  }

  /** Another one takes its place. What ended before stays so, and so does what a merge request was used for. */
  replace(fresh: PolicyState, ended: PolicyDelta['ended']): void {
    const { ended: before, usedMergeRequests } = this.#maps;
    before.change(ended);
    this.#state = fresh;
    this.#maps = { ...mapsOf(fresh), ended: before, usedMergeRequests };
  }

  /** As it is now, changed by the next delta. */
  get state(): PolicyState {
    const { endorsed, inForce, ended, tree, refusals, usedMergeRequests, proposed } = this.#maps;
    return {
      ...this.#state,
      ...{ endorsed: endorsed.map, inForce: inForce.map, ended: ended.map, tree: tree.map, refusals: refusals.map },
      ...{ usedMergeRequests: usedMergeRequests.map, proposed: proposed.map },
    };
  }
}

function mapsOf({ endorsed, inForce, ended, tree, refusals, usedMergeRequests, proposed }: PolicyState) {
  return {
    endorsed: new MapDraft(endorsed),
    inForce: new MapDraft(inForce),
    ended: new MapDraft(ended),
    tree: new MapDraft(tree),
    refusals: new MapDraft(refusals),
    usedMergeRequests: new MapDraft(usedMergeRequests),
    proposed: new MapDraft(proposed),
  };
}

/** The state after one delta, or a row of them. */
export function applyDelta(state: PolicyState, ...deltas: readonly PolicyDelta[]): PolicyState {
  const draft = new PolicyDraft(state);
  for (const delta of deltas) draft.apply(delta);
  return draft.state;
}
