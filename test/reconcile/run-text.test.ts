import { describe, expect, it } from 'vitest';
import { laidOut } from '../../src/terminal.ts';
import { parseUid } from '../../src/names.ts';
import { renderRunText } from '../../src/reconcile/run-text.ts';
import type { RemovalCause } from '../../src/membership/plan.ts';
import { memberValue, observedOf, policyOf } from '../membership/membership-samples.ts';
import { removalOf } from '../support/arbitraries.ts';
import { commit } from '../evidence/evidence-samples.ts';
import { holdOf, hostile, inert, planned, quiet, reportOf, resultOf, statusFor, troubled } from './run-samples.ts';

describe('what people read of a run', () => {
  it.each([
    { given: 'changes, holds, refusals and files that wait', report: reportOf(), golden: 'run-plan.txt' },
    { given: 'the same, written', report: reportOf({ command: 'reconcile' }), golden: 'run-reconcile.txt' },
    { given: 'nothing as it should be', report: troubled, golden: 'run-troubled.txt' },
    { given: 'nothing to say', report: quiet, golden: 'run-quiet.txt' },
  ])('given $given, then it is the text that was agreed on', async ({ report, golden }) => {
    await expect(laidOut(renderRunText(report, statusFor(report)))).toMatchFileSnapshot(`../golden/${golden}`);
  });

  it('given a hold, then the command that lets it through stands there whole, but for a ceiling', () => {
    const text = laidOut(renderRunText(reportOf(), statusFor(reportOf()))).replaceAll('\\\n', '');
    expect(text.match(/muster allow \S+ +sha256:[0-9a-f]{64} --reason/g)).toHaveLength(1);
    expect(text).toContain('directory.ceilings');
  });

  it('case 104: given the first plan of a group that has members, then it names adopt, and that before allow', () => {
    const holdOn = (because: RemovalCause) =>
      planned({
        guarded: { ...planned().guarded, held: [holdOf('first-run', 'it has 1 member', { remove: [removalOf('carol', because, false)] })] },
      });
    const text = (because: RemovalCause) => {
      const report = { ...quiet, groups: [resultOf(holdOn(because))] };
      return laidOut(renderRunText(report, statusFor(report)));
    };
    expect(text({ kind: 'unexplained' })).toMatch(/If they are to stay[^]*muster adopt klaxon-users[^]*muster allow klaxon-users/);
    // Whose grant is over, nobody adopts.
    expect(text({ kind: 'expired', path: 'x', at: quiet.at })).not.toContain('adopt');
  });

  it('given a status, then the last line says it, and no other line can be taken for it', () => {
    const lines = laidOut(renderRunText(troubled, statusFor(troubled)))
      .trimEnd()
      .split('\n');
    expect(lines.filter((line) => line.startsWith('status '))).toEqual([lines.at(-1)]);
    expect(lines.at(-1)).toMatch(/^status 6: directory: .*; also input$/);
  });

  it('given no evidence, then every run warns', () => {
    expect(laidOut(renderRunText({ ...quiet, evidence: 'none' }, statusFor(quiet)))).toMatch(/^WARNING /m);
    expect(laidOut(renderRunText(quiet, statusFor(quiet)))).not.toMatch(/WARNING/);
  });
});

describe('text made to deceive whoever reads it', () => {
  const value = memberValue(hostile);
  const removal = { uid: hostile, member: value, because: { kind: 'deleted', path: hostile, commit: commit('d') } as const, limited: true };
  const group = planned({
    observed: observedOf([value]),
    plan: { add: [], remove: [removal], lengthen: [], reported: [{ uid: hostile, member: value }], kept: [], present: 0 },
    guarded: {
      add: [],
      remove: [removal],
      held: [{ code: 'clock', message: hostile, digest: 'sha256:0', add: [], remove: [removal] }],
      used: [],
      accepted: [],
    },
  });
  const report = reportOf({
    policy: policyOf([], {
      refused: [{ path: hostile, commit: commit('d'), mergeRequest: null, code: 'unexpected-path', detail: hostile }],
      pending: [{ path: hostile, commit: commit('d'), code: 'gitlab-unavailable', detail: hostile }],
    }),
    rosters: troubled.rosters.map((one) => ({ ...one, state: { kind: 'missing', message: hostile, act: 'carrier' } as const })),
    groups: [resultOf(group, { message: hostile, status: 'directory' })],
    problems: [{ status: 'input', code: 'x', message: hostile }],
  });

  it('given it wherever others may write, then every line is printable and only the last is the status', () => {
    const lines = laidOut(renderRunText(report, statusFor(report))).split('\n');
    expect(lines.filter((line) => !inert.test(line))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('status '))).toEqual([lines.at(-2)]);
  });

  it('the sample is none that muster would take for a name', () => {
    expect(inert.test(hostile)).toBe(false);
    expect(parseUid(hostile)).toBeUndefined();
  });
});
