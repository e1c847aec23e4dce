// Trees as git keeps them, read one by one and compared within an allowance: what is too many, too large or too deep is not followed. A tree
// names its subtrees by their content, so a kilobyte of objects can name a million paths, and nobody but the reader decides how many are listed.
import { parseBlobId, type CommitId } from '../names.ts';
import { Unusable } from '../errors.ts';
import type { PathChange, TreeEntry } from './landing.ts';
import { MirrorDamaged, type Conversation, type Git } from './runner.ts';

/** One tree object longer than this cannot be used: about half a million names. In bytes. */
const largestTree = 64 * 1024 * 1024;

/** Trees that are kept to be looked at again, in bytes altogether. */
const mostKept = 32 * 1024 * 1024;

/** Folders in one another that are followed; a policy needs three, and the repository that it lives in some more. */
const deepest = 32;

/** Of a longer path only the beginning is given, and nothing below it is followed (UTF-16 code units). */
const longestPath = 2048;

/** What one comparison may take. Spent by what is in git and not by what is kept here: the same on every machine. */
export class Allowance {
  /** Pairs of folders that are looked into. */
  #folders: number;
  /** Of tree objects. */
  #bytes: number;
  /** Of paths that are told, in UTF-16 code units. */
  #letters = 16 * 1024 * 1024;
  isSpent = false;

  constructor(folders = 10_000, bytes = 256 * 1024 * 1024) {
    this.#folders = folders;
    this.#bytes = bytes;
  }

  /** Whether one more folder may be looked into. */
  enter(): boolean {
    if (this.#folders <= 0 || this.#bytes <= 0) this.isSpent = true;
    this.#folders -= 1;
    return !this.isSpent;
  }

  /** Whether one more path may be told. */
  tell(path: string): boolean {
    this.#letters -= path.length;
    if (this.#letters < 0) this.isSpent = true;
    return !this.isSpent;
  }

  read(bytes: number): void {
    this.#bytes -= bytes;
  }
}

interface Item {
  /** Bytes: names need not be UTF-8. */
  readonly name: Buffer;
  readonly isTree: boolean;
  readonly entry: TreeEntry;
  /** Where the next one begins. */
  readonly end: number;
}

/** Hears of one path; false: enough. */
type Visit = (change: PathChange) => boolean;

/** The trees of a repository, read by one process for as long as `work` takes. */
export async function withTrees<Result>(git: Git, work: (trees: Trees) => Promise<Result>): Promise<Result> {
  const trees = new Trees(git);
  try {
    return await work(trees);
  } finally {
    await trees.close();
  }
}

export class Trees {
  readonly #git: Git;
  readonly #kept = new Map<string, Buffer>();
  #keptBytes = 0;
  #conversation: Conversation | undefined;
  #rest: Buffer = Buffer.alloc(0);

  constructor(git: Git) {
    this.#git = git;
  }

  async close(): Promise<void> {
    await this.#conversation?.heard.return();
  }

  /** What stands at a path of a commit or tree: a file, a link, a folder (mode 040000), or nothing. The root itself is a folder. */
  async find(root: string, path: string): Promise<TreeEntry | undefined> {
    let found = treeEntry(root);
    for (const step of path === '' ? [] : path.split('/')) {
      if (!isTree(found)) return undefined;
      const item = itemNamed(await this.#read(found.blob), Buffer.from(step));
      if (!item) return undefined;
      found = item.entry;
    }
    return found;
  }

  /** What stands at each of many paths, folders left out. Each folder is read once, and only what is asked for is kept of it. */
  async findAll(root: string, paths: Iterable<string>): Promise<Map<string, TreeEntry>> {
    const byFolder = new Map<string, Map<string, string>>();
    for (const path of paths) {
      const slash = path.lastIndexOf('/');
      const folder = path.slice(0, Math.max(0, slash));
      const names = byFolder.get(folder) ?? new Map<string, string>();
      byFolder.set(folder, names.set(Buffer.from(path.slice(slash + 1)).toString('latin1'), path));
    }
    const found = new Map<string, TreeEntry>();
    for (const [folder, names] of byFolder) {
      const entry = await this.find(root, folder);
      if (!entry || !isTree(entry)) continue;
      const tree = await this.#read(entry.blob);
      const items = names.size < fewNames ? [...names.keys()].map((name) => itemNamed(tree, Buffer.from(name, 'latin1'))) : itemsOf(tree);
      for (const item of items) {
        const path = item && names.get(item.name.toString('latin1'));
        if (item && path !== undefined && !item.isTree) found.set(path, item.entry);
      }
    }
    return found;
  }

  /**
   * Every path that differs between what stands at `path` before and after, until `visit` has heard enough or the allowance is spent. What lies
   * at `except` is left out. A folder that lies too deep is told as itself. Gives whether that was all.
   */
  async compare(
    path: string,
    before: TreeEntry | undefined,
    after: TreeEntry | undefined,
    allowance: Allowance,
    visit: Visit,
    except?: string,
    depth = 0,
  ): Promise<boolean> {
    if (isSame(before, after) || path === except) return true;
    const [was, is] = [treeOf(before), treeOf(after)];
    const follow = depth < deepest && path.length < longestPath && (was ?? is) !== undefined;
    if (!follow || [before, after].some((side) => side && !isTree(side))) {
      // A file in the place of a folder, or the other way round, is told beside what the folder held.
      const sides = { ...(before && (!follow || !was) && { before }), ...(after && (!follow || !is) && { after }) };
      if (!allowance.tell(path) || !visit({ path, ...sides })) return false;
      if (!follow) return true;
    }
    if (!allowance.enter()) return false;
    const [old, now] = [was ? await this.#read(was) : nothing, is ? await this.#read(is) : nothing];
    allowance.read(old.length + now.length);
    for (const [left, right] of pairsOf(old, now)) {
      if (isSame(left?.entry, right?.entry)) continue;
      const name = (left ?? right)?.name.toString('utf8') ?? '';
      const whole = path === '' ? name : `${path}/${name}`;
      const below = whole.length < longestPath ? whole : `${whole.slice(0, longestPath)}…`;
      if (!(await this.compare(below, left?.entry, right?.entry, allowance, visit, except, depth + 1))) return false;
    }
    return true;
  }

  /** How many files lie below a folder, links and the like among them; equal folders are counted once and multiplied. At the least, where the allowance is spent. */
  async count(entry: TreeEntry | undefined, allowance = new Allowance(), known = new Map<string, number>(), depth = 0): Promise<number> {
    if (!entry) return 0;
    if (!isTree(entry)) return 1;
    const before = known.get(entry.blob);
    if (before !== undefined) return before;
    if (depth > deepest || !allowance.enter()) return 1;
    const tree = await this.#read(entry.blob);
    allowance.read(tree.length);
    let files = 0;
    for (const item of itemsOf(tree)) files += await this.count(item.entry, allowance, known, depth + 1);
    // More than any policy has is no longer told apart.
    known.set(entry.blob, Math.min(files, mostCounted));
    return Math.min(files, mostCounted);
  }

  async #read(id: string): Promise<Buffer> {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    const tree = await this.#ask(id);
    if (tree.length > mostKept / 4) return tree;
    // The oldest go first.
    for (const [old, { length }] of this.#kept) {
      if (this.#keptBytes + tree.length <= mostKept) break;
      this.#kept.delete(old);
      this.#keptBytes -= length;
    }
    this.#kept.set(id, tree);
    this.#keptBytes += tree.length;
    return tree;
  }

  /** git-cat-file(1), section BATCH OUTPUT. */
  async #ask(id: string): Promise<Buffer> {
    const { folder } = this.#git.settings;
    const conversation = (this.#conversation ??= this.#git.converse(['cat-file', '--batch']));
    conversation.say(`${id}^{tree}\n`);
    let lineEnd: number;
    while ((lineEnd = this.#rest.indexOf(0x0a)) < 0) await this.#hear(conversation);
    const head = this.#rest.toString('latin1', 0, lineEnd);
    const [, length] = /^[0-9a-f]{40} tree (\d+)$/.exec(head) ?? [];
    if (length === undefined)
      throw new MirrorDamaged(`the mirror ${folder} has no tree of ${id}; if it is damaged, remove it: it is fetched anew`);
    const size = Number(length);
    if (size > largestTree)
      throw new Unusable(
        `a folder of the repository (tree ${head.slice(0, 40)}) has ${size} bytes of names, and ${largestTree} are read at the most: whoever keeps the repository takes it out of the branch`,
      );
    this.#rest = this.#rest.subarray(lineEnd + 1);
    const parts = [this.#rest];
    for (let have = this.#rest.length; have <= size; have += this.#rest.length) {
      this.#rest = Buffer.alloc(0);
      await this.#hear(conversation);
      parts.push(this.#rest);
    }
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    this.#rest = all.subarray(size + 1);
    // What is kept must not keep the chunk that it came in.
    return Buffer.from(all.subarray(0, size));
  }

  async #hear({ heard }: Conversation): Promise<void> {
    const next = await heard.next();
    if (next.done) throw new MirrorDamaged(`git ended before it had read the mirror ${this.#git.settings.folder}`);
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
  }
}

const mostCounted = 1_000_000_000;
const nothing = Buffer.alloc(0);
const treeMode = '040000';
/** Of an object's name in a tree, in bytes. */
const idLength = 20;
/** Fewer names than these are looked for one by one in a folder. */
const fewNames = 8;

/** The root of a commit, or a tree by its own name. */
export function treeEntry(id: string | CommitId): TreeEntry {
  const blob = parseBlobId(id);
  if (blob === undefined) throw new Unusable(`git printed no tree: ${id.slice(0, 100)}`);
  return { mode: treeMode, blob };
}

function isTree({ mode }: TreeEntry): boolean {
  return mode === treeMode;
}

function treeOf(entry: TreeEntry | undefined): string | undefined {
  return entry && isTree(entry) ? entry.blob : undefined;
}

function isSame(left: TreeEntry | undefined, right: TreeEntry | undefined): boolean {
  return left?.blob === right?.blob && left?.mode === right?.mode;
}

/** `mode name NUL id`, twenty bytes of it, in git's order: by bytes, folders as if a slash ended their names. */
function* itemsOf(tree: Buffer): Generator<Item, void, undefined> {
  for (let start = 0; start < tree.length;) {
    const item = itemAt(tree, start);
    yield item;
    start = item.end;
  }
}

function itemAt(tree: Buffer, start: number): Item {
  const blank = tree.indexOf(0x20, start);
  const nul = tree.indexOf(0, blank);
  const end = nul + 1 + idLength;
  const id = parseBlobId(tree.toString('hex', nul + 1, end));
  if (blank < 0 || nul < 0 || id === undefined) throw new MirrorDamaged('a tree that git printed is cut short');
  const mode = tree.toString('latin1', start, blank).padStart(6, '0');
  return { name: tree.subarray(blank + 1, nul), isTree: mode === treeMode, entry: { mode, blob: id }, end };
}

function itemNamed(tree: Buffer, name: Buffer): Item | undefined {
  for (const item of itemsOf(tree)) {
    if (item.name.equals(name)) return item;
    // A folder of that name stands behind longer names that begin with it.
    if (Buffer.compare(item.name.subarray(0, name.length), name) > 0) return undefined;
  }
  return undefined;
}

function inGitOrder(left: Item, right: Item): number {
  const shorter = Math.min(left.name.length, right.name.length);
  const order = Buffer.compare(left.name.subarray(0, shorter), right.name.subarray(0, shorter));
  return order === 0 ? letterAt(left, shorter) - letterAt(right, shorter) : order;
}

function letterAt({ name, isTree: isFolder }: Item, place: number): number {
  return name[place] ?? (isFolder ? 0x2f : 0);
}

/** The items of two trees side by side, without most of those that are the same in both. */
function* pairsOf(before: Buffer, after: Buffer): Generator<readonly [Item | undefined, Item | undefined], void, undefined> {
  let [left, right] = [0, 0];
  for (;;) {
    const same = sharedLength(before.subarray(left), after.subarray(right));
    left += same;
    right += same;
    const old = left < before.length ? itemAt(before, left) : undefined;
    const now = right < after.length ? itemAt(after, right) : undefined;
    if (!old && !now) return;
    const order = old && now ? inGitOrder(old, now) : old ? -1 : 1;
    yield [order <= 0 ? old : undefined, order >= 0 ? now : undefined];
    if (order <= 0 && old) left = old.end;
    if (order >= 0 && now) right = now.end;
  }
}

/** How many bytes of whole items both begin with. Folders of thousands of files differ in one: their bytes are compared, and not each file. */
function sharedLength(before: Buffer, after: Buffer): number {
  const most = Math.min(before.length, after.length);
  const isShared = (length: number) => before.subarray(0, length).equals(after.subarray(0, length));
  let [shared, different] = [0, 64];
  while (different < most && isShared(different)) [shared, different] = [different, different * 2];
  if (different >= most && isShared(most)) shared = most;
  for (different = Math.min(different, most); different - shared > 64;) {
    const middle = (shared + different) >> 1;
    if (isShared(middle)) shared = middle;
    else different = middle;
  }
  let end = 0;
  for (let next = endOfItem(before, 0); next > end && next <= shared; next = endOfItem(before, end)) end = next;
  return end;
}

/** 0 where none begins. */
function endOfItem(tree: Buffer, start: number): number {
  const nul = start < tree.length ? tree.indexOf(0, start) : -1;
  return nul < 0 ? 0 : nul + 1 + idLength;
}
