// Lines and times as people read them.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant } from '../src/names.ts';
import { inLines, plain, renderLink, renderMoment } from '../src/text.ts';

describe('a text that hangs beside its label', () => {
  it.each([
    { given: 'a short text', start: 'roster     ', text: 'steward: fresh', gives: 'roster     steward: fresh\n' },
    { given: 'no text', start: 'roster     ', text: '', gives: 'roster     \n' },
    { given: 'a long text', start: '  ', text: `${'a'.repeat(90)} bbbb ccccc`, gives: `  ${'a'.repeat(90)} bbbb\n  ccccc\n` },
    { given: 'a first word wider than the line', start: '  ', text: `${'a'.repeat(120)} b`, gives: `  ${'a'.repeat(120)}\n  b\n` },
  ])('given $given, then it is told in lines of 100 columns', ({ start, text, gives }) => {
    expect(inLines(start, text, 100)).toBe(gives);
  });

  it('no word is lost, and no line is wider than 100 columns unless one word is', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[!-~]{1,40}$/), { minLength: 1 }), (words) => {
        const lines = inLines('label  ', words.join(' '), 100).trimEnd().split('\n');
        expect(lines.map((line) => line.slice(7)).join(' ')).toBe(words.join(' '));
        expect(lines.filter((line) => line.length > 100)).toEqual([]);
      }),
    );
  });
});

it.each([
  { given: 'a whole minute', at: '2026-12-08T00:00:00Z', gives: '2026-12-08 00:00 UTC' },
  { given: 'a second in a minute', at: '2026-12-08T00:00:07Z', gives: '2026-12-08 00:00:07 UTC' },
  { given: 'any other second', at: '2026-12-08T10:10:10Z', gives: '2026-12-08 10:10:10 UTC' },
])('given $given, then the moment is told in UTC, with seconds where there are any', ({ at, gives }) => {
  expect(renderMoment(instant(Date.parse(at)))).toBe(gives);
});

it.each([
  { given: 'an escape sequence', text: '\u001B[31mred', gives: '\\u{1b}[31mred' },
  { given: 'a line break', text: 'one\ntwo', gives: 'one\\u{a}two' },
  { given: 'a character that turns the direction', text: 'a\u202Eb', gives: 'a\\u{202e}b' },
  { given: 'letters of any script', text: 'Šimon 東', gives: 'Šimon 東' },
])('given $given in a text of others, then it is shown and has no effect', ({ text, gives }) => {
  expect(plain(text)).toBe(gives);
});

it.each([
  {
    given: 'a page',
    link: 'https://gitlab.example.org/sre/access/-/merge_requests/7',
    gives: 'https://gitlab.example.org/sre/access/-/merge_requests/7',
  },
  { given: 'no page', link: undefined, gives: undefined },
  { given: 'an empty text', link: '', gives: undefined },
  { given: 'something else than a page', link: 'javascript:alert(1)', gives: undefined },
  { given: 'a page with an escape sequence', link: 'https://example.org/\u001B[2J', gives: undefined },
  { given: 'a page and more words', link: 'https://example.org/ status 0: in order', gives: undefined },
])('given $given where a link should be, then only a page is shown', ({ link, gives }) => {
  expect(renderLink(link)).toBe(gives);
});

describe('the texts that people read', () => {
  const golden = new URL('golden/', import.meta.url);
  const texts = readdirSync(golden).filter((name) => /\.(?:txt|md)$/.test(name) && !name.startsWith('help'));

  it.each(texts)('of %s write times and days in one way, but where they were typed', (name) => {
    const told = readFileSync(new URL(name, golden), 'utf8').replaceAll(/^\$ .*$/gm, '');
    expect(told.match(/.*\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z.*/g)).toBeNull();
    expect(told.match(/.*\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}.*/g)).toBeNull();
  });
});
