// The policy as it stands at the tip of the branch, whether anybody approved it or not: what `doctor` and `adopt` look at, and nothing is decided by.
import type { PolicyTree } from './domain/history.ts';
import type { CommitId } from './domain/names.ts';
import { largestFile, type PolicyFile } from './domain/policy.ts';
import type { PolicyReading } from './domain/policy-reading.ts';
import type { Branch } from './judging.ts';

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
  const plain = [...tree].filter(([, { mode }]) => mode === '100644');
  const { contents } = await branch.blobs(
    plain.map(([, { blob }]) => blob),
    largestFile,
  );
  const files = plain.flatMap(([path, { blob }]) => {
    const bytes = contents.get(blob);
    return bytes ? [{ path, bytes }] : [];
  });
  return { head, tree, reading: readPolicy(files, folder) };
}
