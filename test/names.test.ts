import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entryUuid,
  inOrder,
  parseBlobId,
  parseCommitId,
  parseExactUid,
  parseGroupName,
  parsePlainUids,
  parseRosterName,
  parseTeamName,
  parseUid,
} from '../src/names.ts';

describe('a uid that a person typed', () => {
  it.each([
    { text: 'alice', gives: 'alice' },
    { text: '  Alice\n', gives: 'alice' },
    { text: '_backup.2-x', gives: '_backup.2-x' },
    { text: '007', gives: '007' },
    { text: 'a'.repeat(64), gives: 'a'.repeat(64) },
  ])('given $text, then it is $gives', ({ text, gives }) => {
    expect(parseUid(text)).toBe(gives);
  });

  it.each([
    { text: '' },
    { text: ' ' },
    { text: '-rf' },
    { text: '.hidden' },
    { text: 'a'.repeat(65) },
    { text: 'alice bob' },
    { text: 'a,ou=x' },
    { text: '*' },
    { text: ')(uid=*' },
    { text: 'alice\0' },
    { text: '../alice' },
    { text: '\u0430lice' },
    // Lower case makes ASCII of these two: a Kelvin sign, and a dotted capital I.
    { text: '\u212aate' },
    { text: '\u0130' },
  ])('given $text, then it is none', ({ text }) => {
    expect(parseUid(text)).toBeUndefined();
  });

  it('what is read once is read again as the same, and is exact', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^ ?[A-Za-z0-9_][A-Za-z0-9._-]{0,8} ?$/)), (text) => {
        const uid = parseUid(text);
        if (uid === undefined) return;
        expect(uid).toMatch(/^[a-z0-9_][a-z0-9._-]{0,63}$/);
        expect(parseUid(uid)).toBe(uid);
        expect(parseExactUid(uid)).toBe(uid);
      }),
    );
  });
});

describe('a text of uids', () => {
  const uid = fc.stringMatching(/^[a-z0-9_][a-z0-9._-]{0,63}$/);
  const line = fc.oneof(
    { weight: 9, arbitrary: uid },
    { weight: 1, arbitrary: fc.constantFrom('', 'Alice', '-x', '.x', 'a b', 'a'.repeat(65), 'b\r', '\u00e4') },
  );

  it('is plain when each line is a uid as it stands, and is then read as its lines', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
        const expected = lines.every((one) => parseExactUid(one) === one) ? lines : undefined;
        expect(parsePlainUids(`${lines.join('\n')}\n`)).toEqual(expected);
      }),
    );
  });

  it.each(['', 'alice', 'alice\nbob', '\n'])('given %j, then it is not plain', (text) => {
    expect(parsePlainUids(text)).toBeUndefined();
  });
});

describe('the exact uid of a file name', () => {
  it.each([{ text: 'Alice' }, { text: ' alice' }, { text: 'alice\n' }, { text: '' }])('given $text, then it is none', ({ text }) => {
    expect(parseExactUid(text)).toBeUndefined();
  });
});

describe('the names of groups, teams and rosters', () => {
  it.each([parseGroupName, parseTeamName, parseRosterName])('%o reads lower-case keywords and nothing else', (parse) => {
    for (const good of ['sre', 'klaxon-users', '007', 'a.b_c', 'x'.repeat(64)]) expect(parse(good)).toBe(good);
    for (const bad of ['', 'SRE', '_sre', '-sre', '.', '..', 'a/b', 'a b', 'sre\n', 'x'.repeat(65)]) expect(parse(bad)).toBeUndefined();
  });
});

describe('the names of Git objects', () => {
  it.each([parseCommitId, parseBlobId])('%o reads forty lower-case hex digits and nothing else', (parse) => {
    expect(parse('0a'.repeat(20))).toBe('0a'.repeat(20));
    for (const bad of ['', '0A'.repeat(20), '0a'.repeat(19), '0a'.repeat(32), `${'0a'.repeat(20)}\n`, 'HEAD'])
      expect(parse(bad)).toBeUndefined();
  });
});

it('given one entryUUID in two spellings, then it is one', () => {
  expect(entryUuid('0B1C2D3E-0000-103A-8000-ABCDEF012345')).toBe(entryUuid('0b1c2d3e-0000-103a-8000-abcdef012345'));
});

it('the order of lists is that of code units, and total', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (left, right) => {
      expect(Math.sign(inOrder(left, right))).toBe(left === right ? 0 : [left, right].sort()[0] === left ? -1 : 1);
    }),
  );
});
