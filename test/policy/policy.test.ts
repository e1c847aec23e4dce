// Which path is what, and what a file's letters are told as.
import { describe, expect, it } from 'vitest';
import { readLetters } from '../../src/policy/letters.ts';
import { grantAt, isOnlySigned, isRules, place } from '../../src/policy/policy.ts';
import { uid } from '../evidence/evidence-samples.ts';

const nothing = { grant: undefined, rules: false };

describe('a path of the repository', () => {
  it.each([
    { path: 'policy/policy.yaml', kind: 'policy', grant: undefined, rules: true },
    { path: 'policy/groups/klaxon-users.yaml', kind: 'group', grant: undefined, rules: true },
    { path: 'policy/grants/klaxon-users/hoo.yaml', kind: 'grant', grant: { group: 'klaxon-users', uid: 'hoo' }, rules: false },
    { path: 'policy/grants/klaxon-users/Hoo.yaml', kind: 'grant', ...nothing },
    { path: 'policy/grants/Klaxon users/hoo.yaml', kind: 'grant', ...nothing },
    { path: 'policy/grants/hoo.yaml', kind: 'other', ...nothing },
    { path: 'policy/grants/klaxon-users/more/hoo.yaml', kind: 'other', ...nothing },
    { path: 'policy/grants/klaxon-users/hoo.yml', kind: 'other', ...nothing },
    { path: 'policy/groups/more/klaxon-users.yaml', kind: 'other', ...nothing },
    { path: 'policy/README.md', kind: 'other', ...nothing },
    { path: 'policy.yaml', kind: 'other', ...nothing },
    { path: 'policy2/policy.yaml', kind: 'other', ...nothing },
    { path: 'other/policy/policy.yaml', kind: 'other', ...nothing },
  ])('$path is $kind', ({ path, kind, grant, rules }) => {
    expect([place(path, 'policy').kind, grantAt(path, 'policy'), isRules(path, 'policy')]).toEqual([kind, grant, rules]);
  });
});

describe('rules under which nothing but signatures approves', () => {
  it.each([
    { given: 'nobody at all', ids: [], gives: false },
    { given: 'people without accounts on a forge', ids: [[], []], gives: true },
    { given: 'one who has an account', ids: [[], [42]], gives: false },
  ])('given $given, then it is $gives', ({ ids, gives }) => {
    const people = ids.map((gitlab, at) => [uid(`p${at}`), { uid: uid(`p${at}`), gitlab, also: [], keys: [] }] as const);
    expect(isOnlySigned({ people: new Map(people) })).toBe(gives);
  });
});

describe('the letters of a file', () => {
  const codesAt = (bytes: Uint8Array) => readLetters(bytes).problems.map(({ code, offset }) => `${code} ${offset}`);

  it('given bytes that are no UTF-8 behind a byte order mark, then they are told where they stand', () => {
    expect(codesAt(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61, 0xff]))).toEqual(['not-utf8 2']);
  });

  it('given a character that hides, then it is named, and of many ten', () => {
    const { problems } = readLetters(Buffer.from(`a${'\u202e'.repeat(12)}`));
    expect(problems).toHaveLength(10);
    expect(problems[0]).toMatchObject({ offset: 1, message: expect.stringContaining('the character U+202E stands here') });
  });
});
