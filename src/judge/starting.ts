// The policy of the commit that the host's configuration calls `start`: taken as it is, and whole or not at all.
import { isRules, place, largestFile, type GrantFile, type Parsed, type PolicyFile } from '../policy/policy.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { isWellFormed } from './form.ts';
import { loadParser } from './landing-files.ts';
import type { Branch } from '../history/branch.ts';
import type { CommitId, Instant } from '../names.ts';
import { rulesObjections } from '../policy/policy-rules.ts';
import { startingState, type StartingPoint } from '../record/start-state.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { sha256 } from '../digest.ts';
import { Unusable } from '../errors.ts';
import { rulesDigest } from '../signing/statement.ts';
import type { JudgingSettings } from './judge-branch.ts';

interface Started {
  readonly state: PolicyState;
  readonly records: readonly JudgingRecord[];
}

/** What is remembered, where its start is still the configured one; otherwise a new beginning. Throws Unusable when the start cannot be used. */
export async function startPolicy(
  branch: Branch,
  remembered: PolicyState | undefined,
  { start, folder, rules: pinned, onlySigned }: JudgingSettings,
  now: Instant,
  head: CommitId | undefined,
): Promise<Started> {
  // Root may pin them later than the record began.
  if (remembered?.start === start) {
    refuseOtherFolder(remembered, folder);
    if (pinned !== undefined && head) refuseOtherRules(await rulesAtStart(branch, start, folder), pinned, start);
    return { state: remembered, records: [] };
  }
  const parser = await loadParser();
  const tree = await branch.policyTree(start, folder).catch(async (error: unknown) => {
    // Git speaks of a damaged repository where it was only never told of such a commit.
    if (!(error instanceof Unusable) || !head || (await branch.ancestry(start, head)) !== 'rewritten') throw error;
    throw new Unusable(
      `start ${start} is not in the history of the branch: write a commit that "git log --first-parent" shows of it into repository.start`,
    );
  });
  const files = await readPolicyFiles(branch, tree, start, folder);
  if (pinned !== undefined) refuseOtherRules(await rulesAtStart(branch, start, folder), pinned, start);
  const rules = valid(
    parser.parseRules(
      files.filter(({ path }) => isRules(path, folder)),
      folder,
    ),
    start,
  );
  const [objection] = rulesObjections(rules, onlySigned);
  if (objection) throw new Unusable(`the policy at start ${start} cannot be used: ${objection.message}. ${objection.fix}`);
  const grants = new Map<string, GrantFile>();
  for (const file of files) if (!isRules(file.path, folder)) grants.set(file.path, valid(parser.parseGrant(file, folder), start));
  const point = { commit: start, committedAt: await branch.committedAt(start), tree, rules, grants };
  const fresh = startingState(point);
  // One merge request endorses one landing, also after a new start.
  const state = remembered ? { ...fresh, usedMergeRequests: remembered.usedMergeRequests } : fresh;
  return { state, records: renderStart(point, folder, now) };
}

/** `sha256:…` over the rules files of a commit: what root pins as `repository.rules`. */
export async function rulesAtStart(branch: Pick<Branch, 'policyTree' | 'blobs'>, start: CommitId, folder: string): Promise<string> {
  const entries = [...(await branch.policyTree(start, folder))].filter(([path]) => isRules(path, folder));
  const { contents } = await branch.blobs(
    entries.map(([, { blob }]) => blob),
    largestFile,
  );
  const files = entries.map(([path, { mode, blob }]) => ({ path, mode, sha256: sha256(contents.get(blob) ?? '') }));
  return rulesDigest(files, sha256);
}

function refuseOtherRules(found: string, pinned: string, start: CommitId): void {
  if (found === pinned) return;
  throw new Unusable(
    `the rules files at start ${start} have the digest ${found}, and repository.rules says ${pinned}: nothing is judged until the host’s administrator has read these rules, and writes the digest of those that are meant`,
  );
}

/** Grants of one line of the record. */
const grantsOfPart = 200;

function renderStart({ commit, committedAt, tree, rules, grants }: StartingPoint, folder: string, at: Instant): readonly JudgingRecord[] {
  const isOfRules = ([path]: readonly [string, unknown]) => isRules(path, folder);
  const others = [...tree].filter((one) => !isOfRules(one));
  const parts: JudgingRecord[] = [];
  for (let from = 0; from < others.length; from += grantsOfPart) {
    const some = others.slice(from, from + grantsOfPart);
    const named = some.flatMap(([path]): readonly (readonly [string, GrantFile])[] => {
      const grant = grants.get(path);
      return grant ? [[path, grant]] : [];
    });
    parts.push({ type: 'start-part', at, tree: some, grants: named });
  }
  return [{ type: 'start', at, commit, committedAt, rules, tree: [...tree].filter(isOfRules), parts: parts.length }, ...parts];
}

/** In another folder nothing ever changes: every landing would be judged to be none of ours, and never be looked at again. */
function refuseOtherFolder({ endorsed }: PolicyState, folder: string): void {
  // Every policy has it, and what is endorsed of the rules stays on record whatever is pushed.
  if (endorsed.has(`${folder}/policy.yaml`)) return;
  throw new Unusable(
    `repository.path is ${JSON.stringify(folder)}, and the policy on record does not lie there: nothing is judged until the host’s administrator puts the path right. If the policy has moved, set repository.start to a commit that has it there`,
  );
}

async function readPolicyFiles(
  branch: Branch,
  tree: Awaited<ReturnType<Branch['policyTree']>>,
  start: CommitId,
  folder: string,
): Promise<readonly PolicyFile[]> {
  const entries = [...tree].filter(([path]) => place(path, folder).kind !== 'other');
  const strange = entries.find(([path, { mode }]) => mode !== '100644' || !isWellFormed(path, folder));
  if (strange)
    throw new Unusable(`the policy at start ${start} cannot be used: ${JSON.stringify(strange[0])} is no plain file with a plain name`);
  const { contents, tooLarge } = await branch.blobs(
    entries.map(([, { blob }]) => blob),
    largestFile,
  );
  if (tooLarge.size > 0) throw new Unusable(`the policy at start ${start} cannot be used: it has files over ${largestFile} bytes`);
  return entries.map(([path, { blob }]) => {
    const bytes = contents.get(blob);
    if (!bytes) throw new Unusable(`the policy at start ${start} cannot be read: ${path} is missing in the mirror`);
    return { path, bytes };
  });
}

function valid<Value>(parsed: Parsed<Value>, commit: CommitId): Value {
  if (parsed.kind === 'valid') return parsed.value;
  const [{ path, line, column, message, fix }] = parsed.findings;
  throw new Unusable(`the policy at start ${commit} cannot be used: ${path}:${line}:${column}: ${message}. ${fix}`);
}
