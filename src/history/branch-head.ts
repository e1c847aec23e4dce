// The policy as it stands at the tip of the branch, whether anybody approved it or not: what `doctor`, `adopt` and
// `explain` look at, and nothing is decided by.
import { place, type PolicyFile } from '../policy/policy.ts';
import type { Reading } from '../judge/form.ts';
import { landingFiles, readPlainFiles } from '../judge/landing-files.ts';
import type { PolicyTree } from './landing.ts';
import type { CommitId, Uid } from '../names.ts';
import type { PolicyReading } from '../policy/policy-rules.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { Branch } from './branch.ts';

export interface Tip {
  readonly head: CommitId;
  readonly tree: PolicyTree;
  readonly reading: PolicyReading;
}

/** Throws Unavailable or Unusable as the branch does. Files that are no plain ones of reasonable size are left out. */
export async function readTip(
  branch: Pick<Branch, 'fetch' | 'policyTree' | 'blobs'>,
  readPolicy: (files: readonly PolicyFile[], folder: string) => PolicyReading,
  folder: string,
): Promise<Tip> {
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
