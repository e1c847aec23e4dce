import { describe, expect, it } from 'vitest';
import { checkupStatuses, examine, ok, type CheckupFinding, type Severity } from '../../src/doctor/doctor.ts';
import { gitlabArea } from '../../src/doctor/doctor-gitlab.ts';
import { hostCases } from './checkup-samples.ts';
import { remoteCases, tellingOnly } from './checkup-samples-remote.ts';

const cases = [...hostCases, ...remoteCases];

/** The worst of them, as a reader takes it. */
function worst(findings: readonly CheckupFinding[]): Severity | undefined {
  return (['error', 'advice', 'unknown', 'ok'] as const).find((severity) => findings.some((one) => one.severity === severity));
}

describe('the checks of a checkup', () => {
  it.each(cases)('$area: given $given, then $code gives $gives', ({ findings, gives }) => {
    expect(worst(findings)).toBe(gives);
  });

  it('every check has a case that it passes and one that it must not', () => {
    const codes = [...new Set(cases.map(({ code }) => code))];
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes) {
      const outcomes = new Set(cases.flatMap((one) => (one.code === code ? [one.gives] : [])));
      expect(outcomes, code).toContain('ok');
      if (!tellingOnly.includes(code)) expect(outcomes.size, code).toBeGreaterThan(1);
    }
  });

  it('whatever is wrong says who mends it and how; what is in order or not known does not', () => {
    for (const { severity, code, fix } of cases.flatMap(({ findings }) => findings)) {
      const isWrong = severity === 'error' || severity === 'advice';
      expect(Boolean(fix?.how), code).toBe(isWrong);
    }
  });
});

describe('given somebody who does not answer', () => {
  it.each([
    { kind: 'unanswered' as const, first: 'unknown', statuses: ['unavailable'] },
    { kind: 'refused' as const, first: 'error', statuses: ['findings'] },
  ])('when the answer is $kind, then the first check is $first and no other is ok', ({ kind, first, statuses }) => {
    const findings = examine(gitlabArea, { kind, reason: 'down' });
    expect(findings.map(({ code }) => code)).toEqual(gitlabArea.checks.map(({ code }) => code));
    expect(findings.map(({ severity }) => severity)).toEqual([first, ...Array.from({ length: findings.length - 1 }, () => 'unknown')]);
    expect(checkupStatuses(findings)).toEqual(statuses);
  });

  it('when all else is in order, then advice and unknowns are no finding', () => {
    const of = (severity: Severity): CheckupFinding => ({ ...ok('x'), severity, code: 'x', area: 'X' });
    expect(checkupStatuses([of('ok'), of('advice'), of('unknown')])).toEqual([]);
    expect(checkupStatuses([of('error'), { ...of('unknown'), unanswered: true }])).toEqual(['findings', 'unavailable']);
  });
});
