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

/** A state that is being changed. A row of deltas, such as a first run's, costs what they change and not what there is. */
export class PolicyDraft {
  #state: PolicyState;
  #endorsed;
  #inForce;
  readonly #ended;
  #tree;
  #refusals;
  readonly #usedMergeRequests;
  #proposed;

  constructor(before: PolicyState) {
    this.#state = before;
    this.#endorsed = new MapDraft(before.endorsed);
    this.#inForce = new MapDraft(before.inForce);
    this.#ended = new MapDraft(before.ended);
    this.#tree = new MapDraft(before.tree);
    this.#refusals = new MapDraft(before.refusals);
    this.#usedMergeRequests = new MapDraft(before.usedMergeRequests);
    this.#proposed = new MapDraft(before.proposed);
  }

  get inForce(): PolicyState['inForce'] {
    return this.#inForce.map;
  }

  get usedMergeRequests(): PolicyState['usedMergeRequests'] {
    return this.#usedMergeRequests.map;
  }

  apply(delta: PolicyDelta): void {
    const { judged, rules, unlisted, takenOut, usedMergeRequest } = delta;
    this.#endorsed.change(delta.endorsed);
    this.#inForce.change(delta.inForce);
    this.#ended.change(delta.ended);
    this.#tree.change(delta.tree);
    this.#refusals.change(delta.refusals);
    if (usedMergeRequest !== null) this.#usedMergeRequests.set(usedMergeRequest, judged);
    // A landing speaks the last word on a path that a new start had proposed.
    for (const [path] of delta.tree) this.#proposed.delete(path);
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
    this.#proposed.set(path, grant);
    this.#inForce.change([[path, inForce]]);
  }

  /** Another one takes its place. What ended before stays so, and so does what a merge request was used for. */
  replace(fresh: PolicyState, ended: PolicyDelta['ended']): void {
    this.#state = fresh;
    this.#endorsed = new MapDraft(fresh.endorsed);
    this.#inForce = new MapDraft(fresh.inForce);
    this.#tree = new MapDraft(fresh.tree);
    this.#refusals = new MapDraft(fresh.refusals);
    this.#proposed = new MapDraft(fresh.proposed);
    this.#ended.change(ended);
  }

  /** As it is now, changed by the next delta. */
  get state(): PolicyState {
    return {
      ...this.#state,
      endorsed: this.#endorsed.map,
      inForce: this.#inForce.map,
      ended: this.#ended.map,
      tree: this.#tree.map,
      refusals: this.#refusals.map,
      usedMergeRequests: this.#usedMergeRequests.map,
      proposed: this.#proposed.map,
    };
  }
}

/** The state after a delta. */
export function applyDelta(state: PolicyState, delta: PolicyDelta): PolicyState {
  return applyDeltas(state, [delta]);
}

/** The state after a row of deltas. */
export function applyDeltas(state: PolicyState, deltas: readonly PolicyDelta[]): PolicyState {
  const draft = new PolicyDraft(state);
  for (const delta of deltas) draft.apply(delta);
  return draft.state;
}
