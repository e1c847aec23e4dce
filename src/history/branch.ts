// The mirror of the policy repository, as the judging wants it.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporary } from '../kept-files.ts';
import type { GitSettings } from './environment.ts';
import type { History } from './history.ts';
import { openMirror, type Mirror } from './mirror.ts';
import { readSecret } from '../config/secret-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { duration, type CommitId, type Uid } from '../names.ts';
import { minute } from '../time.ts';
import { trustIn } from '../tls.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { Reading } from '../judge/form.ts';
import { landingFiles, readPlainFiles } from '../judge/landing-files.ts';
import { place } from '../policy/policy.ts';
import type { PolicyReading } from '../policy/policy-rules.ts';
import type { PolicyTree } from './landing.ts';
import type { Caller } from '../host.ts';

export interface Surroundings {
  /** As in PATH. */
  readonly path: string;
  readonly home: string;
  /** What somebody's own git has, for a command that is theirs. */
  readonly own?: Pick<GitSettings, 'token' | 'user' | 'agent'>;
}

export async function openMirrorOf(
  configuration: Configuration,
  folder: string,
  { path, home, own }: Surroundings,
  tell?: (note: string) => void,
): Promise<Mirror> {
  const { url, branch, tokenFile, authoritiesFile, proxy } = configuration.repository;
  const trust = /^https:/i.test(url) ? trustIn(authoritiesFile, 'repository.ca-file', proxy) : undefined;
  const token = tokenFile === undefined ? own : { token: await readSecret(tokenFile) };
  return openMirror({ folder, url, branch, path, home, timeout: duration(2 * minute), trust, ...token, tell });
}

/** For commands that write nothing: a copy of the mirror of that state folder, in a folder of its own, gone when `work` is done. */
export async function withPrivateMirror<Result>(
  caller: Pick<Caller, 'onInterrupt'>,
  state: string | undefined,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const temporary = makeTemporary('muster-', state);
  const forget = caller.onInterrupt(() => rmSync(temporary, { recursive: true, force: true }));
  const folder = join(temporary, 'mirror.git');
  try {
    if (state !== undefined) copyIfThere(join(state, 'mirror.git'), folder);
    return await work(folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    forget();
  }
}

/**
 * There is none before the first run, and then it is fetched; so is a copy that lacks something, because a run tidied up meanwhile. A run that
 * fetches writes objects before it names them: they are copied last, so that whatever is named is there. Its locks are its own.
 */
function copyIfThere(mirror: string, folder: string): void {
  try {
    const parts = readdirSync(mirror).filter((name) => name !== 'objects');
    mkdirSync(folder);
    for (const part of [...parts, 'objects']) {
      cpSync(join(mirror, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith('.lock') });
    }
  } catch (error) {
    // A damaged mirror, too, is told of where it is written, and here made anew.
    if (!(error instanceof Error && 'code' in error)) throw error;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The branch as it is judged. */
export type Branch = Pick<Mirror, 'fetch' | 'head'> & Omit<History, 'changes' | 'mergeBase' | 'parents'>;

export function branchOf({ history, fetch, head }: Mirror): Branch {
  return { ...history, fetch, head };
}

/** A mirror that could not be opened: git does not answer, and what the ledger knows stays in force. */
export function absentBranch(reason: Unavailable | Unusable): Branch {
  const absent = (): Promise<never> => Promise.reject(reason);
  return {
    fetch: absent,
    head: () => Promise.resolve<CommitId | undefined>(undefined),
    ancestry: absent,
    landings: absent,
    jump: absent,
    entries: absent,
    blobs: absent,
    policyTree: absent,
    committedAt: absent,
  };
}

/** The policy as it stands at the tip of the branch, whether anybody approved it or not: nothing is decided by it. */
export interface Tip {
  readonly head: CommitId;
  readonly tree: PolicyTree;
  readonly reading: PolicyReading;
}

/** Throws Unavailable or Unusable as the branch does. Files that are no plain ones of reasonable size are left out. */
export async function readTip(branch: Pick<Branch, 'fetch' | 'policyTree' | 'blobs'>, folder: string): Promise<Tip> {
  const { readPolicy } = await import('../policy/parser.ts');
  const head = await branch.fetch();
  const tree = await branch.policyTree(head, folder);
  return { head, tree, reading: readPolicy(await readPlainFiles(tree, branch), folder) };
}

/** One person's grant files, by path; undefined where the tip cannot be read. */
export async function readGrantsAtTip(
  uid: Uid,
  head: CommitId | undefined,
  branch: Pick<Branch, 'policyTree' | 'blobs'>,
  folder: string,
): Promise<ReadonlyMap<string, Reading> | undefined> {
  if (head === undefined) return undefined;
  try {
    const tree = await branch.policyTree(head, folder);
    const own = [...tree].filter(([path]) => {
      const where = place(path, folder);
      return where.kind === 'grant' && where.uid === uid;
    });
    return await landingFiles(branch.blobs, folder).readFiles(new Map(own));
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return undefined;
    throw error;
  }
}
