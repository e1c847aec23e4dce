// The page in Debian's Chromium. Skipped, with the reason in the title, where there is none; report-html.test.ts runs everywhere.
// MUSTER_SCREENSHOTS=1 takes the pictures of docs/ anew.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReportHtml } from '../../src/report/report-html.ts';
import { crowd, hostileRecords, listedPeople, showcase } from './report-crowd.ts';
import { reportFrom, reportSources } from './report-from.ts';
import { begins, days, forge, sampleRecords } from './report-samples.ts';
import { steward } from '../membership/membership-samples.ts';
import { noBrowser, startBrowser, type Browser, type Page, type PageOptions } from '../support/browser.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('base64');
const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

const openAll = "for (const one of document.querySelectorAll('details')) one.open = true";

const attacks = [
  '<script>window.pwned = 1</script>',
  '"><img src="http://127.0.0.1:9/x" onerror="window.pwned = 1">',
  "'><svg onload=window.pwned=1>",
  'javascript:window.pwned=1',
  '</style></script><iframe src="http://127.0.0.1:9/">',
].join(' ');

describe.skipIf(noBrowser !== undefined)(`the page in a browser${noBrowser === undefined ? '' : ` (skipped: ${noBrowser})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-page-'));
  const records = {
    sample: sampleRecords(),
    year: sampleRecords(),
    nobody: [begins(days(-30))],
    readme: showcase(),
    hostile: hostileRecords(attacks),
    sixty: crowd(60),
    crowded: crowd(500),
  };
  let browser: Browser;
  beforeAll(async () => {
    for (const [name, of] of Object.entries(records)) {
      const since = name === 'sample' || name === 'hostile' ? days(-45) : undefined;
      const people = ['readme', 'sixty', 'crowded'].includes(name)
        ? new Map([[steward, new Set(listedPeople)]])
        : reportSources.rosterPeople;
      const report = reportFrom(of, { since }, { ...reportSources, rosterPeople: people });
      writeFileSync(join(folder, `${name}.html`), renderReportHtml(report, { forge, digest }));
    }
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  interface Opened {
    readonly page: Page;
    /** Everything that the page asked for, and everything that the browser complained of. */
    readonly requests: readonly string[];
    readonly complaints: readonly string[];
  }

  async function open(name: keyof typeof records, options: PageOptions = {}): Promise<Opened> {
    const page = await browser.newPage({ viewport: { width: 1100, height: 800 }, ...options });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error.message)));
    page.on('dialog', () => complaints.push('a dialog'));
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    return { page, requests, complaints };
  }

  const rows = '#now tbody tr';

  it('when it is opened, then it asks nobody for anything, and the browser has no complaint', async () => {
    const { page, requests, complaints } = await open('sample');
    expect(await page.title()).toBe('Who has access, 2026-11-23 12:00 UTC');
    expect(await page.locator(rows).count()).toBe(5);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
  });

  it('given words made to be executed in every field, then nothing of it happens', async () => {
    const { page, requests, complaints } = await open('hostile');
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('img, iframe, object, style ~ style, script ~ script').count()).toBe(0);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
    await page.evaluate(openAll);
    expect(await page.getByText('window.pwned = 1').count()).toBeGreaterThan(2);
  });

  it('when somebody types into the field, then only those who match are left, and how many is said', async () => {
    const { page } = await open('year');
    const field = page.getByLabel('Find a person');
    const names = () => page.locator(`${rows}:visible > th`).allTextContents();
    await field.fill('KLAXON-users ticket-less alice');
    expect(await names()).toEqual([]);
    await field.fill('klaxon-USERS alice');
    expect(await names()).toEqual(['hoo since 3 Nov 2026']);
    expect(await page.getByRole('status').textContent()).toBe('1 of 8 shown, and 1 from before below');
    await field.fill('hasley stewards');
    expect(await page.locator('#now .names li:visible').allTextContents()).toEqual(['hasley']);
    await field.fill('superpes');
    expect(await page.locator('#before tbody tr:visible > th').allTextContents()).toEqual(['superpes']);
    await field.fill('');
    expect(await page.locator(`${rows}:visible`).count()).toBe(5);
  });

  it('when somebody uses the keyboard alone, then they get to the people, and to what is folded', async () => {
    const { page } = await open('year');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Access');
    await page.locator('#before > summary').focus();
    await page.keyboard.press('Enter');
    expect(await page.getByText('no longer on the roster steward').first().isVisible()).toBe(true);
  });

  it('when somebody clicks a name in the drawing, then it leads to the row, also to a folded one', async () => {
    const { page } = await open('year');
    await page.locator('.rows a', { hasText: 'martin' }).click();
    expect(await page.locator('tr:target').textContent()).toContain('martin since 26 Jun 2026');
    await page.goto(`${page.url().replace(/#.*/, '')}#was-stewards-superpes`);
    expect(await page.locator('tr:target').isVisible()).toBe(true);
  });

  it('given no script may run, then everything can be read, and no field is shown that does nothing', async () => {
    const { page } = await open('year', { javaScriptEnabled: false });
    expect(await page.getByLabel('Find a person').isVisible()).toBe(false);
    expect(await page.getByText('irc hoo on libera.chat').isVisible()).toBe(true);
    await page.locator('#before > summary').click();
    expect(await page.getByText('no longer on the roster steward').first().isVisible()).toBe(true);
  });

  it.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])(
    'when it is printed ($javaScriptEnabled), then who had access before is there too',
    async (options) => {
      const { page } = await open('year', options);
      await page.emulateMedia({ media: 'print' });
      const height = await page.getByText('no longer on the roster steward').first().boundingBox();
      expect(height?.height ?? 0).toBeGreaterThan(0);
    },
  );

  it('given sixty grants, then they are printed on five pages', async () => {
    const { page } = await open('sixty');
    const pdf = Buffer.from(await page.pdf({ format: 'A4' })).toString('latin1');
    const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(pages).toBeGreaterThan(1);
    expect(pages).toBeLessThanOrEqual(5);
  });

  it('given five hundred grants on a phone, then one is found by typing, and the drawing has sixty and the rest folded', async () => {
    const { page } = await open('crowded', { viewport: { width: 390, height: 800 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await page.locator(rows).count()).toBe(501);
    await page.getByLabel('Find a person').fill('martin12 klaxon');
    expect(await page.locator(`${rows}:visible`).count()).toBe(1);
    expect(await page.locator('.rows li:visible').count()).toBe(1 + 60 + 8);
    expect(await page.locator('details.more > summary').allTextContents()).toEqual(['440 more that end later', '242 more that are over']);
    // Whoever scrolls still has the field.
    await page.evaluate("document.querySelector('#now').scrollIntoView({ block: 'end' })");
    expect(await page.getByLabel('Find a person').isVisible()).toBe(true);
  });

  it('given a phone, then no label of the drawing stands out or lies on its neighbour', async () => {
    for (const name of ['sample', 'sixty', 'crowded'] as const) {
      const { page } = await open(name, { viewport: { width: 390, height: 800 } });
      const boxes = (await page.evaluate(
        "JSON.stringify([...document.querySelectorAll('svg text')].map((one) => { const { left, right } = one.getBoundingClientRect(); return { axis: one.matches('.axis text'), left, right }; }))",
      )) as string;
      const labels = (JSON.parse(boxes) as { axis: boolean; left: number; right: number }[]).filter(({ left, right }) => right > left);
      expect(labels.length).toBeGreaterThan(5);
      expect(labels.filter(({ left, right }) => left < 0 || right > 390)).toEqual([]);
      const months = labels.filter(({ axis }) => axis);
      expect(months.length).toBeGreaterThan(3);
      expect(months.filter(({ left }, index) => index > 0 && left < (months[index - 1]?.right ?? 0))).toEqual([]);
    }
  });

  it.each([320, 375, 768])('given a screen %i wide, then nothing stands out at the side, also with everything open', async (width) => {
    for (const name of ['year', 'hostile'] as const) {
      const { page } = await open(name, { viewport: { width, height: 700 } });
      await page.evaluate(openAll);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  });

  it('given a dark screen, then the page is dark', async () => {
    const brightness = async (colorScheme: 'dark' | 'light') => {
      const { page } = await open('sample', { colorScheme });
      const colour = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      return Math.max(...[...colour.matchAll(/\d+/g)].map(Number));
    };
    expect(await brightness('dark')).toBeLessThan(60);
    expect(await brightness('light')).toBeGreaterThan(200);
  });

  it.each([
    { name: 'sample', colorScheme: 'light', width: 320 },
    { name: 'year', colorScheme: 'dark', width: 390 },
    { name: 'year', colorScheme: 'light', width: 768 },
    { name: 'readme', colorScheme: 'light', width: 1280 },
    { name: 'nobody', colorScheme: 'dark', width: 1280 },
  ] as const)('given $name on a $colorScheme screen $width wide, then axe finds nothing', async ({ name, colorScheme, width }) => {
    const { page } = await open(name, { colorScheme, viewport: { width, height: 800 } });
    await page.evaluate(openAll);
    await page.evaluate(axe);
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] };
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)).toEqual([]);
  });

  it.each([
    { name: 'report-wide.png', width: 1100, height: 1190 },
    { name: 'report-phone.png', width: 390, height: 1300 },
  ])('given $width pixels, then docs/$name shows it', async ({ name, width, height }) => {
    const path = join(docs, name);
    if (process.env['MUSTER_SCREENSHOTS'] === '1' || !existsSync(path)) {
      const { page } = await open('readme', { viewport: { width, height: 900 } });
      await page.screenshot({ path, clip: { x: 0, y: 0, width, height }, fullPage: true });
    }
    expect(readFileSync(path).subarray(1, 4).toString()).toBe('PNG');
  });
});
