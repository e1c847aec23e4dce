// A branch in memory: files as text, real YAML. Git itself is tested with its adapter.
import { createHash } from 'node:crypto';
import type { Landing, TreeEntry } from '../../src/history/landing.ts';
import { instant, parseBlobId, parseCommitId, type BlobId, type CommitId } from '../../src/names.ts';
import { hour } from '../../src/time.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Branch } from '../../src/history/branch.ts';
import { mostListedFiles } from '../../src/policy/policy.ts';

/** Text by path; a text that begins with a mode and a colon has that mode. */
export type Files = Readonly<Record<string, string>>;

const begin = Date.UTC(2026, 10, 1);

export function commitId(number: number): CommitId {
  const commit = parseCommitId(number.toString(16).padStart(40, '0'));
  if (commit === undefined) throw new Error('the sample is wrong');
  return commit;
}

export function committedAt(number: number) {
  return instant(begin + number * hour);
}

export class MemoryBranch implements Branch {
  readonly #trees: ReadonlyMap<string, TreeEntry>[] = [];
  readonly #contents = new Map<BlobId, Uint8Array>();
  readonly #outside: number[] = [];
  /** The first of these commits that the first-parent chain of the tip no longer has. */
  lost: { readonly from: number; readonly how: 'off-chain' | 'rewritten' } | undefined;
  reachable = true;
  /** So many landings are given at a time. */
  mostLandings = Number.POSITIVE_INFINITY;
  /** The most blobs that one question was for. */
  mostBlobs = 0;

  /** One more commit with exactly these files. `outside` counts the paths it changes elsewhere. */
  push(files: Files, outside = 0): number {
    this.#trees.push(
      new Map(
        Object.entries(files)
          .sort()
          .map(([path, text]) => [path, this.#entry(text)]),
      ),
    );
    this.#outside.push(outside);
    return this.#trees.length - 1;
  }

  #entry(text: string): TreeEntry {
    const [, mode = '100644', content = text] = /^(\d{6}):([^]*)$/.exec(text) ?? [];
    const blob = parseBlobId(createHash('sha1').update(content).digest('hex'));
    if (blob === undefined) throw new Error('a hash is no blob');
    this.#contents.set(blob, new TextEncoder().encode(content));
    return { mode, blob };
  }

  #landing(from: number, to: number): Landing {
    const [before, after] = [this.#trees[from] ?? new Map<string, TreeEntry>(), this.#trees[to] ?? new Map<string, TreeEntry>()];
    const changes = [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
      const [was, is] = [before.get(path), after.get(path)];
      if (was?.blob === is?.blob && was?.mode === is?.mode) return [];
      return [{ path, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) }];
    });
    const isCut = changes.length > mostListedFiles;
    return {
      commit: commitId(to),
      parent: commitId(from),
      parents: 2,
      committedAt: committedAt(to),
      changes: changes.slice(0, mostListedFiles + 1),
      ...(isCut && { cut: true }),
      outside: this.#outside[to] ?? 0,
    };
  }

  #number(commit: CommitId): number {
    return Number.parseInt(commit, 16);
  }

  fetch: Branch['fetch'] = () =>
    this.reachable ? Promise.resolve(this.tip) : Promise.reject(new Unavailable('git', 'the server does not answer'));
  head: Branch['head'] = () => Promise.resolve(this.tip);

  get tip(): CommitId {
    return commitId(this.#trees.length - 1);
  }

  ancestry: Branch['ancestry'] = (judged) => {
    const isLost = this.lost !== undefined && this.#number(judged) >= this.lost.from && judged !== this.tip;
    return Promise.resolve(isLost && this.lost ? this.lost.how : 'on-chain');
  };
  landings: Branch['landings'] = (after, head) => {
    const first = this.#number(after) + 1;
    const last = Math.min(this.#number(head), first + this.mostLandings - 1);
    return Promise.resolve(
      Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => this.#landing(first + index - 1, first + index)),
    );
  };
  jump: Branch['jump'] = (after, head) => Promise.resolve(this.#landing(this.#number(after), this.#number(head)));
  entries: Branch['entries'] = (commit, folder, paths) => {
    const tree = this.#trees[this.#number(commit)] ?? new Map<string, TreeEntry>();
    const entries = paths.flatMap((path) => {
      const entry = tree.get(path);
      return entry ? [[path, entry] as const] : [];
    });
    return Promise.resolve({ entries: new Map(entries), files: [...tree.keys()].filter((path) => path.startsWith(`${folder}/`)).length });
  };
  policyTree: Branch['policyTree'] = (commit) => Promise.resolve(this.#trees[this.#number(commit)] ?? new Map());
  committedAt: Branch['committedAt'] = (commit) => Promise.resolve(committedAt(this.#number(commit)));
  blobs: Branch['blobs'] = (ids, limit) => {
    const wanted = [...ids].flatMap((id) => {
      const bytes = this.#contents.get(id);
      return bytes ? [[id, bytes] as const] : [];
    });
    this.mostBlobs = Math.max(this.mostBlobs, wanted.length);
    const small = wanted.filter(([, { length }]) => length <= limit);
    const large = wanted.filter(([, { length }]) => length > limit);
    return Promise.resolve({ contents: new Map(small), tooLarge: new Set(large.map(([id]) => id)) });
  };
}
