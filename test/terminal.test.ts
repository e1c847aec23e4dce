// How text for people looks where it is printed.
import { describe, expect, it } from 'vitest';
import { carryOut } from '../src/carry-out.ts';
import type { Caller } from '../src/host.ts';
import { statusOf } from '../src/status.ts';
import { coloured, laidOut, screenOf } from '../src/terminal.ts';
import { hang, plain } from '../src/text.ts';

describe('the screen', () => {
  it.each([
    { given: 'a terminal', stream: { isTTY: true, columns: 72 }, environment: {}, gives: { columns: 72, colours: true } },
    { given: 'a wide one', stream: { isTTY: true, columns: 300 }, environment: {}, gives: { columns: 120, colours: true } },
    { given: 'a narrow one', stream: { isTTY: true, columns: 12 }, environment: {}, gives: { columns: 40, colours: true } },
    {
      given: 'one of no kind',
      stream: { isTTY: true, columns: 72 },
      environment: { TERM: 'dumb' },
      gives: { columns: 72, colours: false },
    },
    { given: 'NO_COLOR', stream: { isTTY: true, columns: 72 }, environment: { NO_COLOR: '1' }, gives: { columns: 72, colours: false } },
    {
      given: 'an empty NO_COLOR',
      stream: { isTTY: true, columns: 72 },
      environment: { NO_COLOR: '' },
      gives: { columns: 72, colours: true },
    },
    { given: 'one that does not say', stream: { isTTY: true }, environment: { COLUMNS: '64' }, gives: { columns: 64, colours: true } },
    { given: 'a pipe', stream: {}, environment: {}, gives: { columns: 100, colours: false } },
    { given: 'a pipe and COLUMNS', stream: {}, environment: { COLUMNS: '64' }, gives: { columns: 64, colours: false } },
    { given: 'COLUMNS that is no number', stream: {}, environment: { COLUMNS: '6;4' }, gives: { columns: 100, colours: false } },
  ])('given $given, then it is $gives', ({ stream, environment, gives }) => {
    expect(screenOf(stream, environment)).toEqual(gives);
  });
});

describe('lines', () => {
  const text = `group\n${hang('  + hoo  ', 'one two three four')}${hang('', 'five')}`;

  it('given a width, then what hangs stays in its column', () => {
    expect(laidOut(text, 17)).toBe('group\n  + hoo  one two\n         three\n         four\nfive\n');
    expect(laidOut(text)).toBe('group\n  + hoo  one two three four\nfive\n');
  });

  it('given text of others with the mark of a column, then it begins none', () => {
    expect(laidOut(hang('', plain('a\u001Fb c')), 4)).toBe('a\\u{1f}b\nc\n');
  });
});

describe('colours', () => {
  const shown = (text: string, isTitled = false) => coloured(text, isTitled).replaceAll('\u001B', '^');

  it.each([
    ['group      stewards: HELD, 6 members', 'group      stewards: ^[33mHELD^[0m, 6 members'],
    ['group      stewards: FAILED', 'group      stewards: ^[31mFAILED^[0m'],
    ['  + hoo              in:  HELD', '^[32m  + ^[0mhoo              in:  HELD'],
    ['  - hoo              out: …', '^[31m  - ^[0mhoo              out: …'],
    ['PROBLEM    git did not answer', '^[31mPROBLEM^[0m    git did not answer'],
    ['  ERROR   clock', '^[31m  ERROR^[0m   clock'],
    ['roster     steward: fresh', 'roster     steward: fresh'],
    ['           REFUSED, says somebody else', '           REFUSED, says somebody else'],
  ])('given %j, then %j is shown', (text, gives) => {
    expect(shown(`${text}\n`)).toBe(`${gives}\n`);
  });

  it('given headings, then they stand out, and what is below does not', () => {
    expect(shown('klaxon-users: a member\n  because   x\n', true)).toBe('^[1mklaxon-users: a member^[0m\n  because   x\n');
  });

  it('then nothing is taken away or added but the colours', () => {
    const text = 'HELD\n  + a\n\n  ! b\nheading\n';
    // oxlint-disable-next-line no-control-regex
    expect(coloured(text, true).replaceAll(/\u001B\[\d+m/g, '')).toBe(text);
  });
});

describe('a command on a terminal', () => {
  const text = hang('HELD       ', 'one two');
  const printed = async (args: readonly string[], colours = true) => {
    let shown = '';
    const commands = { status: run, report: run, adopt: run };
    const outlet = { print: (of: string) => void (shown += of), tell: () => undefined, isForJournal: () => false, version: '' };
    await carryOut(args, commands, {} as Caller, { ...outlet, screen: { columns: 40, colours } });
    return shown.replaceAll('\u001B', '^');
  };
  const run = () => Promise.resolve({ text, status: statusOf([]) });

  it.each([
    { args: ['status'], colours: true, gives: '^[33mHELD^[0m       one two\n' },
    { args: ['status'], colours: false, gives: 'HELD       one two\n' },
    { args: ['report', '--format', 'csv'], colours: true, gives: 'HELD       one two\n' },
    { args: ['adopt', 'stewards'], colours: true, gives: 'HELD       one two\n' },
  ])('given $args (colours: $colours), then $gives is printed', async ({ args, colours, gives }) => {
    expect(await printed(args, colours)).toBe(gives);
  });
});
