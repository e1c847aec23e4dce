// The landings on a branch, read from one `git log` over its first parents, however many they are.
import type { Landing, PathChange } from './landing.ts';
import { inOrder, instant, parseCommitId, type CommitId, type Instant } from '../names.ts';
import { Unusable } from '../errors.ts';
import { markHidden, reachesPolicy } from './hidden-diff.ts';
import { nulRecords } from './nul-records.ts';
import { readRawEntry, type RawEntry } from './raw-changes.ts';
import type { Git } from './runner.ts';

/** How every diff is printed: whole ids, no renames guessed, the changes against the first parent. */
export const rawDiff = ['--raw', '-z', '--no-renames', '--no-abbrev', '--no-ext-diff', '--no-textconv', '--ignore-submodules=none'];

const headerFormat = '--format=%H %ct %P';

/**
 * The landings after `after` up to `head`, oldest first; `after` stands on the first-parent chain of `head`.
 * `folder` is the policy folder, from the root of the repository. Throws Unusable when the chain does not start at `after`.
 * `met` hears of what the branch leads to: landings that change something in the folder, and all their parents.
 */
export async function readLandings(git: Git, after: CommitId, head: CommitId, folder: string, met: Met): Promise<Landing[]> {
  if (after === head) return [];
  const log = ['log', '--first-parent', '--reverse', '--diff-merges=first-parent', ...rawDiff, headerFormat, `${after}..${head}`, '--'];
  const reading = startReading(folder);
  await readInto(reading, git, log);
  const landings = reading.landings(met);
  if (landings[0]?.parent !== after) throw new Unusable(`commit ${after} is not on the first-parent chain of ${head}`);
  return markHidden(git, after, landings, reading.attributes, folder);
}

/** Everything between a commit and a head that it reached by a way other than first parents, as one landing. */
export async function readJump(git: Git, after: CommitId, head: CommitId, folder: string): Promise<Landing> {
  const reading = startReading(folder);
  await readInto(reading, git, ['log', '--max-count=1', '-z', '--no-patch', headerFormat, head, '--']);
  await readInto(reading, git, ['diff-tree', '-r', ...rawDiff, after, head, '--']);
  const landings = reading.landings().map((landing) => ({ ...landing, parent: after }));
  const [marked] = await markHidden(git, after, landings, reading.attributes, folder);
  if (marked === undefined) throw new Unusable(`git does not know commit ${head}`);
  return marked;
}

export type Met = (commit: CommitId) => void;

interface Draft {
  readonly header: Omit<Landing, 'changes' | 'outside'>;
  readonly parents: readonly CommitId[];
  readonly changes: PathChange[];
  outside: number;
}

interface Reading {
  readonly attributes: Map<CommitId, PathChange[]>;
  take(record: string): void;
  landings(met?: Met): Landing[];
}

async function readInto(reading: Reading, git: Git, args: readonly string[]): Promise<void> {
  for await (const records of nulRecords(git.stream(args))) for (const record of records) reading.take(record);
}

/**
 * Records come as: a header, then by turns an entry and its path, until the next header. A path is taken as it comes, so none can pass
 * for a header. Of what lies outside the policy folder only the number is kept: a landing may change 100 000 paths.
 */
function startReading(folder: string): Reading {
  const drafts: Draft[] = [];
  const attributes = new Map<CommitId, PathChange[]>();
  let entry: RawEntry | undefined;

  function takeChange(draft: Draft, change: PathChange): void {
    if (isInside(change.path, folder)) draft.changes.push(change);
    else draft.outside += 1;
    if (!reachesPolicy(change.path, folder)) return;
    const known = attributes.get(draft.header.commit);
    if (known) known.push(change);
    else attributes.set(draft.header.commit, [change]);
  }

  return {
    attributes,
    take(record) {
      const draft = drafts.at(-1);
      if (entry !== undefined && draft !== undefined) {
        takeChange(draft, { path: record, ...entry });
        entry = undefined;
      } else if (draft !== undefined && /^\n?:/.test(record)) entry = readRawEntry(record.trimStart());
      else drafts.push({ ...readHeader(record), changes: [], outside: 0 });
    },
    landings(met) {
      if (entry !== undefined) throw new Unusable('the log that git printed was cut short');
      for (const { header, parents } of drafts.filter(({ changes }) => changes.length > 0)) {
        for (const commit of [header.commit, ...parents]) met?.(commit);
      }
      return drafts.map(({ header, changes, outside }) => ({
        ...header,
        changes: changes.toSorted((left, right) => inOrder(left.path, right.path)),
        outside,
      }));
    },
  };
}

/** What stands in the place of the policy folder itself, a symbolic link for example, counts as inside. */
function isInside(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function readHeader(record: string): Pick<Draft, 'header' | 'parents'> {
  const [id, time, ...named] = record.trim().split(' ');
  const commit = parseCommitId(id ?? '');
  const parent = parseCommitId(named[0] ?? '');
  if (commit === undefined || time === undefined) throw new Unusable(`git printed no commit: ${record.slice(0, 100)}`);
  // A branch does not grow by a commit without parents: its chain would have ended there.
  if (parent === undefined) throw new Unusable(`commit ${commit} on the branch has no parent`);
  return {
    header: { commit, parent, parents: named.length, committedAt: readCommitterTime(time) },
    parents: named.flatMap((each) => parseCommitId(each) ?? []),
  };
}

function readCommitterTime(seconds: string): Instant {
  const milliseconds = Number(seconds) * 1000;
  // Whoever wrote the commit chose the number; one that is no moment of a calendar is as good as none.
  return instant(Math.abs(milliseconds) <= 8.64e15 ? milliseconds : 0);
}
