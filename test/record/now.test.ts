import { describe, expect, it } from 'vitest';
import type { EffectivePolicy } from '../../src/record/effective-policy.ts';
import { nowOf, policyInForce, type Now } from '../../src/record/now.ts';
import { largestNow, parseNow, renderNow } from '../../src/record/now-file.ts';
import { startingState } from '../../src/record/start-state.ts';
import { commit, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, klaxon, now, policyOf } from '../membership/membership-samples.ts';

const many = <One>(make: (name: string, index: number) => One): readonly One[] =>
  Array.from({ length: 2000 }, (_, index) => make(`person${index}`, index));

it('given more of everything than fits, open merge requests among it, then now.json is within its size, and says how much it lacks', () => {
  const grants = many((name) => grantOf(name));
  const inForce = new Map(grants.map(({ path, ...grant }) => [path, { ...grant, path }]));
  const started = startingState({ commit: commit('1'), committedAt: now, rules: rules(), tree: new Map(), grants: new Map() });
  const refused = many((name) => ({
    path: grantPathOf(name),
    commit: commit('2'),
    mergeRequest: 7,
    code: 'dirty' as const,
    detail: 'x'.repeat(300),
  }));
  const pending = many((name) => ({ path: grantPathOf(name), commit: commit('2'), code: 'gitlab-unavailable', detail: 'x'.repeat(300) }));
  const undecided = many((name) => ({ group: klaxon, uid: uid(name) }));
  const seen = nowOf({
    ...{ at: now, record: { id: 'a'.repeat(32), line: 123_456 }, head: commit('9'), clock: { date: now, receivedAt: now } },
    tokens: (['gitlab-token', 'gitlab-comment-token'] as const).map((token) => ({ token, state: 'good', expiresAt: now })),
    problems: many((name) => ({ status: 'input' as const, code: 'gitlab-unusable', message: name.repeat(30) })),
    judged: { state: { ...started, inForce }, policy: policyOf([], { refused, pending, undecided }) },
    open: many((name, index) => ({ mergeRequest: index, group: klaxon, uid: uid(name), effect: 'gains' as const })),
  });
  const text = renderNow(seen);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(largestNow);
  expect(parseNow(text)).toEqual(seen);
  expect(seen.open.list.length).toBeGreaterThan(40);
  expect(seen.open.list.length + seen.open.more).toBe(2000);
});

describe('given what judging saw beside the record', () => {
  const alice = grantOf('alice', { until: hours(48) });
  const bob = grantOf('bob');
  const started = startingState({ commit: commit('1'), committedAt: now, rules: rules(), tree: new Map(), grants: new Map() });
  const state = {
    ...started,
    inForce: new Map([[alice.path, alice]]),
    proposed: new Map([[bob.path, bob]]),
  };
  const look = (policy: Partial<EffectivePolicy>): Now =>
    nowOf({
      ...{ at: now, record: { id: 'a'.repeat(32), line: 1 }, head: commit('9'), clock: undefined },
      ...{ tokens: [], problems: [], judged: { state, policy: policyOf([alice], policy) }, open: [] },
    });
  const inForce = (seen: Now | undefined, isCurrent = true) => policyInForce(state, seen, isCurrent);
  const waits = { path: bob.path, commit: commit('2'), code: 'gitlab-unavailable', detail: '' };

  it.each([
    { given: 'all of it', seen: look({}), undecided: [], proposed: [bob] },
    { given: 'nothing', seen: undefined, undecided: 'everybody', proposed: [] },
    { given: 'that nothing may be concluded', seen: look({ undecided: 'everybody' }), undecided: 'everybody', proposed: [bob] },
    {
      given: 'too many undecided to list',
      seen: { ...look({}), undecided: { list: [], more: 1 } },
      undecided: 'everybody',
      proposed: [bob],
    },
    { given: 'too many waiting to list', seen: { ...look({}), pending: { list: [], more: 1 } }, undecided: [], proposed: [] },
    { given: 'a proposal whose file waits', seen: look({ pending: [waits] }), undecided: [], proposed: [] },
    {
      given: 'one person undecided',
      seen: look({ undecided: [{ group: klaxon, uid: uid('bob') }] }),
      undecided: [{ group: klaxon, uid: 'bob' }],
      proposed: [bob],
    },
  ])('when it is $given, then only what is listed whole is concluded from', ({ seen, undecided, proposed }) => {
    expect(inForce(seen)).toMatchObject({ grants: [alice], undecided, proposed });
  });

  it('when it was written before the last line that was taken, then it is as if it were not there', () => {
    expect(inForce(look({ grants: [], pending: [waits] }), false)).toEqual(inForce(undefined));
  });

  it.each([
    { given: 'an earlier end', left: { ...alice, until: hours(24), narrowedBy: commit('3') } },
    { given: 'a later start', left: { ...alice, from: hours(2), narrowedBy: commit('3') } },
  ])('when the files at the tip leave a grant $given, then that is in force', ({ left }) => {
    expect(inForce(look({ grants: [left] })).grants).toEqual([left]);
  });

  it('when no file at the tip covers a grant, then it has ended, unreviewed, by what the record says of it', () => {
    const ended = { grant: alice, cause: 'deleted', reviewed: false, commit: commit('3') } as const;
    const policy = inForce(look({ grants: [], ended: new Map([[alice.path, ended]]) }));
    expect([policy.grants, policy.ended]).toEqual([[], new Map([[alice.path, ended]])]);
  });

  it('when it says more than the record, then no more is in force', () => {
    const more = (path: string, until: 'open' | typeof now) => ({
      path,
      commit: commit('3'),
      cause: 'refused' as const,
      left: { from: null, until },
    });
    const seen = { ...look({}), lessened: { list: [more(alice.path, 'open'), more(bob.path, hours(1))], more: 0 } };
    expect(inForce(seen).grants).toEqual([alice]);
  });

  it('when refused files are not listed one by one, then their number comes with those that did not fit', () => {
    expect(inForce(look({ unlisted: 3 })).unlisted).toBe(3);
  });
});
