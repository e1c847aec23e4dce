// Signatures as approvals: how many are needed, and which count beside GitLab's own.
import { describe, expect, test } from 'vitest';
import { changeKey } from '../../src/evidence/pushers.ts';
import { countApprovals, requirement, type ReviewedPath, type SignedCeilings } from '../../src/evidence/approval.ts';
import { renderCount } from '../../src/evidence/approval-words.ts';
import type { BoundMergeRequest } from '../../src/evidence/binding.ts';
import type { ApprovalCount, JudgedSignature } from '../../src/record/approval-count.ts';
import type { GroupRules, Rules } from '../../src/policy/policy.ts';
import { accounts, approval, at, bound, commit, grant, grantPath, group, noted, rules, uid } from './evidence-samples.ts';

const klaxon = group('klaxon-users');

function signature(person: string, paths: readonly string[] = [grantPath]): JudgedSignature {
  return { kind: 'counted', person: uid(person), fingerprint: 'SHA256:x', touched: true, at: at(1), paths };
}

const nothing: SignedCeilings = { groups: new Map(), rules: 0 };

interface Asked {
  readonly one?: BoundMergeRequest;
  readonly under?: Partial<GroupRules>;
  readonly ceilings?: SignedCeilings;
  readonly takenOut?: readonly string[];
  readonly changed?: readonly ReviewedPath[];
}

function count(
  signatures: readonly JudgedSignature[],
  { one = bound({ approvals: [] }), under = {}, ceilings = nothing, takenOut = [], changed = [grant] }: Asked = {},
): ApprovalCount {
  const digests = new Map([[changeKey(commit('a'), commit('b')), 'good']]);
  const asked = rules({ signed: 1, ...under });
  return countApprovals(one, asked, changed, 'good', digests, new Set(takenOut.map(uid)), { ceilings, signatures });
}

describe('given a group that asks for one signature', () => {
  test('when bob signed, then that is the approval too', () => {
    expect(count([signature('bob')])).toMatchObject({
      enough: true,
      paths: [{ needed: 1, by: ['bob'], signed: { needed: 1, by: ['bob'] } }],
    });
  });

  test('when bob only pressed the button, or somebody wrote so into the database, then it is not signed', () => {
    const forged = count([], { one: bound({ approvals: [approval(), approval({ account: accounts.carol })] }) });
    expect(forged).toMatchObject({ enough: false, paths: [{ by: ['bob', 'carol'], signed: { needed: 1, by: [] } }] });
    expect(renderCount(forged)).toBe('0 of 1 signature by sre');
  });

  test('when two approvals are asked for, then a signature and a button are enough, and one person’s both are not', () => {
    const two = { approvals: 2 };
    expect(count([signature('bob')], { under: two, one: bound({ approvals: [approval({ account: accounts.carol })] }) }).enough).toBe(true);
    const same = count([signature('bob')], { under: two, one: bound() });
    expect(same).toMatchObject({ enough: false, paths: [{ by: ['bob'] }] });
    expect(renderCount(same)).toBe('1 of 2 approvals by sre');
  });

  test('when two of two must be signed, then two different persons do it', () => {
    const two = { approvals: 2, signed: 2 };
    expect(count([signature('bob'), signature('bob')], { under: two }).enough).toBe(false);
    expect(count([signature('bob'), signature('carol')], { under: two }).enough).toBe(true);
  });

  test.each([
    { given: 'who opened the merge request', one: bound({ approvals: [] }, { author: accounts.bob }), reason: 'author' },
    { given: 'who pushed to it', one: bound({ approvals: [], pushes: [noted(accounts.bob, 1)] }), reason: 'pushed' },
    { given: 'while nobody knows who opened it', one: bound({ approvals: [] }, { author: null }), reason: 'author-unknown' },
    { given: 'while nobody knows who pushed', one: bound({ approvals: [], pushes: [noted(null, 1)] }), reason: 'pusher-unknown' },
    { given: 'whom a refused change took out', one: bound({ approvals: [] }), takenOut: ['bob'], reason: 'taken-out' },
  ])('when somebody signed $given, then it does not count', ({ one, takenOut = [], reason }) => {
    expect(count([signature('bob')], { one, takenOut })).toMatchObject({
      enough: false,
      signatures: [{ kind: 'not-counted', person: 'bob', reason }],
    });
  });

  test('when a signature does not count, then it is said why, and a path that somebody wrote is harmless', () => {
    const bad: JudgedSignature = {
      kind: 'not-counted',
      person: uid('bob'),
      fingerprint: 'SHA256:x',
      touched: false,
      at: at(1),
      reason: 'other-content',
      detail: 'a\u001bb',
    };
    expect(renderCount(count([bad]))).toBe('0 of 1 signature by sre; the signature by bob is for something else (a\\u{1b}b)');
  });
});

describe('how many signatures a change needs', () => {
  const two = requirementOf(rules({ signed: 2 }));

  function requirementOf(of: Rules, ceilings = nothing) {
    return (path: string) => {
      const needs = requirement(of, path, ceilings);
      return needs && [needs.approvals, needs.signed];
    };
  }

  test('given the policy, then as many as the group says, and for rules as the group that needs most', () => {
    expect([two(grantPath), two('policy.yaml'), two('groups/new.yaml')]).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    const none = requirementOf({ ...rules(), rules: { ...rules().rules, signed: 1 } });
    expect([none(grantPath), none('policy.yaml')]).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  test('given a ceiling of the host, then the policy cannot ask for fewer', () => {
    const of = (ceilings: SignedCeilings) => {
      const needs = requirementOf(rules({ signed: 0 }), ceilings);
      return [needs(grantPath), needs('policy.yaml')];
    };
    expect(of(nothing)).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(of({ groups: new Map([[klaxon, { signed: 2 }]]), rules: 0 })).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(of({ groups: new Map([[group('another'), { signed: 3 }]]), rules: 0 })).toEqual([
      [1, 0],
      [3, 3],
    ]);
    expect(of({ groups: new Map(), rules: 2 })).toEqual([
      [1, 0],
      [2, 2],
    ]);
  });

  test('given the way round, a change of rules with approvals that were forged, then it is not signed', () => {
    const path = 'policy.yaml';
    const forged = count([], {
      one: bound({ approvals: [approval({ account: accounts.carol })] }),
      changed: [{ path, beneficiaries: [] }],
    });
    expect(forged).toMatchObject({ enough: false, paths: [{ path, by: ['carol'], signed: { needed: 1, by: [] } }] });
  });
});
