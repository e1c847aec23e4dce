// What a file may cost the reader of policies: bytes, marks, levels.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { freeText, list, map, uid } from '../../src/policy/scalars.ts';
import { readStrictYaml } from '../../src/policy/strict.ts';

const schema = map({ reason: freeText, people: v.exactOptional(list(uid, '[alice]')) });
const limit = 64 * 1024;

/** The code of the first finding; false where there is none. */
function isRefusedAs(text: string): string | false {
  const result = readStrictYaml({ path: 'a.yaml', bytes: new TextEncoder().encode(text) }, schema, limit);
  return result.kind === 'invalid' && result.findings[0].code;
}

describe('files made to exhaust the reader', () => {
  it.each([
    { given: '20 000 open brackets', text: '['.repeat(20_000), code: 'too-deep' },
    { given: '20 000 list marks', text: '- '.repeat(20_000), code: 'too-deep' },
    { given: '10 000 keys in one line', text: 'a: '.repeat(10_000), code: 'too-deep' },
    { given: '16 KiB of commas', text: `a: [${','.repeat(20_000)}`, code: 'too-many-marks' },
    { given: 'closing brackets', text: `a: ${']'.repeat(20_000)}`, code: 'too-many-marks' },
    { given: '10 000 quoted nothings', text: `a: ${'"" '.repeat(10_000)}`, code: 'too-many-marks' },
    { given: 'question marks', text: '? '.repeat(20_000), code: 'too-deep' },
    { given: 'a mixture of marks', text: '[{a: '.repeat(8_000), code: 'too-deep' },
    {
      given: 'aliases of aliases',
      text: `a: &a [x, x]\n${Array.from({ length: 1000 }, (_, at) => `k${at}: &k${at} [*a, *a]\n`).join('')}`,
      code: 'anchor',
    },
    { given: 'thousands of keys', text: Array.from({ length: 2500 }, (_, at) => `k${at}: x\n`).join(''), code: 'missing-key' },
    { given: 'too many bytes', text: `reason: ${'x'.repeat(limit)}\n`, code: 'too-large' },
  ])('given $given, then it is refused within a moment', ({ text, code }) => {
    // Microseconds of the processor, so that a busy machine does not decide; the best of a few, so that a cold start does not either.
    const times = [1, 2, 3].map(() => {
      const before = process.cpuUsage();
      expect(isRefusedAs(text)).toBe(code);
      return process.cpuUsage(before).user;
    });
    // 100 ms is the aim; a slow machine may take ten times that, and what grows with the square of the length takes far more.
    expect(Math.min(...times)).toBeLessThan(1_000_000);
  });

  it.each([
    { given: '32 open brackets', text: `a: ${'['.repeat(32)}${']'.repeat(32)}\n`, gives: false },
    { given: '33 open brackets', text: `a: ${'['.repeat(33)}${']'.repeat(33)}\n`, gives: true },
    { given: 'brackets that are closed again', text: `a: [${'[], '.repeat(40)}]\n`, gives: false },
    { given: 'brackets of which every second is closed', text: `a: ${'[{}, '.repeat(33)}\n`, gives: true },
    { given: 'brackets that closed what was not open', text: `a: ${']'.repeat(40)}${'['.repeat(33)}\n`, gives: true },
    { given: '32 indicators', text: `${'- '.repeat(32)}x\n`, gives: false },
    { given: '33 indicators', text: `${'- '.repeat(33)}x\n`, gives: true },
    { given: 'indicators in two lines', text: `${'- '.repeat(20)}\n${'- '.repeat(20)}x\n`, gives: false },
    { given: 'hyphens within words', text: `reason: ${'a-b '.repeat(40)}\n`, gives: false },
    { given: 'brackets behind a hash in quotes', text: `a: ["x # ", ${'['.repeat(33)}\n`, gives: true },
    { given: 'brackets behind a comment', text: `a: x\n# ${'['.repeat(40)}\nb: ${'['.repeat(33)}\n`, gives: true },
  ])('given $given, then too deep is $gives', ({ text, gives }) => {
    expect(isRefusedAs(text) === 'too-deep').toBe(gives);
  });

  it('given as many bytes as a file may have, then they are none too many, and one more is', () => {
    const withBytes = (bytes: number) => `reason: x\n# ${'x'.repeat(bytes - 13)}\n`;
    expect([isRefusedAs(withBytes(limit)), isRefusedAs(withBytes(limit + 1))]).toEqual([false, 'too-large']);
  });

  it('given as many marks as a file may have, then they are none too many, and one more is', () => {
    // A colon and two line ends beside the commas.
    const withMarks = (marks: number) => `reason: x\n# ${','.repeat(marks - 3)}\n`;
    expect([isRefusedAs(withMarks(limit / 4)), isRefusedAs(withMarks(limit / 4 + 1))]).toEqual([false, 'too-many-marks']);
  });

  it('given comments drawn with dashes, then they are no depth', () => {
    expect(isRefusedAs(`# ${'- '.repeat(100)}\nreason: x\n  # ${'['.repeat(100)}\n`)).toBe(false);
  });
});
