// The branch as muster sees it: a row of landings, each one step on the first-parent chain.
import type { BlobId, CommitId, Instant } from '../names.ts';

/** What stands at a path: a Git file mode such as `100644`, and the object. */
export interface TreeEntry {
  readonly mode: string;
  readonly blob: BlobId;
}

/** A path that differs between two trees; no `before` is an addition, no `after` a deletion. Renames are both. */
export interface PathChange {
  /** From the root of the repository. Bytes that are not UTF-8 have become U+FFFD: never a path muster accepts. */
  readonly path: string;
  readonly before?: TreeEntry;
  readonly after?: TreeEntry;
}

/** Commit L and its first parent P. */
export interface Landing {
  readonly commit: CommitId;
  readonly parent: CommitId;
  /** How many parents the commit has. */
  readonly parents: number;
  /** Committer time: anybody may have written it, so it proves nothing; it dates a landing where no forge does. */
  readonly committedAt: Instant;
  /** What differs inside the policy folder, sorted by path, or the first of it. Empty: the landing is none of muster's business. */
  readonly changes: readonly PathChange[];
  /** More differs in the policy folder than is listed, or could be compared: nothing may be concluded from what is not listed. */
  readonly cut?: boolean;
  /** How many paths differ outside the policy folder; more than fifty are not told apart, and it is not counted where nothing differs inside. */
  readonly outside: number;
  /** The `.gitattributes` in P or in L that hides policy files in a diff, if one does. */
  readonly hiddenBy?: string;
}

/** The policy folder of one commit: path from the root of the repository to what stands there. */
export type PolicyTree = ReadonlyMap<string, TreeEntry>;

/** What stands at some paths of a commit, and how many files its policy folder has: at the least, where that is more than can be counted. */
export interface PolicyEntries {
  readonly entries: PolicyTree;
  readonly files: number;
}

/** What is compared: the first is what was there before. */
export type CommitPair = readonly [from: CommitId, to: CommitId];

/** How a commit judged earlier stands to the branch's tip: on its first-parent chain, merged into it some other way, or gone from it. */
export type Ancestry = 'on-chain' | 'off-chain' | 'rewritten';
