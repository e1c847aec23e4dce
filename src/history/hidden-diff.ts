// Says which `.gitattributes` hides policy files in a landing's diff: one that stands, before or after it, in a folder on the way to what it changes.
import { hidesPolicy } from './attributes.ts';
import type { Landing, TreeEntry } from './landing.ts';
import { inOrder } from '../names.ts';
import { readBlobs } from './objects.ts';
import type { Git } from './runner.ts';
import type { Trees } from './trees.ts';

/** An attributes file longer than this is not read: it hides. In bytes. */
export const longestAttributes = 64 * 1024;

/** Attributes files that are in memory at a time. */
const mostAtOnce = 64;

/** A landing, with the trees on both of its sides. */
export interface Step {
  readonly landing: Landing;
  readonly before: string;
  readonly after: string;
}

/** The landings, each that changes something in the policy folder with the attributes file in P or L that hides policy files, if one does. */
export async function markHidden(git: Git, trees: Trees, steps: readonly Step[], policyFolder: string): Promise<Landing[]> {
  const standing: (readonly [string, TreeEntry])[][] = [];
  for (const step of steps) standing.push(await attributesOf(trees, step, policyFolder));
  const hiding = await hidingEntries(git, standing.flat(), policyFolder);
  return steps.map(({ landing }, place) => {
    const [hiddenBy] = (standing[place] ?? [])
      .filter((one) => hiding.has(placeOf(one)))
      .map(([path]) => path)
      .sort(inOrder);
    return hiddenBy === undefined ? landing : { ...landing, hiddenBy };
  });
}

async function attributesOf(
  trees: Trees,
  { landing, before, after }: Step,
  policyFolder: string,
): Promise<(readonly [string, TreeEntry])[]> {
  if (landing.changes.length === 0) return [];
  const folders = new Set(landing.changes.flatMap(({ path }) => foldersAbove(path)).concat(foldersAbove(`${policyFolder}/`)));
  const paths = [...folders].map((folder) => (folder === '' ? '.gitattributes' : `${folder}/.gitattributes`));
  const sides = before === after ? [before] : [before, after];
  const found: (readonly [string, TreeEntry])[] = [];
  for (const side of sides) found.push(...(await trees.findAll(side, paths)));
  return found;
}

/** The root first: `''`, then every folder that the path lies in. */
function foldersAbove(path: string): readonly string[] {
  const steps = path.split('/').slice(0, -1).slice(0, 32);
  return ['', ...steps.map((_, depth) => steps.slice(0, depth + 1).join('/'))].filter((folder, place) => place === 0 || folder !== '');
}

/** The same bytes may hide in one place and not in another, so the place is part of what hides. */
function placeOf([path, entry]: readonly [string, TreeEntry]): string {
  return `${entry.mode} ${entry.blob} ${path}`;
}

async function hidingEntries(
  git: Git,
  standing: readonly (readonly [string, TreeEntry])[],
  policyFolder: string,
): Promise<ReadonlySet<string>> {
  const entries = [...new Map(standing.map((one) => [placeOf(one), one])).values()];
  const hiding = new Set<string>();
  for (let start = 0; start < entries.length; start += mostAtOnce) {
    const some = entries.slice(start, start + mostAtOnce);
    const files = some.flatMap(([, entry]) => (isFile(entry) ? [entry.blob] : []));
    const { contents } = await readBlobs(git, files, longestAttributes);
    for (const [path, entry] of some) {
      const where = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      if (hidesPolicy(isFile(entry) ? contents.get(entry.blob) : undefined, policyFolder, where)) hiding.add(placeOf([path, entry]));
    }
  }
  return hiding;
}

function isFile(entry: TreeEntry): boolean {
  return entry.mode.startsWith('100');
}
