// The page as text: what holds of it in every browser. How it looks and behaves in one is tested in report-page.test.ts.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicReport } from '../../src/report/report-public.ts';
import { renderAttention, renderMemberReason } from '../../src/report/report-words.ts';
import { renderReportHtml } from '../../src/report/report-html.ts';
import { begins, days, endorsement, forge, grantOf, hostileRecords, pageOf, reportFrom, sampleRecords } from './report-samples.ts';

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
  it('given a report, then everybody, every reason and all that needs a person is on it, in the words of the text', () => {
    const text = textOf(page);
    const squeezed = (sentence: string) => sentence.replaceAll(/\s+/g, ' ');
    for (const { members } of report.groups) {
      for (const { name, reason } of members) {
        expect(text).toContain(name);
        expect(text).toContain(squeezed(renderMemberReason(reason)));
      }
    }
    for (const one of report.attention) expect(text).toContain(squeezed(renderAttention(one, report.evidence)));
    expect(page).toContain(`href="${pageOf(9)}"`);
    expect(text).toContain('Changed since');
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
    expect(text).toContain('Public: reasons, contacts, tickets and the names of approvers are left out.');
    for (const secret of ['abuse wave', 'Laptop', 'alice', 'bob', 'T343377']) expect(text).not.toContain(secret);
  });

  it('given a group whose members are not on record, then no number of people is made up', () => {
    const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged: 5, until: 12 });
    const html = renderReportHtml(reportFrom([begins(days(-270)), endorsement(grant)]), { forge, digest });
    expect(textOf(html)).toContain('? people have access');
    expect(textOf(html)).not.toContain('no access at');
    expect(textOf(html)).toContain('klaxon-users: who is in it is not on record');
  });

  it.each([
    { given: 'a few weeks', merged: 5, gives: ['2026-11-16', '2026-11-23', '2026-11-30', '2026-12-07'] },
    { given: 'most of a year', merged: 200, gives: ['2026-06', '2026-08', '2026-10', '2026-12'] },
  ])('given grants over $given, then the drawing is divided by $gives', ({ merged, gives }) => {
    const grant = grantOf({ name: 'hoo', mergeRequest: 1, merged, until: 12 });
    const html = renderReportHtml(reportFrom([begins(days(-270)), endorsement(grant)]), { forge, digest });
    expect([...html.matchAll(/>(\d{4}-\d{2}(?:-\d{2})?)<\/text/g)].map(([, label]) => label)).toEqual(gives);
  });

  it('given links within the page, then each leads to something', () => {
    const ids = new Set([...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
    const targets = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(3);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
  });
});
