import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, instant, type Uid } from '../../src/names.ts';
import { judgeRoster, parseRoster, tooManyUnknown, type RosterReading, type RosterTerms } from '../../src/roster/roster.ts';
import { day, hour, minute } from '../../src/time.ts';

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const uid = fc.stringMatching(/^[a-z0-9_][a-z0-9._-]{0,12}$/);

describe('a roster file', () => {
  it.each([
    { given: 'one uid a line', text: 'hoo\nbase\nh2o\n', gives: ['base', 'h2o', 'hoo'], notes: 0 },
    { given: 'upper case', text: 'Alice\nBOB\n', gives: ['alice', 'bob'], notes: 1 },
    { given: 'line ends of another system', text: 'alice\r\nbob\r\n', gives: ['alice', 'bob'], notes: 1 },
    { given: 'blanks at line ends', text: 'alice \t\nbob\n', gives: ['alice', 'bob'], notes: 1 },
    { given: 'a byte order mark', text: '\ufeffalice\n', gives: ['alice'], notes: 1 },
    { given: 'blank lines and comments', text: '\n# stewards\nalice\n  \n', gives: ['alice'], notes: 1 },
    { given: 'the same person twice', text: 'alice\nbob\nAlice\n', gives: ['alice', 'bob'], notes: 2 },
    { given: 'the same person twice in a row', text: 'alice\nalice\nbob\n', gives: ['alice', 'bob'], notes: 1 },
    { given: 'uids that other formats take for values', text: 'no\nnull\n1e3\n007\n', gives: ['007', '1e3', 'no', 'null'], notes: 0 },
  ])('given $given, then it is read as $gives', ({ text, gives, notes }) => {
    const parsed = parseRoster(bytes(text));
    expect(parsed).toMatchObject({ kind: 'read', uids: gives });
    expect(parsed.kind === 'read' && parsed.notes).toHaveLength(notes);
  });

  it.each([
    { given: 'no newline at the end', text: 'alice\nbo', gives: { line: 2, act: 'carrier' } },
    { given: 'a uid with a blank inside', text: 'alice\nbob carol\n', gives: { line: 2, column: 4, act: 'producer' } },
    { given: 'a blank before a uid', text: ' alice\n', gives: { line: 1, column: 1 } },
    { given: 'a comment after a uid', text: 'alice # steward\n', gives: { line: 1, column: 6 } },
    { given: 'a DN', text: 'alice\na,ou=x\n', gives: { line: 2, column: 2 } },
    { given: 'a filter', text: ')(uid=*\n', gives: { line: 1, column: 1 } },
    { given: 'a NUL', text: 'alice\nb\0b\n', gives: { line: 2, column: 2 } },
    { given: 'a form feed after a uid', text: 'alice\f\n', gives: { line: 1, column: 6 } },
    { given: 'a CR between two uids', text: 'alice\rbob\n', gives: { line: 1, column: 6 } },
    { given: 'a Cyrillic letter', text: 'bob\n\u0430lice\n', gives: { line: 2, column: 1 } },
    { given: 'a no-break space at the end of a line', text: 'alice\u00a0\n', gives: { line: 1, column: 6 } },
    { given: 'a uid of 65 letters', text: `${'a'.repeat(65)}\n`, gives: { line: 1, column: 1 } },
    { given: 'a uid that begins with a hyphen', text: '-rf\n', gives: { line: 1, column: 1 } },
    { given: 'a letter in a comment', text: 'bob\n# \u0430\n', gives: { line: 2, column: 3, message: 'has a byte that is not ASCII' } },
  ])('given $given, then it is damaged there', ({ text, gives }) => {
    expect(parseRoster(bytes(text))).toMatchObject({ kind: 'damaged', ...gives });
  });

  it.each([
    { given: 'one byte of a byte order mark', first: [0xef, 0x61, 0x61], column: 1 },
    { given: 'the second byte of one', first: [0x61, 0xbb, 0x61], column: 2 },
    { given: 'the lowest byte that is not ASCII', first: [0x61, 0x61, 0x80], column: 3 },
  ])('given $given in the first uid, then nothing is taken off, and it is damaged there', ({ first, column }) => {
    const found = parseRoster(Uint8Array.from([...first, ...bytes('alice\n')]));
    expect(found).toMatchObject({ kind: 'damaged', line: 1, column, message: 'has a byte that is not ASCII' });
  });

  it.each([{ text: '' }, { text: '\n' }, { text: '# nobody yet\n\r\n' }, { text: '\ufeff' }])(
    'given $text, then it is empty, which is not "nobody"',
    ({ text }) => {
      expect(parseRoster(bytes(text))).toEqual({ kind: 'empty' });
    },
  );

  it('any list of uids, in any order, gives the same sorted people', () => {
    fc.assert(
      fc.property(fc.array(uid, { minLength: 1 }), fc.array(fc.boolean()), (uids, shouted) => {
        const text = uids.map((one, at) => `${shouted[at] === true ? one.toUpperCase() : one}\n`).join('');
        expect(parseRoster(bytes(text))).toMatchObject({ kind: 'read', uids: [...new Set(uids)].sort() });
      }),
    );
  });

  it('any list of uids, plain or not, gives the same people as with a comment before it, which makes no list plain', () => {
    const line = fc.oneof(
      { weight: 9, arbitrary: uid },
      { weight: 1, arbitrary: fc.constantFrom('', '# no', 'Alice', ' x', 'b\r', 'a'.repeat(65)) },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, sorted) => {
        const text = (sorted ? [...lines].sort() : lines).map((one) => `${one}\n`).join('');
        const { kind, ...rest } = parseRoster(bytes(`# stewards\n${text}`));
        expect(parseRoster(bytes(text))).toEqual({ kind, ...rest, ...('line' in rest ? { line: (rest.line ?? 0) - 1 } : {}) });
      }),
    );
  });

  it('a list cut off inside a line is never read', () => {
    fc.assert(
      fc.property(fc.array(uid, { minLength: 1, maxLength: 9 }), fc.nat(), (uids, at) => {
        const text = `${uids.join('\n')}\n`;
        const cut = text.slice(0, 1 + (at % (text.length - 1)));
        expect(parseRoster(bytes(cut)).kind).toBe(cut.endsWith('\n') ? 'read' : 'damaged');
      }),
    );
  });

  it('any bytes at all give an answer, and what is read is well formed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (content) => {
        const parsed = parseRoster(content);
        const uids = parsed.kind === 'read' ? parsed.uids : [];
        expect(uids.filter((one) => !/^[a-z0-9_][a-z0-9._-]{0,63}$/.test(one))).toEqual([]);
      }),
    );
  });

  it('given a hundred thousand lines, then all of them are read', () => {
    const text = Array.from({ length: 100_000 }, (_, at) => `u${String(at).padStart(6, '0')}\n`).join('');
    const parsed = parseRoster(bytes(text));
    expect(parsed.kind === 'read' && parsed.uids).toHaveLength(100_000);
  });
});

describe('a roster, judged', () => {
  const now = instant(Date.UTC(2026, 10, 23, 14));
  const terms: RosterTerms = { now, olderThan: duration(26 * hour), checksum: 'none' };
  const digest = 'a'.repeat(64);

  function reading(change: Partial<Extract<RosterReading, { kind: 'file' }>> = {}): RosterReading {
    return {
      kind: 'file',
      bytes: bytes('alice\nbob\n'),
      sha256: digest,
      producedAt: instant(now - hour),
      stated: { kind: 'not-asked' },
      ...change,
    };
  }

  it('given a list of an hour ago, then it is fresh and says who and when', () => {
    expect(judgeRoster(reading(), terms)).toEqual({
      kind: 'fresh',
      uids: ['alice', 'bob'],
      people: 2,
      sha256: digest,
      producedAt: now - hour,
      notes: [],
    });
  });

  it.each([
    { given: 'exactly as old as allowed', age: 26 * hour, gives: 'fresh' },
    { given: 'a millisecond older', age: 26 * hour + 1, gives: 'stale' },
    { given: 'five minutes ahead of the clock', age: -5 * minute, gives: 'fresh' },
    { given: 'a millisecond more ahead', age: -5 * minute - 1, gives: 'damaged' },
  ])('given a file time $given, then it is $gives', ({ age, gives }) => {
    expect(judgeRoster(reading({ producedAt: instant(now - age) }), terms).kind).toBe(gives);
  });

  it.each([-30 * day, 30 * day])('given file times that mean nothing, then an age of %d is fresh', (age) => {
    expect(judgeRoster(reading({ producedAt: instant(now - age) }), { ...terms, olderThan: 'none' }).kind).toBe('fresh');
  });

  it('given a stale list, then it says how old, and carries no uids', () => {
    const state = judgeRoster(reading({ producedAt: instant(now - 3 * day) }), terms);
    expect(state).toMatchObject({ kind: 'stale', people: 2, age: 3 * day });
    expect(state).not.toHaveProperty('uids');
    expect('message' in state && state.message).toMatch(/3 days ago/);
  });

  it.each([
    { given: 'the right checksum', stated: { kind: 'stated', sha256: digest }, gives: 'fresh' },
    { given: 'another checksum', stated: { kind: 'stated', sha256: 'b'.repeat(64) }, gives: 'damaged' },
    { given: 'no usable checksum', stated: { kind: 'unusable', message: 'It is not there.' }, gives: 'damaged' },
    { given: 'a checksum nobody read', stated: { kind: 'not-asked' }, gives: 'damaged' },
  ] as const)('given that a checksum is required and $given, then it is $gives', ({ stated, gives }) => {
    expect(judgeRoster(reading({ stated }), { ...terms, checksum: 'required' }).kind).toBe(gives);
  });

  it.each([
    { given: 'an empty file', found: reading({ bytes: bytes('') }), gives: 'empty', says: /produces/ },
    { given: 'a line cut short', found: reading({ bytes: bytes('alice\nbo') }), gives: 'damaged', says: /Line 2.*transfer/ },
    { given: 'a malformed uid', found: reading({ bytes: bytes('alice\nb b\n') }), gives: 'damaged', says: /Line 2, column 2.*produces/ },
    {
      given: 'a missing file',
      found: { kind: 'missing', message: 'It is not there.', act: 'carrier' },
      gives: 'missing',
      says: /transfer/,
    },
    {
      given: 'an unreadable file',
      found: { kind: 'unreadable', message: 'No.', act: 'administrator' },
      gives: 'unreadable',
      says: /administrator/,
    },
  ] as const)('given $given, then it is $gives and says who must act', ({ found, gives, says }) => {
    const state = judgeRoster(found, terms);
    expect(state.kind).toBe(gives);
    expect('message' in state && state.message).toMatch(says);
  });

  it('given a line with an escape sequence, then the message does not repeat it', () => {
    expect(JSON.stringify(judgeRoster(reading({ bytes: bytes('alice\u001b[31m\n') }), terms))).not.toContain('[31m');
  });
});

describe('people unknown to the directory', () => {
  it.each([
    { people: 4, unknown: 2, gives: false },
    { people: 4, unknown: 3, gives: true },
    { people: 15, unknown: 3, gives: false },
    { people: 14, unknown: 3, gives: true },
    { people: 100, unknown: 20, gives: false },
    { people: 100, unknown: 21, gives: true },
  ])('given $unknown of $people, then too many: $gives', ({ people, unknown, gives }) => {
    const parsed = parseRoster(bytes(Array.from({ length: people }, (_, at) => `u${at}\n`).join('')));
    const uids: readonly Uid[] = parsed.kind === 'read' ? parsed.uids : [];
    expect(tooManyUnknown(uids, unknown)).toBe(gives);
  });
});
