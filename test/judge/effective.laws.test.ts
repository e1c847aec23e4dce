import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/record/deltas.ts';
import { fold } from './history-fold.ts';
import { folded, invariants } from './history-invariants.ts';
import { histories } from './history-model.ts';

describe('given any history of a branch', () => {
  it.each(Object.entries(invariants))('%s', (_, invariant) => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(invariant(folded(history, fold(history)))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('Finality: the same landings and verdicts give the same state, and so do their deltas played again', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const moments = fold(history);
        expect(fold(history)).toEqual(moments);
        for (const [number, { state, delta }] of moments.entries()) {
          const before = moments[number - 1];
          if (before && delta) expect(applyDelta(before.state, structuredClone(delta))).toEqual(state);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('given a row of deltas', () => {
  it('applying them at once gives what applying them one by one gives, and leaves the state before as it was', () => {
    fc.assert(
      fc.property(histories, fc.nat(20), (history, begin) => {
        const moments = fold(history).slice(begin);
        const [before, ...later] = moments;
        if (!before) return;
        const kept = structuredClone(before.state);
        const end = later.findIndex(({ delta }) => !delta);
        const row = end === -1 ? later : later.slice(0, end);
        const deltas = row.flatMap(({ delta }) => delta ?? []);
        expect(applyDelta(before.state, ...deltas)).toEqual((row.at(-1) ?? before).state);
        expect(before.state).toEqual(kept);
      }),
      { numRuns: 200 },
    );
  });
});

describe('given the histories that the laws are tried on', () => {
  it('every kind of event and every verdict that matters is among them, many times', () => {
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    for (const history of fc.sample(histories, { numRuns: 300, seed: 7 })) {
      for (const [number, { verdict, state }] of fold(history).entries()) {
        const event = history.events[number - 1];
        count(event?.kind ?? 'first');
        if (verdict)
          count(
            verdict.kind === 'refused'
              ? verdict.code
              : `endorsed ${event && 'landing' in event && event.landing.changes.every(({ path }) => path.includes('/grants/')) ? 'grants' : 'rules'}`,
          );
        if (state.proposed.size > 0) count('proposed');
      }
    }
    const wanted = [
      'endorsed grants',
      'endorsed rules',
      'dirty',
      'rules-dirty',
      'mixed',
      'no-approval',
      'not-bound',
      'off-chain',
      'file-mode',
      'unreadable',
      'impure',
      'unexpected-path',
      'rules-invalid',
      'too-few-approvers',
      'too-long',
      'until-before-from',
      'unknown-group',
      'start',
      'accept',
      'proposed',
    ];
    expect(wanted.filter((what) => (seen.get(what) ?? 0) < 10)).toEqual([]);
  });
});
