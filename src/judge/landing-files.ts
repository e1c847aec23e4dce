// Reads and understands the policy files of landings: few processes for many landings, and never more of a landing than a person could review.
import { dirtyRules } from './effective.ts';
import { isRules, place } from '../policy/policy.ts';
import { type PolicyState } from '../record/policy-state.ts';
import { type Reading, type Readings } from './form.ts';
import type { Landing, PolicyTree, TreeEntry } from '../history/landing.ts';
import { withChanges } from '../record/deltas.ts';
import type { BlobId } from '../names.ts';
import type { Branch } from '../history/branch.ts';
import type { Blobs } from '../history/objects.ts';
import { largestFile, mostFiles, type PolicyFile } from '../policy/policy.ts';

export type PolicyParser = Pick<typeof import('../policy/parser.ts'), 'parseRules' | 'parseGrant'>;

/** Loaded when there is something to read: an idle look needs no YAML. */
export const loadParser = () => import('../policy/parser.ts');

export type LandingFiles = ReturnType<typeof landingFiles>;

/** The plain files of a tree, with their contents; those that are too large are left out. */
export async function readPlainFiles(tree: PolicyTree, branch: Pick<Branch, 'blobs'>): Promise<readonly PolicyFile[]> {
  const plain = [...tree].filter(([, { mode }]) => mode === '100644');
  const { contents } = await branch.blobs(
    plain.map(([, { blob }]) => blob),
    largestFile,
  );
  return plain.flatMap(([path, { blob }]) => {
    const bytes = contents.get(blob);
    return bytes ? [{ path, bytes }] : [];
  });
}

/** Blobs that are in memory at a time where there may be any number of them: 16 MiB at the most. */
const mostAtOnce = 1024;

/** What files said is remembered for the run: the same file in many landings, or at the branch's head too, is parsed once. Bytes of such files. */
const mostRemembered = 16 * 1024 * 1024;

export function landingFiles(readBlobs: Branch['blobs'], folder: string) {
  const read = async (ids: readonly BlobId[]): Promise<Blobs> =>
    ids.length === 0 ? { contents: new Map(), tooLarge: new Set() } : readBlobs(ids, largestFile);
  const remembered = new Map<string, Reading>();
  let weight = 0;
  const readFile = (parser: PolicyParser, path: string, { blob }: TreeEntry, { contents, tooLarge }: Blobs): Reading => {
    if (tooLarge.has(blob)) return { kind: 'too-large' };
    const bytes = contents.get(blob);
    if (!bytes) return { kind: 'unreadable', detail: path };
    const key = `${blob} ${path}`;
    const reading = remembered.get(key) ?? parseFile(parser, { path, bytes }, folder);
    if (remembered.has(key)) return reading;
    weight += bytes.length;
    if (weight > mostRemembered) remembered.clear();
    if (weight > mostRemembered) weight = bytes.length;
    remembered.set(key, reading);
    return reading;
  };
  const readFiles = async (files: ReadonlyMap<string, TreeEntry>): Promise<ReadonlyMap<string, Reading>> => {
    if (files.size === 0) return new Map();
    const parser = await loadParser();
    const entries = [...files];
    const readings = new Map<string, Reading>();
    for (let start = 0; start < entries.length; start += mostAtOnce) {
      const some = entries.slice(start, start + mostAtOnce);
      const contents = await read(some.map(([, { blob }]) => blob));
      for (const [path, entry] of some) readings.set(path, readFile(parser, path, entry, contents));
    }
    return readings;
  };
  return {
    /** The contents that judging these landings takes, in one go. */
    contentsOf: (landings: readonly Landing[]) =>
      read(
        landings
          .filter(isReviewable)
          .flatMap(({ changes }) => changes.flatMap(({ after }) => (after && isFile(after) ? [after.blob] : []))),
      ),
    /** What the files of a landing say after it. `contents` must be of a call that named it. */
    async readingsOf(state: PolicyState, landing: Landing, contents: Blobs): Promise<Readings> {
      if (!isReviewable(landing)) return { files: await readFiles(narrowing(landing, state)) };
      const parser = await loadParser();
      const files = new Map<string, Reading>();
      for (const { path, after } of landing.changes) if (after && isFile(after)) files.set(path, readFile(parser, path, after, contents));
      if (!landing.changes.some(({ path }) => isRules(path, folder))) return { files };
      // Where the rules before it are not those in force it is refused for that, and however many there are need not be parsed.
      if (dirtyRules(state, folder) !== undefined) return { files, rules: { kind: 'unread' } };
      return { files, rules: await readRulesAfter(read, parser, state, landing, folder) };
    },
    /** What these files say. */
    readFiles,
  };
}

/** A larger one is refused for its size, and is never read as a whole: whoever pushes it must not fill the memory of this host. */
function isReviewable({ changes, cut }: Landing): boolean {
  return !cut && changes.length <= mostFiles;
}

/** Of a landing that is too large what edits a grant in force: that may narrow it. */
function narrowing({ changes }: Landing, { inForce }: PolicyState): ReadonlyMap<string, TreeEntry> {
  return new Map(changes.flatMap(({ path, after }) => (after && isFile(after) && inForce.has(path) ? [[path, after] as const] : [])));
}

function isFile({ mode }: TreeEntry): boolean {
  return mode === '100644' || mode === '100755';
}

function parseFile(parser: PolicyParser, { path, bytes }: PolicyFile, folder: string): Reading {
  const { kind } = place(path, folder);
  if (kind === 'policy' || kind === 'group') return { kind: 'rules' };
  if (kind === 'other') return { kind: 'unreadable', detail: path };
  const parsed = parser.parseGrant({ path, bytes }, folder);
  if (parsed.kind === 'valid') return { kind: 'grant', grant: parsed.value };
  const [{ line, column, message, code, fix }] = parsed.findings;
  return { kind: 'unreadable', detail: `${path}:${line}:${column}: ${message}`, finding: { code, fix } };
}

/** The rules as a whole after the landing: it changes some of their files, and only together they make sense. */
async function readRulesAfter(
  read: (ids: readonly BlobId[]) => Promise<Blobs>,
  parser: PolicyParser,
  state: PolicyState,
  landing: Landing,
  folder: string,
): Promise<NonNullable<Readings['rules']>> {
  const isOfRules = (path: string) => isRules(path, folder);
  const before = new Map([...state.tree].filter(([path]) => isOfRules(path)));
  const tree = withChanges(
    before,
    landing.changes.filter(({ path }) => isOfRules(path)),
  );
  // A flood of pushed files under groups/ is no policy, and must fit into the memory of this host.
  if (tree.size > mostAtOnce)
    return { kind: 'invalid', detail: `there are ${tree.size} rules files, and ${mostAtOnce} at the most are read` };
  const { contents } = await read([...tree.values()].filter(isFile).map(({ blob }) => blob));
  const files = [...tree].flatMap(([path, { blob }]) => {
    const bytes = contents.get(blob);
    return bytes ? [{ path, bytes }] : [];
  });
  if (files.length < tree.size) return { kind: 'invalid', detail: 'a rules file is too large or no regular file' };
  const parsed = parser.parseRules(files, folder);
  if (parsed.kind === 'valid') return { kind: 'valid', value: parsed.value };
  const [{ path, line, column, message, code, fix }] = parsed.findings;
  return { kind: 'invalid', detail: `${path}:${line}:${column}: ${message}`, finding: { code, fix } };
}
