// Follows the `.gitattributes` that reach the policy folder along the branch, to say which of them hides policy files in a landing's diff.
import { hidesPolicy } from './attributes.ts';
import type { Landing, PathChange, TreeEntry } from './landing.ts';
import { inOrder, type BlobId, type CommitId } from '../names.ts';
import { nulRecords } from './nul-records.ts';
import { readBlobs } from './objects.ts';
import type { Git } from './runner.ts';
import { readTreeEntry } from './tree-entries.ts';

/** An attributes file longer than this is not read: it hides. In bytes. */
const longestRead = 64 * 1024;

/** What a landing changes among the attributes files that reach the policy folder. */
export type AttributeChanges = ReadonlyMap<CommitId, readonly PathChange[]>;

/** Whether the path is an attributes file of the root, of a folder above the policy folder, or of one on or below it. */
export function reachesPolicy(path: string, policyFolder: string): boolean {
  if (path !== '.gitattributes' && !path.endsWith('/.gitattributes')) return false;
  const folder = path.slice(0, Math.max(0, path.length - '/.gitattributes'.length));
  return folder === '' || policyFolder === '' || `${policyFolder}/`.startsWith(`${folder}/`) || folder.startsWith(`${policyFolder}/`);
}

/**
 * The landings, each with the attributes file in P or L that hides policy files, if one does. `landings` start after the commit `from`,
 * each on top of the one before. Costs one process, and two more where there are attributes files at all.
 */
export async function markHidden(
  git: Git,
  from: CommitId,
  landings: readonly Landing[],
  changes: AttributeChanges,
  policyFolder: string,
): Promise<Landing[]> {
  let standing = await attributesAt(git, from, policyFolder);
  const hiding = await hidingEntries(git, standing, changes, policyFolder);
  let hiddenBefore = firstHiding(standing, hiding);
  return landings.map((landing) => {
    const changed = changes.get(landing.commit);
    let hiddenAfter = hiddenBefore;
    if (changed) {
      standing = afterChanges(standing, changed);
      hiddenAfter = firstHiding(standing, hiding);
    }
    const hiddenBy = hiddenBefore ?? hiddenAfter;
    hiddenBefore = hiddenAfter;
    return hiddenBy === undefined ? landing : { ...landing, hiddenBy };
  });
}

type Attributes = ReadonlyMap<string, TreeEntry>;

async function attributesAt(git: Git, commit: CommitId, policyFolder: string): Promise<Attributes> {
  const found = new Map<string, TreeEntry>();
  const steps = policyFolder.split('/');
  const above = steps.map((_, depth) => [...steps.slice(0, depth), '.gitattributes'].join('/'));
  const paths = policyFolder === '' ? [] : ['--', ...above, policyFolder];
  for await (const records of nulRecords(git.stream(['ls-tree', '-r', '-z', '--full-tree', commit, ...paths]))) {
    for (const record of records) {
      // Most files are not of interest; only the others are taken apart.
      if (!record.endsWith('.gitattributes')) continue;
      const { path, entry } = readTreeEntry(record);
      if (reachesPolicy(path, policyFolder)) found.set(path, entry);
    }
  }
  return found;
}

function afterChanges(standing: Attributes, changes: readonly PathChange[]): Attributes {
  const next = new Map(standing);
  for (const { path, after } of changes) {
    if (after) next.set(path, after);
    else next.delete(path);
  }
  return next;
}

/** The same bytes may hide in one place and not in another, so the place is part of what hides. */
function placeOf(path: string, entry: TreeEntry): string {
  return `${entry.mode} ${entry.blob} ${path}`;
}

async function hidingEntries(
  git: Git,
  standing: Attributes,
  changes: AttributeChanges,
  policyFolder: string,
): Promise<ReadonlySet<string>> {
  const entries: [string, TreeEntry][] = [...standing];
  for (const { path, after } of [...changes.values()].flat()) if (after) entries.push([path, after]);
  const files = entries.flatMap(([, entry]): BlobId[] => (isFile(entry) ? [entry.blob] : []));
  const { contents } = await readBlobs(git, files, longestRead);
  const hiding = entries.filter(([path, entry]) => {
    const where = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    return hidesPolicy(isFile(entry) ? contents.get(entry.blob) : undefined, policyFolder, where);
  });
  return new Set(hiding.map(([path, entry]) => placeOf(path, entry)));
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode.startsWith('100');
}

function firstHiding(standing: Attributes, hiding: ReadonlySet<string>): string | undefined {
  return [...standing]
    .filter(([path, entry]) => hiding.has(placeOf(path, entry)))
    .map(([path]) => path)
    .sort(inOrder)[0];
}
