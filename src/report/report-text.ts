// A report for a terminal: what needs a person first, then every group with its members and their reasons.
import type { GroupReport, MemberReport, Report } from './report.ts';
import { count } from '../time.ts';
import { daysInText, daysOf, type Day } from './report-days.ts';
import {
  needsAct,
  remedyFor,
  renderAccess,
  renderAttention,
  renderEnding,
  renderGroupRules,
  renderHold,
  renderMemberReason,
  renderNotes,
  renderNotIn,
  renderOverride,
  renderPeriod,
  renderRevocation,
  renderSize,
  renderTeams,
} from './report-words.ts';
import { needsWayBack, wayBackBy } from '../review/refusals.ts';
import { hang, plain, renderEndOf, renderMoment } from '../text.ts';

export function renderReportText(report: Report): string {
  return [
    `muster report, ${renderMoment(report.at)}\n`,
    ...renderNotes(report).map((note) => hang('  ', note)),
    ...(report.isPeriod ? [section(renderPeriod(report.changes.since, report.at), report.stays.map(renderAccess), 'nobody')] : []),
    `\nSomebody must act\n${actBlocks(report).join('') || '  Nothing needs a person.\n'}`,
    section(
      'Good to know',
      report.attention.filter((one) => !needsAct(one)).map((one) => renderAttention(one, report.evidence)),
    ),
    ...(report.isPeriod
      ? [`\nChanged since ${renderMoment(report.changes.since)}\n${daysOf(report, daysInText).map(dayBlock).join('') || '  nothing\n'}`]
      : []),
    ...report.groups.map((group) => groupBlock(group, report)),
    section(
      'Ends within two weeks',
      report.ending.map((one) => `${renderEndOf(one.until)}: ${renderEnding(one, report)}`),
    ),
    section('Revocations', report.revocations.map(renderRevocation)),
    section('Held sets that were allowed', report.overrides.map(renderOverride)),
    section(
      'Rosters',
      report.rosters.map(
        ({ roster, sha256, people, at }) =>
          `${roster}: ${count(people, 'person', 'people')}, generation ${sha256.slice(0, 12)} accepted at ${renderMoment(at)}`,
      ),
    ),
    section('Teams and rules', report.rules ? renderTeams(report.rules, report.evidence) : []),
  ].join('');
}

function section(heading: string, lines: readonly string[], none?: string): string {
  if (lines.length === 0 && none === undefined) return '';
  const body = lines.length > 0 ? lines.map((line) => hang('  * ', line)) : [`  ${none}\n`];
  return `\n${heading}\n${body.join('')}`;
}

function actBlocks({ attention, refused, evidence }: Report): readonly string[] {
  const blocks = attention.filter(needsAct).map((one) => {
    const { command, words } = remedyFor(one) ?? {};
    // In two lines, for the width; a shell takes them as one.
    const paste = command === undefined ? '' : `      ${command.replace(' sha256:', ' \\\n        sha256:')}\n`;
    return `${hang('  * ', renderAttention(one, evidence))}${words === undefined ? '' : hang('    ', words)}${paste}`;
  });
  if (!refused.some((one) => needsWayBack(one, evidence))) return blocks;
  return [
    ...blocks,
    '    The way back for what is not in force:\n',
    ...wayBackBy(evidence).map((step, at) => hang(`    ${at + 1}. `, step)),
  ];
}

function dayBlock({ date, events }: Day): string {
  const lines = events.map(({ mark, names, words, request }) => {
    const where = request ? ` (!${request.number})` : '';
    return hang(`    ${mark.padEnd(8)} `, `${names.map(plain).join(', ')}${words}${where}`);
  });
  return `  ${date}\n${lines.join('')}`;
}

function groupBlock(group: GroupReport, { side, evidence }: Report): string {
  const { rules, members, withheld, held } = group;
  return [
    `\n${renderSize(group, side)}\n`,
    ...(rules ? [hang('  ', plain(rules.purpose)), hang('  ', renderGroupRules(rules, evidence))] : []),
    ...members.map(memberLines),
    ...withheld.map(({ uid, reason }) => hang(`  out  ${uid.padEnd(16)} `, renderNotIn(reason))),
    ...held.map((hold) => hang('  HELD ', renderHold(hold))),
  ].join('');
}

function memberLines({ name, since, reason, words }: MemberReport): string {
  const joined = since === undefined ? '' : `; in since ${renderMoment(since)}`;
  const start = `  in   ${plain(name).padEnd(16)} `;
  const said = words ? hang(' '.repeat(start.length), plain([words.reason, words.ticket].filter(Boolean).join(' · '))) : '';
  return hang(start, `${plain(renderMemberReason(reason))}${joined}`) + said;
}
