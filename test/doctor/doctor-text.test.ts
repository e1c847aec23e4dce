import { describe, expect, it } from 'vitest';
import { advice, error, ok, unknown, type CheckupFinding } from '../../src/doctor/doctor.ts';
import { statusOf } from '../../src/status.ts';
import { renderCheckup, renderCheckupJson } from '../../src/doctor/doctor-text.ts';

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
    ...advice('it ends in 6 days, at 2026-11-30T00:00:00Z', 'a maintainer of the GitLab project', 'Make a new one in time.'),
  },
  { code: 'group', area: 'Managed groups', ...unknown('directory did not answer: no connection', 'stewards'), unanswered: true },
  { code: 'members', area: 'Managed groups', ...unknown('a name \u001b[31mwith\nletters\u202e of others', 'klaxon-users') },
];

describe('given the findings of a checkup', () => {
  it('when people read them, then they stand in groups, a line each, with what to do below', async () => {
    await expect(renderCheckup(findings)).toMatchFileSnapshot('../golden/doctor.txt');
  });

  it('when nothing is wrong, then the last line says so', () => {
    expect(renderCheckup([{ code: 'clock', area: 'Clock', ...ok('right') }])).toBe(
      'Clock\n  ok      clock                   right\n\n0 errors, 0 suggestions, 0 could not be checked, 1 ok. Nothing was changed.\n',
    );
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
