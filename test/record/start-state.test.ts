import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/record/deltas.ts';
import { step } from '../../src/judge/effective.ts';
import { type PolicyState } from '../../src/record/policy-state.ts';
import type { Landing } from '../../src/history/landing.ts';
import { nothingJudged, takeJudged } from '../../src/record/judged-state.ts';
import { acceptProposed, carriedOver, startingState } from '../../src/record/start-state.ts';
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

describe('a landing that people signed, on the side that converges', () => {
  const before = startAt('a', { [alice]: from(10, 60) });

  function taken(files: Readonly<Record<string, File>>, firstSeen: number | null, signers = 1, state = before) {
    const tree = policyTree(new Map(Object.entries(files)));
    const changes = [...tree].map(([path, after]) => ({ path, ...(state.tree.has(path) && { before: state.tree.get(path) }), after }));
    const at = onDay(1);
    const landing: Landing = { commit: commit('d'), parent: state.judged, parents: 2, committedAt: at, changes, outside: 0 };
    const grants = new Map(Object.entries(files).flatMap(([path, file]) => [[path, grantAt(path, file)] as const]));
    const read = new Map([...grants].flatMap(([path, grant]) => (grant ? [[path, grant] as const] : [])));
    const provenance = { commit: landing.commit, mergeRequest: null, approvedBy: [], landedAt: at };
    const verdict = { kind: 'endorsed', reviewed: true, ...provenance } as const;
    const statement = { text: '', signature: '', fingerprint: '', firstSeen: at };
    const statements = Array.from({ length: signers }, () => statement);
    const seen = firstSeen === null ? null : onDay(firstSeen);
    const delta = step(state, landing, { grants: read }, verdict, folder);
    const { policy } = takeJudged(
      { ...nothingJudged, policy: state },
      [
        { type: 'signed', at, commit: landing.commit, firstSeen: seen, rules: '', changes: [], statements },
        { type: 'verdict', at, commit: landing.commit, verdict, evidence: null, delta },
      ],
      'converging',
    );
    if (!policy) throw new Error('there is no policy');
    return policy;
  }

  it.each<{ given: string; files: Readonly<Record<string, File>>; inForce: object; proposed: object }>([
    { given: 'a new grant', files: { [bob]: from(0, 60) }, inForce: { alice: days(10, 60) }, proposed: { bob: days(0, 60) } },
    { given: 'a longer one', files: { [alice]: from(10, 70) }, inForce: { alice: days(10, 60) }, proposed: { alice: days(10, 70) } },
    { given: 'a shorter one', files: { [alice]: from(10, 50) }, inForce: { alice: days(10, 50) }, proposed: {} },
  ])('when the record never saw it land, and it brings $given, then a person must allow what it gives', ({ files, inForce, proposed }) => {
    const policy = taken(files, null);
    expect(spans(policy.inForce)).toEqual(inForce);
    expect(spans(policy.proposed)).toEqual(proposed);
  });

  it('when it was seen to land, or nobody had to sign it, then it is in force', () => {
    for (const policy of [taken({ [bob]: from(0, 60) }, 1), taken({ [bob]: from(0, 60) }, null, 0)])
      expect(spans(policy.inForce)).toEqual({ alice: days(10, 60), bob: days(0, 60) });
  });

  it('when a later record begins anew with it, then what it gives is still proposed', () => {
    const fresh = taken({ [alice]: from(10, 60), [bob]: from(0, 60) }, null, 1, startAt('b', {}));
    const { inForce, proposed } = carriedOver(fresh, before);
    expect([spans(inForce), spans(proposed)]).toEqual([{ alice: days(10, 60) }, { bob: days(0, 60) }]);
  });
});
