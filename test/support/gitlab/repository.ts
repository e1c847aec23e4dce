// A bare Git repository, worked on by plumbing only: no work tree, no configuration of the machine.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { looseRef } from '../repositories.ts';

/** A file's new content, with another mode where the test wants a link or an executable; null removes it. */
export type FileChange = string | { readonly mode: string; readonly content: string } | null;
export type FileChanges = Readonly<Record<string, FileChange>>;

export interface CommitOptions {
  readonly parents: readonly string[];
  readonly changes?: FileChanges;
  /** A whole tree instead of the first parent's. */
  readonly tree?: string;
  readonly message?: string;
  readonly author?: { readonly name: string; readonly email: string };
  /** Milliseconds. */
  readonly at?: number;
}

/** What is shown of a commit. */
export interface CommitDetails {
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string; readonly date: string };
  readonly committer: { readonly name: string; readonly email: string; readonly date: string };
  readonly message: string;
}

/** As Gitaly sets it up: any object may be asked for by its name, and the refs that keep old heads alive are not advertised. */
const configuration = `[core]
\trepositoryformatversion = 0
\tbare = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
\thideRefs = refs/keep-around
[http]
\treceivepack = true
[gc]
\tauto = 0
`;

const commitId = /^[0-9a-f]{40}$/;

const environment = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  LC_ALL: 'C',
};

const somebody = { name: 'Somebody', email: 'somebody@example.org' };

export class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

export class Repository {
  readonly path: string;
  #imported = 0;
  // What commits are and how they lie to each other never changes: git is asked once.
  readonly #between = new Map<string | undefined, Map<string, readonly string[]>>();
  readonly #ancestors = new Set<string>();
  readonly #known = new Set<string>();
  readonly #details = new Map<string, CommitDetails>();
  readonly #files = new Map<string, ReadonlySet<string>>();

  private constructor(path: string) {
    this.path = path;
  }

  /** Made by hand: a process for each of its settings would take longer than what is tested. */
  static create(path: string): Repository {
    for (const folder of ['objects/info', 'objects/pack', 'refs/heads']) mkdirSync(join(path, folder), { recursive: true });
    writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(join(path, 'config'), configuration);
    return new Repository(path);
  }

  async git(...args: string[]): Promise<string> {
    return (await run(['-C', this.path, ...args], '')).trim();
  }

  /** Makes a commit on no branch. */
  async commit(options: CommitOptions): Promise<string> {
    this.#imported += 1;
    const ref = `refs/keep-around/made-${this.#imported}`;
    const format = ['--date-format=raw-permissive', '--cat-blob-fd=1'];
    const made = (await run(['-C', this.path, 'fast-import', '--quiet', '--force', ...format], fastImport(ref, options))).trim();
    this.#known.add(made);
    if (options.parents.every((parent) => commitId.test(parent))) this.#details.set(made, detailsOf(options));
    return made;
  }

  /** Of a commit that was made here. */
  titleOf(commit: string): string | undefined {
    const message = this.#details.get(commit)?.message;
    return message === undefined ? undefined : (lines(message)[0] ?? '');
  }

  async details(commit: string): Promise<CommitDetails> {
    const known = this.#details.get(commit);
    if (known) return known;
    // The first line has the commit itself before its parents: a line that is empty would be cut off.
    const format = '--format=%H %P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B';
    const [ids = '', name = '', email = '', date = '', committer = '', committerEmail = '', committed = '', ...message] = (
      await this.git('show', '-s', format, commit)
    ).split('\n');
    const details = {
      parents: ids.trim().split(' ').slice(1),
      author: { name, email, date },
      committer: { name: committer, email: committerEmail, date: committed },
      message: message.join('\n').trim(),
    };
    this.#details.set(commit, details);
    return details;
  }

  /** The paths of a commit's files. */
  async files(commit: string): Promise<ReadonlySet<string>> {
    const known = this.#files.get(commit);
    if (known) return known;
    const files = new Set(lines(await this.git('ls-tree', '-r', '--name-only', commit)));
    this.#files.set(commit, files);
    return files;
  }

  /** No branch is there. */
  isEmpty(): boolean {
    return readdirSync(join(this.path, 'refs/heads')).length === 0 && !existsSync(join(this.path, 'packed-refs'));
  }

  async setRef(ref: string, commit: string): Promise<void> {
    if (!commitId.test(commit)) throw new GitFailure(`${commit} is no commit`);
    const file = join(this.path, ref);
    mkdirSync(dirname(file), { recursive: true });
    // In one step, as git does: somebody may be fetching.
    writeFileSync(`${file}.lock`, `${commit}\n`);
    renameSync(`${file}.lock`, file);
  }

  async head(branch: string): Promise<string> {
    const commit = await this.find(`refs/heads/${branch}`);
    if (commit === undefined) throw new GitFailure(`no branch ${branch} in ${this.path}`);
    return commit;
  }

  async find(revision: string): Promise<string | undefined> {
    if (this.#known.has(revision)) return revision;
    if (revision.startsWith('refs/') && !existsSync(join(this.path, 'packed-refs'))) return looseRef(this.path, revision);
    const found = await this.git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`).catch(() => undefined);
    if (found !== undefined) this.#known.add(found);
    return found;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const pair = `${ancestor} ${descendant}`;
    if (this.#ancestors.has(pair)) return true;
    const isOne = await this.git('merge-base', '--is-ancestor', ancestor, descendant).then(
      () => true,
      () => false,
    );
    // A no may come from a commit that is yet to be fetched, and a branch may move.
    if (isOne && /^[0-9a-f]{40} [0-9a-f]{40}$/.test(pair)) this.#ancestors.add(pair);
    return isOne;
  }

  async mergeBase(left: string, right: string): Promise<string> {
    return this.git('merge-base', left, right);
  }

  /** Commits in `to` that are not in `from`, newest first. Both by their ids: what they name never changes, so it is looked up once. */
  async between(from: string | undefined, to: string): Promise<readonly string[]> {
    const known = this.#between.get(from)?.get(to);
    if (known) return known;
    const found = lines(await this.git('rev-list', ...(from === undefined ? [] : [`^${from}`]), to));
    this.#keep(from, to, found);
    return found;
  }

  #keep(from: string | undefined, to: string, own: readonly string[]): void {
    const known = this.#between.get(from) ?? new Map<string, readonly string[]>();
    this.#between.set(from, known.set(to, own));
  }

  /** From whoever imported thousands of commits and knows them, so that git is not asked about each: `own` is what `between` gives. */
  learn(from: string, to: string, own: readonly string[]): void {
    this.#keep(from, to, own);
    for (const commit of own) this.#known.add(commit);
  }

  async tree(commit: string): Promise<string> {
    return this.git('rev-parse', '--verify', `${commit}^{tree}`);
  }

  /** The tree of a clean merge; fails on a conflict. */
  async mergedTree(ours: string, theirs: string): Promise<string> {
    return this.git('merge-tree', '--write-tree', ours, theirs);
  }

  async fetch(from: Repository, commit: string): Promise<void> {
    await this.git('fetch', '--quiet', '--no-write-fetch-head', from.path, commit);
  }
}

function detailsOf({ parents, message = 'a change', author, at = 0 }: CommitOptions): CommitDetails {
  const { name, email } = author ?? somebody;
  const who = { name, email, date: new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', '+00:00') };
  return { parents, author: who, committer: who, message: message.trim() };
}

export function lines(output: string): readonly string[] {
  return output.split('\n').filter((line) => line !== '');
}

function fastImport(ref: string, { parents, changes = {}, tree, message = 'a change', author, at = 0 }: CommitOptions): string {
  const { name, email } = author ?? somebody;
  const who = `${name} <${email}> ${Math.floor(at / 1000)} +0000`;
  const [first, ...others] = parents;
  return [
    ...(first === undefined ? [`reset ${ref}`] : []),
    `commit ${ref}`,
    'mark :1',
    `author ${who}`,
    `committer ${who}`,
    data(message),
    ...(first === undefined ? [] : [`from ${first}`]),
    ...others.map((parent) => `merge ${parent}`),
    ...(tree === undefined ? [] : [`M 040000 ${tree} `]),
    ...Object.entries(changes).map(([path, change]) => fileCommand(path, change)),
    '',
    'get-mark :1',
    '',
  ].join('\n');
}

function fileCommand(path: string, change: FileChange): string {
  if (change === null) return `D ${quoted(path)}`;
  const { mode, content } = typeof change === 'string' ? { mode: '100644', content: change } : change;
  if (mode === '160000') return `M 160000 ${content} ${quoted(path)}`;
  return `M ${mode} inline ${quoted(path)}\n${data(content)}`;
}

function data(content: string): string {
  return `data ${Buffer.byteLength(content)}\n${content}`;
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

async function run(args: readonly string[], input: string): Promise<string> {
  const child = spawn('git', args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => complaints.push(piece));
  // Most commands end without reading anything; their status says whether that was right.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status === 0) return Buffer.concat(out).toString('utf8');
  throw new GitFailure(`git ${args.join(' ')}: ${Buffer.concat(complaints).toString('utf8')}`);
}
