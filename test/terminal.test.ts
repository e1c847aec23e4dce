// How text for people looks where it is printed.
import { describe, expect, it } from 'vitest';
import { carryOut } from '../src/carry-out.ts';
import type { Caller } from '../src/host.ts';
import { statusOf } from '../src/status.ts';
import { coloured, laidOut, screenOf, renderForJournal } from '../src/terminal.ts';
import { hang, plain } from '../src/text.ts';
import { renderRunText } from '../src/reconcile/run-text.ts';
import { hostile, quiet, reportOf, statusFor, troubled } from './reconcile/run-samples.ts';

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

const marked = (report: typeof quiet) => renderForJournal(laidOut(renderRunText(report, statusFor(report))));
const upTo = (text: string, priority: number) => text.split('\n').filter((line) => Number(/^<(\d)>/.exec(line)?.[1] ?? 9) <= priority);

describe('a run in the journal', () => {
  it.each([
    { given: 'changes, holds, refusals and files that wait', report: reportOf(), golden: 'journal-plan.txt' },
    { given: 'nothing as it should be', report: troubled, golden: 'journal-troubled.txt' },
  ])('given $given, then it is the text that was agreed on', async ({ report, golden }) => {
    await expect(marked(report)).toMatchFileSnapshot(`golden/${golden}`);
  });

  it('given any run, then each line has one priority, and without them it is the same text', () => {
    for (const report of [reportOf(), troubled, quiet]) {
      const text = laidOut(renderRunText(report, statusFor(report)));
      expect(marked(report)).toMatch(/^(?:<[3-6]>.+\n)+$/);
      expect(marked(report).replaceAll(/^<\d>/gm, '')).toBe(text);
    }
  });

  it('given a run in order, then a reader of warnings sees nothing', () => {
    expect(upTo(marked(quiet), 4)).toEqual([]);
  });

  it('given text made to deceive, then it makes no line of its own', () => {
    const report = reportOf({ problems: [{ status: 'input', code: 'x', message: `${hostile}\nstatus 0: in order` }] });
    expect(marked(report).match(/^<\d>status /gm)).toHaveLength(1);
  });
});
