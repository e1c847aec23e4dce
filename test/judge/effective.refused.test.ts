// What a landing that nobody endorsed leaves: who counts for nothing from then on, and what of it is kept in mind, however much it is.
import { describe, expect, it } from 'vitest';
import { dirtyRules, isCountNeeded, knownPaths, noted, step, unlistedAfter, withKnown } from '../../src/judge/effective.ts';
import type { Landing, PathChange } from '../../src/history/landing.ts';
import type { PolicyState, Verdict } from '../../src/record/policy-state.ts';
import { startingState } from '../../src/record/start-state.ts';
import type { Rules } from '../../src/policy/policy.ts';
import { approver, commit, rules, team, uid } from '../evidence/evidence-samples.ts';
import { grantOf, now } from '../membership/membership-samples.ts';
import { blobOf, folder } from './history-files.ts';

const [entry, other] = [1, 2].map((wording) => ({ mode: '100644', blob: blobOf({ kind: 'broken', wording }) })) as [
  { mode: string; blob: ReturnType<typeof blobOf> },
  { mode: string; blob: ReturnType<typeof blobOf> },
];
const rulesPath = 'policy/policy.yaml';
const pathOf = (name: string | number) => `policy/notes/${name}.yaml`;

function stateOf(paths: readonly string[] = [rulesPath], changes: Partial<PolicyState> = {}): PolicyState {
  const tree = new Map(paths.map((path) => [path, entry]));
  return { ...startingState({ commit: commit('0'), committedAt: now, tree, rules: rules(), grants: new Map() }), ...changes };
}

function landingOf(changes: readonly PathChange[], more: Partial<Landing> = {}): Landing {
  return { commit: commit('1'), parent: commit('0'), parents: 2, committedAt: now, changes, outside: 0, ...more };
}

const refused: Verdict = { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: 7 };
const endorsed: Verdict = {
  kind: 'endorsed',
  reviewed: true,
  commit: commit('1'),
  mergeRequest: 7,
  approvedBy: [uid('bob')],
  landedAt: now,
};
const rulesChange = landingOf([{ path: rulesPath, before: entry, after: other }]);

function takenOut(after: Rules | undefined, verdict: Verdict = refused, before: readonly string[] = []) {
  const state = stateOf([rulesPath], { takenOut: new Set(before.map(uid)) });
  return step(state, rulesChange, { ...(after && { rules: after }), grants: new Map() }, verdict, folder).takenOut;
}

describe('whom a change of the rules takes out of the approvers', () => {
  const before = rules();
  const withTeam = (name: string, ...members: readonly string[]): Rules => ({
    ...before,
    teams: new Map([...before.teams, [team(name), members.map(uid)]]),
  });
  const withAccounts = (name: string, ...gitlab: readonly number[]): Rules => ({
    ...before,
    people: new Map([...before.people, [uid(name), approver(name, gitlab)]]),
  });
  const without = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key) => new Map([...map].filter(([one]) => one !== key));

  it.each<{ given: string; after: Rules | undefined; gives: readonly string[] | undefined }>([
    { given: 'the same rules', after: before, gives: undefined },
    { given: 'rules that cannot be read', after: undefined, gives: undefined },
    { given: 'a smaller team', after: withTeam('sre', 'bob', 'carol'), gives: ['alice'] },
    { given: 'a larger team', after: withTeam('sre', 'alice', 'bob', 'carol', 'mallory'), gives: undefined },
    { given: 'one account less', after: withAccounts('carol', 57), gives: ['carol'] },
    { given: 'another account instead', after: withAccounts('bob', 52), gives: ['bob'] },
    { given: 'an account more', after: withAccounts('bob', 51, 52), gives: undefined },
    { given: 'nobody of these people', after: { ...before, people: new Map() }, gives: ['alice', 'bob', 'carol'] },
    {
      given: 'a team that is gone, and its members on another',
      after: { ...before, teams: without(before.teams, team('access-owners')) },
      gives: undefined,
    },
    {
      given: 'a team that is gone, and members on none',
      after: { ...before, teams: without(before.teams, team('sre')) },
      gives: ['alice', 'bob'],
    },
  ])('given $given that nobody endorsed, then $gives', ({ after, gives }) => {
    expect(takenOut(after)).toEqual(gives);
  });

  it('given somebody who was taken out before, then they stay out, in order, and it is told where one more goes', () => {
    expect(takenOut(withTeam('sre', 'bob', 'carol'), refused, ['mallory'])).toEqual(['alice', 'mallory']);
    expect(takenOut(withTeam('sre', 'bob', 'carol'), refused, ['alice'])).toBeUndefined();
  });

  it('given rules that were endorsed, then everybody counts again; an endorsed grant lets nobody back', () => {
    expect(takenOut(before, endorsed, ['alice'])).toEqual([]);
    expect(takenOut(before, endorsed)).toBeUndefined();
    expect(takenOut(undefined, endorsed, ['alice'])).toBeUndefined();
  });

  it('given signatures, then the grant in force says who signed', () => {
    const path = grantOf('alice').path;
    const signedBy = [{ uid: uid('bob'), fingerprint: 'SHA256:x' }] as never;
    const files = { grants: new Map([[path, grantOf('alice')]]) };
    const grant = (verdict: Verdict) => step(stateOf(), landingOf([{ path, after: entry }]), files, verdict, folder).inForce[0]?.[1];
    expect(grant({ ...endorsed, signedBy })).toMatchObject({ signedBy });
    expect(grant(endorsed)?.signedBy).toBeUndefined();
  });
});

describe('what is kept in mind of a landing that nobody endorsed', () => {
  const added = (number: number, from = 0) => Array.from({ length: number }, (_, at) => ({ path: pathOf(from + at), after: entry }));

  it('given files that are known, then all that happens to them, and of new ones a thousand', () => {
    const state = stateOf([rulesPath, pathOf('known'), pathOf('gone')]);
    const known = [
      { path: pathOf('known'), before: entry, after: other },
      { path: pathOf('gone'), before: entry },
    ];
    expect(noted(state, landingOf([...known, ...added(90)]))).toEqual([...known, ...added(90)]);
    expect(noted(state, landingOf([...added(999), ...known, ...added(9, 999)]))).toHaveLength(1002 - 990);
    const few = stateOf([rulesPath, ...added(995).map(({ path }) => path)], { endorsed: new Map([[rulesPath, entry.blob]]) });
    expect(noted(few, landingOf(added(9, 995)))).toEqual(added(5, 995));
  });

  it('given a landing that is too large for a person, or that is cut, then ten', () => {
    const long = 'x'.repeat(200);
    const large = Array.from({ length: 101 }, (_, at) => ({ path: pathOf(`${long}${at}`), after: entry }));
    expect([noted(stateOf(), landingOf(large)).length, noted(stateOf(), landingOf(added(20), { cut: true })).length]).toEqual([10, 10]);
    expect(noted(stateOf(), landingOf(added(101)))).toHaveLength(101);
  });

  it('given a name that is too long, or a file that nobody knew and that is gone, then nothing of it', () => {
    const name = (length: number) => `policy/${'x'.repeat(length - 7)}`;
    const changes = [256, 257].map((length) => ({ path: name(length), after: entry }));
    expect(noted(stateOf(), landingOf([...changes, { path: pathOf(1), before: entry }]))).toEqual(changes.slice(0, 1));
  });

  it.each([
    { given: 'a landing that is listed', state: stateOf(), landing: landingOf(added(2)), gives: false },
    { given: 'one that is cut', state: stateOf(), landing: landingOf([], { cut: true }), gives: true },
    { given: 'files that are not listed', state: stateOf([rulesPath], { unlisted: 1 }), landing: landingOf([]), gives: true },
    { given: 'more than is kept in mind', state: stateOf(), landing: landingOf(added(11), { outside: 0, cut: false }), gives: false },
    {
      given: 'a file that cannot be listed',
      state: stateOf(),
      landing: landingOf([{ path: `policy/${'x'.repeat(300)}`, after: entry }]),
      gives: true,
    },
  ])('given $given, then whether the files are counted is $gives', ({ state, landing, gives }) => {
    expect(isCountNeeded(state, landing)).toBe(gives);
  });

  it('given a count, then the files that are not listed are those beside the list', () => {
    const { tree } = stateOf([rulesPath, pathOf(0)]);
    const listed = [
      { path: pathOf(1), after: entry },
      { path: pathOf(0), before: entry },
      { path: rulesPath, before: entry, after: other },
    ];
    expect([undefined, 1, 2, 5].map((files) => unlistedAfter(tree, listed, files === undefined ? {} : { files }))).toEqual([0, 0, 0, 3]);
    expect(unlistedAfter(tree, [{ path: pathOf(9), before: entry }], { files: 2 })).toBe(0);
  });

  it('given a landing that is cut, then all that is known is looked up in it, and the rest is what is listed of it', () => {
    const state = stateOf([rulesPath, pathOf('a'), pathOf('b'), pathOf('c'), pathOf('d')], {
      endorsed: new Map([[pathOf('e'), entry.blob]]),
      inForce: new Map([[grantOf('alice').path, grantOf('alice')]]),
    });
    expect([...knownPaths(state)].sort()).toEqual([rulesPath, ...['a', 'b', 'c', 'd', 'e'].map(pathOf), grantOf('alice').path].sort());
    const executable = { ...entry, mode: '100755' };
    const found = new Map([
      [rulesPath, entry],
      [pathOf('b'), other],
      [pathOf('c'), executable],
      [pathOf('d'), entry],
      [pathOf('e'), entry],
    ]);
    const listed = [
      { path: pathOf('zz'), after: entry },
      { path: pathOf('b'), after: executable },
      { path: pathOf('0'), after: entry },
    ];
    expect(withKnown(state, landingOf(listed, { cut: true }), found, 9)).toEqual({
      ...landingOf([], { cut: true }),
      files: 9,
      changes: [
        { path: pathOf('0'), after: entry },
        { path: pathOf('a'), before: entry, after: undefined },
        { path: pathOf('b'), before: entry, after: other },
        { path: pathOf('c'), before: entry, after: executable },
        { path: pathOf('e'), before: undefined, after: entry },
        { path: pathOf('zz'), after: entry },
      ],
    });
    expect(withKnown(state, landingOf(listed), found, 9)).toEqual({ ...landingOf(listed), files: 9 });
  });

  it('given files that are not listed, then no reviewer saw all there is', () => {
    expect(dirtyRules(stateOf(), folder)).toBeUndefined();
    expect(dirtyRules(stateOf([rulesPath], { unlisted: 2 }), folder)).toBe('2 more files below policy/ than are listed one by one');
  });
});
