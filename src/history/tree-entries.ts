// Reads the records of `ls-tree -z` (git-ls-tree(1), section OUTPUT FORMAT).
import type { TreeEntry } from './landing.ts';
import { parseBlobId } from '../names.ts';
import { Unusable } from '../errors.ts';

/** A path from the root of the repository and what stands there: a file, a symbolic link or a commit of another repository. */
export function readTreeEntry(record: string): { readonly path: string; readonly entry: TreeEntry } {
  const [, mode, id, path] = /^([0-7]{6}) [a-z]+ ([0-9a-f]{40})\t(.+)$/s.exec(record) ?? [];
  const blob = parseBlobId(id ?? '');
  if (mode === undefined || blob === undefined || path === undefined)
    throw new Unusable(`git printed no tree entry: ${record.slice(0, 100)}`);
  return { path, entry: { mode, blob } };
}
