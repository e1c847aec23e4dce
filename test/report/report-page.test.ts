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
import { days, forge, hostileRecords, reportFrom, sampleRecords } from './report-samples.ts';
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
  const files = { sample: sampleRecords(), hostile: hostileRecords(attacks) };
  let browser: Browser;
  beforeAll(async () => {
    for (const [name, records] of Object.entries(files)) {
      writeFileSync(join(folder, `${name}.html`), renderReportHtml(reportFrom(records, { since: days(-45) }), { forge, digest }));
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

  async function open(name: keyof typeof files, options: PageOptions = {}): Promise<Opened> {
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

  const people = '#people > details';

  it('when it is opened, then it asks nobody for anything, and the browser has no complaint', async () => {
    const { page, requests, complaints } = await open('sample');
    expect(await page.title()).toBe('Who has access, 2026-11-23 12:00 UTC');
    expect(await page.locator(people).count()).toBe(13);
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
    const { page } = await open('sample');
    await page.getByLabel('Find a person').fill('STEWARDS revoked');
    expect(await page.locator(`${people}:visible > summary b`).allTextContents()).toEqual(['h2o']);
    expect(await page.getByRole('status').textContent()).toBe('1 of 13 shown');
    await page.getByLabel('Find a person').fill('');
    expect(await page.locator(`${people}:visible`).count()).toBe(13);
  });

  it('when somebody uses the keyboard alone, then they get to the people and can open one', async () => {
    const { page } = await open('sample');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('To the people');
    await page.locator(`${people} > summary`).first().focus();
    await page.keyboard.press('Enter');
    expect(await page.getByText('roster steward (').first().isVisible()).toBe(true);
  });

  it('when somebody clicks a name in the drawing, then the person is opened', async () => {
    const { page } = await open('sample');
    await page.locator('.rows a', { hasText: 'martin' }).click();
    expect(await page.getByRole('link', { name: 'Merge request !4' }).first().getAttribute('href')).toBe(
      `${forge}/repos/sre/access/-/merge_requests/4`,
    );
    expect(await page.locator('#person-martin').getAttribute('open')).not.toBeNull();
  });

  it('given no script may run, then everybody can still be opened, and no field is shown that does nothing', async () => {
    const { page } = await open('sample', { javaScriptEnabled: false });
    expect(await page.getByLabel('Find a person').isVisible()).toBe(false);
    await page.locator(`${people} > summary`, { hasText: 'hoo' }).click();
    expect(await page.getByText('irc hoo on libera.chat').isVisible()).toBe(true);
  });

  it.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])(
    'when it is printed ($javaScriptEnabled), then everybody is open',
    async (options) => {
      const { page } = await open('sample', options);
      await page.emulateMedia({ media: 'print' });
      const height = await page.getByText('irc hoo on libera.chat').boundingBox();
      expect(height?.height ?? 0).toBeGreaterThan(0);
      expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
    },
  );

  it.each([320, 375, 768])('given a screen %i wide, then nothing stands out at the side, also with everybody open', async (width) => {
    for (const name of ['sample', 'hostile'] as const) {
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

  it.each(['light', 'dark'] as const)('given a %s screen and everybody open, then axe finds nothing serious', async (colorScheme) => {
    for (const width of [375, 1100]) {
      const { page } = await open('sample', { colorScheme, viewport: { width, height: 800 } });
      await page.evaluate(openAll);
      await page.evaluate(axe);
      const { violations } = (await page.evaluate('axe.run()')) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`)).toEqual([]);
    }
  });

  it.each([
    { name: 'report-wide.png', width: 1100 },
    { name: 'report-phone.png', width: 390 },
  ])('given $width pixels, then docs/$name shows it', async ({ name, width }) => {
    const path = join(docs, name);
    if (process.env['MUSTER_SCREENSHOTS'] === '1' || !existsSync(path)) {
      const { page } = await open('sample', { viewport: { width, height: 900 } });
      await page.locator('#person-hoo > summary').click();
      await page.screenshot({ path, clip: { x: 0, y: 0, width, height: width > 600 ? 1500 : 2100 }, fullPage: true });
    }
    expect(readFileSync(path).subarray(1, 4).toString()).toBe('PNG');
  });
});
