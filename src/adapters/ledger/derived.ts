// A cache of what was worked out from the ledger. It may be thrown away at any time: it is believed only for exactly
// the ledger, the format and the build of muster it was made from, and only when it is whole.
import { hash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Head } from './chain.ts';

const format = 1;

function pathOf(folder: string): string {
  return join(folder, 'ledger.derived');
}

function renderStamp(head: Head, build: string, text: string): string {
  return JSON.stringify({ format, build, count: head.count, ledger: head.hash, sha256: hash('sha256', text, 'hex') });
}

/** `build` names this build of muster: another one may work things out differently. Undefined: not there, not for this head, or damaged. */
export async function readDerived(folder: string, head: Head, build: string): Promise<unknown> {
  const whole = await readIfPossible(pathOf(folder));
  const end = whole.indexOf('\n');
  const text = whole.slice(end + 1);
  if (end === -1 || whole.slice(0, end) !== renderStamp(head, build, text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readIfPossible(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    // Whatever the reason, it is only a cache: the ledger itself is asked.
    return '';
  }
}

/** `value` is JSON. Throws what the file system throws; the caller may go on without the cache. */
export async function writeDerived(folder: string, head: Head, build: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value);
  const path = pathOf(folder);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    // Not synced: after a crash the stamp tells whether it is whole.
    await file.writeFile(`${renderStamp(head, build, text)}\n${text}`);
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
