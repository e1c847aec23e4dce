// Do the laws see a mistake? Each of these folds has one planted in it, such as a hurried change of the code might bring, and at least
// the invariant named with it must find it out. Seeds are fixed: the same mistake is found in the same history every time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyDelta } from '../../src/record/policy-state.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import { fold, realFunctions, type FoldFunctions } from './history-fold.ts';
import { folded, invariants } from './history-invariants.ts';
import { histories } from './history-model.ts';

type Name = 'Narrowing' | 'Reason' | 'Rules before' | 'Shown is true' | 'Finality';

interface Mistake {
  readonly mistake: string;
  readonly functions: Partial<FoldFunctions>;
  readonly breaks: readonly Name[];
}

const real = realFunctions;

/** The real step, and what a mistake makes of its delta where the landing was refused. */
function whenRefused(
  spoil: (delta: PolicyDelta, ...step: Parameters<FoldFunctions['step']>) => Partial<PolicyDelta>,
): FoldFunctions['step'] {
  return (...step) => {
    const delta = real.step(...step);
    return step[3].kind === 'refused' ? { ...delta, ...spoil(delta, ...step) } : delta;
  };
}

/** What the file says, as if it had been endorsed. */
function saidBy(path: string, files: Parameters<FoldFunctions['step']>[2], grant: GrantInForce | null | undefined): GrantInForce | null {
  const file = files.grants.get(path);
  return file && grant ? { ...grant, ...file } : null;
}

const mistakes: readonly Mistake[] = [
  {
    mistake: 'nobody looks at what stood there before',
    functions: { dirtyPath: () => undefined },
    breaks: ['Narrowing', 'Reason', 'Rules before'],
  },
  {
    mistake: 'deletions are taken for clean, whatever is deleted',
    functions: {
      dirtyPath: (state, landing) => real.dirtyPath(state, { ...landing, changes: landing.changes.filter(({ after }) => after) }),
    },
    breaks: ['Rules before'],
  },
  {
    mistake: 'an unreviewed deletion leaves the content endorsed, for whoever puts it back',
    functions: { step: whenRefused(() => ({ endorsed: [] })) },
    breaks: ['Narrowing', 'Reason', 'Rules before'],
  },
  {
    mistake: 'the mode of the file that stood there does not matter',
    functions: {
      dirtyPath: (state, landing) =>
        real.dirtyPath(state, {
          ...landing,
          changes: landing.changes.map((one) => (one.before ? { ...one, before: { ...one.before, mode: '100644' } } : one)),
        }),
    },
    breaks: ['Rules before'],
  },
  {
    mistake: 'rules that differ from those in force hold nothing up',
    functions: { dirtyRules: () => undefined },
    breaks: ['Rules before'],
  },
  {
    mistake: 'rules that were deleted are not missed',
    functions: {
      dirtyRules: (state, under) =>
        real.dirtyRules({ ...state, endorsed: new Map([...state.endorsed].filter(([path]) => state.tree.has(path))) }, under),
    },
    breaks: ['Rules before'],
  },
  {
    mistake: 'a landing is judged by the rules it brings',
    functions: { judgingRules: (state, { rules }) => (rules?.kind === 'valid' ? rules.value : state.rules) },
    breaks: ['Rules before'],
  },
  {
    mistake: 'rules come into force whoever wrote them',
    functions: { step: whenRefused((_, __, ___, { rules }) => (rules ? { rules } : {})) },
    breaks: ['Rules before'],
  },
  {
    mistake: 'an unreviewed edit of a grant in force applies',
    functions: {
      step: whenRefused((delta, state, _, files) => ({
        inForce: delta.inForce.map(([path]) => [path, saidBy(path, files, state.inForce.get(path))]),
      })),
    },
    breaks: ['Narrowing', 'Reason'],
  },
  {
    mistake: 'an unreviewed grant is in force when nothing was before',
    functions: {
      step: whenRefused((_, state, { changes, commit, committedAt }, files) => ({
        inForce: changes.flatMap(({ path }) => {
          const file = files.grants.get(path);
          const grant = file && {
            ...file,
            path,
            commit,
            mergeRequest: null,
            approvedBy: [],
            landedAt: committedAt,
            endorsedUntil: file.until,
          };
          return grant && !state.inForce.has(path) ? [[path, grant] as const] : [];
        }),
      })),
    },
    breaks: ['Narrowing', 'Reason'],
  },
  {
    mistake: 'a revert restores what the edit took',
    functions: {
      step: whenRefused((delta, state, { changes }, files) => ({
        inForce: delta.inForce.map(([path, grant]) => {
          const isRevert = changes.some((one) => one.path === path && one.after && state.endorsed.get(path) === one.after.blob);
          return [path, isRevert ? saidBy(path, files, state.inForce.get(path)) : grant];
        }),
      })),
    },
    breaks: ['Narrowing', 'Reason'],
  },
  {
    mistake: 'the meet takes the later end',
    functions: {
      step: whenRefused((delta, state, _, files) => ({
        inForce: delta.inForce.map(([path, grant]) => {
          const until = [grant?.until, files.grants.get(path)?.until, state.inForce.get(path)?.until].filter(
            (end) => typeof end === 'number',
          );
          return [
            path,
            grant && grant.until !== 'open' ? { ...grant, until: until.reduce((left, right) => (left > right ? left : right)) } : grant,
          ];
        }),
      })),
    },
    breaks: ['Narrowing', 'Reason', 'Shown is true'],
  },
  {
    mistake: 'an unreviewed edit is ignored',
    functions: { step: whenRefused(() => ({ inForce: [] })) },
    breaks: ['Reason', 'Shown is true'],
  },
  {
    mistake: 'what an edit broke stays in force',
    functions: { step: whenRefused((delta) => ({ inForce: delta.inForce.filter(([, grant]) => grant) })) },
    breaks: ['Reason', 'Shown is true'],
  },
  {
    mistake: 'a landing endorses the whole tree it leaves',
    functions: {
      step: (...step) => {
        const delta = real.step(...step);
        const after = real.applyDelta(step[0], delta).tree;
        return step[3].kind === 'endorsed' ? { ...delta, endorsed: [...after].map(([path, { blob }]) => [path, blob]) } : delta;
      },
    },
    breaks: ['Rules before', 'Narrowing'],
  },
  {
    mistake: 'rules and grants may change together',
    functions: {
      formObjection: (...form) => {
        const objection = real.formObjection(...form);
        return objection?.code === 'mixed' ? undefined : objection;
      },
    },
    breaks: ['Rules before'],
  },
  {
    mistake: 'a merge request is never used up',
    functions: { applyDelta: (state, delta) => real.applyDelta(state, { ...delta, usedMergeRequest: null }) },
    breaks: ['Finality', 'Rules before'],
  },
  {
    mistake: 'a new start applies at once',
    functions: { startingState: (start) => real.startingState(start) },
    breaks: ['Narrowing', 'Reason'],
  },
  {
    mistake: 'a new start adds what is new at once, and holds only what it lengthens',
    functions: {
      startingState: (start, before) => {
        const state = real.startingState(start, before);
        const added = before ? [...state.proposed].filter(([path]) => !before.inForce.has(path)) : [];
        return { ...state, inForce: new Map([...state.inForce, ...added]) };
      },
    },
    breaks: ['Narrowing', 'Reason'],
  },
  {
    mistake: 'a new start takes nothing from what is in force',
    functions: {
      startingState: (start, before) => {
        const state = real.startingState(start, before);
        return before ? { ...state, inForce: before.inForce } : state;
      },
    },
    breaks: ['Reason', 'Shown is true'],
  },
  {
    mistake: 'a link or an executable file is as good as a plain one',
    functions: {
      step: (state, landing, ...others) => {
        const changes = landing.changes.map((one) => (one.after ? { ...one, after: { ...one.after, mode: '100644' } } : one));
        return real.step(state, { ...landing, changes }, ...others);
      },
    },
    breaks: ['Reason', 'Shown is true'],
  },
  {
    mistake: 'what a new start proposed outlives a landing that changes it',
    functions: { applyDelta: (state, delta) => ({ ...real.applyDelta(state, delta), proposed: state.proposed }) },
    breaks: ['Narrowing', 'Reason', 'Shown is true'],
  },
  {
    mistake: 'a grant that is in force again is still said to have ended',
    functions: { acceptProposed: (state, paths) => ({ ...real.acceptProposed(state, paths), ended: state.ended }) },
    breaks: ['Shown is true'],
  },
  {
    mistake: 'the rules are forgotten by a refused deletion of their file',
    functions: {
      step: whenRefused((_, __, { changes }) => ({
        endorsed: changes.flatMap(({ path, after }) => (after ? [] : [[path, null] as const])),
      })),
    },
    breaks: ['Rules before'],
  },
];

function isFound(name: Name, functions: FoldFunctions): boolean {
  const [, invariant] = Object.entries(invariants).find(([title]) => title.startsWith(name)) ?? [];
  if (!invariant) throw new Error(`there is no invariant ${name}`);
  const holds = fc.property(histories, (history) => invariant(folded(history, fold(history, functions))) === undefined);
  return fc.check(holds, { seed: 20_261_123, numRuns: 2000, endOnFailure: true }).failed;
}

const expectations = mistakes.flatMap(({ mistake, functions, breaks }) => breaks.map((name) => [mistake, name, functions] as const));

describe('given a fold with a mistake in it', () => {
  it.each(expectations)('when %s, then "%s" does not hold', (_, name, functions) => {
    expect(isFound(name, { ...real, ...functions })).toBe(true);
  });

  it.each(Object.keys(invariants))('some mistake breaks "%s"', (title) => {
    expect(mistakes.flatMap(({ breaks }) => breaks).some((name) => title.startsWith(name))).toBe(true);
  });
});
