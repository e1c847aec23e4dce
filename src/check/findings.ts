// The answer of `check` for people, for scripts, and for the two report formats that GitLab shows beside a merge request.
import type { Finding } from '../policy/policy.ts';
import { count } from '../time.ts';
import { hang, plain } from '../text.ts';
import type { Need } from './proposed-change.ts';
import { renderEffects, renderNames, renderPaths, renderTeams } from '../review/note-words.ts';
import type { CheckedChange } from './check-change.ts';

/** The part of an answer that is shown here; JSON shows all of it. */
interface Checked {
  readonly findings: readonly Finding[];
}

/** One line a finding, in the form that editors and terminals turn into a link, and what to do about it below. */
export function renderFindings({ findings }: Checked): string {
  const paragraphs = findings.map(
    ({ path, line, column, severity, code, message, fix }) =>
      `${plain(path)}:${line}:${column}: ${severity} ${code}: ${plain(message)}\n    ${plain(fix)}\n`,
  );
  return `${paragraphs.join('')}${findings.length > 0 ? '\n' : ''}${renderSummary(findings)}\n`;
}

function renderSummary(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const advice = findings.length - errors;
  const advised = advice > 0 ? [count(advice, 'piece of advice', 'pieces of advice')] : [];
  if (errors === 0) return `The policy is in order${advice > 0 ? `; ${advised.join('')}` : ''}.`;
  const files = new Set(findings.filter(({ severity }) => severity === 'error').map(({ path }) => path)).size;
  return `${[`${count(errors, 'error')} in ${count(files, 'file')}`, ...advised].join(', ')}.`;
}

/** `change`: what `--against` adds. */
export function renderFindingsJson(result: Checked & { readonly change?: unknown }): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}

/** JUnit XML as GitLab reads it: a failed case for every error, a skipped one for advice, and one that passes when there is neither. */
export function renderFindingsJunit({ findings }: Checked): string {
  const failures = findings.filter(({ severity }) => severity === 'error').length;
  const counts = `tests="${Math.max(1, findings.length)}" failures="${failures}" errors="0" skipped="${findings.length - failures}"`;
  const cases = findings.length > 0 ? findings.map(renderCase) : ['    <testcase classname="policy" name="the policy is in order"/>'];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="muster check" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function renderCase({ path, line, column, severity, code, message, fix }: Finding): string {
  const place = `${path}:${line}:${column}`;
  const outcome =
    severity === 'error'
      ? `<failure type="${xml(code)}" message="${xml(message)}">${xml(`${place}: ${message} ${fix}`)}</failure>`
      : `<skipped message="${xml(`${message} ${fix}`)}"/>`;
  return `    <testcase classname="${xml(path)}" name="${xml(`${code} at ${line}:${column}`)}" file="${xml(path)}">${outcome}</testcase>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** XML 1.0 has no way to write most control characters: they are spelled out before the rest is escaped. */
function xml(text: string): string {
  return plain(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/**
 * A GitLab Code Quality report. The fingerprint leaves the line out: a finding that only moved is not a new one.
 * Of several that are otherwise the same, the second and further ones are counted. `digest` is any cryptographic one, in hex.
 */
export function renderFindingsCodeQuality({ findings }: Checked, digest: (text: string) => string): string {
  const seen = new Map<string, number>();
  const issues = findings.map(({ path, line, severity, code, message, fix }) => {
    const same = [path, code, message].join('\0');
    const earlier = seen.get(same) ?? 0;
    seen.set(same, earlier + 1);
    return {
      description: plain(`${message}. ${fix}`),
      check_name: code,
      fingerprint: digest(`${same}\0${earlier}`),
      severity: severity === 'error' ? 'major' : 'info',
      location: { path, lines: { begin: line } },
    };
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}

/** What `check --against` says of a change, for a terminal or a job's log. */
type Change = Pick<CheckedChange, 'effects' | 'needs' | 'rules' | 'onlySigned'>;

export function renderChange({ effects, needs, rules, onlySigned }: Change): string {
  if (needs.length === 0 && effects.length === 0) return 'It changes nothing in the policy.\n';
  const does =
    effects.length > 0
      ? renderEffects(effects, rules, quote).map((line) => hang('  ', line))
      : [hang('  ', 'Nobody gains or loses anything.')];
  const wants = needs.map((need) => hang('  ', renderNeed(need, onlySigned)));
  const whoCounts = onlySigned ? signers : authors;
  const onlyTakes = effects.length > 0 && effects.every(({ effect }) => effect === 'loses' || effect === 'shortens');
  const otherwise = onlyTakes ? [unapproved] : [];
  return ['What it does\n', ...does, ...(wants.length > 0 ? ['\nWhat it needs\n', ...wants, whoCounts, ...otherwise] : [])].join('');
}

const unapproved = hang(
  '  ',
  'Merged without that, it takes access away all the same, and what it takes counts against the limits of the group.',
);

const authors = hang(
  '  ',
  'Whoever opens the merge request or pushes to its branch does not count. Whoever approves does so after the last push.',
);

const signers = hang('  ', 'They sign the branch ("muster approve BRANCH") after the last push to it, and before it is merged.');

function renderNeed({ paths, teams, approvals, signed = 0, candidates, notCounted }: Need, onlySigned: boolean): string {
  const files = renderPaths(paths, quote);
  if (teams.length === 0) return `${files}: nobody can approve this, because the rules before the change do not know the group`;
  const from = candidates.length > 0 ? '' : ' (nobody is left who could)';
  const barred = notCounted.length > 0 ? `; not from ${renderNames(notCounted, quote)}, who gains by it` : '';
  const signatures = signed > 0 && !onlySigned ? `, ${signed} of them signed` : '';
  return `${files}: ${count(approvals, onlySigned ? 'signature' : 'approval')} by ${renderTeams(teams, candidates, quote)}${signatures}${from}${barred}`;
}

function quote(token: string | number): string {
  return plain(String(token));
}
