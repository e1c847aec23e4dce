// Chromium for the tests of the report's page, as scripts/chromium.mjs found or fetched it; or why there is none.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../.cache/chromium/bin/chromium', import.meta.url));
const missing = fileURLToPath(new URL('../../.cache/chromium/missing', import.meta.url));

/** Undefined: there is a browser. */
export const noBrowser: string | undefined = existsSync(program)
  ? undefined
  : existsSync(missing)
    ? readFileSync(missing, 'utf8').trim()
    : 'nobody has looked for Chromium yet: "node scripts/prepare.mjs" does';

// What the tests use of playwright-core. Its own types want those of a browser, which would then be known, wrongly, to all of muster's code.
export interface Locator {
  count(): Promise<number>;
  first(): Locator;
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  focus(): Promise<void>;
  isVisible(): Promise<boolean>;
  textContent(): Promise<string | null>;
  allTextContents(): Promise<string[]>;
  getAttribute(name: string): Promise<string | null>;
  boundingBox(): Promise<{ readonly height: number } | null>;
}

export interface Page {
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  on(event: 'console', listener: (message: { text(): string }) => void): void;
  on(event: 'pageerror' | 'dialog', listener: (complaint: { readonly message: unknown }) => void): void;
  goto(url: string): Promise<unknown>;
  url(): string;
  title(): Promise<string>;
  /** Code as text: it runs in the page. */
  evaluate(code: string): Promise<unknown>;
  locator(selector: string, options?: { readonly hasText: string }): Locator;
  getByLabel(text: string): Locator;
  getByRole(role: 'link' | 'status', options?: { readonly name: string }): Locator;
  getByText(text: string): Locator;
  readonly keyboard: { press(key: string): Promise<void> };
  emulateMedia(options: { readonly media: 'print' }): Promise<void>;
  pdf(options: { readonly format: 'A4' }): Promise<Uint8Array>;
  screenshot(options: { readonly path: string; readonly fullPage: boolean; readonly clip: object }): Promise<unknown>;
}

export interface PageOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'dark' | 'light';
  readonly javaScriptEnabled?: boolean;
}

export interface Browser {
  newPage(options: PageOptions): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: { launch(options: { readonly executablePath: string; readonly args: readonly string[] }): Promise<Browser> };
}

export function startBrowser(): Promise<Browser> {
  const require = createRequire(import.meta.url);
  const { chromium } = require('playwright-core') as Playwright;
  // Containers seldom let Chromium build its sandbox, and it opens nothing but the page that the test wrote.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
}
