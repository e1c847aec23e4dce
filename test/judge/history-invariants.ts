// The invariants that the fold must keep, each a question to a history and to what the fold made of it.
import type { PolicyState } from '../../src/record/policy-state.ts';
import type { Instant } from '../../src/names.ts';
import { onDay, rulesIn } from './history-files.ts';
import type { Moment } from './history-fold.ts';
import { grantPaths, type History } from './history-model.ts';
import { gives, grantIn, truthOf, type Truth } from './history-truth.ts';

export interface Folded {
  readonly history: History;
  readonly moments: readonly Moment[];
  readonly truth: Truth;
}

export function folded(history: History, moments: readonly Moment[]): Folded {
  return { history, moments, truth: truthOf(history) };
}

/** All times in histories are multiples of ten days: between two of them nothing begins or ends. */
const instants: readonly Instant[] = [-1, 1, 5, ...Array.from({ length: 30 }, (_, number) => 15 + 10 * number), 10_000].map(onDay);

function covers({ inForce }: PolicyState, path: string, at: Instant): boolean {
  return gives(inForce.get(path), at);
}

/** What breaks an invariant, in words; undefined where it holds. */
export type Invariant = (folded: Folded) => string | undefined;

/** Asks of every event, and the states on both sides of it. */
function atEvents(ask: (before: PolicyState, after: PolicyState, event: number, folded: Folded) => string | undefined): Invariant {
  return (folded) => {
    for (const event of folded.history.events.keys()) {
      const [before, after] = [folded.moments[event], folded.moments[event + 1]];
      const broken = before && after && ask(before.state, after.state, event, folded);
      if (broken !== undefined) return `event ${event}: ${broken}`;
    }
    return undefined;
  };
}

function firstGain(before: PolicyState, after: PolicyState, isWrong: (path: string, at: Instant) => boolean): string | undefined {
  for (const path of grantPaths) {
    for (const at of instants) if (covers(after, path, at) && !covers(before, path, at) && isWrong(path, at)) return `${path} at ${at}`;
  }
  return undefined;
}

const narrowing = atEvents((before, after, event, { history, truth }) => {
  const kind = history.events[event]?.kind;
  if (kind === 'accept') return firstGain(before, after, (path, at) => !truth.covered(event + 1, path)(at));
  return firstGain(before, after, (path) => kind !== 'landing' || !truth.fits(event) || !truth.touched(event, path));
});

const reason: Invariant = ({ history, moments, truth }) => {
  for (const moment of [0, ...history.events.keys()].map((_, number) => number)) {
    const state = moments[moment]?.state;
    for (const path of grantPaths) {
      const covered = truth.covered(moment, path);
      const wrong = state && instants.find((at) => covers(state, path, at) !== covered(at));
      if (wrong !== undefined) return `moment ${moment}: ${path} at ${wrong}`;
    }
  }
  return undefined;
};

const rulesBefore: Invariant = ({ moments, truth }) => {
  for (const [moment, { state }] of moments.entries()) {
    if (JSON.stringify(said(state.rules)) !== JSON.stringify(said(rulesIn(truth.rulesTree(moment)))))
      return `moment ${moment}: the rules in force`;
  }
  const wrong = truth.endorsed.findIndex((endorsed, event) => (moments[event + 1]?.verdict?.kind === 'endorsed') !== endorsed);
  return wrong === -1 ? undefined : `event ${wrong}: ${moments[wrong + 1]?.verdict?.kind ?? 'no verdict'}`;
};

function said(rules: PolicyState['rules'] | undefined): unknown {
  return rules && [[...rules.teams], [...rules.groups].sort(), rules.rules];
}

const shownIsTrue: Invariant = ({ moments, truth }) => {
  for (const [moment, { state }] of moments.entries()) {
    for (const [path, grant] of state.inForce) {
      if (path !== `policy/grants/${grant.group}/${grant.uid}.yaml` || path !== grant.path)
        return `moment ${moment}: ${path} names somebody else`;
      const file = grantIn(truth.tree(moment), path);
      const wider = instants.find((at) => covers(state, path, at) && !gives(file, at));
      if (wider !== undefined) return `moment ${moment}: ${path} says less at ${wider}`;
      if (state.ended.has(path)) return `moment ${moment}: ${path} is in force and has ended`;
    }
  }
  return undefined;
};

const oneLanding: Invariant = ({ history, moments }) => {
  const used = history.events.flatMap((event, number) =>
    'mergeRequest' in event && moments[number + 1]?.verdict?.kind === 'endorsed' ? [event.mergeRequest] : [],
  );
  return new Set(used).size === used.length ? undefined : `merge requests ${used.join(', ')}`;
};

export const invariants = {
  'Narrowing: what nobody reviewed gives nothing, and what is gained was approved as it is': narrowing,
  'Reason: in force is what was endorsed last, less what any later content of the path leaves out': reason,
  'Rules before: rules and verdicts are those of the rules before the landing': rulesBefore,
  'Shown is true: no grant in force is wider than its file': shownIsTrue,
  'Finality: one merge request endorses one landing': oneLanding,
} satisfies Readonly<Record<string, Invariant>>;
