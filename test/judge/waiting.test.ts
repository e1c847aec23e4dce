import { describe, expect, it } from 'vitest';
import type { PolicyState, Refusal } from '../../src/record/policy-state.ts';
import type { Reading } from '../../src/judge/form.ts';
import type { GrantInForce } from '../../src/record/grants.ts';
import type { Landing, PathChange, TreeEntry } from '../../src/history/landing.ts';
import { parseBlobId } from '../../src/names.ts';
import type { GrantFile } from '../../src/policy/policy.ts';
import { startingState } from '../../src/record/start-state.ts';
import { effectivePolicy, pathsToRead, tipTree, type WaitingLanding } from '../../src/judge/waiting.ts';
import { type EffectivePolicy } from '../../src/record/effective-policy.ts';
import { commit, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, klaxon, now } from '../membership/membership-samples.ts';

const rulesPath = 'policy/policy.yaml';
const alicePath = grantPathOf('alice');

function entry(digit: string, mode = '100644'): TreeEntry {
  const blob = parseBlobId(digit.repeat(40));
  if (!blob) throw new Error('the sample is wrong');
  return { mode, blob };
}

function file(name: string, changes: Partial<GrantFile> = {}): GrantFile {
  return { group: klaxon, uid: uid(name), reason: 'Testing.', until: hours(48), ...changes };
}

/** Rules and one grant, alice's for two days, endorsed as they are. */
const state: PolicyState = startingState({
  commit: commit('a'),
  committedAt: hours(-48),
  tree: new Map([
    [rulesPath, entry('1')],
    [alicePath, entry('2')],
  ]),
  rules: rules(),
  grants: new Map([[alicePath, file('alice')]]),
});

function waits(id: string, ...changes: readonly PathChange[]): WaitingLanding {
  const landing: Landing = { commit: commit(id), parent: commit('a'), parents: 1, committedAt: hours(-1), changes, outside: 0 };
  return { landing, code: 'gitlab-unavailable', detail: 'GitLab did not answer' };
}

function reading(grant: GrantFile): Reading {
  return { kind: 'grant', grant };
}

function effective(
  of: PolicyState,
  waiting: readonly WaitingLanding[] = [],
  readings: Readonly<Record<string, Reading>> = {},
): EffectivePolicy {
  return effectivePolicy(of, waiting, new Map(Object.entries(readings)), now, 'policy');
}

const without = { path: alicePath, before: entry('2') };
const edited = { path: alicePath, before: entry('2'), after: entry('3') };

describe('while a landing waits for its verdict', () => {
  it('given nothing that waits, then what is in force is in force', () => {
    expect(effective(state)).toMatchObject({ grants: [{ uid: 'alice', until: hours(48) }], pending: [], refused: [], undecided: [] });
  });

  it('given that it deletes a grant, then nobody is in by it: no file at the tip covers the person', () => {
    const policy = effective(state, [waits('b', without)]);
    expect(policy.grants).toEqual([]);
    expect(policy.ended.get(alicePath)).toMatchObject({ cause: 'deleted', reviewed: false, commit: commit('b'), grant: { uid: 'alice' } });
  });

  it.each([
    {
      given: 'a shorter end',
      changes: { until: hours(24) },
      gives: { until: hours(24), endorsedUntil: hours(48), narrowedBy: commit('b') },
    },
    { given: 'a later start', changes: { from: hours(24) }, gives: { from: hours(24), until: hours(48), narrowedBy: commit('b') } },
    { given: 'a longer end', changes: { until: hours(96) }, gives: { until: hours(48) } },
    { given: 'other words', changes: { reason: 'Others.' }, gives: { until: hours(48), reason: 'Testing.' } },
  ])('given that it writes $given, then only what both say is in force', ({ changes, gives }) => {
    const policy = effective(state, [waits('b', edited)], { [alicePath]: reading(file('alice', changes)) });
    expect(policy.grants).toMatchObject([gives]);
  });

  it.each([
    { given: 'a file that cannot be read', after: entry('3'), found: { kind: 'unreadable', detail: 'x' } as const },
    { given: 'a file that is too large', after: entry('3'), found: { kind: 'too-large' } as const },
    { given: 'a file that nobody read', after: entry('3'), found: undefined },
    { given: 'a link with the endorsed content', after: entry('2', '120000'), found: reading(file('alice')) },
    { given: 'an executable file with the endorsed content', after: entry('2', '100755'), found: reading(file('alice')) },
  ])('given that it leaves $given, then nobody is in by it', ({ after, found }) => {
    const policy = effective(state, [waits('b', { ...edited, after })], found ? { [alicePath]: found } : {});
    expect(policy.grants).toEqual([]);
    expect(policy.ended.get(alicePath)).toMatchObject({ cause: 'refused', reviewed: false, commit: commit('b') });
  });

  it('given that it names somebody new, then they are neither in nor unexplained, and the path waits', () => {
    const bob = grantPathOf('bob');
    const policy = effective(state, [waits('b', { path: bob, after: entry('4') })], { [bob]: reading(file('bob')) });
    expect(policy.grants.map((grant) => grant.uid)).toEqual(['alice']);
    expect(policy.undecided).toEqual([{ group: klaxon, uid: 'bob' }]);
    expect(policy.pending).toEqual([{ path: bob, commit: commit('b'), code: 'gitlab-unavailable', detail: 'GitLab did not answer' }]);
    expect(policy.refused).toEqual([]);
  });

  it('given two landings that undo each other, then the tip is as endorsed, and the grant is in force', () => {
    const back = { path: alicePath, before: entry('3'), after: entry('2') };
    expect(effective(state, [waits('b', edited), waits('c', back)]).grants).toEqual(effective(state).grants);
  });

  it('given several landings of one path, then the last one is told', () => {
    const back = { path: alicePath, before: entry('3'), after: entry('4') };
    expect(effective(state, [waits('b', edited), waits('c', back)]).pending).toMatchObject([{ path: alicePath, commit: commit('c') }]);
  });

  it('given that it changes the rules, then the rules in force stay', () => {
    const policy = effective(state, [waits('b', { path: rulesPath, before: entry('1'), after: entry('5') })]);
    expect(policy.rules).toBe(state.rules);
    expect(policy).toMatchObject({ refused: [], pending: [{ path: rulesPath }] });
  });
});

describe('what is refused is a state', () => {
  const refusal: Refusal = { path: alicePath, commit: commit('b'), mergeRequest: 12, code: 'no-approval', detail: 'x' };
  const inForce = (grant: GrantInForce | undefined) => new Map(grant ? [[alicePath, grant]] : []);

  /** The file at the tip is not the endorsed one, and nothing waits. */
  function refused(grant: GrantInForce | undefined, says: Reading | undefined, changes: Partial<PolicyState> = {}) {
    const after: PolicyState = {
      ...state,
      tree: new Map([...state.tree, [alicePath, entry('3')]]),
      inForce: inForce(grant),
      refusals: new Map([[alicePath, refusal]]),
      ...changes,
    };
    return effective(after, [], says ? { [alicePath]: says } : {}).refused;
  }
  const alice = grantOf('alice', { until: hours(48) });

  it.each([
    { given: 'a longer end', grant: alice, says: reading(file('alice', { until: hours(96) })), is: true },
    { given: 'no end', grant: alice, says: reading(file('alice', { until: 'open' })), is: true },
    { given: 'somebody who has no grant', grant: undefined, says: reading(file('alice')), is: true },
    { given: 'what nobody can read', grant: alice, says: { kind: 'unreadable', detail: 'x' } as const, is: true },
    { given: 'the same in other words', grant: alice, says: reading(file('alice', { reason: 'Reformatted.' })), is: false },
    {
      given: 'a shorter end that is in force by now',
      grant: { ...alice, until: hours(24) },
      says: reading(file('alice', { until: hours(24) })),
      is: false,
    },
    { given: 'a grant that is over', grant: undefined, says: reading(file('alice', { until: now })), is: false },
  ])('given a file at the tip that says $given, then it is refused: $is', ({ grant, says, is }) => {
    expect(refused(grant, says)).toEqual(is ? [refusal] : []);
  });

  it('given a file that says more and a landing of the same path that waits, then it is pending and not refused', () => {
    const policy = effective({ ...state, refusals: new Map([[alicePath, refusal]]) }, [waits('c', edited)], {
      [alicePath]: reading(file('alice', { until: 'open' })),
    });
    expect(policy).toMatchObject({ refused: [], pending: [{ path: alicePath }] });
  });

  it('given a refused file that was deleted, then it is history', () => {
    const tree = new Map([[rulesPath, entry('1')]]);
    expect(refused(undefined, undefined, { tree })).toEqual([]);
  });

  it.each([
    { given: 'differs from the rules in force', tree: new Map([[rulesPath, entry('5')]]), is: true },
    { given: 'is gone', tree: new Map(), is: true },
    { given: 'is a link with the same content', tree: new Map([[rulesPath, entry('1', '120000')]]), is: true },
    { given: 'is as endorsed', tree: new Map([[rulesPath, entry('1')]]), is: false },
  ])('given a rules file that $given, then it is refused: $is', ({ tree, is }) => {
    expect(refused(undefined, undefined, { tree }).map(({ path }) => path)).toEqual(is ? [rulesPath] : []);
  });

  it('given what a new start proposes, then it is held elsewhere and not refused', () => {
    expect(refused(undefined, reading(file('alice')), { proposed: inForce(alice) })).toEqual([]);
  });
});

describe('what must be read first', () => {
  it('given a tip as endorsed, then nothing', () => {
    expect(pathsToRead(state, [], 'policy')).toEqual(new Map());
  });

  it('given a landing that waits, then the grant files it leaves behind, as they are at the tip', () => {
    const waiting = [
      waits('b', edited, { path: grantPathOf('bob'), after: entry('4') }, { path: rulesPath, before: entry('1'), after: entry('5') }),
    ];
    expect(pathsToRead(state, waiting, 'policy')).toEqual(
      new Map([
        [alicePath, entry('3')],
        [grantPathOf('bob'), entry('4')],
      ]),
    );
  });

  it('given a grant that was narrowed, then its file, to see whether it says more', () => {
    const grant = grantOf('alice', { until: hours(24), endorsedUntil: hours(48) });
    expect([...pathsToRead({ ...state, inForce: new Map([[alicePath, grant]]) }, [], 'policy').keys()]).toEqual([alicePath]);
  });
});

it('the tip is the judged tree with every waiting change on top, in order', () => {
  const waiting = [waits('b', edited, { path: 'policy/x', after: entry('6') }), waits('c', { path: 'policy/x', before: entry('6') })];
  expect(tipTree(state, waiting)).toEqual(new Map([...state.tree, [alicePath, entry('3')]]));
  expect(tipTree(state, [])).toBe(state.tree);
});

describe('several files at the tip', () => {
  const path = (name: string) => grantPathOf(name);
  const ofUids = (policy: EffectivePolicy, list: 'grants' | 'proposed') => policy[list].map((grant) => grant.uid);

  it('given what a new start proposes, then all but what a waiting landing touches is proposed, in the order of the paths', () => {
    const names = ['melos', 'carol', 'bob'];
    const held = { ...state, proposed: new Map(names.map((name) => [path(name), grantOf(name)])) };
    expect(ofUids(effective(held), 'proposed')).toEqual(['bob', 'carol', 'melos']);
    const touched = [waits('b', { path: path('carol'), before: entry('4') }), waits('c', { path: path('melos'), after: entry('5') })];
    expect(ofUids(effective(held, touched), 'proposed')).toEqual(['bob']);
  });

  it('given grants that came in any order, then they are told in the order of their paths', () => {
    const many = { ...state, inForce: new Map(['melos', 'alice', 'bob'].map((name) => [path(name), grantOf(name)])) };
    expect(ofUids(effective(many), 'grants')).toEqual(['alice', 'bob', 'melos']);
    const waiting = waits('b', { path: path('melos'), after: entry('4') }, { path: path('bob'), after: entry('5') });
    expect(effective(state, [waiting]).pending.map((one) => one.path)).toEqual([path('bob'), path('melos')]);
    const broken = new Map([...state.tree, [path('melos'), entry('6')], [path('bob'), entry('7')]]);
    const unreadable: Reading = { kind: 'unreadable', detail: 'x' };
    const told = effective({ ...state, tree: broken }, [], { [path('melos')]: unreadable, [path('bob')]: unreadable });
    expect(told.refused.map((one) => one.path)).toEqual([path('bob'), path('melos')]);
  });

  it('given that a later landing is about something else, then the one that took the grant away is told', () => {
    const other = waits('c', { path: path('melos'), after: entry('4') }, { path: path('bob'), after: entry('5') });
    expect(effective(state, [waits('b', without), other]).ended.get(alicePath)).toMatchObject({ commit: commit('b') });
    const both = waits('d', { path: path('melos'), before: entry('4') }, without);
    expect(effective(state, [other, both]).ended.get(alicePath)).toMatchObject({ commit: commit('d') });
  });

  it.each<{ given: string; changes: Partial<PolicyState>; gives: readonly string[] }>([
    { given: 'in force as it is', changes: {}, gives: [] },
    { given: 'in force, and proposed with more', changes: { proposed: new Map([[alicePath, grantOf('alice')]]) }, gives: [alicePath] },
    { given: 'not in force', changes: { inForce: new Map() }, gives: [alicePath] },
    { given: 'an executable file', changes: { tree: new Map([[alicePath, entry('3', '100755')]]) }, gives: [] },
    { given: 'other than what was endorsed', changes: { tree: new Map([[alicePath, entry('3')]]) }, gives: [alicePath] },
  ])('given a grant that is $given, then whether it is read is told', ({ changes, gives }) => {
    expect([...pathsToRead({ ...state, ...changes }, [], 'policy').keys()]).toEqual(gives);
  });

  it('given somebody who is in by an endorsed file that waits beside others, then only the others are undecided', () => {
    const bob = path('bob');
    const readings = { [bob]: reading(file('bob')), [alicePath]: reading(file('alice')) };
    expect(effective(state, [waits('b', { path: bob, after: entry('4') })], readings).undecided).toEqual([{ group: klaxon, uid: 'bob' }]);
    const gone = { ...state, inForce: new Map<string, GrantInForce>() };
    expect(effective(gone, [waits('b', { path: bob, after: entry('4') })], readings).undecided).toEqual(
      ['alice', 'bob'].map((name) => ({ group: klaxon, uid: name })),
    );
  });
});
