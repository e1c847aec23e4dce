import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/record/policy-state.ts';
import { settledReview, type JudgedLanding } from '../../src/review/settled-review.ts';
import type { EffectivePolicy } from '../../src/record/effective-policy.ts';
import { approval, commit, team, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, hours, now, policyOf } from '../membership/membership-samples.ts';

const path = grantPathOf('urbanecm');
const endorsed: Verdict = {
  kind: 'endorsed',
  reviewed: true,
  commit: commit('a'),
  mergeRequest: 7,
  approvedBy: [uid('bob')],
  landedAt: hours(-240),
};
const refused: Verdict = { kind: 'refused', code: 'no-approval', detail: '/approve @all', mergeRequest: 7 };

function landing(verdict: Verdict, stands = true): JudgedLanding {
  const nothing = { restores: false, took: [], takenOut: [], locked: [], rules: [] };
  return { commit: commit('a'), verdict, paths: [{ path, stands }], ...nothing };
}

function standing(policy: EffectivePolicy, stands = true): unknown {
  const review = settledReview(commit('a'), landing(endorsed, stands), policy, () => ({ kind: 'unknown' }), 'policy', now);
  return review.kind === 'endorsed' ? review.grants[0]?.standing : review;
}

describe('how a merged grant stands', () => {
  it.each([
    { given: 'two weeks to go', policy: policyOf([grantOf('urbanecm')]), gives: { kind: 'in-force', shortened: false } },
    { given: 'no end', policy: policyOf([grantOf('urbanecm', { until: 'open' })]), gives: { kind: 'in-force', until: 'open' } },
    { given: 'exactly a week to go', policy: policyOf([grantOf('urbanecm', { until: hours(168) })]), gives: { kind: 'ends-soon' } },
    { given: 'an hour more', policy: policyOf([grantOf('urbanecm', { until: hours(169) })]), gives: { kind: 'in-force' } },
    { given: 'its end', policy: policyOf([grantOf('urbanecm', { until: now })]), gives: { kind: 'ended', at: now } },
    { given: 'a start to come', policy: policyOf([grantOf('urbanecm', { from: hours(1) })]), gives: { kind: 'not-begun', from: hours(1) } },
    {
      given: 'an end that nobody approved',
      policy: policyOf([grantOf('urbanecm', { until: hours(200), endorsedUntil: hours(300) })]),
      gives: { kind: 'in-force', shortened: true },
    },
    {
      given: 'a later landing',
      policy: policyOf([grantOf('urbanecm', { commit: commit('b'), mergeRequest: 9 })]),
      gives: { kind: 'replaced', mergeRequest: 9 },
    },
    {
      given: 'a file that went',
      policy: policyOf([], {
        ended: new Map([[path, { grant: grantOf('urbanecm'), cause: 'deleted' as const, reviewed: false, commit: commit('d') }]]),
      }),
      gives: { kind: 'taken-away', commit: commit('d') },
    },
  ])('given $given, then $gives.kind', ({ policy, gives }) => {
    expect(standing(policy)).toMatchObject(gives);
  });

  it('given a deletion, then it is done, until a later landing grants it again', () => {
    expect(standing(policyOf([]), false)).toEqual({ kind: 'removed' });
    expect(standing(policyOf([grantOf('urbanecm', { commit: commit('b'), mergeRequest: 9 })]), false)).toEqual({
      kind: 'replaced',
      mergeRequest: 9,
    });
  });
});

describe('what became of a merge', () => {
  const ask = (policy: EffectivePolicy, judged?: JudgedLanding) =>
    settledReview(commit('a'), judged, policy, () => ({ kind: 'unknown' }), 'policy', now);
  const refusal = { path, commit: commit('a'), mergeRequest: 7, code: 'no-approval', detail: '' } as const;

  it('given a verdict that is still to come, then it waits', () => {
    expect(ask(policyOf([], { pending: [{ path, commit: commit('a'), code: 'gitlab-unavailable', detail: '' }] }))).toEqual({
      kind: 'waiting',
      code: 'gitlab-unavailable',
    });
  });

  it('given no verdict at all, then it is none of muster’s business', () => {
    expect(ask(policyOf([]))).toEqual({ kind: 'nothing' });
  });

  it('given a refusal, then it lasts as long as the files say more than is in force', () => {
    expect(ask(policyOf([], { refused: [refusal] }), landing(refused))).toEqual({
      kind: 'refused',
      code: 'no-approval',
      paths: [path],
      healed: false,
      restores: false,
      took: [],
      takenOut: [],
      locked: [],
      locksAll: false,
      approvals: [],
      signatures: [],
      quorum: [],
    });
    expect(ask(policyOf([]), landing(refused))).toMatchObject({ healed: true });
    expect(ask(policyOf([], { refused: [{ ...refusal, commit: commit('b') }] }), landing(refused))).toMatchObject({ healed: true });
  });

  it('given a refusal for want of approvals, then each approval is told, and what was missing, for paths that may be shown', () => {
    const approvals = [{ kind: 'not-counted', approval: approval(), person: uid('bob'), reason: 'author' }] as const;
    const quorum = (at: string) => ({ path: at, teams: [team('sre')], needed: 1, by: [] });
    const paths = [quorum('grants/klaxon-users/urbanecm.yaml'), quorum('grants/klaxon-users/@all.yaml')];
    const verdict: Verdict = { ...refused, count: { enough: false, approvals, paths }, unbound: 'part-of-fast-forward' };
    expect(ask(policyOf([], { refused: [refusal] }), landing(verdict))).toMatchObject({
      approvals,
      quorum: [quorum(path)],
      unbound: 'part-of-fast-forward',
    });
  });
});
