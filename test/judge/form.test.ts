import { describe, expect, it } from 'vitest';
import type { PolicyState, RefusalCode } from '../../src/record/policy-state.ts';
import {
  formObjection,
  isWellFormed,
  lengthObjection,
  understood,
  type FormSettings,
  type Reading,
  type Readings,
} from '../../src/judge/form.ts';
import { mostFiles } from '../../src/policy/policy.ts';
import type { Landing, PathChange } from '../../src/history/landing.ts';
import { duration } from '../../src/names.ts';
import type { GrantFile, GroupRules, Rules } from '../../src/policy/policy.ts';
import { startingState } from '../../src/record/start-state.ts';
import { day } from '../../src/time.ts';
import { commit, group, rules, team, uid } from '../evidence/evidence-samples.ts';
import { blobOf } from './history-files.ts';
import { byRoster, grantPathOf, hours, klaxon, now } from '../membership/membership-samples.ts';

const alicePath = grantPathOf('alice');
const rulesPath = 'policy/policy.yaml';
const groupPath = 'policy/groups/klaxon-users.yaml';

function change(path: string, mode = '100644'): PathChange {
  return { path, after: { mode, blob: blobOf({ kind: 'broken', wording: 1 }) } };
}

function deletion(path: string): PathChange {
  return { path, before: { mode: '100644', blob: blobOf({ kind: 'broken', wording: 1 }) } };
}

const alice: GrantFile = { group: klaxon, uid: uid('alice'), reason: 'Testing.', until: hours(48) };

/** carol alone cannot approve changes of the rules; with bob she can. */
const soundRules: Rules = { ...rules(), teams: new Map([...rules().teams, [team('access-owners'), [uid('bob'), uid('carol')]]]) };

interface Subject {
  readonly landing?: Partial<Landing>;
  readonly changes?: readonly PathChange[];
  readonly says?: Readonly<Record<string, Reading>>;
  readonly grant?: Partial<GrantFile>;
  /** The group's rules before the landing. */
  readonly group?: Partial<GroupRules>;
  readonly after?: Readings['rules'];
  readonly longest?: number;
}

/** A landing that adds a proper grant for alice, except for what the subject says. */
function objection({ landing = {}, changes = [change(alicePath)], says, grant = {}, group: of = {}, after, longest }: Subject) {
  const before = rules(of);
  const state: PolicyState = startingState({
    commit: commit('a'),
    committedAt: hours(-48),
    tree: new Map(),
    rules: before,
    grants: new Map(),
  });
  const subject: Landing = { commit: commit('b'), parent: commit('a'), parents: 2, committedAt: now, changes, outside: 0, ...landing };
  const found = changes.flatMap(({ path, after: entry }) => (entry ? [[path, reading(path, grant)] as const] : []));
  const readings: Readings = { files: new Map(says ? Object.entries(says) : found), ...(after ? { rules: after } : {}) };
  const settings: FormSettings = { folder: 'policy', longest: longest === undefined ? new Map() : new Map([[klaxon, duration(longest)]]) };
  return formObjection(state, subject, readings, settings) ?? lengthObjection(subject, readings, before, now, settings);
}

function reading(path: string, grant: Partial<GrantFile>): Reading {
  return path.includes('/grants/') ? { kind: 'grant', grant: { ...alice, ...grant } } : { kind: 'rules' };
}

const valid = { kind: 'valid', value: soundRules } as const;
const invalid = { kind: 'invalid', detail: 'policy/policy.yaml:1:1: no' } as const;
const many = (number: number) => Array.from({ length: number }, (_, index) => change(grantPathOf(`user${index}`)));
const read = { text: 'https://127.0.0.1/text', version: '2' };

const cases: readonly { readonly code: RefusalCode; readonly given: string; readonly subject: Subject; readonly passes?: true }[] = [
  { code: 'not-bound', given: 'a merge of two', subject: { landing: { parents: 2 } }, passes: true },
  { code: 'not-bound', given: 'an octopus', subject: { landing: { parents: 3 } } },
  { code: 'hidden-diff', given: 'attributes that hide nothing', subject: {}, passes: true },
  { code: 'hidden-diff', given: 'attributes that hide', subject: { landing: { hiddenBy: '.gitattributes' } } },
  { code: 'too-many-files', given: 'fifty files', subject: { changes: many(mostFiles) }, passes: true },
  { code: 'too-many-files', given: 'fifty-one files', subject: { changes: many(mostFiles + 1) } },
  { code: 'impure', given: 'the policy folder only', subject: { landing: { outside: 0 } }, passes: true },
  { code: 'impure', given: 'a README beside it', subject: { landing: { outside: 1 } } },
  { code: 'file-mode', given: 'a plain file', subject: { changes: [change(alicePath, '100644')] }, passes: true },
  ...['100755', '120000', '160000'].map((mode) => ({
    code: 'file-mode' as const,
    given: `mode ${mode}`,
    subject: { changes: [change(alicePath, mode)] },
  })),
  { code: 'unexpected-path', given: 'the path of a grant', subject: {}, passes: true },
  ...[
    'policy/README.md',
    'policy/grants/klaxon-users/Alice.yaml',
    'policy/grants/klaxon-users/a\nb.yaml',
    'policy/grants/alice.yaml',
    'policy/grants/klaxon-users/x/y.yaml',
    'policy/groups/Klaxon.yaml',
    'policy/grants/klaxon-users/alicé.yaml',
  ].map((path) => ({ code: 'unexpected-path' as const, given: JSON.stringify(path), subject: { changes: [change(path)] } })),
  { code: 'unexpected-path', given: 'a deletion of what has no place', subject: { changes: [deletion('policy/README.md')] } },
  { code: 'too-large', given: 'a file of ordinary size', subject: {}, passes: true },
  { code: 'too-large', given: 'a file over 16 KiB', subject: { says: { [alicePath]: { kind: 'too-large' } } } },
  { code: 'unreadable', given: 'a deletion: there is nothing to read', subject: { changes: [deletion(alicePath)] }, passes: true },
  { code: 'unreadable', given: 'broken YAML', subject: { says: { [alicePath]: { kind: 'unreadable', detail: 'x' } } } },
  { code: 'unreadable', given: 'a file that nobody read', subject: { says: {} } },
  { code: 'mixed', given: 'two rules files', subject: { changes: [change(groupPath), change(rulesPath)], after: valid }, passes: true },
  { code: 'mixed', given: 'a rules file and a grant', subject: { changes: [change(alicePath), change(groupPath)], after: valid } },
  {
    code: 'mixed',
    given: 'a rules file and a deleted grant',
    subject: { changes: [deletion(alicePath), change(rulesPath)], after: valid },
  },
  { code: 'rules-invalid', given: 'rules that are understood', subject: { changes: [change(rulesPath)], after: valid }, passes: true },
  { code: 'rules-invalid', given: 'rules that are not', subject: { changes: [change(rulesPath)], after: invalid } },
  { code: 'rules-invalid', given: 'rules that nobody read', subject: { changes: [change(rulesPath)] } },
  { code: 'rules-invalid', given: 'the deletion of policy.yaml', subject: { changes: [deletion(rulesPath)], after: invalid } },
  {
    code: 'rules-invalid',
    given: 'a team of strangers',
    subject: {
      changes: [change(rulesPath)],
      after: { ...valid, value: { ...soundRules, teams: new Map([...soundRules.teams, [team('x'), [uid('mallory')]]]) } },
    },
  },
  {
    code: 'too-few-approvers',
    given: 'one approver more than needed',
    subject: { changes: [change(rulesPath)], after: valid },
    passes: true,
  },
  { code: 'too-few-approvers', given: 'as many as needed', subject: { changes: [change(rulesPath)], after: { ...valid, value: rules() } } },
  { code: 'unknown-group', given: 'a group of the rules', subject: {}, passes: true },
  {
    code: 'unknown-group',
    given: 'a group that only the rules after know',
    subject: { changes: [change('policy/grants/others/alice.yaml')], grant: { group: group('others') } },
  },
  { code: 'not-by-grants', given: 'a group by grants', subject: {}, passes: true },
  { code: 'not-by-grants', given: 'a group by roster', subject: { group: byRoster } },
  { code: 'until-before-from', given: 'an end after the start', subject: { grant: { from: hours(1), until: hours(2) } }, passes: true },
  { code: 'until-before-from', given: 'an end at the start', subject: { grant: { from: hours(2), until: hours(2) } } },
  {
    code: 'missing-field',
    given: 'the ticket that is required',
    subject: { group: { requires: ['ticket'] }, grant: { ticket: 'T1' } },
    passes: true,
  },
  { code: 'missing-field', given: 'no ticket', subject: { group: { requires: ['ticket'] } } },
  {
    code: 'understood-version',
    given: 'the present version',
    subject: { group: { understood: read }, grant: { understood: '2' } },
    passes: true,
  },
  { code: 'understood-version', given: 'the version before', subject: { group: { understood: read }, grant: { understood: '1' } } },
  { code: 'too-long', given: 'two days of two', subject: { group: { longest: duration(2 * day) } }, passes: true },
  { code: 'too-long', given: 'an hour more', subject: { group: { longest: duration(2 * day) }, grant: { until: hours(49) } } },
  { code: 'too-long', given: 'no end where the group allows it', subject: { grant: { until: 'open' } }, passes: true },
  { code: 'too-long', given: 'no end where the host does not', subject: { longest: 2 * day, grant: { until: 'open' } } },
  {
    code: 'too-long',
    given: 'the group’s three days where the host allows two',
    subject: { group: { longest: duration(3 * day) }, longest: 2 * day, grant: { until: hours(49) } },
  },
  { code: 'too-dormant', given: 'a start in thirty days', subject: { grant: { from: hours(720), until: 'open' } }, passes: true },
  { code: 'too-dormant', given: 'a start an hour later', subject: { grant: { from: hours(721), until: 'open' } } },
];

describe('the form of a landing', () => {
  it.each(cases.filter(({ passes }) => passes))('given $given, then nobody says "$code"', ({ subject }) => {
    expect(objection(subject)).toBeUndefined();
  });

  it.each(cases.filter(({ passes }) => !passes))('given $given, then it is refused as "$code"', ({ code, subject }) => {
    expect(objection(subject)).toMatchObject({ code });
  });

  it('every code has a landing that passes and one that must fail', () => {
    const codes = (passes: boolean) => [...new Set(cases.filter((one) => (one.passes ?? false) === passes).map(({ code }) => code))].sort();
    expect(codes(true)).toEqual(codes(false));
    expect(codes(true)).toHaveLength(18);
  });

  it('given several grants of which one is wrong, then the whole landing is refused', () => {
    const says: Readings['files'] = new Map([
      [grantPathOf('bob'), reading(grantPathOf('bob'), { uid: uid('bob') })],
      [alicePath, { kind: 'unreadable', detail: 'x' }],
    ]);
    expect(objection({ changes: [change(grantPathOf('bob')), change(alicePath)], says: Object.fromEntries(says) })).toMatchObject({
      code: 'unreadable',
    });
  });

  it('given too many files that are all wrong, then only their number is said', () => {
    expect(objection({ changes: many(51), says: {} })).toMatchObject({ code: 'too-many-files', detail: '51 files' });
  });
});

describe('lengths', () => {
  it('are measured from the merge, not from what somebody wrote into the commit', () => {
    const backdated = { committedAt: hours(-10_000) };
    expect(objection({ landing: backdated, group: { longest: duration(2 * day) } })).toBeUndefined();
    const postdated = { committedAt: hours(48) };
    expect(objection({ landing: postdated, group: { longest: duration(2 * day) }, grant: { until: hours(72) } })).toMatchObject({
      code: 'too-long',
    });
  });
});

describe('paths', () => {
  it.each([
    { path: 'policy/policy.yaml', well: true },
    { path: 'policy/groups/klaxon-users.yaml', well: true },
    { path: 'policy/grants/klaxon-users/007.yaml', well: true },
    { path: 'policy/grants/klaxon-users/_x.y-z.yaml', well: true },
    { path: 'policy/grants/klaxon-users/.yaml', well: false },
    { path: 'policy/grants/../policy.yaml', well: false },
    { path: 'policy/policy.yml', well: false },
    { path: 'policy', well: false },
    { path: 'elsewhere/policy.yaml', well: false },
    { path: 'policy2/policy.yaml', well: false },
    { path: 'policy/grants/klaxon-users/\u{fffd}.yaml', well: false },
  ])('given $path, then well-formed is $well', ({ path, well }) => {
    expect(isWellFormed(path, 'policy')).toBe(well);
  });
});

it('what the step of the fold takes is what was understood, and nothing else', () => {
  const files = new Map<string, Reading>([
    [alicePath, { kind: 'grant', grant: alice }],
    [grantPathOf('bob'), { kind: 'unreadable', detail: 'x' }],
    [grantPathOf('carol'), { kind: 'too-large' }],
    [rulesPath, { kind: 'rules' }],
  ]);
  expect(understood({ files, rules: invalid })).toEqual({ grants: new Map([[alicePath, alice]]) });
  expect(understood({ files: new Map(), rules: valid })).toEqual({ grants: new Map(), rules: soundRules });
});
