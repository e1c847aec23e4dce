// A bare Git repository, worked on by plumbing only: no work tree, no configuration of the machine.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

const environment = {
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  LC_ALL: 'C',
};

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
  readonly #titles = new Map<string, string>();

  private constructor(path: string) {
    this.path = path;
  }

  /** As Gitaly sets it up: any object may be asked for by its name, and the refs that keep old heads alive are not advertised. */
  static async create(path: string): Promise<Repository> {
    const repository = new Repository(path);
    await run(['init', '--quiet', '--bare', '--initial-branch=main', path], '');
    const settings = {
      'uploadpack.allowAnySHA1InWant': 'true',
      'uploadpack.allowFilter': 'true',
      'uploadpack.hideRefs': 'refs/keep-around',
      'http.receivepack': 'true',
      'gc.auto': '0',
    };
    for (const [key, value] of Object.entries(settings)) await repository.git('config', key, value);
    return repository;
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
    if (options.message !== undefined) this.#titles.set(made, lines(options.message)[0] ?? '');
    return made;
  }

  /** Of a commit that was made here. */
  titleOf(commit: string): string | undefined {
    return this.#titles.get(commit);
  }

  async setRef(ref: string, commit: string): Promise<void> {
    await this.git('update-ref', ref, commit);
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

export function lines(output: string): readonly string[] {
  return output.split('\n').filter((line) => line !== '');
}

function fastImport(ref: string, { parents, changes = {}, tree, message = 'a change', author, at = 0 }: CommitOptions): string {
  const { name, email } = author ?? { name: 'Somebody', email: 'somebody@example.org' };
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
