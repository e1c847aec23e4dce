// A checkup for people: one line a check, in groups, with what to do about it below. And for scripts: the same as JSON.
import type { CheckupFinding, Severity } from './doctor.ts';
import type { Status } from '../status.ts';
import { count } from '../time.ts';
import { hang, plain } from '../text.ts';

const mark: Readonly<Record<Severity, string>> = { ok: 'ok', advice: 'advice', error: 'ERROR', unknown: 'unknown' };

export function renderCheckup(findings: readonly CheckupFinding[]): string {
  const areas = [...new Set(findings.map(({ area }) => area))];
  const groups = areas.map(
    (area) =>
      `${area}\n${together(findings.filter((one) => one.area === area))
        .map(renderFinding)
        .join('')}`,
  );
  return `${groups.join('\n')}\n${hang('', renderSummary(findings))}`;
}

interface Told extends Pick<CheckupFinding, 'severity' | 'code' | 'message' | 'fix'> {
  readonly subjects: readonly string[];
}

/** What is so of several things is one line that names them all. */
function together(findings: readonly CheckupFinding[]): readonly Told[] {
  const told = new Map<string, Told>();
  for (const { severity, code, subject, message, fix } of findings) {
    const key = JSON.stringify([severity, code, message, fix, subject === undefined]);
    const subjects = told.get(key)?.subjects ?? [];
    told.set(key, { severity, code, message, fix, subjects: subject === undefined ? subjects : [...subjects, subject] });
  }
  return [...told.values()];
}

const mostNamed = 8;

function renderFinding({ severity, code, subjects, message, fix }: Told): string {
  const more = subjects.length > mostNamed ? ` and ${subjects.length - mostNamed} more` : '';
  const about = subjects.length === 0 ? '' : `${subjects.slice(0, mostNamed).map(plain).join(', ')}${more}: `;
  const line = hang(`  ${mark[severity].padEnd(8)}${code.padEnd(24)}`, `${about}${plain(message)}`);
  // An asked person finds out below what to do; who has to do it comes first.
  return fix ? line + hang(`${' '.repeat(10)}-> `, `${fix.who}: ${plain(fix.how)}`) : line;
}

function renderSummary(findings: readonly CheckupFinding[]): string {
  // Lines, as above: whoever counts them finds so many.
  const lines = together(findings);
  const number = (severity: Severity) => lines.filter((one) => one.severity === severity).length;
  const errors = number('error');
  const parts = [
    count(errors, 'error'),
    count(number('advice'), 'piece of advice', 'pieces of advice'),
    `${number('unknown')} could not be checked`,
    `${number('ok')} ok`,
  ];
  return `${parts.join(', ')}. ${errors === 0 ? 'Nothing was changed.' : 'Nothing was changed; errors are marked ERROR.'}`;
}

export function renderCheckupJson(findings: readonly CheckupFinding[], status: Status): string {
  const checks = findings.map(({ code, area, subject, severity, message, fix }) => ({
    code,
    area,
    subject: subject ?? null,
    severity,
    message,
    fix: fix ?? null,
  }));
  return `${JSON.stringify({ muster: 1, command: 'doctor', status, checks }, null, 2)}\n`;
}
