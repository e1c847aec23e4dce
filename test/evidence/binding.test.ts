import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindMergeRequests, isEndOfFastForward, isFastForward, landingCommit, type Binding } from '../../src/evidence/binding.ts';
import { type UnboundReason } from '../../src/record/approval-count.ts';
import type { Candidate, MergeRequest, StateEvent } from '../../src/record/kept-evidence.ts';
import type { Instant } from '../../src/names.ts';
import { at, bound, candidate, commit, landing, merged, mergeRequest, target, version } from './evidence-samples.ts';

function bind(candidates: readonly Candidate[], { parents = 2, used = [] }: { parents?: number; used?: readonly number[] } = {}): Binding {
  return bindMergeRequests({ commit: landing, parents }, candidates, target, new Set(used));
}

function numbers(binding: Binding): readonly number[] {
  return binding.kind === 'bound' ? binding.mergeRequests.map((one) => one.mergeRequest.iid) : [];
}

describe('the commit that a merge leaves on the branch', () => {
  test.each([
    ['merge commit', { mergeCommit: commit('1'), squashCommit: null }, commit('1')],
    ['squash and merge commit', { mergeCommit: commit('1'), squashCommit: commit('2') }, commit('1')],
    ['squash and fast-forward', { mergeCommit: null, squashCommit: commit('2') }, commit('2')],
    ['fast-forward', { mergeCommit: null, squashCommit: null }, commit('b')],
  ])('given a %s, then it is the first that GitLab names', (_, fields, expected) => {
    expect(landingCommit(mergeRequest(fields))).toBe(expected);
  });
});

describe('binding', () => {
  test('given one merged merge request with this commit, then it is bound', () => {
    expect(numbers(bind([candidate()]))).toEqual([1]);
  });

  test('given a source in a fork that is gone, then it is bound', () => {
    expect(numbers(bind([candidate({ sourceProject: null })]))).toEqual([1]);
  });

  const spoiled: readonly (readonly [string, Partial<MergeRequest>, UnboundReason])[] = [
    ['another project', { targetProject: 8 }, 'other-project'],
    ['another branch', { targetBranch: 'next' }, 'other-branch'],
    ['an open state', { state: 'opened' }, 'not-merged'],
    ['a locked state', { state: 'locked' }, 'not-merged'],
    ['a closed state', { state: 'closed' }, 'not-merged'],
    ['an imported one', { imported: true }, 'imported'],
    ['another merge commit', { mergeCommit: commit('1') }, 'not-its-landing'],
    ['another squash commit', { mergeCommit: null, squashCommit: commit('1'), head: landing }, 'not-its-landing'],
    ['a longer fast-forward', { mergeCommit: null }, 'part-of-fast-forward'],
  ];
  test.each(spoiled)('given %s, then it is not bound', (_, fields, reason) => {
    expect(bind([candidate(fields)])).toEqual({ kind: 'none', reason, mergeRequest: 1 });
  });

  test('given no merge time, then the event dates it; without an event the commit that GitLab made does, once it may; a head dates nothing', () => {
    const freed = candidate({ mergedAt: null }, { stateEvents: [] });
    const dated = (one: Candidate, committedAt?: Instant) =>
      bindMergeRequests({ commit: landing, parents: 2, ...(committedAt && { committedAt }) }, [one], target, new Set());
    expect(dated(candidate({ mergedAt: null }))).toMatchObject({ mergeRequests: [{ mergedAt: at(4) }] });
    expect(dated(freed, at(3))).toMatchObject({ mergeRequests: [{ mergedAt: at(3) }] });
    const squashed = candidate({ mergedAt: null, mergeCommit: null, squashCommit: landing }, { stateEvents: [] });
    expect(dated(squashed, at(3))).toMatchObject({ mergeRequests: [{ mergedAt: at(3) }] });
    expect(dated(freed)).toMatchObject({ reason: 'merge-not-recorded' });
    expect(dated(candidate({ mergedAt: null, mergeCommit: null, head: landing }, { stateEvents: [] }), at(3))).toMatchObject({
      reason: 'merge-not-recorded',
    });
    expect(dated(candidate({}, { stateEvents: [] }), at(3))).toMatchObject({ reason: 'merge-not-recorded' });
  });

  const events: readonly (readonly [string, readonly StateEvent[], UnboundReason])[] = [
    ['a commit', [merged({ sourceCommit: landing })], 'merged-elsewhere'],
    ['a merge request', [merged({ sourceMergeRequest: 9 })], 'merged-elsewhere'],
    ['a commit in one of two', [merged(), merged({ sourceCommit: landing })], 'merged-elsewhere'],
    ['nothing, as there is none', [], 'merge-not-recorded'],
    ['nothing, as it is another event', [merged({ state: 'closed' })], 'merge-not-recorded'],
  ];
  test.each(events)('given a merged event that names %s, then it is not bound', (_, stateEvents, reason) => {
    expect(bind([candidate({}, { stateEvents })])).toEqual({ kind: 'none', reason, mergeRequest: 1 });
  });

  test('given no review, then nothing is bound', () => {
    expect(bind([{ mergeRequest: mergeRequest(), review: null }])).toMatchObject({ kind: 'none', reason: 'merge-not-recorded' });
  });

  test('given three parents, then nothing is bound', () => {
    expect(bind([candidate()], { parents: 3 })).toEqual({ kind: 'none', reason: 'octopus' });
  });

  test('given an earlier landing of the merge request, then it is not bound again', () => {
    expect(bind([candidate()], { used: [1] })).toMatchObject({ reason: 'used-before' });
  });

  test('given nothing, then that is the reason', () => {
    expect(bind([])).toEqual({ kind: 'none', reason: 'no-merge-request' });
  });

  test('given several that fail, then the reason is that of the one that came closest', () => {
    const open = candidate({ iid: 2, state: 'opened' });
    const pushed = candidate({ iid: 3 }, { stateEvents: [merged({ sourceCommit: landing })] });
    expect(bind([open, pushed])).toEqual({ kind: 'none', reason: 'merged-elsewhere', mergeRequest: 3 });
  });

  test('given two that both are the landing, then both are bound, apart from each other', () => {
    expect(numbers(bind([candidate(), candidate({ iid: 2 })]))).toEqual([1, 2]);
  });
});

const anyCandidate: fc.Arbitrary<Candidate> = fc
  .record({
    iid: fc.integer({ min: 1, max: 4 }),
    targetProject: fc.constantFrom(7, 7, 8),
    state: fc.constantFrom('merged' as const, 'merged' as const, 'opened' as const),
    imported: fc.constantFrom(false, false, true),
    mergeCommit: fc.constantFrom(landing, landing, null, commit('1')),
    sourceCommit: fc.constantFrom(null, null, landing),
    events: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ sourceCommit, events, ...fields }) =>
    candidate(fields, { stateEvents: Array.from({ length: events }, () => merged({ sourceCommit })) }),
  );

describe('laws of binding', () => {
  test('given more candidates, then whatever was bound still is', () => {
    fc.assert(
      fc.property(fc.array(anyCandidate), fc.array(anyCandidate), (some, others) => {
        expect(numbers(bind([...some, ...others]))).toEqual(expect.arrayContaining([...numbers(bind(some))]));
      }),
    );
  });

  test('given fewer candidates, then nothing new is bound', () => {
    fc.assert(
      fc.property(fc.array(anyCandidate), fc.nat(), (some, place) => {
        const fewer = some.filter((_, index) => index !== place % (some.length || 1));
        expect(numbers(bind(some))).toEqual(expect.arrayContaining([...numbers(bind(fewer))]));
      }),
    );
  });

  test('given a used merge request, then it is never bound', () => {
    fc.assert(
      fc.property(fc.array(anyCandidate), fc.array(fc.integer({ min: 1, max: 4 })), (some, used) => {
        expect(numbers(bind(some, { used })).filter((iid) => used.includes(iid))).toEqual([]);
      }),
    );
  });
});

describe('a fast-forward', () => {
  const itself = { mergeCommit: null, squashCommit: null };
  const other: readonly (readonly [string, Partial<MergeRequest>])[] = [
    ['with a merge commit', { mergeCommit: landing }],
    ['with a squash commit', { squashCommit: landing }],
    ['that is open', { state: 'opened' }],
    ['that was imported', { imported: true }],
    ['into another project', { targetProject: 8 }],
    ['into another branch', { targetBranch: 'next' }],
  ];

  test('given a merge with no commit of its own, then it is one', () => {
    expect(isFastForward(mergeRequest(itself), target)).toBe(true);
  });

  test.each(other)('given a merge request %s, then it is none', (_, changes) => {
    expect(isFastForward(mergeRequest({ ...itself, ...changes }), target)).toBe(false);
  });

  const versions = [
    version({ id: 2, base: commit('c'), createdAt: at(1) }),
    version({ id: 3, base: commit('d'), createdAt: at(1) }),
    version({ id: 1, base: commit('e'), createdAt: at(0) }),
  ];
  test.each([
    ['the base of the last version', commit('d'), itself, false],
    ['the base of the one before it', commit('c'), itself, true],
    ['the base of the first', commit('e'), itself, true],
    ['another commit, and a merge commit', commit('c'), { mergeCommit: landing, squashCommit: null }, false],
    ['another commit, and a squash commit', commit('c'), { mergeCommit: null, squashCommit: landing }, false],
  ])('given a landing whose parent is %s, then whether it is only the end of one is told', (_, parent, changes, gives) => {
    expect(isEndOfFastForward({ parent }, bound({ versions }, changes))).toBe(gives);
    expect(isEndOfFastForward({ parent }, bound({ versions: [...versions].reverse() }, changes))).toBe(gives);
  });

  test('given no version at all, then it is not what anybody approved', () => {
    expect(isEndOfFastForward({ parent: commit('c') }, bound({ versions: [] }, itself))).toBe(true);
  });
});
