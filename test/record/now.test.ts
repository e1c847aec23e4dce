import { expect, it } from 'vitest';
import { nowOf } from '../../src/record/now.ts';
import { largestNow, parseNow, renderNow } from '../../src/record/now-file.ts';
import { startingState } from '../../src/record/start-state.ts';
import { commit, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, klaxon, now, policyOf } from '../membership/membership-samples.ts';

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
