// A report for a spreadsheet: one row for everybody who is in, should be in, or waits. RFC 4180; no cell is ever taken for a formula.
import type { Because } from '../membership/desired.ts';
import type { GroupReport, MemberReason, Report } from './report.ts';
import { renderInstant } from '../time.ts';
import { isRatified } from '../revocation/ratification.ts';
import { renderRefusalBriefly } from '../review/refusals.ts';
import { renderDeparture, renderHoldCode, renderMemberReason, renderNotIn } from './report-words.ts';
import { plain, renderLink } from '../text.ts';

const columns = [
  'row',
  'group',
  'uid',
  'kind',
  'path',
  'commit',
  'merge_request',
  'link',
  'approved_by',
  'signed_by',
  'from',
  'until',
  'left',
  'roster',
  'sha256',
  'explanation',
  'reason',
  'ticket',
  'contact',
  'by',
  'since',
  'at',
] as const;

type Row = Partial<Record<Exclude<(typeof columns)[number], 'since' | 'at'>, string>> & { readonly row: string };

export function renderReportCsv(report: Report): string {
  const rows: readonly Row[] = [
    ...report.groups.flatMap(groupRows),
    ...report.refused.map((one) => ({
      row: 'refused',
      path: one.path,
      commit: one.commit,
      merge_request: one.mergeRequest === null ? '' : String(one.mergeRequest),
      link: renderLink(one.link) ?? '',
      kind: one.code,
      explanation: renderRefusalBriefly(one, report.evidence),
    })),
    ...revocationRows(report),
    ...report.overrides.map(({ record, usedAt }) => ({
      row: 'override',
      group: record.group,
      kind: record.code,
      from: renderInstant(record.at),
      until: usedAt === undefined ? '' : renderInstant(usedAt),
      sha256: record.digest,
      explanation: renderHoldCode(record.code),
      reason: record.reason,
      by: record.by ?? '',
    })),
    ...(report.isPeriod ? accessRows(report) : []),
  ];
  // What was asked for stands in every row: a spreadsheet is looked at long after.
  const asked = { since: report.isPeriod ? renderInstant(report.changes.since) : '', at: renderInstant(report.at) };
  const cells = (row: Row) => columns.map((column) => cell({ ...row, ...asked }[column] ?? ''));
  return [columns.join(','), ...rows.map((row) => cells(row).join(','))].map((line) => `${line}\r\n`).join('');
}

/** Spreadsheets take these beginnings, also behind spaces, for a formula; a quote before them makes them text. */
const formula = /^\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/u;

function cell(text: string): string {
  const inert = formula.test(text) ? `'${plain(text)}` : plain(text);
  return /[",]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

function groupRows({ group, members, withheld, held }: GroupReport): readonly Row[] {
  return [
    ...members.map(({ name, since, reason, words }) => ({
      row: 'member',
      group,
      uid: name,
      kind: reason.kind,
      ...groundsColumns(groundsOfReason(reason)),
      from: since === undefined ? '' : renderInstant(since),
      explanation: renderMemberReason(reason),
      ...words,
    })),
    ...withheld.map(({ uid, reason, because }) => ({
      row: 'withheld',
      group,
      uid,
      kind: reason.code,
      ...groundsColumns(because),
      explanation: renderNotIn(reason),
    })),
    ...held.flatMap(({ code, since, digest, add, remove }) => {
      const of = (uid: string, kind: string): Row => ({
        row: 'held',
        group,
        uid,
        kind,
        from: renderInstant(since),
        sha256: digest,
        explanation: renderHoldCode(code),
      });
      return [...add.map((uid) => of(uid, 'add')), ...remove.map((uid) => of(uid, 'remove'))];
    }),
  ];
}

function groundsOfReason(reason: MemberReason): Because | null {
  return reason.kind === 'none' ? null : reason.because;
}

function groundsColumns(because: Because | null): Partial<Row> {
  if (!because) return {};
  if (because.kind === 'roster') return { roster: because.roster, sha256: because.sha256 };
  return {
    path: because.path,
    commit: because.commit,
    merge_request: because.mergeRequest === null ? '' : String(because.mergeRequest),
    link: renderLink(because.link) ?? '',
    approved_by: because.approvedBy.join(' '),
    signed_by: (because.signedBy ?? []).map(({ person, fingerprint }) => `${person} ${fingerprint}`).join(' '),
    until: because.until === 'open' ? '' : renderInstant(because.until),
  };
}

function revocationRows({ revocations }: Report): readonly Row[] {
  return revocations.map((one) => ({
    row: 'revocation',
    group: one.from ?? '',
    uid: one.uid,
    kind: one.lifted ? 'lifted' : isRatified(one) ? 'ratified' : 'not ratified',
    from: renderInstant(one.at),
    until: one.lifted ? renderInstant(one.lifted.at) : '',
    explanation: one.namedBy.join('; '),
    reason: one.reason,
    by: [one.by, one.lifted?.by && `lifted by ${one.lifted.by}`].filter(Boolean).join('; '),
  }));
}

/** Everybody who was in at any time of the period, once for each grant or list that named them in it. */
function accessRows({ stays }: Report): readonly Row[] {
  return stays.flatMap(({ group, name, from, departure, reasons }) =>
    reasons.map(({ because }) => ({
      row: 'access',
      group,
      uid: name,
      kind: because?.kind ?? 'none',
      ...groundsColumns(because),
      from: renderInstant(from),
      left: departure ? renderInstant(departure.at) : '',
      explanation: departure ? renderDeparture(departure) : '',
    })),
  );
}
