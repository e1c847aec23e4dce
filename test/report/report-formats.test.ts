import { describe, expect, it } from 'vitest';
import { laidOut } from '../../src/terminal.ts';
import { dn } from '../../src/names.ts';
import { publicReport } from '../../src/report/report-public.ts';
import { statusOf } from '../../src/status.ts';
import { renderReportCsv } from '../../src/report/report-csv.ts';
import { renderReportJson } from '../../src/report/report-json.ts';
import { renderReportText } from '../../src/report/report-text.ts';
import { hostileRecords } from './report-crowd.ts';
import { reportFrom } from './report-from.ts';
import { days, sampleRecords } from './report-samples.ts';
import { klaxon } from '../membership/membership-samples.ts';
import { hostile, inert } from '../reconcile/run-samples.ts';

const report = reportFrom(sampleRecords(), { since: days(-45) });

describe('what people and programs read of a report', () => {
  it('given everything that may happen, then it is the text that was agreed on', async () => {
    await expect(laidOut(renderReportText(report))).toMatchFileSnapshot('../golden/report.txt');
  });

  it('given a public report, then it is the text that was agreed on', async () => {
    await expect(laidOut(renderReportText(publicReport(report)))).toMatchFileSnapshot('../golden/report-public.txt');
  });

  it('given everything that may happen, then it is the JSON that was agreed on', async () => {
    await expect(renderReportJson(report, statusOf([]))).toMatchFileSnapshot('../golden/report.json');
  });

  it('given everything that may happen, then it is the spreadsheet that was agreed on', async () => {
    await expect(renderReportCsv(report)).toMatchFileSnapshot('../golden/report.csv');
  });

  it('given text made to deceive in every field, then every line is printable, and the JSON is whole', () => {
    const deceiving = reportFrom(hostileRecords(hostile), { since: days(-300) });
    for (const text of [laidOut(renderReportText(deceiving)), renderReportCsv(deceiving).replaceAll('\r\n', '\n')])
      expect(text.split('\n').filter((line) => !inert.test(line))).toEqual([]);
    expect(JSON.parse(renderReportJson(deceiving, statusOf([])))).toMatchObject({ command: 'report' });
  });
});

/** RFC 4180 as a spreadsheet reads it. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end === '\r\n') rows.push([]);
    if (end === '') break;
  }
  return rows.slice(0, -1);
}

describe('the spreadsheet', () => {
  it('given commas and quotes, then every row has as many cells as the first', () => {
    const rows = parseCsv(renderReportCsv(reportFrom(hostileRecords('a "b", c,\r\n=1'))));
    expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([22]));
    expect(rows.flat()).toContainEqual('a "b", c,\\u{d}\\u{a}=1');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', '\u00A0=1'])(
    'given a reason %j, then no cell is taken for a formula',
    (text) => {
      const cells = parseCsv(renderReportCsv(reportFrom(hostileRecords(text)))).flat();
      expect(cells.filter((cell) => /^\s*[=+\-@\t\r＝＋－＠]/u.test(cell))).toEqual([]);
      expect(cells.some((cell) => cell.startsWith("'"))).toBe(true);
    },
  );

  it('given somebody who left, then each grant has its row, with approver, merge request, the end and what was asked for', () => {
    const [head = [], ...rows] = parseCsv(renderReportCsv(reportFrom(sampleRecords(), { since: days(-150) })));
    const told = rows
      .filter((row) => row[0] === 'access' && row[2] === 'hoo')
      .map((row) => ['merge_request', 'approved_by', 'left', 'since', 'at'].map((column) => row[head.indexOf(column)]));
    const asked = ['2026-06-26T12:00:00Z', '2026-11-23T12:00:00Z'];
    expect(told).toEqual([
      ['3', 'alice', '2026-09-24T12:00:00Z', ...asked],
      ['5', 'alice', '2026-09-24T12:00:00Z', ...asked],
      ['9', 'alice', '', ...asked],
    ]);
  });

  it('given a member that is no person, then its DN stands in one cell', () => {
    const stranger = dn('cn=a\\,b,dc=x');
    const records = [
      ...sampleRecords(),
      {
        type: 'membership',
        at: days(-0.1),
        group: klaxon,
        appeared: [{ because: null, names: [stranger] }],
        vanished: [],
        members: 4,
      } as const,
    ];
    expect(parseCsv(renderReportCsv(reportFrom(records))).some((row) => row[2] === stranger)).toBe(true);
  });
});
