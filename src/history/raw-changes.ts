// Reads git's raw diff format (git-diff-tree(1), section RAW OUTPUT FORMAT) and hashes changes.
import { createHash } from 'node:crypto';

import type { PathChange, TreeEntry } from './landing.ts';
import { inOrder, parseBlobId } from '../names.ts';
import { Unusable } from '../errors.ts';

const rawEntry = /^:([0-7]{6}) ([0-7]{6}) ([0-9a-f]{40}) ([0-9a-f]{40}) [A-Z]$/;

/** What one raw entry, without its path, says changed. */
export type RawEntry = Omit<PathChange, 'path'>;

/** Throws Unusable when git prints what its manual does not name. */
export function readRawEntry(record: string): RawEntry {
  const [, oldMode, newMode, oldBlob, newBlob] = rawEntry.exec(record) ?? [];
  if (oldMode === undefined || newMode === undefined) throw new Unusable(`git printed no raw diff entry: ${record.slice(0, 100)}`);
  const before = readSide(oldMode, oldBlob);
  const after = readSide(newMode, newBlob);
  return { ...(before && { before }), ...(after && { after }) };
}

/** Mode 000000 is git's way to say that nothing stands there. */
function readSide(mode: string, id: string | undefined): TreeEntry | undefined {
  const blob = parseBlobId(id ?? '');
  return mode === '000000' || blob === undefined ? undefined : { mode, blob };
}

/** The changes of a `diff-tree --raw -z`, whose records are by turns an entry and its path. */
export function readRawChanges(records: readonly string[]): PathChange[] {
  const changes: PathChange[] = [];
  for (let index = 0; index < records.length; index += 2) {
    const path = records[index + 1];
    if (path === undefined) throw new Unusable('the raw diff that git printed was cut short');
    changes.push({ path, ...readRawEntry(records[index] ?? '') });
  }
  return changes;
}

/**
 * The digest of a change (DESIGN, section 3): SHA-256 over every path that differs, sorted, with old and new mode and content.
 * The same for a landing and for a version of a merge request when, and only when, they change the same paths in the same way.
 */
export function digestOfChanges(changes: readonly PathChange[]): string {
  const hash = createHash('sha256');
  for (const { path, before, after } of changes.toSorted((left, right) => inOrder(left.path, right.path))) {
    // A path cannot hold NUL, so no path can be mistaken for the end of another entry.
    hash.update(`${renderSide(before)} ${renderSide(after)} ${path}\0`);
  }
  return `sha256:${hash.digest('hex')}`;
}

function renderSide(entry: TreeEntry | undefined): string {
  return entry === undefined ? '-' : `${entry.mode} ${entry.blob}`;
}
