import { nothingSigned } from '../../src/evidence/approval.ts';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../src/judge/form.ts';
import type { Landing, PathChange } from '../../src/history/landing.ts';
import { parseBlobId, type BlobId } from '../../src/names.ts';
import { reviewOpen, type OpenReview, type Proposal } from '../../src/review/review.ts';
import { startingState } from '../../src/record/start-state.ts';
import { approval, at, commit, group, mergeRequest, review, rules, uid } from '../evidence/evidence-samples.ts';
import { grantOf, grantPathOf, policyOf } from '../membership/membership-samples.ts';

function blob(digit: string): BlobId {
  const id = parseBlobId(digit.repeat(40));
  if (!id) throw new Error('the sample is wrong');
  return id;
}

const path = grantPathOf('urbanecm');
const entry = (digit: string, mode = '100644') => ({ mode, blob: blob(digit) });
const rulesFile = 'policy/policy.yaml';
const state = startingState({
  commit: commit('0'),
  committedAt: at(-9),
  tree: new Map([[rulesFile, entry('9')]]),
  rules: rules(),
  grants: new Map(),
});
const readable: Reading = { kind: 'grant', grant: grantOf('urbanecm', { until: at(100) }) };

/** alice opened it, bob approved it in time, and D of its one version is what merging brings. */
function reviewed(
  changes: Partial<Landing> = {},
  more: Partial<Proposal> = {},
  readings: readonly (readonly [string, Reading])[] = [[path, readable]],
): OpenReview {
  const landing: Landing = {
    commit: commit('b'),
    parent: commit('a'),
    parents: 2,
    committedAt: at(3),
    changes: [{ path, after: entry('1') }],
    outside: 0,
    ...changes,
  };
  const proposal: Proposal = {
    mergeRequest: mergeRequest({ state: 'opened', mergeCommit: null, mergedAt: null }),
    review: review({ stateEvents: [] }),
    landing,
    readings: { files: new Map(readings) },
    own: landing.changes.map((change: PathChange) => change.path),
    overlaps: [],
    digest: 'good',
    digests: new Map([[`${commit('a')}..${commit('b')}`, 'good']]),
    signing: nothingSigned,
    ...more,
  };
  return reviewOpen(proposal, state, policyOf([]), { folder: 'policy', longest: new Map() }, at(3), (uid) =>
    uid === 'urbanecm' ? 'known' : 'not-told',
  );
}

describe('given an open merge request', () => {
  it('when it is approved as it is, then nothing is against it', () => {
    expect(reviewed()).toMatchObject({ enough: true, obstacles: [], authors: [uid('alice')], quorum: [{ path, by: [uid('bob')] }] });
  });

  it.each([
    { given: 'something was pushed after the approval', more: { digest: 'newer' }, reason: 'other-content' },
    { given: 'the branch changed the same file', more: { digest: undefined, overlaps: [path] }, reason: 'other-content' },
    {
      given: 'the approval is not by an approver',
      more: { review: review({ stateEvents: [], approvals: [approval({ account: { id: 66, username: 'x' } })] }) },
      reason: 'not-a-person-in-policy',
    },
  ])('when $given, then the approval does not count', ({ more, reason }) => {
    expect(reviewed({}, more)).toMatchObject({ enough: false, approvals: [{ kind: 'not-counted', reason }] });
  });

  it.each<{
    readonly given: string;
    readonly changes: Partial<Landing>;
    readonly readings?: readonly (readonly [string, Reading])[];
    readonly gives: unknown;
  }>([
    { given: 'another file', changes: { outside: 1 }, gives: [{ code: 'impure' }] },
    { given: 'hiding attributes', changes: { hiddenBy: '.gitattributes' }, gives: [{ code: 'hidden-diff' }] },
    { given: 'an executable', changes: { changes: [{ path, after: entry('1', '100755') }] }, gives: [{ code: 'file-mode' }] },
    { given: 'a strange path', changes: { changes: [{ path: 'policy/@all', after: entry('1') }] }, gives: [{ code: 'unexpected-path' }] },
    {
      given: 'a file that cannot be read',
      changes: {},
      readings: [
        [
          path,
          { kind: 'unreadable', detail: `${path}:3:9: "/approve @all" is no day`, finding: { code: 'bad-time', fix: 'Write a day.' } },
        ],
      ],
      gives: [{ code: 'unreadable', path, line: 3, finding: { code: 'bad-time', fix: 'Write a day.' } }],
    },
    {
      given: 'a grant of no group',
      changes: { changes: [{ path: 'policy/grants/nobody/urbanecm.yaml', after: entry('1') }] },
      readings: [
        [
          'policy/grants/nobody/urbanecm.yaml',
          { kind: 'grant', grant: { ...grantOf('urbanecm', { until: 'open' }), group: group('nobody') } },
        ],
      ],
      gives: [{ code: 'unknown-group', path: 'policy/grants/nobody/urbanecm.yaml' }],
    },
    {
      given: 'an end that has passed',
      changes: {},
      readings: [[path, { kind: 'grant', grant: grantOf('urbanecm', { until: at(1) }) }]],
      gives: [{ code: 'ended', path }],
    },
    {
      given: 'what nobody had approved before',
      changes: { changes: [{ path, before: entry('2'), after: entry('1') }] },
      gives: [{ code: 'dirty', path }],
    },
  ])('when it has $given, then that is said without a word of its author', ({ changes, readings, gives }) => {
    const { obstacles } = reviewed(changes, {}, readings);
    expect(obstacles).toEqual(gives);
  });

  it('when it puts back what is endorsed, then it is the way back and needs nothing', () => {
    expect(reviewed({ changes: [{ path, before: entry('2') }] })).toMatchObject({ restores: true, obstacles: [], effects: [] });
    expect(reviewed({ changes: [{ path: rulesFile, before: entry('2'), after: entry('9') }] })).toMatchObject({ restores: true });
    expect(reviewed({ changes: [{ path, before: entry('2') }], outside: 1 })).toMatchObject({ restores: false });
  });
});
