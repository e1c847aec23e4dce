// What approving a merge request means: what it would do if it were merged now, what is wrong with it, and the text that its approvers sign.
// Read from git alone, and worked out as judging does. The rules are those at the head of the branch: while others are in force, nothing counts.
import { readProposed } from '../check/proposed-change.ts';
import { checkChange, type CheckedChange, type Clone } from '../check/check-change.ts';
import type { SignedCeilings } from '../evidence/approval.ts';
import { withChanges } from '../record/deltas.ts';
import type { History } from '../history/history.ts';
import { inOrder, type BlobId, type CommitId, type Instant } from '../names.ts';
import { readPlainFiles } from '../judge/landing-files.ts';
import { isRules } from '../policy/policy.ts';
import type { JudgedSignature } from '../record/approval-count.ts';
import { wholeChangeOf } from '../signing/collect.ts';
import { judgeStatements, type SignedLanding, type SignedStatement, type SigningTerms, type Verify } from '../signing/judge-statements.ts';
import type { SignedChange } from '../signing/signed-change.ts';
import { printStatement, type Statement } from '../signing/statement.ts';
import { day } from '../time.ts';

export interface Signable {
  readonly head: CommitId;
  readonly checked: CheckedChange;
  /** The rules files at the head of the branch: everything is worked out by these. */
  readonly rules: ReadonlyMap<string, BlobId>;
  /** Files that the branch changes as well: it cannot be merged as it is. */
  readonly overlaps: readonly string[];
  /** Undefined where there is nothing to sign, or nobody could sign it. */
  readonly change: SignedChange | undefined;
}

export interface SignableTerms {
  readonly folder: string;
  readonly now: Instant;
  readonly ceilings: SignedCeilings;
}

/** `tip` is the head of the branch, and `head` that of the merge request; undefined where they have no history in common. */
export async function readSignable(
  head: CommitId,
  tip: CommitId,
  history: History,
  { folder, now, ceilings }: SignableTerms,
): Promise<Signable | undefined> {
  const proposed = await readProposed(history, head, tip, folder);
  if (!proposed) return undefined;
  const { changes, inside, overlaps, hiddenBy } = proposed;
  const before = await history.policyTree(tip, folder);
  const after = withChanges(before, inside);
  const blobs = (ids: Iterable<BlobId>, limit: number) => history.blobs(ids, limit);
  const clone: Clone = {
    folder,
    comparedWith: () => Promise.resolve({ base: tip, head }),
    tree: () => Promise.resolve(before),
    treeOnDisk: () => Promise.resolve(after),
    blobs,
    changes: () => Promise.resolve(changes),
    hiddenBy: () => Promise.resolve(hiddenBy),
  };
  const rules = new Map([...before].flatMap(([path, { blob }]) => (isRules(path, folder) ? [[path, blob] as const] : [])));
  const landing = { changes: inside, outside: changes.length - inside.length };
  const whole = inside.length === 0 ? undefined : await wholeChangeOf({ endorsed: rules }, landing, folder, blobs);
  return {
    head,
    rules,
    checked: await checkChange(head, await readPlainFiles(after, history), clone, { now, ceilings }),
    overlaps,
    change: whole?.change,
  };
}

/** Paths of rules files that are others in force: what is signed names those of the branch. */
export function rulesNotInForce({ rules }: Signable, endorsed: ReadonlyMap<string, BlobId>, folder: string): readonly string[] {
  const paths = new Set([...rules.keys(), ...[...endorsed.keys()].filter((path) => isRules(path, folder))]);
  return [...paths].filter((path) => rules.get(path) !== endorsed.get(path)).sort(inOrder);
}

/** How long a statement is good for; it may be landed later only with another one. */
export const validity = 7 * day;

/** As judging would judge it, were it merged now. */
export function judgedNow(
  { change, head, inForce }: Pick<SignedLanding, 'change' | 'inForce'> & { readonly head: CommitId },
  statement: Statement,
  signature: SignedStatement['signature'],
  terms: Omit<SigningTerms, 'distrusted'>,
  verify: Verify,
): JudgedSignature | undefined {
  const signed: SignedStatement = { statement, text: printStatement(statement), signature, firstSeen: statement.at };
  const landing = { commit: head, firstSeen: statement.at, recorded: statement.at, change, inForce };
  return judgeStatements(landing, [signed], new Map(), { ...terms, distrusted: [] }, verify)[0];
}
