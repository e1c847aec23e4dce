// `muster check --against REV`: what the change of the policy since a revision does, what it needs, and what would have it refused.
// The policy of the revision is taken as the one in force: without a forge nobody can tell what of it was approved.
import { changeFindings, differences, misplacedGrant, type ChangeShape } from './change-findings.ts';
import { reviewedPaths } from '../evidence/beneficiaries.ts';
import { noSignedCeilings, onlySigned, type SignedCeilings } from '../evidence/approval.ts';
import { isOnlySigned, isRules, type Finding, type GrantFile, type PolicyFile, type Rules } from '../policy/policy.ts';
import type { CommitId, Instant } from '../names.ts';
import { readPolicy } from '../policy/parser.ts';
import type { PolicyReading } from '../policy/policy-rules.ts';
import { effectsOf, needsOf, type Effect, type Need } from './proposed-change.ts';
import { readPlainFiles } from '../judge/landing-files.ts';
import type { Worktree } from '../history/worktree.ts';
import { rulesChanges, type RulesChange } from './rules-change.ts';
import { check, type CheckOptions, type CheckResult } from './check.ts';

/** The clone that holds the policy folder. */
export type Clone = Omit<Worktree, 'top'>;

export interface CheckedChange {
  readonly result: CheckResult;
  readonly effects: readonly Effect[];
  readonly rules: readonly RulesChange[];
  readonly needs: readonly Need[];
  /** Nothing but signatures approves it. */
  readonly onlySigned: boolean;
}

/** `files` are those on the disk, with paths from the top of the clone. Throws Misuse where there is nothing to compare with. */
export async function checkChange(
  revision: string,
  files: readonly PolicyFile[],
  clone: Clone,
  options: Omit<CheckOptions, 'unchanged'>,
): Promise<CheckedChange> {
  const { folder } = clone;
  const { base, head } = await clone.comparedWith(revision);
  const [before, after] = [await clone.tree(base), await clone.treeOnDisk()];
  const isInside = (path: string) => path === folder || path.startsWith(`${folder}/`);
  const is = readPolicy(files, folder);
  const groups = new Set<string>(is.rules?.rules.groups.keys());
  const outside = (await clone.changes(base, head)).filter(({ path }) => !isInside(path));
  const shape: ChangeShape = {
    changes: differences(before, after),
    outside: outside.map(({ path }) => path).sort(),
    misplaced: outside.flatMap((one) => (one.after ? misplacedGrant(one.path, folder, groups) : [])),
    hiddenBy: await clone.hiddenBy(base, head),
  };
  const changed = new Set(shape.changes.map(({ path }) => path));
  const was = readPolicy(await readPlainFiles(before, clone), folder);
  const unchanged = new Set(files.map(({ path }) => path).filter((path) => !changed.has(path)));
  const found = [...(options.found ?? []), ...changeFindings(shape, folder), ...missingRules(shape, was, folder)];
  const result = check(is, { ...options, found, unchanged });
  const ceilings = options.ceilings ?? (was.rules && isOnlySigned(was.rules.rules) ? onlySigned : noSignedCeilings);
  const rulesChange = shape.changes.some(({ path }) => isRules(path, folder));
  return {
    result,
    rules: was.rules && is.rules ? rulesChanges(was.rules.rules, is.rules.rules) : [],
    effects: effectsOf(shape.changes, grantsByPath(was), grantsByPath(is), folder, options.now),
    needs: was.rules
      ? needsFor(shape, was.rules.rules, rulesChange ? is.rules?.rules : undefined, { base, folder, now: options.now, ceilings })
      : [],
    onlySigned: ceilings.only ?? false,
  };
}

function grantsByPath({ grants }: PolicyReading): ReadonlyMap<string, GrantFile> {
  return new Map(grants.map(({ path, grant }) => [path, grant]));
}

function needsFor(
  { changes, outside }: ChangeShape,
  rules: Rules,
  after: Rules | undefined,
  { base, folder, now, ceilings }: { base: CommitId; folder: string; now: Instant; ceilings: SignedCeilings },
): readonly Need[] {
  const landing = { commit: base, parent: base, parents: 1, committedAt: now, changes, outside: outside.length };
  return needsOf(reviewedPaths(landing, rules, after, folder), rules, new Set(), folder, ceilings);
}

function missingRules({ changes: [first] }: ChangeShape, { rules }: PolicyReading, folder: string): readonly Finding[] {
  if (!first || rules) return [];
  const message = 'the revision it is compared with has no rules that can be understood, so it cannot be said who may approve';
  const fix =
    'Compare with a revision whose policy is in order; the very first policy is the one that the configuration of the host calls "start".';
  return [{ code: 'no-rules-before', severity: 'advice', path: `${folder}/policy.yaml`, line: 1, column: 1, message, fix }];
}
