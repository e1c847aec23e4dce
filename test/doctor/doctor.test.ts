import { describe, expect, it } from 'vitest';
import { checkupStatuses, examine, ok, advice, error, unknown, type CheckupFinding, type Severity } from '../../src/doctor/doctor.ts';
import { gitlabArea } from '../../src/doctor/doctor-gitlab.ts';
import { hostCases } from './checkup-samples.ts';
import { remoteCases, tellingOnly } from './checkup-samples-remote.ts';
import { statusOf } from '../../src/status.ts';
import { laidOut } from '../../src/terminal.ts';
import { renderCheckup, renderCheckupJson } from '../../src/doctor/doctor-text.ts';

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

const findings: readonly CheckupFinding[] = [
  {
    code: 'configuration',
    area: 'Configuration',
    ...ok(`start ${'4f'.repeat(20)}, file sha256:${'0'.repeat(64)}: both hosts must print the same start`),
  },
  {
    code: 'configuration-mode',
    area: 'Configuration',
    ...error(
      '/etc/muster/muster.yaml may be changed by others than its owner (mode 0664)',
      'the administrator of this host',
      'chmod go-w /etc/muster/muster.yaml',
    ),
  },
  { code: 'secret-file', area: 'Configuration', ...ok('this account can read it, and not everybody can', '/etc/muster/gitlab-token') },
  { code: 'timer', area: 'Timer', ...unknown('systemd does not answer on this host') },
  {
    code: 'gitlab-token',
    area: 'GitLab',
    ...advice('it ends in 6 days, at 2026-11-30 00:00 UTC', 'a maintainer of the GitLab project', 'Make a new one in time.'),
  },
  { code: 'group', area: 'Managed groups', ...unknown('directory did not answer: no connection', 'stewards'), unanswered: true },
  { code: 'members', area: 'Managed groups', ...unknown('a name \u001b[31mwith\nletters\u202e of others', 'klaxon-users') },
];

describe('given the findings of a checkup', () => {
  it('when people read them, then they stand in groups, a line each, with what to do below', async () => {
    await expect(laidOut(renderCheckup(findings), 80)).toMatchFileSnapshot('../golden/doctor.txt');
  });

  it('when nothing is wrong, then the last line says so', () => {
    expect(laidOut(renderCheckup([{ code: 'clock', area: 'Clock', ...ok('right') }]))).toBe(
      'Clock\n  ok      clock                   right\n\n0 errors, 0 pieces of advice, 0 could not be checked, 1 ok. Nothing was changed.\n',
    );
  });

  it('when the same is so of several things, then it is one line with all their names, and in JSON one check each', () => {
    const said = (group: string, message = 'there') => ({ code: 'group', area: 'Managed groups', ...ok(message, group) });
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((group) => said(group));
    const text = laidOut(renderCheckup([...many, said('k', 'not there')]));
    expect(text).toContain('  ok      group                   a, b, c, d, e, f, g, h and 2 more: there\n');
    expect(text).toContain('  ok      group                   k: not there\n');
    expect(text).toContain('2 ok.');
    expect(JSON.parse(renderCheckupJson(many, statusOf([]))).checks).toHaveLength(10);
  });

  it('when scripts read them, then every check has the same keys', () => {
    const document = JSON.parse(renderCheckupJson(findings, statusOf(['findings'])));
    expect(document).toMatchObject({ muster: 1, command: 'doctor', status: { code: 1, name: 'findings' } });
    expect(new Set(document.checks.map((one: object) => Object.keys(one).join()))).toEqual(
      new Set(['code,area,subject,severity,message,fix']),
    );
    expect(document.checks[1].fix).toEqual({ who: 'the administrator of this host', how: 'chmod go-w /etc/muster/muster.yaml' });
  });
});
