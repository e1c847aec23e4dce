// Examples for the fold, each as a short history of one file. The laws are in effective.laws.test.ts.
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/record/deltas.ts';
import { dirtyPath, dirtyRules, step } from '../../src/judge/effective.ts';
import { type PolicyState, type Verdict } from '../../src/record/policy-state.ts';
import { understood } from '../../src/judge/form.ts';
import type { Landing } from '../../src/history/landing.ts';
import { startingState } from '../../src/record/start-state.ts';
import { rules, uid } from '../evidence/evidence-samples.ts';
import {
  differences,
  folder,
  grantAt,
  isRulesPath,
  onDay,
  plain,
  policyTree,
  readingsOf,
  type Content,
  type File,
  type Tree,
} from './history-files.ts';
import { commitOf } from './history-model.ts';

const alice = 'policy/grants/klaxon-users/alice.yaml';
const mallory = 'policy/grants/klaxon-users/mallory.yaml';
const rulesPath = 'policy/policy.yaml';

function until(day: number, changes: Partial<Extract<Content, { kind: 'grant' }>> = {}): File {
  return plain({ kind: 'grant', from: null, until: day, wording: 0, ...changes });
}
const broken = plain({ kind: 'broken', wording: 1 });
const endorsedRules = plain({ kind: 'people', sre: ['alice', 'bob', 'carol'], owners: ['bob', 'carol'], wording: 0 });
const otherRules = plain({ kind: 'people', sre: ['alice', 'bob', 'carol', 'mallory'], owners: ['bob', 'carol'], wording: 0 });

const first: Tree = new Map([
  [rulesPath, endorsedRules],
  [alice, until(60)],
]);

/** Files after a landing, `null` for gone, and who stood behind it. */
interface Step {
  readonly files: Readonly<Record<string, File | null>>;
  readonly by: 'reviewers' | 'nobody' | 'evidence: none';
}

const unreviewed = (files: Step['files']): Step => ({ files, by: 'nobody' });
const reviewed = (files: Step['files']): Step => ({ files, by: 'reviewers' });
const unseen = (files: Step['files']): Step => ({ files, by: 'evidence: none' });

function started(): PolicyState {
  const grants = [...first].flatMap(([path, file]) => (isRulesPath(path) ? [] : [[path, grantAt(path, file)] as const]));
  return startingState({
    commit: commitOf(0),
    committedAt: onDay(0),
    tree: policyTree(first),
    rules: rules(),
    grants: new Map(grants.flatMap(([path, grant]) => (grant ? [[path, grant] as const] : []))),
  });
}

function verdictOn(by: Step['by'], { commit, committedAt }: Landing, number: number): Verdict {
  if (by === 'nobody') return { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: number };
  const reviewed = by === 'reviewers';
  return {
    kind: 'endorsed',
    reviewed,
    commit,
    mergeRequest: reviewed ? number : null,
    approvedBy: reviewed ? [uid('bob')] : [],
    landedAt: committedAt,
  };
}

/** The state after these steps. Whoever approved is trusted to have been heard: what is clean is asked separately. */
function after(...steps: readonly Step[]): PolicyState {
  let tree = first;
  let state = started();
  for (const [index, { files, by }] of steps.entries()) {
    const next = new Map(tree);
    for (const [path, file] of Object.entries(files)) {
      if (file) next.set(path, file);
      else next.delete(path);
    }
    const changes = differences(tree, next);
    const number = index + 1;
    const landing: Landing = {
      commit: commitOf(number),
      parent: commitOf(index),
      parents: 2,
      committedAt: onDay(number),
      changes,
      outside: 0,
    };
    state = applyDelta(state, step(state, landing, understood(readingsOf(next, changes)), verdictOn(by, landing, number), folder));
    tree = next;
  }
  return state;
}

/** Would a reviewed change of alice's file be taken for one whose reviewers saw all there is? */
function isClean(state: PolicyState): boolean {
  const before = state.tree.get(alice);
  const change = { path: alice, ...(before ? { before } : {}) };
  const landing: Landing = {
    commit: commitOf(99),
    parent: state.judged,
    parents: 2,
    committedAt: onDay(99),
    changes: [change],
    outside: 0,
  };
  return dirtyPath(state, landing) === undefined;
}

describe('what happens to a grant', () => {
  it.each<{ given: string; steps: readonly Step[]; gives: number | null; clean: boolean }>([
    { given: 'nothing', steps: [], gives: 60, clean: true },
    { given: 'an unreviewed reformatting', steps: [unreviewed({ [alice]: until(60, { wording: 1 }) })], gives: 60, clean: false },
    { given: 'an unreviewed shortening', steps: [unreviewed({ [alice]: until(30) })], gives: 30, clean: false },
    { given: 'an unreviewed lengthening', steps: [unreviewed({ [alice]: until(80) })], gives: 60, clean: false },
    {
      given: 'an unreviewed shortening, and back',
      steps: [unreviewed({ [alice]: until(30) }), unreviewed({ [alice]: until(60) })],
      gives: 30,
      clean: true,
    },
    {
      given: 'an unreviewed lengthening, and back',
      steps: [unreviewed({ [alice]: until(80) }), unreviewed({ [alice]: until(60) })],
      gives: 60,
      clean: true,
    },
    {
      given: 'an unreviewed shortening, back, and the same with review',
      steps: [unreviewed({ [alice]: until(30) }), unreviewed({ [alice]: until(60) }), reviewed({ [alice]: until(50) })],
      gives: 50,
      clean: true,
    },
    { given: 'an unreviewed deletion', steps: [unreviewed({ [alice]: null })], gives: null, clean: true },
    {
      given: 'an unreviewed deletion and an identical file again',
      steps: [unreviewed({ [alice]: null }), unreviewed({ [alice]: until(60) })],
      gives: null,
      clean: false,
    },
    {
      given: 'an unreviewed deletion and an identical file with review',
      steps: [unreviewed({ [alice]: null }), reviewed({ [alice]: until(60) })],
      gives: 60,
      clean: true,
    },
    { given: 'broken YAML', steps: [unreviewed({ [alice]: broken })], gives: null, clean: false },
    {
      given: 'broken YAML, and back',
      steps: [unreviewed({ [alice]: broken }), unreviewed({ [alice]: until(60) })],
      gives: null,
      clean: true,
    },
    { given: 'another mode', steps: [unreviewed({ [alice]: { ...until(60), mode: '100755' } })], gives: null, clean: false },
    {
      given: 'another mode, and back',
      steps: [unreviewed({ [alice]: { ...until(60), mode: '100755' } }), unreviewed({ [alice]: until(60) })],
      gives: null,
      clean: true,
    },
    { given: 'a link instead', steps: [unreviewed({ [alice]: { ...until(60), mode: '120000' } })], gives: null, clean: false },
    { given: 'a reviewed lengthening', steps: [reviewed({ [alice]: until(80) })], gives: 80, clean: true },
    { given: 'a reviewed deletion', steps: [reviewed({ [alice]: null })], gives: null, clean: true },
  ])('given $given, then until $gives and clean: $clean', ({ steps, gives, clean }) => {
    const state = after(...steps);
    expect(state.inForce.get(alice)?.until).toBe(gives === null ? undefined : onDay(gives));
    expect(isClean(state)).toBe(clean);
  });

  it('given an unreviewed rename to mallory, then alice is out and mallory never in', () => {
    const state = after(unreviewed({ [alice]: null, [mallory]: until(60) }), unreviewed({ [mallory]: until(60, { wording: 1 }) }));
    expect(state.inForce).toEqual(new Map());
    expect(state.ended.get(alice)).toMatchObject({ cause: 'deleted', reviewed: false, commit: commitOf(1) });
    expect(state.refusals.get(mallory)).toMatchObject({ commit: commitOf(2), code: 'no-approval', mergeRequest: 2 });
  });

  it('given two unreviewed edits, then each takes its part and the approved end stays known', () => {
    const state = after(unreviewed({ [alice]: until(50, { from: 10 }) }), unreviewed({ [alice]: until(80, { from: 20 }) }));
    expect(state.inForce.get(alice)).toMatchObject({
      from: onDay(20),
      until: onDay(50),
      endorsedUntil: onDay(60),
      narrowedBy: commitOf(2),
      commit: commitOf(0),
    });
  });

  it('given a review, then it says who approved what, and the refusals before it are history', () => {
    const state = after(unreviewed({ [mallory]: until(70) }), unreviewed({ [mallory]: null }), reviewed({ [mallory]: until(70) }));
    expect(state.inForce.get(mallory)).toMatchObject({
      uid: 'mallory',
      mergeRequest: 3,
      approvedBy: ['bob'],
      landedAt: onDay(3),
      commit: commitOf(3),
    });
    expect(state.refusals).toEqual(new Map());
    expect([...state.usedMergeRequests.keys()]).toEqual([3]);
  });
});

describe('how a grant has ended', () => {
  it.each<{ given: string; steps: readonly Step[]; gives: object | undefined }>([
    { given: 'a deletion that somebody approved', steps: [reviewed({ [alice]: null })], gives: { cause: 'deleted', reviewed: true } },
    { given: 'a deletion that nobody approved', steps: [unreviewed({ [alice]: null })], gives: { cause: 'deleted', reviewed: false } },
    { given: 'a deletion with evidence: none', steps: [unseen({ [alice]: null })], gives: { cause: 'deleted', reviewed: false } },
    { given: 'an edit that broke it', steps: [unreviewed({ [alice]: broken })], gives: { cause: 'refused', reviewed: false } },
    {
      given: 'an edit that broke it, its revert, and an approved deletion: no limit may hold that up',
      steps: [unreviewed({ [alice]: broken }), unreviewed({ [alice]: until(60) }), reviewed({ [alice]: null })],
      gives: { cause: 'deleted', reviewed: true, commit: commitOf(3) },
    },
    {
      given: 'a new approved grant after a deletion',
      steps: [unreviewed({ [alice]: null }), reviewed({ [alice]: until(70) })],
      gives: undefined,
    },
    {
      given: 'an unreviewed grant after a deletion',
      steps: [unreviewed({ [alice]: null }), unreviewed({ [alice]: until(70) })],
      gives: { cause: 'deleted', reviewed: false },
    },
  ])('given $given', ({ steps, gives }) => {
    const ended = after(...steps).ended.get(alice);
    if (gives === undefined) expect(ended).toBeUndefined();
    else expect(ended).toMatchObject({ ...gives, grant: { until: onDay(60), uid: 'alice' } });
  });
});

describe('with evidence: none', () => {
  it('given a shorter end, then it holds, and until the old end it counts as a removal that nobody reviewed', () => {
    expect(after(unseen({ [alice]: until(30) })).inForce.get(alice)).toMatchObject({
      until: onDay(30),
      endorsedUntil: onDay(60),
      narrowedBy: commitOf(1),
    });
  });

  it('given a longer end, then that is the approved one', () => {
    expect(after(unseen({ [alice]: until(80) })).inForce.get(alice)).toMatchObject({
      until: onDay(80),
      endorsedUntil: onDay(80),
      mergeRequest: null,
    });
  });
});

describe('the rules in force', () => {
  it.each<{ given: string; steps: readonly Step[]; dirty: string | undefined }>([
    { given: 'nothing', steps: [], dirty: undefined },
    { given: 'an unreviewed edit', steps: [unreviewed({ [rulesPath]: otherRules })], dirty: rulesPath },
    {
      given: 'an unreviewed edit and its revert',
      steps: [unreviewed({ [rulesPath]: otherRules }), unreviewed({ [rulesPath]: endorsedRules })],
      dirty: undefined,
    },
    { given: 'an unreviewed deletion', steps: [unreviewed({ [rulesPath]: null })], dirty: rulesPath },
    {
      given: 'an unreviewed deletion and its revert',
      steps: [unreviewed({ [rulesPath]: null }), unreviewed({ [rulesPath]: endorsedRules })],
      dirty: undefined,
    },
    { given: 'an unreviewed file more', steps: [unreviewed({ 'policy/groups/x.yaml': broken })], dirty: 'policy/groups/x.yaml' },
    { given: 'a file that is a link now', steps: [unreviewed({ [rulesPath]: { ...endorsedRules, mode: '120000' } })], dirty: rulesPath },
    { given: 'an approved edit', steps: [reviewed({ [rulesPath]: otherRules })], dirty: undefined },
  ])('given $given, then the file that differs is $dirty', ({ steps, dirty }) => {
    expect(dirtyRules(after(...steps), folder)).toBe(dirty);
  });

  it('change by an approved landing only', () => {
    expect(after(unreviewed({ [rulesPath]: otherRules })).rules).toEqual(rules());
    expect([...after(reviewed({ [rulesPath]: otherRules })).rules.teams.values()].flat()).toContain('mallory');
  });
});
