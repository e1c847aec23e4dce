import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathChange, TreeEntry } from '../../src/history/landing.ts';
import { parseBlobId, type BlobId } from '../../src/names.ts';
import { changesIfMerged, effectsOf, needsOf, type Term } from '../../src/check/proposed-change.ts';
import { hours, now } from '../membership/membership-samples.ts';
import { group, rules, uid } from '../evidence/evidence-samples.ts';

function blob(digit: string): BlobId {
  const id = parseBlobId(digit.repeat(40));
  if (!id) throw new Error('the sample is wrong');
  return id;
}

const entry = (digit: string): TreeEntry => ({ mode: '100644', blob: blob(digit) });
const path = 'policy/grants/klaxon-users/urbanecm.yaml';
const changed: PathChange = { path, before: entry('a'), after: entry('b') };
const deleted: PathChange = { path, before: entry('a') };
const added: PathChange = { path, after: entry('b') };

function told(change: PathChange, before: Term | undefined, after: Term | undefined): unknown {
  const map = (term: Term | undefined) => new Map(term ? [[path, term]] : []);
  const [effect] = effectsOf([change], map(before), map(after), 'policy', now);
  return effect && [effect.effect, effect.until, ...(effect.from === undefined ? [] : [effect.from])];
}

describe('what a change does', () => {
  const week = { until: hours(168) };
  it.each([
    { given: 'a new file', change: added, before: undefined, after: week, gives: ['gains', hours(168)] },
    {
      given: 'a new file that begins later',
      change: added,
      before: undefined,
      after: { ...week, from: hours(24) },
      gives: ['gains', hours(168), hours(24)],
    },
    { given: 'a new file that is over', change: added, before: undefined, after: { until: now }, gives: undefined },
    { given: 'a new file without an end', change: added, before: undefined, after: { until: 'open' as const }, gives: ['gains', 'open'] },
    { given: 'a deleted file', change: deleted, before: week, after: undefined, gives: ['loses', null] },
    { given: 'a deleted file that nobody had approved', change: deleted, before: undefined, after: undefined, gives: undefined },
    { given: 'a deleted file that is over', change: deleted, before: { until: now }, after: undefined, gives: undefined },
    { given: 'a later end', change: changed, before: week, after: { until: hours(200) }, gives: ['extends', hours(200)] },
    { given: 'no end any more', change: changed, before: week, after: { until: 'open' as const }, gives: ['extends', 'open'] },
    { given: 'an earlier end', change: changed, before: week, after: { until: hours(24) }, gives: ['shortens', hours(24)] },
    { given: 'an end instead of none', change: changed, before: { until: 'open' as const }, after: week, gives: ['shortens', hours(168)] },
    { given: 'an end in the past', change: changed, before: week, after: { until: hours(-1) }, gives: ['loses', null] },
    { given: 'an earlier start', change: changed, before: { ...week, from: hours(48) }, after: week, gives: ['extends', hours(168)] },
    {
      given: 'a later start',
      change: changed,
      before: week,
      after: { ...week, from: hours(48) },
      gives: ['shortens', hours(168), hours(48)],
    },
    {
      given: 'an earlier start and an earlier end',
      change: changed,
      before: { ...week, from: hours(48) },
      after: { until: hours(24) },
      gives: ['extends', hours(24)],
    },
    {
      given: 'another start in the past',
      change: changed,
      before: { ...week, from: hours(-48) },
      after: { ...week, from: hours(-2) },
      gives: undefined,
    },
    { given: 'other words', change: changed, before: week, after: week, gives: undefined },
    { given: 'an edit of what nobody approved', change: changed, before: undefined, after: week, gives: ['gains', hours(168)] },
    { given: 'a file that cannot be read', change: changed, before: week, after: undefined, gives: undefined },
  ])('given $given, then $gives', ({ change, before, after, gives }) => {
    expect(told(change, before, after)).toEqual(gives);
  });

  it('given rules, then a group or everything is named', () => {
    const changes = ['policy/groups/klaxon-users.yaml', 'policy/policy.yaml'].map((rulesPath) => ({ ...changed, path: rulesPath }));
    expect(effectsOf(changes, new Map(), new Map(), 'policy', now)).toEqual([
      { path: 'policy/groups/klaxon-users.yaml', group: group('klaxon-users'), uid: null, effect: 'rules', until: null },
      { path: 'policy/policy.yaml', group: null, uid: null, effect: 'rules', until: null },
    ]);
  });

  it('given paths that muster does not accept, then nobody is named', () => {
    const changes = ['policy/grants/klaxon-users/@all.yaml', 'policy/x', 'README.md'].map((strange) => ({ ...added, path: strange }));
    expect(effectsOf(changes, new Map(), new Map(changes.map((one) => [one.path, { until: 'open' }])), 'policy', now)).toEqual([]);
  });

  it('never widens without saying so: who has time afterwards that they had not before gains or has more time', () => {
    const term = fc.record({
      from: fc.option(fc.integer({ min: -48, max: 48 }).map(hours), { nil: undefined }),
      until: fc.oneof(fc.constant('open' as const), fc.integer({ min: -48, max: 96 }).map(hours)),
    });
    const clean = ({ from, until }: { from: Term['from'] | undefined; until: Term['until'] }): Term => ({
      until,
      ...(from === undefined ? {} : { from }),
    });
    fc.assert(
      fc.property(fc.option(term, { nil: undefined }), term, fc.integer({ min: 0, max: 120 }), (before, after, later) => {
        const gives = (one: Term | undefined) =>
          one !== undefined && (one.from ?? 0) <= hours(later) && (one.until === 'open' || one.until > hours(later));
        const [effect] = effectsOf(
          [changed],
          new Map(before ? [[path, clean(before)]] : []),
          new Map([[path, clean(after)]]),
          'policy',
          now,
        );
        if (gives(clean(after)) && !gives(before && clean(before))) expect(['gains', 'extends']).toContain(effect?.effect);
        if (!gives(clean(after)) && gives(before && clean(before))) expect(effect).toBeDefined();
      }),
    );
  });
});

describe('what a change needs', () => {
  const reviewed = (name: string, ...beneficiaries: readonly string[]) => ({
    path: `grants/klaxon-users/${name}.yaml`,
    beneficiaries: beneficiaries.map(uid),
  });
  const needed = (...args: Parameters<typeof needsOf>) =>
    needsOf(...args).map(({ paths, candidates, notCounted }) => [paths.length, [...candidates], [...notCounted]]);

  it.each([
    {
      given: 'two files alike',
      reviewed: [reviewed('hoo'), reviewed('urbanecm')],
      authors: [],
      gives: [[2, ['alice', 'bob', 'carol'], []]],
    },
    { given: 'an author', reviewed: [reviewed('hoo')], authors: ['bob'], gives: [[1, ['alice', 'carol'], ['bob']]] },
    {
      given: 'a grant for an approver',
      reviewed: [reviewed('alice', 'alice'), reviewed('hoo')],
      authors: [],
      gives: [
        [1, ['bob', 'carol'], ['alice']],
        [1, ['alice', 'bob', 'carol'], []],
      ],
    },
    {
      given: 'a grant for the other uid of an approver',
      reviewed: [reviewed('carol-test', 'carol-test')],
      authors: [],
      gives: [[1, ['alice', 'bob'], ['carol']]],
    },
    { given: 'a path that no policy file has', reviewed: [{ path: 'grants/x/@all.yaml', beneficiaries: [] }], authors: [], gives: [] },
  ])('given $given, then $gives', ({ reviewed: paths, authors, gives }) => {
    expect(needed(paths, rules(), new Set(authors.map(uid)), 'policy')).toEqual(gives);
  });

  it('given a group that the rules do not know, then no team can approve', () => {
    expect(needsOf([{ path: 'grants/nobody/hoo.yaml', beneficiaries: [] }], rules(), new Set(), 'policy')).toEqual([
      { paths: ['policy/grants/nobody/hoo.yaml'], teams: [], approvals: 1, candidates: [], notCounted: [] },
    ]);
  });
});

describe('what merging would change', () => {
  it.each([
    { given: 'a branch that stood still', own: [added], moved: [], changes: [added], overlaps: [] },
    { given: 'the same change on the branch', own: [added], moved: [added], changes: [], overlaps: [] },
    { given: 'the same deletion on the branch', own: [deleted], moved: [deleted], changes: [], overlaps: [] },
    {
      given: 'another change of the same file',
      own: [changed],
      moved: [{ path, before: entry('a'), after: entry('c') }],
      changes: [{ path, before: entry('c'), after: entry('b') }],
      overlaps: [path],
    },
    { given: 'a deletion of the same file', own: [changed], moved: [deleted], changes: [{ path, after: entry('b') }], overlaps: [path] },
    { given: 'a change elsewhere', own: [changed], moved: [{ ...added, path: 'README.md' }], changes: [changed], overlaps: [] },
  ])('given $given, then the landing is what is left', ({ own, moved, changes, overlaps }) => {
    expect(changesIfMerged(own, moved)).toEqual({ changes, overlaps });
  });
});
