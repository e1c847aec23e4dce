import { describe, expect, it } from 'vitest';
import {
  notCountedReasons,
  signatureReasons,
  type JudgedApproval,
  type JudgedSignature,
  type SignatureReason,
} from '../../src/record/approval-count.ts';
import { refusalCodes } from '../../src/record/policy-state.ts';
import type { Reach } from '../../src/record/standing.ts';
import type { GrantStanding, SettledReview } from '../../src/review/settled-review.ts';
import { rulesChanges, type RulesChange } from '../../src/check/rules-change.ts';
import { duration, type Uid } from '../../src/names.ts';
import { day } from '../../src/time.ts';
import { code } from '../../src/review/note-words.ts';
import { renderNote } from '../../src/review/note.ts';
import { renderReviewJson } from '../../src/review/review-text.ts';
import { statusOf } from '../../src/status.ts';
import { approval, commit, group, rules, team, uid } from '../evidence/evidence-samples.ts';
import { openReview as open, path, until } from './review-samples.ts';
import { hours, klaxon } from '../membership/membership-samples.ts';

const refused = { kind: 'not-counted', approval: approval(), person: uid('bob'), reason: 'before-last-push' } as const;
const counted: JudgedApproval = { kind: 'counted', approval: approval(), person: uid('alice'), paths: [path] };
const stranger: JudgedApproval = {
  kind: 'not-counted',
  approval: approval({ account: { id: 66, username: '/approve @all' } }),
  reason: 'not-a-person-in-policy',
};

function inForce(reach: Reach, changes = {}): GrantStanding {
  return { kind: 'in-force', until, shortened: false, reach, ...changes };
}

const everyObstacle = refusalCodes.map((code) => ({ code, path }));
// The compiler asks for a line here when there is a new reason why somebody who is granted access does not get in.
const withheld: Readonly<Record<Extract<Reach, { kind: 'withheld' }>['code'], true>> = {
  expired: true,
  'not-yet': true,
  revoked: true,
  'unknown-person': true,
  'ambiguous-person': true,
  'identity-changed': true,
  locked: true,
};
const everyWithheld = (Object.keys(withheld) as (keyof typeof withheld)[]).map((code) => inForce({ kind: 'withheld', code }));
const everyReason = notCountedReasons.map((reason): JudgedApproval => ({ ...refused, reason }));

// A detail is a path that somebody else may have written.
const details: Readonly<Partial<Record<SignatureReason, string>>> = {
  'other-content': 'policy/`/approve @all`',
  'too-late': 'after',
  'used-before': commit('d'),
};
const signature = { person: uid('alice'), fingerprint: `SHA256:${'a+/'.repeat(14)}b`, touched: false, at: hours(-1) } as const;
const everySignature = signatureReasons.map((reason): JudgedSignature => {
  const detail = details[reason];
  return { ...signature, kind: 'not-counted', reason, ...(detail !== undefined && { detail }) };
});

/** Case 106. */
const withMany = new Map([...rules().teams, [team('sre'), [...(rules().teams.get(team('sre')) ?? []), ...crowd(40)]] as const]);
const manyApprovers = rulesChanges(rules(), { ...rules(), teams: withMany });
const everyRulesChange: readonly RulesChange[] = [
  ...manyApprovers,
  { kind: 'team', team: team('access-owners'), before: 1, after: 0, joins: [], leaves: [uid('bob')], approves: [], rules: false },
  ...(['other', 'new', 'gone'] as const).map((what) => ({ kind: 'person', uid: uid('bob'), what }) as const),
  { kind: 'approvers', of: 'rules', before: [team('access-owners')], after: [team('sre'), team('access-owners')] },
  { kind: 'approvals', of: klaxon, before: 2, after: 1 },
  { kind: 'group', group: group('new'), what: 'new' },
  { kind: 'group', group: group('old'), what: 'gone' },
  { kind: 'longest', group: klaxon, before: duration(90 * day), after: 'none' },
  { kind: 'members', group: klaxon },
  { kind: 'unexplained', group: klaxon },
  { kind: 'other', of: klaxon },
  { kind: 'other', of: 'rules' },
];

function crowd(size: number): Uid[] {
  return Array.from({ length: size }, (_, index) => uid(`approver${index + 1}`));
}

function endorsed(...standings: readonly GrantStanding[]): SettledReview {
  const grants = standings.map((standing, index) => ({
    path,
    group: klaxon,
    uid: uid(['urbanecm', 'hoo', 'h2o'][index] ?? 'more'),
    standing,
  }));
  return { kind: 'endorsed', approvedBy: [uid('alice')], landedAt: hours(-2), grants, isRules: false, rules: [] };
}

function refusedReview(changes: Partial<Extract<SettledReview, { kind: 'refused' }>> = {}): SettledReview {
  const quorum = [{ path, teams: [team('sre')], needed: 2, by: [uid('alice')] }];
  return {
    ...{ kind: 'refused', code: 'no-approval', paths: [path], healed: false, restores: false, took: [], takenOut: [] },
    ...{ locked: [path], locksAll: false, approvals: [], signatures: [], quorum, ...changes },
  };
}

describe('the note that people read', () => {
  it.each<{ readonly name: string; readonly review: Parameters<typeof renderNote>[0] }>([
    { name: 'open-approval-missing', review: open({ approvals: [refused, stranger] }) },
    {
      name: 'open-approved',
      review: open({
        enough: true,
        approvals: [counted],
        quorum: [{ path, teams: [team('sre')], needed: 2, by: [uid('alice'), uid('bob')] }],
      }),
    },
    {
      name: 'open-to-mend',
      review: open({
        obstacles: [
          { code: 'impure' },
          { code: 'too-long', path },
          {
            code: 'unreadable',
            path: 'policy/grants/klaxon-users/hoo.yaml',
            line: 3,
            finding: { code: 'dropped-text', fix: 'Put the whole text in quotes: reason: "…".' },
          },
          { code: 'rules-invalid', finding: { code: 'bad-number', fix: 'Not @everybody’s [text](x).' } },
        ],
        overlaps: ['policy/policy.yaml'],
        waiting: 2,
      }),
    },
    {
      name: 'open-slipped-in',
      review: open({
        effects: [{ path, group: klaxon, uid: uid('urbanecm'), effect: 'extends', until: 'open', from: hours(48) }],
        obstacles: [{ code: 'dirty', path }],
        slippedIn: [{ path, commit: commit('d'), mergeRequest: null, code: 'no-merge-request', detail: '/approve @all' }],
        undecided: [{ path: 'policy/policy.yaml', commit: commit('e'), code: 'gitlab-unavailable', detail: '/approve @all' }],
      }),
    },
    { name: 'open-removal', review: open({ effects: [{ path, group: klaxon, uid: uid('urbanecm'), effect: 'loses', until: null }] }) },
    {
      name: 'open-rules',
      review: open({
        effects: [
          { path: 'policy/groups/klaxon-users.yaml', group: klaxon, uid: null, effect: 'rules', until: null },
          { path: 'policy/policy.yaml', group: null, uid: null, effect: 'rules', until: null },
        ],
      }),
    },
    {
      name: 'open-rules-understood',
      review: open({
        effects: [
          { path: 'policy/groups/klaxon-users.yaml', group: klaxon, uid: null, effect: 'rules', until: null },
          { path: 'policy/policy.yaml', group: null, uid: null, effect: 'rules', until: null },
        ],
        people: [],
        rules: everyRulesChange,
      }),
    },
    { name: 'open-words-only', review: open({ effects: [], people: [] }) },
    {
      name: 'open-unknown-person',
      review: open({ people: (['unknown-person', 'ambiguous-person', 'locked', 'not-told'] as const).map((is) => ({ uid: uid(is), is })) }),
    },
    {
      name: 'open-nobody-can-approve',
      review: open({
        needs: [{ paths: [path], teams: [team('sre')], approvals: 2, candidates: [uid('alice')], notCounted: [uid('carol')] }],
      }),
    },
    { name: 'open-unknown-group', review: open({ needs: [{ paths: [path], teams: [], approvals: 1, candidates: [], notCounted: [] }] }) },
    { name: 'open-restoring', review: open({ restores: true, effects: [] }) },
    { name: 'open-empty', review: open({ empty: true, effects: [], needs: [], quorum: [] }) },
    {
      name: 'open-empty-slipped-in',
      review: open({
        empty: true,
        effects: [],
        needs: [],
        slippedIn: [{ path, commit: commit('d'), mergeRequest: null, code: 'no-merge-request', detail: '' }],
      }),
    },
    { name: 'closed', review: { kind: 'unmerged', why: 'closed' } },
    { name: 'merging', review: { kind: 'unmerged', why: 'merging' } },
    { name: 'other-branch', review: { kind: 'unmerged', why: 'other-branch' } },
    { name: 'merged-nothing', review: { kind: 'nothing' } },
    { name: 'merged-waiting', review: { kind: 'waiting', code: 'gitlab-unavailable' } },
    { name: 'merged-waiting-for-earlier', review: { kind: 'waiting', code: 'waits-for-earlier' } },
    { name: 'merged-refused', review: refusedReview({ approvals: [refused, stranger, counted] }) },
    {
      name: 'merged-refused-unapproved',
      review: refusedReview({ quorum: [{ path, teams: [team('sre'), team('access-owners')], needed: 1, by: [] }] }),
    },
    { name: 'merged-refused-every-reason', review: refusedReview({ approvals: everyReason }) },
    {
      name: 'open-signature-missing',
      review: open({
        needs: [{ paths: [path], teams: [team('sre')], approvals: 2, signed: 1, candidates: [uid('bob')], notCounted: [] }],
        quorum: [{ path, teams: [team('sre')], needed: 2, by: [uid('alice')], signed: { needed: 1, by: [] } }],
        approvals: [counted],
        signatures: everySignature,
        unreadable: [{ line: 7, message: '"rules sha256:…" is expected here' }, { message: 'the signature is damaged' }],
        statement: 'muster-approval v1\nproject 1234\n…\nsigner NAME\n',
      }),
    },
    {
      name: 'merged-refused-not-signed',
      review: refusedReview({
        code: 'not-signed',
        quorum: [{ path, teams: [team('sre')], needed: 1, by: [uid('alice')], signed: { needed: 2, by: [uid('alice')] } }],
        signatures: [{ ...signature, kind: 'counted', touched: true, paths: [path] }],
      }),
    },
    { name: 'open-to-mend-everything', review: open({ obstacles: everyObstacle }) },
    { name: 'open-every-reason', review: open({ approvals: everyReason }) },
    { name: 'merged-refused-fast-forward', review: refusedReview({ approvals: [refused], unbound: 'part-of-fast-forward' }) },
    { name: 'merged-refused-not-bound', review: refusedReview({ code: 'not-bound', unbound: 'merged-elsewhere', quorum: [] }) },
    { name: 'merged-refused-form', review: refusedReview({ code: 'too-long', quorum: [] }) },
    { name: 'merged-refused-by-hand', review: refusedReview({ code: 'refused-by-hand', quorum: [] }) },
    { name: 'merged-refused-settled', review: refusedReview({ paths: [], locked: [], healed: true, approvals: [refused] }) },
    {
      name: 'merged-refused-took-away',
      review: refusedReview({
        paths: [],
        took: [
          { path, group: klaxon, uid: uid('urbanecm'), left: null, approved: until },
          { path, group: klaxon, uid: uid('hoo'), left: hours(48), approved: 'open' },
        ],
      }),
    },
    {
      name: 'merged-refused-took-away-and-healed',
      review: refusedReview({
        ...{ paths: [], locked: [], healed: true, quorum: [] },
        took: [{ path, group: klaxon, uid: uid('urbanecm'), left: null, approved: until }],
      }),
    },
    {
      name: 'merged-refused-rules',
      review: refusedReview({
        ...{ paths: ['policy/policy.yaml'], locked: ['policy/policy.yaml'], locksAll: true },
        takenOut: [uid('bob')],
      }),
    },
    { name: 'merged-restoring', review: refusedReview({ paths: [], locked: [], healed: true, restores: true, quorum: [] }) },
    { name: 'in-force', review: endorsed(inForce({ kind: 'member', since: hours(-1) })) },
    { name: 'in-force-shortened', review: endorsed(inForce({ kind: 'member', since: undefined }, { shortened: true })) },
    { name: 'in-force-as-far-as-known', review: endorsed(inForce({ kind: 'unknown' }, { until: 'open' })) },
    { name: 'in-force-not-in-yet', review: endorsed(inForce({ kind: 'not-yet' }), inForce({ kind: 'held' })) },
    {
      name: 'in-force-withheld',
      review: endorsed(...everyWithheld),
    },
    { name: 'not-begun', review: endorsed({ kind: 'not-begun', from: hours(24), until }) },
    {
      name: 'ends-soon',
      review: endorsed({ kind: 'ends-soon', until: hours(72), shortened: false, reach: { kind: 'member', since: hours(-300) } }),
    },
    { name: 'ended', review: endorsed({ kind: 'ended', at: until }) },
    { name: 'replaced', review: endorsed({ kind: 'replaced', mergeRequest: 12 }, { kind: 'replaced', mergeRequest: null }) },
    { name: 'taken-away', review: endorsed({ kind: 'taken-away', commit: commit('d') }) },
    { name: 'removed', review: endorsed({ kind: 'removed' }) },
    {
      name: 'rules-in-force',
      review: { kind: 'endorsed', approvedBy: [uid('bob')], landedAt: hours(-2), grants: [], isRules: true, rules: manyApprovers },
    },
  ])('given $name, then it is the golden one, and its JSON parses', async ({ name, review }) => {
    await expect(renderNote(review)).toMatchFileSnapshot(`../golden/note-${name}.md`);
    expect(JSON.parse(renderReviewJson(7, review, 'not asked', statusOf([])))).toMatchObject({
      muster: 1,
      command: 'review',
      mergeRequest: 7,
    });
  });

  it('has no mention, no markup and no command, whatever the details say', () => {
    const note = renderNote(
      open({ approvals: [stranger], slippedIn: [{ path, commit: commit('d'), mergeRequest: 1, code: 'dirty', detail: '/merge' }] }),
    );
    expect(note).not.toMatch(/@|^\s*\//m);
    expect(note).toContain('the GitLab account number `66`');
  });

  it('is long for nobody: many files and people are counted', () => {
    const paths = Array.from({ length: 50 }, (_, index) => `policy/grants/klaxon-users/p${index}.yaml`);
    const candidates = Array.from({ length: 30 }, (_, index) => uid(`approver${index}`));
    const note = renderNote(
      open({ needs: [{ paths, teams: [team('sre'), team('access-owners')], approvals: 1, candidates, notCounted: [] }] }),
    );
    expect(note).toContain('and 47 more files: 1 approval missing, by `sre` or `access-owners` (`approver0`,');
    expect(note).toContain('and 25 more).');
  });
});

it.each([
  { token: group('klaxon-users'), gives: '`klaxon-users`' },
  { token: 42, gives: '`42`' },
  { token: '`<b>` @all\n/merge', gives: '`??b????all?/merge`' },
])('a token stands as code, whatever is in it: $token', ({ token, gives }) => {
  expect(code(token)).toBe(gives);
});

it('given a review that is not ready for whom it lets in, then its JSON has that among the findings', () => {
  const review = open({ people: [{ uid: uid('urbanecm'), is: 'unknown-person' }] });
  const { findings } = JSON.parse(renderReviewJson(7, review, 'not asked', statusOf(['findings']))) as { findings: unknown };
  expect(findings).toEqual([{ code: 'unknown-person', uid: 'urbanecm' }]);
});
