// The record of judging as a state: a left fold over its lines, the same on both sides. Judging goes on from it; converging has it in force.
import { prolonged, type Unanswered } from './waits.ts';
import { applyDeltas } from './deltas.ts';
import type { PolicyDelta, PolicyState } from './policy-state.ts';
import { meet } from './grants.ts';
import { carriedOver, heldBack, startingState, type StartingPoint } from './start-state.ts';
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord, VerdictRecord } from './judging-record.ts';

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
  /** A landing that people signed and that this record never saw land: its verdict is the next one. */
  readonly unseen: CommitId | undefined;
  /** The last landing that got a verdict, or the start. */
  readonly decided: CommitId | undefined;
  /**
   * Another record, from its beginning. `succeeds`: root began it anew, and it counts once it has caught up. `repeats`: it was lost or is another
   * host's, and it must come to the same.
   */
  readonly other: { readonly state: JudgedState; readonly how: 'succeeds' | 'repeats' } | undefined;
  /** That one came to other verdicts: nothing of it counts. */
  readonly contradicted: boolean;
}

export const nothingJudged: JudgedState = {
  policy: undefined,
  starting: undefined,
  project: undefined,
  firstSeen: new Map(),
  heads: new Set(),
  unanswered: new Map(),
  caughtUp: false,
  unseen: undefined,
  decided: undefined,
  other: undefined,
  contradicted: false,
};

/**
 * `judging`: a new start is taken whole. `converging`: what it adds or lengthens waits for a person (`proposed`), and what nobody endorsed
 * gives nothing, whatever the record says.
 */
export type Side = 'judging' | 'converging';

/** A row of verdicts, such as a first run's, is taken as one change of the policy. */
export function takeJudged(before: JudgedState, records: Iterable<JudgingRecord>, side: Side): JudgedState {
  let state = before;
  if (state.contradicted) return state;
  let row: PolicyDelta[] = [];
  const applyRow = (): void => {
    if (row.length > 0 && state.policy) state = { ...state, policy: applyDeltas(state.policy, row) };
    row = [];
  };
  for (const record of records) {
    // Irrelevant landings would copy the maps as well.
    if (record.type === 'judged' && !state.other) {
      row.push({ ...noChange, judged: record.commit });
      if (state.heads.size > 0) state = { ...state, ...settled(state, [...state.heads]) };
    } else if (record.type === 'verdict' && !state.other && isTakenWhole(state, record, side)) {
      row.push(record.delta);
      state = { ...state, ...settledBy(state, record) };
    } else {
      applyRow();
      state = takeOne(state, record, side);
    }
  }
  applyRow();
  return state;
}

/** On the side of converging only what was endorsed, and seen to land where it was signed. */
function isTakenWhole({ unseen }: JudgedState, { verdict, commit }: VerdictRecord, side: Side): boolean {
  return side === 'judging' || (verdict.kind === 'endorsed' && commit !== unseen);
}

const noChange = { endorsed: [], inForce: [], ended: [], tree: [], refusals: [], usedMergeRequest: null } as const;

/** Another record lies there from now on. */
export function goOnWith(state: JudgedState, how: 'succeeds' | 'repeats'): JudgedState {
  return state.policy ? { ...state, other: { state: nothingJudged, how }, contradicted: false } : nothingJudged;
}

function takeOther(state: JudgedState, other: NonNullable<JudgedState['other']>, record: JudgingRecord, side: Side): JudgedState {
  const taken = takeJudged(other.state, [record], side);
  const { policy } = state;
  if (other.how === 'succeeds' && taken.caughtUp && taken.policy)
    return { ...taken, policy: policy ? carriedOver(taken.policy, policy) : taken.policy };
  if (other.how === 'repeats' && policy && taken.policy && taken.decided === state.decided)
    return render(taken.policy) === render(policy) ? { ...taken, policy } : { ...state, other: undefined, contradicted: true };
  return { ...state, other: { ...other, state: taken } };
}

/** All that gives access, in order: the rules in force, what is endorsed, and the grants. */
function render({ rules, endorsed, inForce, proposed }: PolicyState): string {
  const inOrder = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  const grants = inOrder(new Map([...inForce, ...proposed])).map(([path, { from, until, endorsedUntil, commit }]) => [
    path,
    from,
    until,
    endorsedUntil,
    commit,
  ]);
  const { people, teams, groups } = rules;
  return JSON.stringify([[...people], [...teams], rules.rules, [...groups], inOrder(endorsed), grants]);
}

function takeOne(state: JudgedState, record: JudgingRecord, side: Side): JudgedState {
  if (state.other) return takeOther(state, state.other, record, side);
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
      const { delta, verdict } = record;
      const after = verdict.kind === 'endorsed' ? heldBack(policy, delta) : applyDeltas(policy, [onlyNarrowing(policy, delta)]);
      return { ...state, policy: after, ...settledBy(state, record) };
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
    case 'content':
    case 'rules-files':
    case 'statements-seen':
      return state;
    case 'signed':
      return { ...state, unseen: record.firstSeen === null && record.statements.length > 0 ? record.commit : undefined };
  }
}

function begun(state: JudgedState, side: Side): JudgedState {
  const { starting, policy } = state;
  if (!starting || starting.parts > 0) return state;
  const started = startingState(starting.point, side === 'converging' ? policy : undefined);
  // One merge request endorses one landing, also after a new start.
  const used = policy ? { usedMergeRequests: policy.usedMergeRequests } : {};
  return { ...state, starting: undefined, decided: started.start, policy: { ...started, ...used } };
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

type Waiting = Pick<JudgedState, 'firstSeen' | 'heads' | 'unanswered'>;

function settledBy(state: JudgedState, { commit, covers = [], verdict }: VerdictRecord): Waiting & Pick<JudgedState, 'decided'> {
  // Whatever waited lies within the jump.
  const isJump = verdict.kind === 'refused' && verdict.code === 'off-chain';
  return { ...settled(state, isJump ? [...state.firstSeen.keys()] : [commit, ...covers]), decided: commit };
}

/** What waited and is decided now. Where the branch stood before is of no use once it has been judged to there. */
function settled({ firstSeen, heads, unanswered }: JudgedState, commits: readonly CommitId[]): Waiting {
  const stood = [...heads];
  const passed = stood.slice(0, stood.findLastIndex((head) => commits.includes(head)) + 1);
  return {
    firstSeen: without(firstSeen, [...commits, ...passed]),
    unanswered: without(unanswered, commits),
    heads: passed.length > 0 ? new Set(stood.slice(passed.length)) : heads,
  };
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, keys: readonly Key[]): ReadonlyMap<Key, Value> {
  if (!keys.some((key) => map.has(key))) return map;
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}
