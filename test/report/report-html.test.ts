// The page as text: what holds of it in every browser. How it looks and behaves in one is tested in report-page.test.ts.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicReport } from '../../src/report/report-public.ts';
import { daysOf, daysOnPage } from '../../src/report/report-days.ts';
import { renderReportHtml } from '../../src/report/report-html.ts';
import type { LedgerRecord } from '../../src/ledger/record.ts';
import { hostileRecords } from './report-crowd.ts';
import { reportFrom } from './report-from.ts';
import {
  begins,
  brought,
  days,
  endorsement,
  forge,
  grantOf,
  outcome,
  pageOf,
  refusal,
  sampleRecords,
  sampleRules,
} from './report-samples.ts';
import { becauseOf, grantPathOf, klaxon, sha256 } from '../membership/membership-samples.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('base64');
const report = reportFrom(sampleRecords(), { since: days(-45) });
const page = renderReportHtml(report, { forge, digest });

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#96;': '`', '&amp;': '&' };

/** What can be read of it: without tags, style and script. */
function textOf(html: string): string {
  return html
    .replaceAll(/<(style|script)>.*?<\/\1>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:lt|gt|quot|#39|#96|amp);/g, (entity) => entities[entity] ?? '')
    .replaceAll(/\s+/g, ' ');
}

function tagsOf(html: string): readonly string[] {
  return [...html.matchAll(/<[a-z][^>]*>/g)].map(([tag]) => tag);
}

describe('the page', () => {
  const rowsOf = (html: string, table: string) =>
    [...(new RegExp(`<table id="${table}">([^]*?)</table>`).exec(html)?.[1] ?? '').matchAll(/<tr[ >][^]*?<\/tr>/g)].map(([row]) =>
      textOf(row).trim(),
    );

  it('given a report, then one table says who is in which group until when, by whose approval and why, what ends first first', () => {
    expect(rowsOf(page, 'now').slice(1)).toEqual([
      'hoo since 3 Nov 2026 klaxon-users 3 Dec 2026, 12:00 in 10 days alice !9 Handling the cross-wiki abuse wave, may have to page SRE. T343377 · irc hoo on libera.chat',
      'carol since 23 Nov 2026 klaxon-users no end known no grant or roster explains this member',
      'martin since 26 Jun 2026 klaxon-users no end bob !4 Handling the cross-wiki abuse wave, may have to page SRE. T343377 · irc martin on libera.chat',
      'melos since 26 Feb 2026 stewards held roster steward named by no grant or roster any more, and the removal is held since 2026-10-15 12:00 UTC: too few members would be left',
      '4 people stewards while on the roster roster steward, list of 14 Oct 2026 Stewards may page SRE through Klaxon. base deltaquad hasley urbanecm',
    ]);
    expect(page).toContain(`href="${pageOf(9)}"`);
  });

  it('given a grant that counts to the end of its last day, then that day is shown, and how far off it is', () => {
    const ending = (until: number) => {
      const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged: 5, until });
      const records = [begins(days(-9)), endorsement(grant), outcome(days(-5), klaxon, 1, [brought(becauseOf(grant), 'hoo')])];
      return rowsOf(renderReportHtml(reportFrom(records), { forge, digest }), 'now')[1];
    };
    expect(ending(0.5)).toContain('klaxon-users 23 Nov 2026 today');
    expect(ending(1.5)).toContain('klaxon-users 24 Nov 2026 tomorrow');
    expect(ending(39.5)).toContain('klaxon-users 1 Jan 2027 in 39 days');
  });

  it('given what needs a person, then whoever must act finds the command, and what is good to know stands apart', () => {
    const text = textOf(page);
    const act = text.slice(text.indexOf('Somebody must act (3)'), text.indexOf('Good to know (4)'));
    for (const command of ['muster adopt klaxon-users', `muster allow stewards ${sha256('few')} --reason "…"`])
      expect(act).toContain(command);
    expect(act).toContain('policy/grants/klaxon-users/mallory.yaml is not in force');
    const know = text.slice(text.indexOf('Good to know (4)'), text.indexOf('Has access now'));
    expect(know).toContain('End within two weeks: hoo 3 Dec 2026, 12:00');
    for (const word of ['ghost : named for klaxon-users and not in', 'waits for a verdict', 'h2o was revoked'])
      expect(know).toContain(word);
  });

  it('given somebody who left, then by whose approval they were in stands there too, folded, and with each change its day', () => {
    const whole = renderReportHtml(reportFrom(sampleRecords()), { forge, digest });
    expect(textOf(/<details id="before">[^]*?<\/details>/.exec(whole)?.[0] ?? '')).toMatch(
      /hoo klaxon-users 7 May 2026 – 24 Sep 2026 alice !3 alice !5 the grant ended at 2026-09-24 12:00 UTC/,
    );
    const changes = textOf(whole.slice(whole.indexOf('id="changes"'), whole.indexOf('id="end"')));
    expect(changes).toMatch(
      /since 24 Oct 2026 23 Nov 2026 in carol, klaxon-users.* 20 Nov 2026 out h2o.* 3 Nov 2026 in hoo, klaxon-users until/,
    );
  });

  it('given somebody who came twice on a day, then the day names them once; given a deletion that nobody approved, then nothing is refused', () => {
    const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged: 5, until: 12 });
    const brings = refusal('hoo', 2, days(-1), 'x');
    if (brings.type !== 'verdict') throw new Error('the sample is wrong');
    const deletion: LedgerRecord = { ...brings, delta: { ...brings.delta, tree: [[grantPathOf('hoo'), null]] } };
    const came = outcome(days(-5), klaxon, 1, [brought(becauseOf(grant), 'hoo')]);
    const gone = { type: 'membership', at: days(-4.9), group: klaxon, appeared: [], vanished: ['hoo'], members: 0 } as const;
    const again = { ...came, at: days(-4.8) };
    const told = (last: LedgerRecord) =>
      daysOf(reportFrom([begins(days(-9)), endorsement(grant), came, gone, again, last]), daysOnPage).flatMap(({ events }) =>
        events.map(({ mark, names }) => `${mark} ${names.join(' ')}`),
      );
    expect(told(deletion)).toEqual(['in hoo', 'out hoo']);
    expect(told(brings)).toEqual([`refused ${grantPathOf('hoo')}`, 'in hoo', 'out hoo']);
  });

  it('given a purpose without a full stop, then it does not run into the sentence after it', () => {
    const records = [{ ...begins(days(-9)), rules: sampleRules('Deployers of the wikis') } as LedgerRecord];
    const html = renderReportHtml(reportFrom(records), { forge, digest });
    expect(html).toMatch(/<dd>Deployers of the wikis<\/dd>\s*<dd>owned by/);
  });

  it('given a period, then everybody who was in at any time of it is listed, open', () => {
    expect(
      rowsOf(page.replace(/<details id="before" open>[^]*?<table>/, '<table id="period">'), 'period')
        .slice(1)
        .map((row) => row.split(' ')[0]),
    ).toEqual(
      report.stays
        .map(({ name }) => name)
        .sort(
          (left, right) =>
            Number(left === 'h2o' || left === 'superpes') - Number(right === 'h2o' || right === 'superpes') || (left < right ? -1 : 1),
        ),
    );
  });

  it('then its policy lets in its own style and script by their digests, and nothing else', () => {
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const own = (tag: string) => digest(new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page)?.[1] ?? '');
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${own('style')}'; script-src 'sha256-${own('script')}'; base-uri 'none'; form-action 'none'`,
    );
    expect(tagsOf(page).filter((tag) => /\s(?:style|on\w+|src|srcset|action|data|poster)=/.test(tag))).toEqual([]);
    expect(tagsOf(page).filter((tag) => /^<(?:link|img|iframe|object|embed|form|base|video|audio)\b/.test(tag))).toEqual([]);
  });

  it.each([
    '<script>pwned=1</script>',
    '"><img src=x onerror=pwned=1>',
    "' autofocus onfocus='pwned=1",
    'javascript:pwned=1',
    '</title></style></script><b>x</b>',
    '`${1}` &lt;b&gt;',
    'https://gitlab.example.org.evil.example/x',
  ])('given %j in every field, then it is text, and no tag, attribute or link comes of it', (text) => {
    const plain = renderReportHtml(reportFrom(hostileRecords('harmless')), { forge, digest });
    const html = renderReportHtml(reportFrom(hostileRecords(text)), { forge, digest });
    const shape = (of: string) => tagsOf(of).map((tag) => tag.replaceAll(/="[^"]*"/g, ''));
    expect([...shape(html)].sort()).toEqual([...shape(plain)].sort());
    expect(
      [...html.matchAll(/href="([^"]*)"/g)].map(([, to = '']) => to).filter((to) => !to.startsWith('#') && !to.startsWith(`${forge}/`)),
    ).toEqual([]);
    expect(textOf(html)).toContain(text.replaceAll(/\s+/g, ' '));
  });

  it('given no GitLab is configured, then there are no links but those within the page', () => {
    expect(renderReportHtml(report, { forge: undefined, digest })).not.toMatch(/href="(?!#)/);
  });

  it('given a public report, then it is said, and approvers and reasons are not there', () => {
    const text = textOf(renderReportHtml(publicReport(report), { forge, digest }));
    const notice = 'Public: reasons, contacts, tickets, the names of approvers and who is revoked are left out.';
    expect(text).toContain(notice);
    expect(text.replace(notice, '')).not.toMatch(/revo[ck]/i);
    for (const secret of ['abuse wave', 'Laptop', 'alice', 'bob', 'T343377']) expect(text).not.toContain(secret);
  });

  it('given a group whose members are not on record, then no number of people is made up', () => {
    const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged: 5, until: 12 });
    const html = renderReportHtml(reportFrom([begins(days(-270)), endorsement(grant)]), { forge, digest });
    expect(textOf(html)).toContain('? people have access');
    expect(textOf(html)).toContain('Who has access is not on record here.');
    expect(textOf(html)).not.toContain('Nobody has access');
    expect(textOf(html)).toContain('klaxon-users : who is in it is not on record');
  });

  it.each([
    { given: 'a few weeks', merged: 5, gives: ['16 Nov', '23 Nov', '30 Nov', '7 Dec'] },
    { given: 'most of a year', merged: 200, gives: ['Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] },
    { given: 'a turn of the year', merged: 60, until: 90, gives: ['Oct', 'Nov', 'Dec', '2027', 'Feb'] },
  ])('given grants over $given, then the drawing is divided by $gives', ({ merged, until = 12, gives }) => {
    const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged, until });
    const html = renderReportHtml(reportFrom([begins(days(-270)), endorsement(grant)]), { forge, digest });
    expect([...(/class="axis"[^]*?<\/li>/.exec(html)?.[0] ?? '').matchAll(/>([^<>\s][^<>]*)<\/text/g)].map(([, label]) => label)).toEqual(
      gives,
    );
  });

  it('given links within the page, then each leads to something', () => {
    const ids = new Set([...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
    const targets = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(3);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('given a grant right behind an earlier one of the same person', () => {
  it('then the end of the later bar is not written where the earlier one ends', () => {
    const [early, late] = [
      grantOf({ name: 'martin', mergeRequest: 1, merged: 9, until: -1 }),
      grantOf({ name: 'martin', mergeRequest: 2, merged: 0.5, until: 10 }),
    ];
    const records = [
      begins(days(-10)),
      endorsement(early),
      endorsement(late),
      outcome(days(-0.5), klaxon, 1, [brought(becauseOf(late), 'martin')]),
    ];
    const [label] = /<text class="end[^>]*>/.exec(renderReportHtml(reportFrom(records), { forge, digest })) ?? [];
    expect(label).toContain('class="end within"');
  });
});
