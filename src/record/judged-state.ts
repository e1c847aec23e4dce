// The record of judging as a state: a left fold over its lines, the same on both sides. Judging goes on from it; converging has it in force.
import { prolonged, type Unanswered } from '../evidence/waits.ts';
import { applyDeltas } from '../judge/deltas.ts';
import type { PolicyDelta, PolicyState } from '../judge/effective.ts';
import { meet } from '../judge/grants.ts';
import { carriedOver, startingState, type StartingPoint } from '../judge/start-state.ts';
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord } from './judging-record.ts';

export interface JudgedState {
  /** Undefined: nothing is in force yet. */
  readonly policy: PolicyState | undefined;
  /** A start of which grants are still to come. */
  readonly starting: { readonly point: StartingPoint; readonly parts: number } | undefined;
  /** The project's numeric id on GitLab. */
  readonly project: number | undefined;
  /** When judging first saw a landing that waited. */
  readonly firstSeen: ReadonlyMap<CommitId, Instant>;
  /** Where the branch stood while something waited. */
  readonly heads: ReadonlySet<CommitId>;
  /** Landings that GitLab did not answer about, for how long. */
  readonly unanswered: ReadonlyMap<CommitId, Unanswered>;
  /** Judging has passed the commit that was the branch's head when this record began. */
  readonly caughtUp: boolean;
  /** A record that was begun anew on root's word: judged to its first head before it counts. */
  readonly anew: JudgedState | undefined;
}

export const nothingJudged: JudgedState = {
  policy: undefined,
  starting: undefined,
  project: undefined,
  firstSeen: new Map(),
  heads: new Set(),
  unanswered: new Map(),
  caughtUp: false,
  anew: undefined,
};

/**
 * `judging`: a new start is taken whole. `converging`: what it adds or lengthens waits for a person (`proposed`), and what nobody endorsed
 * gives nothing, whatever the record says.
 */
export type Side = 'judging' | 'converging';

/** A row of verdicts, such as a first run's, is taken as one change of the policy. */
export function takeJudged(before: JudgedState, records: Iterable<JudgingRecord>, side: Side): JudgedState {
  let state = before;
  let row: PolicyDelta[] = [];
  const applyRow = (): void => {
    if (row.length > 0 && state.policy) state = { ...state, policy: applyDeltas(state.policy, row) };
    row = [];
  };
  for (const record of records) {
    // Irrelevant landings would copy the maps as well.
    if (record.type === 'judged' && !state.anew) {
      row.push({ ...noChange, judged: record.commit });
      if (state.heads.size > 0) state = { ...state, ...settled(state, [...state.heads]) };
    } else if (record.type === 'verdict' && !state.anew && (side === 'judging' || record.verdict.kind === 'endorsed')) {
      row.push(record.delta);
      if (state.firstSeen.size > 0) state = { ...state, ...settled(state, [record.commit, ...(record.covers ?? [])]) };
    } else {
      applyRow();
      state = takeOne(state, record, side);
    }
  }
  applyRow();
  return state;
}

const noChange = { endorsed: [], inForce: [], ended: [], tree: [], refusals: [], usedMergeRequest: null } as const;

/** From now on another record counts, once it has caught up. */
export function beginAnew(state: JudgedState): JudgedState {
  return { ...state, anew: nothingJudged };
}

function takeOne(state: JudgedState, record: JudgingRecord, side: Side): JudgedState {
  if (state.anew) {
    const anew = takeJudged(state.anew, [record], side);
    if (!anew.caughtUp || !anew.policy) return { ...state, anew };
    return { ...anew, policy: state.policy ? carriedOver(anew.policy, state.policy) : anew.policy };
  }
  switch (record.type) {
    case 'record':
      return state;
    case 'start': {
      const { commit, committedAt, rules, tree, parts } = record;
      return begun({ ...state, starting: { point: { commit, committedAt, rules, tree: new Map(tree), grants: new Map() }, parts } }, side);
    }
    case 'start-part': {
      if (!state.starting) return state;
      const { point, parts } = state.starting;
      const tree = new Map([...point.tree, ...record.tree]);
      const grants = new Map([...point.grants, ...record.grants]);
      return begun({ ...state, starting: { point: { ...point, tree, grants }, parts: parts - 1 } }, side);
    }
    case 'verdict': {
      const { policy } = state;
      if (!policy) return state;
      return {
        ...state,
        policy: applyDeltas(policy, [onlyNarrowing(policy, record.delta)]),
        ...settled(state, [record.commit, ...(record.covers ?? [])]),
      };
    }
    case 'judged':
      return state.policy ? { ...state, policy: applyDeltas(state.policy, [{ ...noChange, judged: record.commit }]) } : state;
    case 'seen':
      return {
        ...state,
        firstSeen: new Map([...state.firstSeen, [record.commit, record.at]]),
        heads: record.head ? new Set([...state.heads, record.commit]) : state.heads,
      };
    case 'unanswered':
      return {
        ...state,
        unanswered: new Map([
          ...state.unanswered,
          [record.commit, prolonged(state.unanswered.get(record.commit), record.at, record.others)],
        ]),
      };
    case 'project':
      return { ...state, project: record.project };
    case 'caught-up':
      return { ...state, caughtUp: true };
  }
}

function begun(state: JudgedState, side: Side): JudgedState {
  const { starting, policy } = state;
  if (!starting || starting.parts > 0) return state;
  const started = startingState(starting.point, side === 'converging' ? policy : undefined);
  // One merge request endorses one landing, also after a new start.
  const used = policy ? { usedMergeRequests: policy.usedMergeRequests } : {};
  return { ...state, starting: undefined, policy: { ...started, ...used } };
}

/** What nobody endorsed can take from a grant in force, or from one that a new start proposes, and give nothing. */
function onlyNarrowing(state: PolicyState, delta: PolicyDelta): PolicyDelta {
  const { rules: _rules, ...rest } = delta;
  const inForce = delta.inForce.flatMap(([path, left]): PolicyDelta['inForce'] => {
    const had = state.inForce.get(path);
    if (!had) return [];
    return [[path, left && meet(had, left, delta.judged)]];
  });
  return { ...rest, inForce, usedMergeRequest: null };
}

/** What waited and is decided now. Where the branch stood then is of no use once it has been judged to there. */
function settled(
  { firstSeen, heads, unanswered }: JudgedState,
  commits: readonly CommitId[],
): Pick<JudgedState, 'firstSeen' | 'heads' | 'unanswered'> {
  return {
    firstSeen: without(firstSeen, commits),
    unanswered: without(unanswered, commits),
    heads: commits.some((commit) => heads.has(commit)) ? new Set() : heads,
  };
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, keys: readonly Key[]): ReadonlyMap<Key, Value> {
  if (!keys.some((key) => map.has(key))) return map;
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}
