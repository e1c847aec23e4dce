import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/record/deltas.ts';
import { step } from '../../src/judge/effective.ts';
import { type PolicyState } from '../../src/record/policy-state.ts';
import type { Landing } from '../../src/history/landing.ts';
import { acceptProposed, startingState } from '../../src/record/start-state.ts';
import { commit, rules } from '../evidence/evidence-samples.ts';
import { folder, grantAt, onDay, plain, policyTree, type Content, type File, type Tree } from '../judge/history-files.ts';

const alice = 'policy/grants/klaxon-users/alice.yaml';
const bob = 'policy/grants/klaxon-users/bob.yaml';

function from(day: number | null, until: number | 'open'): File {
  const content: Content = { kind: 'grant', from: day, until, wording: 0 };
  return plain(content);
}

function startAt(id: string, files: Readonly<Record<string, File>>, earlier?: PolicyState): PolicyState {
  const tree: Tree = new Map(Object.entries(files));
  const grants = [...tree].flatMap(([path, file]) => {
    const grant = grantAt(path, file);
    return grant ? [[path, grant] as const] : [];
  });
  return startingState(
    { commit: commit(id), committedAt: onDay(0), tree: policyTree(tree), rules: rules(), grants: new Map(grants) },
    earlier,
  );
}

function spans(grants: PolicyState['inForce']) {
  return Object.fromEntries([...grants].map(([path, grant]) => [path === alice ? 'alice' : 'bob', [grant.from, grant.until]]));
}

function days(start: number | null, end: number | 'open') {
  return [start === null ? undefined : onDay(start), end === 'open' ? 'open' : onDay(end)];
}

describe('a first start', () => {
  it('is taken as it is', () => {
    const state = startAt('a', { [alice]: from(null, 60), [bob]: from(10, 'open') });
    expect(spans(state.inForce)).toEqual({ alice: days(null, 60), bob: days(10, 'open') });
    expect(state.inForce.get(alice)).toMatchObject({
      path: alice,
      commit: commit('a'),
      mergeRequest: null,
      approvedBy: [],
      landedAt: onDay(0),
      endorsedUntil: onDay(60),
    });
    expect(state.proposed).toEqual(new Map());
  });
});

describe('a new start after an earlier one with alice from day 10 to day 60', () => {
  const before = startAt('a', { [alice]: from(10, 60) });

  it.each<{ given: string; files: Readonly<Record<string, File>>; inForce: object; proposed: object }>([
    { given: 'the same', files: { [alice]: from(10, 60) }, inForce: { alice: days(10, 60) }, proposed: {} },
    { given: 'an earlier end', files: { [alice]: from(10, 50) }, inForce: { alice: days(10, 50) }, proposed: {} },
    { given: 'a later start', files: { [alice]: from(20, 60) }, inForce: { alice: days(20, 60) }, proposed: {} },
    { given: 'a later end', files: { [alice]: from(10, 70) }, inForce: { alice: days(10, 60) }, proposed: { alice: days(10, 70) } },
    { given: 'no end', files: { [alice]: from(10, 'open') }, inForce: { alice: days(10, 60) }, proposed: { alice: days(10, 'open') } },
    { given: 'an earlier start', files: { [alice]: from(0, 60) }, inForce: { alice: days(10, 60) }, proposed: { alice: days(0, 60) } },
    { given: 'no start', files: { [alice]: from(null, 60) }, inForce: { alice: days(10, 60) }, proposed: { alice: days(null, 60) } },
    { given: 'earlier on both sides', files: { [alice]: from(0, 50) }, inForce: { alice: days(10, 50) }, proposed: { alice: days(0, 50) } },
    {
      given: 'somebody more',
      files: { [alice]: from(10, 60), [bob]: from(null, 60) },
      inForce: { alice: days(10, 60) },
      proposed: { bob: days(null, 60) },
    },
    { given: 'somebody else', files: { [bob]: from(10, 60) }, inForce: {}, proposed: { bob: days(10, 60) } },
  ])('given $given, then what it takes is taken and what it gives is proposed', ({ files, inForce, proposed }) => {
    const state = startAt('b', files, before);
    expect(spans(state.inForce)).toEqual(inForce);
    expect(spans(state.proposed)).toEqual(proposed);
  });

  it('given that it drops alice, then her grant has ended without review', () => {
    expect(startAt('b', {}, before).ended.get(alice)).toMatchObject({
      cause: 'deleted',
      reviewed: false,
      commit: commit('b'),
      grant: { until: onDay(60) },
    });
  });

  it('given merge requests that were used before it, then they stay used', () => {
    expect(startAt('b', {}, { ...before, usedMergeRequests: new Map([[7, before.judged]]) }).usedMergeRequests).toEqual(
      new Map([[7, before.judged]]),
    );
  });
});

describe('what a new start proposed', () => {
  const before = startAt('a', { [alice]: from(null, 60), [bob]: from(null, 60) });
  const dropped = startAt('b', { [alice]: from(null, 60) }, before);
  const state = startAt('c', { [alice]: from(null, 90), [bob]: from(null, 60) }, dropped);

  it('when a person allows one path, then that one is in force, and is no longer said to have ended', () => {
    const allowed = acceptProposed(state, [bob]);
    expect(spans(allowed.inForce)).toEqual({ alice: days(null, 60), bob: days(null, 60) });
    expect(spans(allowed.proposed)).toEqual({ alice: days(null, 90) });
    expect(state.ended.has(bob)).toBe(true);
    expect(allowed.ended.has(bob)).toBe(false);
  });

  it('when a person allows it twice, or what nobody proposed, then nothing more happens', () => {
    const once = acceptProposed(state, [alice, bob]);
    expect(acceptProposed(once, [alice, bob])).toEqual(once);
    expect(acceptProposed(state, ['policy/grants/klaxon-users/mallory.yaml'])).toEqual(state);
  });

  it.each([
    { given: 'deletes it', after: undefined },
    { given: 'changes it', after: policyTree(new Map([[bob, from(null, 70)]])).get(bob) },
  ])('when a landing that nobody reviewed $given, then nothing is proposed there any more', ({ after }) => {
    const standing = state.tree.get(bob);
    const change = { path: bob, ...(standing ? { before: standing } : {}), ...(after ? { after } : {}) };
    const landing: Landing = { commit: commit('d'), parent: commit('c'), parents: 2, committedAt: onDay(1), changes: [change], outside: 0 };
    const delta = step(
      state,
      landing,
      { grants: new Map() },
      { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: null },
      folder,
    );
    const next = applyDelta(state, delta);
    expect(spans(next.proposed)).toEqual({ alice: days(null, 90) });
    expect(spans(acceptProposed(next, [bob]).inForce)).toEqual({ alice: days(null, 60) });
  });
});
