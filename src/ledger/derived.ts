// Caches of what was worked out from the ledger. They may be thrown away at any time: one is believed only for exactly
// the ledger, the format and the build of muster it was made from, and only when it is whole.
import { hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Head } from './chain.ts';

const format = 1;

/** `state` is small and read by every run, `members` large and read when it is needed. */
type Part = 'state' | 'members';

function pathOf(folder: string, part: Part): string {
  return join(folder, part === 'state' ? 'ledger.derived' : `ledger.derived-${part}`);
}

function renderStamp(head: Head, build: string, text: Buffer): string {
  return JSON.stringify({ format, build, count: head.count, ledger: head.hash, sha256: hash('sha256', text, 'hex') });
}

/** `build` names this build of muster: another one may work things out differently. Undefined: not there, not for this head, or damaged. */
export function readDerived(folder: string, head: Head, build: string, part: Part): string | undefined {
  const whole = readIfPossible(pathOf(folder, part));
  const end = whole.indexOf('\n');
  const text = whole.subarray(end + 1);
  const isWhole = end !== -1 && whole.toString('utf8', 0, end) === renderStamp(head, build, text);
  return isWhole ? text.toString('utf8') : undefined;
}

function readIfPossible(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    // Whatever the reason, it is only a cache: the ledger itself is asked.
    return Buffer.alloc(0);
  }
}

/** Throws what the file system throws; the caller may go on without the cache. */
export function writeDerived(folder: string, head: Head, build: string, content: string, part: Part): void {
  const text = Buffer.from(content);
  const path = pathOf(folder, part);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    // Not synced: after a crash the stamp tells whether it is whole.
    writeFileSync(file, `${renderStamp(head, build, text)}\n`);
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}
