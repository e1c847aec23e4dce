// The landings on a branch: the commits of its first-parent chain, and what each changes, as far as a person could review it.
import { instant, isInstant, parseCommitId, inOrderOfPath, type CommitId, type Instant } from '../names.ts';
import { mostFiles, mostListedFiles } from '../policy/policy.ts';
import { Unusable } from '../errors.ts';
import { markHidden, type Step } from './hidden-diff.ts';
import type { Landing, PathChange } from './landing.ts';
import type { Git } from './runner.ts';
import { Allowance, treeEntry, withTrees, type Trees } from './trees.ts';

/** Commits that are read in one go: whoever wants to go on asks again from the last of them. */
const mostCommits = 5000;

/** After so many letters of changed paths there is enough in memory, too. */
const mostLetters = 8 * 1024 * 1024;

const headerFormat = '--format=%H %ct %T %P';

interface Header {
  readonly commit: CommitId;
  readonly tree: string;
  readonly committedAt: Instant;
  readonly parentCount: number;
  readonly parent: CommitId | undefined;
}

/**
 * The landings after `after` on the way to `head`, oldest first, and no more than can be held: the last of them is `head` or the place to go on from.
 * `after` stands on the first-parent chain of `head`. `folder` is the policy folder, from the root of the repository.
 * Throws Unusable when the chain does not start at `after`.
 */
export async function readLandings(git: Git, after: CommitId, head: CommitId, folder: string): Promise<Landing[]> {
  const headers = await readHeaders(git, after, head, mostCommits);
  if (headers.length > 0 && headers[0]?.parent !== after) throw new Unusable(`commit ${after} is not on the first-parent chain of ${head}`);
  return withTrees(git, async (trees) => {
    const steps: Step[] = [];
    let weight = 0;
    let before: string = after;
    for (const header of headers) {
      const { parent } = header;
      // A branch does not grow by a commit without parents: its chain would have ended there.
      if (parent === undefined) throw new Unusable(`commit ${header.commit} on the branch has no parent`);
      const landing = await landingOf(trees, parent, before, header, folder);
      steps.push({ landing, before, after: header.tree });
      before = header.tree;
      weight += landing.changes.reduce((sum, { path }) => sum + path.length, 0);
      if (weight > mostLetters) break;
    }
    return markHidden(git, trees, steps, folder);
  });
}

/** Everything between a commit and a head that it reached by a way other than first parents, as one landing. */
export async function readJump(git: Git, after: CommitId, head: CommitId, folder: string): Promise<Landing> {
  const [header] = await readHeaders(git, undefined, head, 1);
  if (header === undefined) throw new Unusable(`git does not know commit ${head}`);
  return withTrees(git, async (trees) => {
    const landing = await landingOf(trees, after, after, header, folder);
    const [marked] = await markHidden(git, trees, [{ landing, before: after, after: header.tree }], folder);
    return marked ?? landing;
  });
}

/** The parent of the oldest commit on the first-parent chain that leads to `head` and not to `judged`. */
export async function chainBegins(git: Git, judged: CommitId, head: CommitId): Promise<CommitId | undefined> {
  const [first] = await readHeaders(git, judged, head, 1);
  return first?.parent;
}

async function readHeaders(git: Git, after: CommitId | undefined, head: CommitId, most: number): Promise<Header[]> {
  const range = after === undefined ? ['--max-count=1', head] : ['--reverse', `${after}..${head}`];
  const headers: Header[] = [];
  // `log` and not `rev-list`, which prints a line more for each. What is left unread ends git.
  for await (const records of nulRecords(git.stream(['log', '--first-parent', '--no-patch', '-z', headerFormat, ...range, '--'])))
    for (const record of records) {
      headers.push(readHeader(record));
      if (headers.length === most) return headers;
    }
  return headers;
}

/** Stops where there is more than anybody reviews: then what is listed is not all, and the landing says so. */
async function landingOf(trees: Trees, parent: CommitId, before: string, header: Header, folder: string): Promise<Landing> {
  const { commit, committedAt, parentCount: parents, tree: after } = header;
  const changes: PathChange[] = [];
  const allowance = new Allowance();
  const [was, is] = [await trees.find(before, folder), await trees.find(after, folder)];
  const isWhole = await trees.compare(folder, was, is, allowance, (change) => changes.push(change) <= mostListedFiles);
  let outside = 0;
  if (folder !== '' && (changes.length > 0 || !isWhole)) {
    const isAll = await trees.compare('', treeEntry(before), treeEntry(after), allowance, () => ++outside <= mostFiles, folder);
    if (!isAll) outside = Math.max(outside, 1);
  }
  changes.sort(inOrderOfPath);
  return { commit, parent, parents, committedAt, changes, outside, ...(isWhole ? {} : { cut: true }) };
}

function readHeader(record: string): Header {
  const [id, time, tree, ...named] = record.trim().split(' ');
  const commit = parseCommitId(id ?? '');
  if (commit === undefined || time === undefined || tree === undefined)
    throw new Unusable(`git printed no commit: ${record.slice(0, 100)}`);
  return { commit, tree, committedAt: readCommitterTime(time), parentCount: named.length, parent: parseCommitId(named[0] ?? '') };
}

function readCommitterTime(seconds: string): Instant {
  const milliseconds = Number(seconds) * 1000;
  // Whoever wrote the commit chose the number; one that is no moment of a calendar is as good as none.
  return isInstant(milliseconds) ? milliseconds : instant(0);
}

/** Of a longer record only so much is given, in bytes: a commit may name a million parents. */
const longestRecord = 64 * 1024;

/** The records of a stream, each without the NUL that ends it. Bytes that are not UTF-8 become U+FFFD. Throws what the stream throws. */
export async function* nulRecords(stream: AsyncIterable<Buffer>): AsyncGenerator<Iterable<string>, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const first = chunk.indexOf(0);
    // Of a record that is too long already, what follows is left out up to its end.
    const begun = rest.length < longestRecord ? chunk : chunk.subarray(first < 0 ? chunk.length : first);
    const bytes = rest.length === 0 ? begun : Buffer.concat([rest, begun]);
    const last = bytes.lastIndexOf(0);
    rest = bytes.subarray(last + 1);
    if (last >= 0) yield wholeRecords(bytes.subarray(0, last + 1));
  }
  if (rest.length > 0) yield [rest.toString('utf8', 0, longestRecord)];
}

/** A batch at a time: one turn of the event loop for each of 100 000 records would be most of the work. */
function* wholeRecords(bytes: Buffer): Generator<string, void, undefined> {
  let start = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    yield bytes.toString('utf8', start, Math.min(end, start + longestRecord));
    start = end + 1;
  }
}
