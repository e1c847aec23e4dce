import { describe, expect, it } from 'vitest';
import { laidOut, renderForJournal } from '../src/terminal.ts';
import { renderRunText } from '../src/reconcile/run-text.ts';
import { hostile, quiet, reportOf, statusFor, troubled } from './reconcile/run-samples.ts';

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
