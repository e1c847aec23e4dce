import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeKey } from '../../src/evidence/pushers.ts';
import { countApprovals, requirement, type ReviewedPath } from '../../src/evidence/approval.ts';
import { type ApprovalCount, type NotCountedReason } from '../../src/record/approval-count.ts';
import type { BoundMergeRequest } from '../../src/evidence/binding.ts';
import type { Approval, Version } from '../../src/record/kept-evidence.ts';
import { instant } from '../../src/names.ts';
import type { Rules } from '../../src/policy/policy.ts';
import { hour, minute, second } from '../../src/time.ts';
import {
  accounts,
  approval,
  at,
  bound,
  commit,
  grant,
  grantPath,
  merged,
  noted,
  overTwoWeeks,
  rules,
  start,
  told,
  uid,
  version,
} from './evidence-samples.ts';

const digests = new Map([
  [changeKey(commit('a'), commit('b')), 'good'],
  [changeKey(commit('8'), commit('9')), 'good'],
  [changeKey(commit('a'), commit('c')), 'evil'],
  [changeKey(commit('a'), commit('d')), 'refused'],
]);
const good = version();
const evil = version({ head: commit('c') });
/** The same content on another base. */
const rebased = (changes: Partial<Version>): Version => version({ base: commit('8'), head: commit('9'), ...changes });

function count(
  one: BoundMergeRequest,
  { under = rules(), changed = [grant] }: { under?: Rules; changed?: readonly ReviewedPath[] } = {},
): ApprovalCount {
  return countApprovals(one, under, changed, 'good', digests);
}

function reasons(result: ApprovalCount): readonly (NotCountedReason | 'counted')[] {
  return result.approvals.map((one) => (one.kind === 'counted' ? 'counted' : one.reason));
}

describe('one approval', () => {
  test('given an approval of exactly what landed by somebody entitled, then it counts', () => {
    const result = count(bound());
    expect(result).toMatchObject({ enough: true, paths: [{ path: grantPath, teams: ['sre'], needed: 1, by: ['bob'] }] });
    expect(result.approvals).toMatchObject([{ kind: 'counted', person: 'bob', paths: [grantPath] }]);
  });

  const refused: readonly (readonly [string, NotCountedReason, BoundMergeRequest])[] = [
    ['an account that the policy does not know', 'not-a-person-in-policy', bound({ approvals: [approval({ account: accounts.mallory })] })],
    [
      'a known username with another id',
      'not-a-person-in-policy',
      bound({ approvals: [approval({ account: { id: 52, username: 'bob' } })] }),
    ],
    ['a blocked account', 'inactive', bound({ approvals: [approval({ state: 'blocked' })] })],
    ['the author', 'author', bound({ approvals: [approval({ account: accounts.alice })] })],
    [
      "the author's other account",
      'author',
      bound({ approvals: [approval({ account: { id: 99, username: 'carol2' } })] }, { author: accounts.carol }),
    ],
    ['somebody who pushed', 'pushed', bound({ pushes: [noted(accounts.bob, 1)] })],
    [
      'somebody who pushed with another account',
      'pushed',
      bound({ approvals: [approval({ account: accounts.carol })], pushes: [noted({ id: 99, username: 'carol2' }, 1)] }),
    ],
    ['a time after the merge', 'after-merge', bound({ approvals: [approval({ at: instant(at(4) + 1) })] })],
    [
      'a time more than two weeks before the merge',
      'too-old',
      bound({ approvals: [approval({ at: instant(overTwoWeeks) })], versions: [version({ createdAt: instant(overTwoWeeks - minute) })] }),
    ],
    ['a retarget afterwards', 'retargeted-after', bound({ retargets: [{ by: accounts.alice, at: at(3) }] })],
    ['a retarget of the very same millisecond', 'retargeted-after', bound({ retargets: [{ by: accounts.alice, at: at(2) }] })],
    ['a closing afterwards', 'retargeted-after', bound({ stateEvents: [merged({ state: 'closed', at: at(3) }), merged()] })],
    ['a reopening afterwards', 'retargeted-after', bound({ stateEvents: [merged({ state: 'reopened', at: at(3) }), merged()] })],
    ['a version of the very same millisecond', 'just-changed', bound({ versions: [version({ createdAt: at(2) })] })],
    ['a version 59 seconds before it', 'just-changed', bound({ versions: [version({ createdAt: instant(at(2) - 59 * second) })] })],
    [
      'other content that came and went in the minute before it',
      'just-changed',
      bound({
        versions: [
          good,
          version({ ...evil, id: 2, createdAt: instant(at(2) - 40 * second) }),
          version({ id: 3, createdAt: instant(at(2) - 20 * second) }),
        ],
      }),
    ],
    ['a deleted author', 'author-unknown', bound({}, { author: null })],
    ['a push by a deleted account', 'pusher-unknown', bound({ pushes: [noted(null, 1)] })],
    ['a first version that nobody pushed, where pushes are shown', 'pusher-unknown', bound({ eventsShown: true })],
    [
      'a version of which neither a note nor an event tells, where notes are hidden',
      'pusher-unknown',
      bound({ versions: [version({ ...evil }), version({ id: 2, createdAt: at(1) })], hiddenNotes: 1 }),
    ],
    [
      'one note for two versions, where notes are hidden',
      'pusher-unknown',
      bound({
        versions: [version({ head: commit('e') }), version({ ...evil, id: 2, createdAt: at(0.5) }), version({ id: 3, createdAt: at(1) })],
        pushes: [noted(accounts.carol, 1)],
        hiddenNotes: 1,
      }),
    ],
    ['somebody who pushed the head to another branch', 'pushed', bound({ pushes: [told(accounts.bob, 1)] })],
    ['somebody who pushed many branches at once', 'pushed', bound({ pushes: [told(accounts.bob, 1, null)] })],
    [
      'somebody who pushed a version, and the same content once more',
      'pushed',
      bound({
        versions: [version({ head: commit('d') }), version({ id: 2, createdAt: at(0.5) }), rebased({ id: 3, createdAt: at(1) })],
        pushes: [told(accounts.bob, 0.5), told(accounts.bob, 1, commit('9'))],
      }),
    ],
    ['content that came later', 'before-last-push', bound({ versions: [evil, version({ id: 2, createdAt: at(3) })] })],
    ['other content than what landed', 'other-content', bound({ versions: [evil] })],
    ['bad content on top of what landed', 'other-content', bound({ versions: [good, version({ ...evil, id: 2, createdAt: at(1) })] })],
    ['commits that the server no longer gives', 'version-gone', bound({ versions: [version({ head: commit('d') })] })],
    ['commits that nobody looked at', 'version-gone', bound({ versions: [version({ head: commit('e') })] })],
    ['a version without commits', 'version-gone', bound({ versions: [version({ head: null })] })],
    ['no version at all', 'before-last-push', bound({ versions: [] })],
  ];
  test.each(refused)('given %s, then it does not count: %s', (_, reason, one) => {
    const result = count(one);
    expect(reasons(result)).toEqual([reason]);
    expect(result).toMatchObject({ enough: false, paths: [{ by: [] }] });
  });

  const accepted: readonly (readonly [string, BoundMergeRequest])[] = [
    ['the moment of the merge', bound({ approvals: [approval({ at: at(4) })] })],
    [
      'two weeks before the merge to the millisecond',
      bound({
        approvals: [approval({ at: instant(overTwoWeeks + 1) })],
        versions: [version({ createdAt: instant(overTwoWeeks - minute) })],
      }),
    ],
    ['a retarget before it', bound({ retargets: [{ by: accounts.alice, at: at(1) }] })],
    ['a push by somebody else before it', bound({ pushes: [noted(accounts.mallory, 1)] })],
    [
      'evil pushed and taken back before it',
      bound({ versions: [good, version({ ...evil, id: 2, createdAt: at(1) }), version({ id: 3, createdAt: at(1.5) })] }),
    ],
    [
      'evil pushed and taken back after it',
      bound({ versions: [good, version({ ...evil, id: 2, createdAt: at(3) }), version({ id: 3, createdAt: at(3.5) })] }),
    ],
    ['a version exactly a minute before it', bound({ versions: [version({ createdAt: instant(at(2) - minute) })] })],
    [
      'the same content pushed anew in the minute before it',
      bound({ versions: [good, rebased({ id: 2, createdAt: instant(at(2) - second) })] }),
    ],
    [
      'the same content pushed anew by whoever approves, as the events and a note tell',
      bound({
        versions: [good, rebased({ id: 2, createdAt: at(1) })],
        pushes: [told(accounts.alice, 0), told(accounts.bob, 1, commit('9')), noted(accounts.bob, 1)],
        eventsShown: true,
      }),
    ],
    [
      'the same content pushed anew by nobody knows whom',
      bound({ versions: [good, rebased({ id: 2, createdAt: at(1) })], hiddenNotes: 1 }),
    ],
    ['a version with the head of the one before', bound({ versions: [good, version({ id: 2, createdAt: at(1) })], hiddenNotes: 1 })],
    [
      'a first version of which an event tells, and a second of which a note does',
      bound({
        versions: [evil, version({ id: 2, createdAt: at(1) })],
        pushes: [told(accounts.alice, 0, commit('c')), noted(accounts.alice, 1)],
        eventsShown: true,
      }),
    ],
    ['many branches pushed at once by the author', bound({ pushes: [told(accounts.alice, 0, null)], eventsShown: true })],
    ['two versions of one millisecond, the later being right', bound({ versions: [version({ ...evil, id: 1 }), version({ id: 2 })] })],
    [
      'versions in the wrong order',
      bound({ versions: [version({ id: 3, createdAt: at(1.5) }), version({ ...evil, id: 2, createdAt: at(1) })] }),
    ],
  ];
  test.each(accepted)('given %s, then it counts', (_, one) => {
    expect(reasons(count(one))).toEqual(['counted']);
  });
});

describe('who counts for what', () => {
  test('given somebody who is not on the team, then the approval does not count', () => {
    const changed = [{ path: 'policy.yaml', beneficiaries: [] }];
    expect(reasons(count(bound(), { changed }))).toEqual(['not-entitled']);
    expect(count(bound({ approvals: [approval({ account: accounts.carol })] }), { changed }).enough).toBe(true);
  });

  test.each(['bob', 'carol-test', 'carol'])('given a grant for %s, then that person does not count and another does', (name) => {
    const changed = [{ path: grantPath, beneficiaries: [uid(name)] }];
    const both = bound({ approvals: [approval(), approval({ account: accounts.carol })] });
    expect(reasons(count(both, { changed }))).toEqual(name === 'bob' ? ['benefits', 'counted'] : ['counted', 'benefits']);
  });

  test('given two grants, one for the approver, then the approval counts for the other alone', () => {
    const changed = [grant, { path: 'grants/klaxon-users/bob.yaml', beneficiaries: [uid('bob')] }];
    expect(count(bound(), { changed })).toMatchObject({ enough: false, paths: [{ by: ['bob'] }, { by: [] }] });
  });

  test('given two accounts of one person where two persons are needed, then they are one', () => {
    const approvals = [approval({ account: accounts.carol }), approval({ account: { id: 99, username: 'carol2' } })];
    expect(count(bound({ approvals }), { under: rules({ approvals: 2 }) })).toMatchObject({
      enough: false,
      paths: [{ needed: 2, by: ['carol'] }],
    });
    expect(count(bound({ approvals: [...approvals, approval()] }), { under: rules({ approvals: 2 }) })).toMatchObject({
      enough: true,
      paths: [{ by: ['bob', 'carol'] }],
    });
  });

  test.each(['grants/unknown/urbanecm.yaml', 'README.md', 'grants/klaxon-users/a/b.yaml'])(
    'given the path %s, which the rules do not know, then nobody can approve it',
    (path) => {
      expect(requirement(rules(), path)).toBeUndefined();
      expect(count(bound(), { changed: [grant, { path, beneficiaries: [] }] }).enough).toBe(false);
    },
  );

  test('given nothing that changed, or rules that ask for no approval, then no approval is still not enough', () => {
    expect(count(bound(), { changed: [] }).enough).toBe(false);
    expect(count(bound({ approvals: [] }), { under: rules({ approvals: 0 }) }).enough).toBe(false);
  });
});

const anyApproval: fc.Arbitrary<Approval> = fc.record({
  account: fc.constantFrom(...Object.values(accounts), { id: 99, username: 'carol2' }),
  state: fc.constantFrom('active', 'active', 'active', 'blocked'),
  at: fc.integer({ min: -1, max: 6 }).map((hours) => instant(start + hours * hour)),
});
const anyVersions = fc
  .array(fc.record({ hours: fc.integer({ min: -2, max: 5 }), right: fc.boolean() }), { maxLength: 4 })
  .map((list) => list.map(({ hours, right }, place) => version({ ...(right ? good : evil), id: place + 1, createdAt: at(hours) })));

describe('laws of counting', () => {
  test('given another approval, then every earlier one is judged as before and nothing that was enough becomes too little', () => {
    fc.assert(
      fc.property(fc.array(anyApproval), anyApproval, anyVersions, (approvals, another, versions) => {
        const before = count(bound({ approvals, versions }));
        const after = count(bound({ approvals: [...approvals, another], versions }));
        expect(after.approvals.slice(0, -1)).toEqual(before.approvals);
        expect(after.enough || !before.enough).toBe(true);
      }),
    );
  });

  test('given an approval fewer, or a digest fewer, then no becomes yes nowhere', () => {
    fc.assert(
      fc.property(fc.array(anyApproval, { minLength: 1 }), anyVersions, fc.nat(), (approvals, versions, place) => {
        const all = count(bound({ approvals, versions }));
        const fewer = count(bound({ approvals: approvals.toSpliced(place % approvals.length, 1), versions }));
        const unseen = countApprovals(
          bound({ approvals, versions }),
          rules(),
          [grant],
          'good',
          new Map([...digests].toSpliced(place % digests.size, 1)),
        );
        expect(all.enough || (!fewer.enough && !unseen.enough)).toBe(true);
      }),
    );
  });

  test('given one more push, retarget or closing, then no becomes yes nowhere', () => {
    const anyMove = fc.record({
      by: fc.constantFrom(...Object.values(accounts)),
      at: fc.integer({ min: -1, max: 6 }).map(at),
      kind: fc.constantFrom('pushes', 'retargets', 'closed'),
    });
    fc.assert(
      fc.property(fc.array(anyApproval), anyVersions, anyMove, (approvals, versions, { kind, ...move }) => {
        const moved = {
          pushes: kind === 'pushes' ? [{ ...move, told: 'note' as const, head: null }] : [],
          retargets: kind === 'retargets' ? [move] : [],
          stateEvents: [merged(), ...(kind === 'closed' ? [merged({ state: 'closed', at: move.at })] : [])],
        };
        expect(count(bound({ approvals, versions })).enough || !count(bound({ approvals, versions, ...moved })).enough).toBe(true);
      }),
    );
  });

  test('given the same approvals in another order, then the same persons count', () => {
    fc.assert(
      fc.property(fc.array(anyApproval), anyVersions, (approvals, versions) => {
        expect(count(bound({ approvals: approvals.toReversed(), versions: versions.toReversed() })).paths).toEqual(
          count(bound({ approvals, versions })).paths,
        );
      }),
    );
  });
});
