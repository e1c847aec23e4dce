// Folds an invented history with the real code. Its functions are arguments, so that mistakes can be planted in one of them at a time.
import { countApprovals } from '../../src/evidence/approval.ts';
import { changeKey } from '../../src/evidence/pushers.ts';
import { reviewedPaths } from '../../src/evidence/beneficiaries.ts';
import { applyDelta } from '../../src/record/deltas.ts';
import { dirtyPath, dirtyRules, step } from '../../src/judge/effective.ts';
import { type PolicyDelta, type PolicyState, type RefusalCode, type Verdict } from '../../src/record/policy-state.ts';
import { formObjection, lengthObjection, understood, type Readings } from '../../src/judge/form.ts';
import { parseUid, type Instant } from '../../src/names.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import type { Rules } from '../../src/policy/policy.ts';
import { acceptProposed, startingState } from '../../src/record/start-state.ts';
import { approval, bound, commit } from '../evidence/evidence-samples.ts';
import { folder, grantAt, onDay, policyTree, readingsOf, rulesIn, type Tree } from './history-files.ts';
import { commitOf, type History, type HistoryEvent } from './history-model.ts';

export interface FoldFunctions {
  readonly formObjection: typeof formObjection;
  readonly dirtyRules: typeof dirtyRules;
  readonly dirtyPath: typeof dirtyPath;
  /** The rules that judge a landing. */
  readonly judgingRules: (state: PolicyState, readings: Readings) => Rules;
  readonly lengthObjection: typeof lengthObjection;
  readonly step: typeof step;
  readonly applyDelta: typeof applyDelta;
  readonly startingState: typeof startingState;
  readonly acceptProposed: typeof acceptProposed;
}

export const realFunctions: FoldFunctions = {
  formObjection,
  dirtyRules,
  dirtyPath,
  judgingRules: (state) => state.rules,
  lengthObjection,
  step,
  applyDelta,
  startingState,
  acceptProposed,
};

/** The state after an event, and how it came to be where the event is a landing. */
export interface Moment {
  readonly state: PolicyState;
  readonly verdict?: Verdict;
  readonly delta?: PolicyDelta;
}

/** The moment before all events, and one after each. */
export function fold({ first, events }: History, functions: FoldFunctions = realFunctions): readonly [Moment, ...Moment[]] {
  const begun: Moment = { state: started(first, commitOf(0), undefined, functions) };
  const moments: [Moment, ...Moment[]] = [begun];
  for (const event of events) moments.push(after(moments.at(-1)?.state ?? begun.state, event, functions));
  return moments;
}

function after(state: PolicyState, event: HistoryEvent, functions: FoldFunctions): Moment {
  switch (event.kind) {
    case 'accept':
      return { state: functions.acceptProposed(state, event.paths) };
    case 'start':
      return { state: started(event.tree, event.commit, state, functions) };
    default: {
      const readings = readingsOf(event.tree, event.landing.changes);
      const verdict = judge(state, event, readings, functions);
      const delta = functions.step(state, event.landing, understood(readings), verdict, folder);
      return { state: functions.applyDelta(state, delta), verdict, delta };
    }
  }
}

function started(tree: Tree, at: ReturnType<typeof commitOf>, earlier: PolicyState | undefined, functions: FoldFunctions): PolicyState {
  const rules = rulesIn(tree);
  if (!rules) throw new Error('a start without rules');
  const grants = [...tree].flatMap(([path, file]) => {
    const grant = grantAt(path, file);
    return grant ? [[path, grant] as const] : [];
  });
  return functions.startingState({ commit: at, committedAt: onDay(0), tree: policyTree(tree), rules, grants: new Map(grants) }, earlier);
}

type LandingEvent = Extract<HistoryEvent, { readonly kind: 'landing' | 'jump' }>;

function judge(state: PolicyState, event: LandingEvent, readings: Readings, functions: FoldFunctions): Verdict {
  const { landing, mergeRequest } = event;
  const settings = { folder, longest: new Map() };
  const refused = (code: RefusalCode): Verdict => ({ kind: 'refused', code, detail: '', mergeRequest: null });
  if (event.kind === 'jump') return refused('off-chain');
  const form = functions.formObjection(state, landing, readings, settings);
  if (form) return refused(form.code);
  if (functions.dirtyRules(state, folder) !== undefined) return refused('rules-dirty');
  if (functions.dirtyPath(state, landing) !== undefined) return refused('dirty');
  if (state.usedMergeRequests.has(mergeRequest)) return refused('not-bound');
  const rules = functions.judgingRules(state, readings);
  if (!isApproved(event, readings, rules)) return refused('no-approval');
  const length = functions.lengthObjection(landing, readings, rules, landing.committedAt, settings);
  if (length) return refused(length.code);
  const approvedBy = event.approvers.flatMap((name) => parseUid(name) ?? []);
  return { kind: 'endorsed', reviewed: true, commit: landing.commit, mergeRequest, approvedBy, landedAt: landing.committedAt };
}

const accounts: Readonly<Record<string, number>> = { alice: 42, bob: 51, carol: 99, mallory: 66 };

function isApproved({ landing, approvers }: LandingEvent, readings: Readings, rules: Rules): boolean {
  const after = readings.rules?.kind === 'valid' ? readings.rules.value : undefined;
  const paths = reviewedPaths(landing, rules, after, folder);
  const approvals = approvers.map((username) => approval({ account: { id: accounts[username] ?? 0, username } }));
  const mergeRequest = bound({ approvals }, { author: { id: 1, username: 'author' } });
  // Everybody who approved has seen exactly what landed; approval.test.ts is about those who have not.
  return countApprovals(mergeRequest, rules, paths, 'the change', new Map([[changeKey(commit('a'), commit('b')), 'the change']])).enough;
}

/** A state that was just started, as the lines of the record that tell it. */
export function startRecords(state: PolicyState, at: Instant): readonly JudgingRecord[] {
  const grants = [...new Map([...state.inForce, ...state.proposed])];
  const isOfGrants = (path: string) => grants.some(([one]) => one === path);
  const files = grants.map(([path, { group, uid, reason, ticket, contact, understood, from, until }]) => {
    const given = { ticket, contact, understood, from };
    const told = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return [path, { group, uid, reason, ...told, until }] as const;
  });
  const tree = [...state.tree];
  return [
    {
      type: 'start',
      at,
      commit: state.start,
      committedAt: onDay(0),
      rules: state.rules,
      tree: tree.filter(([path]) => !isOfGrants(path)),
      parts: 1,
    },
    { type: 'start-part', at, tree: tree.filter(([path]) => isOfGrants(path)), grants: files },
  ];
}
