// The left fold from the branch's history to the policy in force: state, step, and what the step changes.
// Pure: verdicts come in as values, and the same landings and verdicts give the same state on every machine.
import { latest, meet, type EndedGrant, type GrantInForce } from '../record/grants.ts';
import type { PolicyDelta, PolicyState, Verdict } from '../record/policy-state.ts';
import type { Landing, PathChange, PolicyTree, TreeEntry } from '../history/landing.ts';
import { inOrder, inOrderOfPath, type CommitId, type Uid } from '../names.ts';
import { isRules, mostFiles, place, type GrantFile, type Rules } from '../policy/policy.ts';

/** What the step needs to know of the landing's files: each understood, or not. */
export interface UnderstoodFiles {
  /** The grant files that are there after the landing and were understood. */
  readonly grants: ReadonlyMap<string, GrantFile>;
  /** The rules as they are after the landing, where it changes rules and they were understood. */
  readonly rules?: Rules;
}

/** Condition 2: every path was absent in P, or was there exactly as endorsed. Otherwise the first that was not. */
export function dirtyPath(state: PolicyState, landing: Landing): string | undefined {
  return landing.changes.find(({ path, before }) => before && !isEndorsed(state, path, before))?.path;
}

/** Condition 3: the rules files in P are byte for byte the rules in force. Otherwise the first that differs, or that not all could be looked at. */
export function dirtyRules(state: PolicyState, folder: string): string | undefined {
  if (state.unlisted > 0) return `${state.unlisted} more files below ${folder}/ than are listed one by one`;
  // Grants are most of a policy, and this is asked at every landing: by their folder they are told quickly.
  const grants = `${folder}/grants/`;
  for (const [path, entry] of state.tree) {
    if (!path.startsWith(grants) && isRules(path, folder) && !isEndorsed(state, path, entry)) return path;
  }
  for (const path of state.endorsed.keys()) if (!path.startsWith(grants) && isRules(path, folder) && !state.tree.has(path)) return path;
  return undefined;
}

/** What stands at the path is a plain file with exactly the endorsed content. */
export function isEndorsed(state: PolicyState, path: string, entry: TreeEntry): boolean {
  return entry.mode === '100644' && state.endorsed.get(path) === entry.blob;
}

/** The same of a path at which nothing may stand: then nothing is endorsed there. */
export function isAsEndorsed(state: PolicyState, path: string, entry: TreeEntry | undefined): boolean {
  return entry ? isEndorsed(state, path, entry) : !state.endorsed.has(path);
}

/** One landing under one verdict: the change of the state. Where `isCountNeeded`, `landing` must be one of `withKnown`. */
export function step(
  state: PolicyState,
  landing: Landing & Counted,
  files: UnderstoodFiles,
  verdict: Verdict,
  folder: string,
): PolicyDelta {
  const listed = verdict.kind === 'endorsed' ? landing.changes : noted(state, landing);
  const shared = {
    judged: landing.commit,
    tree: listed.map(({ path, after }) => [path, after ?? null] as const),
    unlisted: unlistedAfter(state.tree, listed, landing),
  };
  return verdict.kind === 'endorsed'
    ? { ...shared, ...endorse(state, landing, files, verdict, folder) }
    : { ...shared, ...refuse(state, landing, listed, files, verdict, folder) };
}

/** Files that nobody endorsed are listed one by one up to these numbers: altogether, and of one landing whose list nobody would read. */
const mostListed = 1000;
const mostListedOfLarge = 10;
/** A list of a landing that is too large to be reviewed is read up to so many letters (UTF-16 code units). */
const mostLetters = 8 * 1024;
/** A longer name is not listed (UTF-16 code units). */
const longestListed = 256;

/** How many files the policy folder has after a landing, where that had to be counted. */
export interface Counted {
  readonly files?: number;
}

/** The policy folder before a landing, as far as it is listed. */
export type Listing = Pick<PolicyState, 'tree' | 'unlisted' | 'endorsed' | 'inForce'>;

/** Not everything that the landing changes can be listed, or not everything was before: then what is known is looked up in it by itself. */
export function isCountNeeded(state: Listing, landing: Landing): boolean {
  return landing.cut === true || state.unlisted > 0 || noted(state, landing).length < landing.changes.length;
}

/** What is looked up by itself in a landing, however much else it changes. */
export function knownPaths({ tree, endorsed, inForce }: Listing): ReadonlySet<string> {
  return new Set([...tree.keys(), ...endorsed.keys(), ...inForce.keys()]);
}

/** A landing that is not listed whole, with all that it changes of what is known. `found` is what stands after it at `knownPaths`. */
export function withKnown(state: Listing, landing: Landing, found: PolicyTree, files: number): Landing & Counted {
  if (landing.cut !== true) return { ...landing, files };
  const known = knownPaths(state);
  const changes: PathChange[] = [];
  for (const path of known) {
    const [before, after] = [state.tree.get(path), found.get(path)];
    if (before?.blob !== after?.blob || before?.mode !== after?.mode) changes.push({ path, before, after });
  }
  changes.push(...landing.changes.filter(({ path }) => !known.has(path)));
  return { ...landing, changes: changes.sort(inOrderOfPath), files };
}

/** The number of files beside those that are listed once `listed` has changed. */
export function unlistedAfter(tree: PolicyTree, listed: readonly PathChange[], { files }: Counted): number {
  if (files === undefined) return 0;
  let size = tree.size;
  for (const { path, after } of listed) size += (after ? 1 : 0) - (tree.has(path) ? 1 : 0);
  return Math.max(0, files - size);
}

/**
 * The changes of a landing that are kept in mind when it is not endorsed: what touches files known already, and as many of the others as a
 * person would look at. Nobody gains by a file that is not in mind, and a later change of it is not clean.
 */
export function noted(state: Listing, { changes, cut }: Landing): readonly PathChange[] {
  const isNew = ({ path, after }: PathChange) => after !== undefined && path.length <= longestListed && !state.tree.has(path);
  const isReadable =
    !cut && (changes.length <= mostFiles || changes.reduce((letters, { path }) => letters + path.length, 0) <= mostLetters);
  const room = changes.some(isNew) ? Math.min(mostListed - unendorsed(state), isReadable ? mostListed : mostListedOfLarge) : 0;
  let others = 0;
  return changes.filter((change) => state.tree.has(change.path) || (isNew(change) && others++ < room));
}

function unendorsed({ tree, endorsed }: Listing): number {
  let others = 0;
  for (const path of tree.keys()) if (!endorsed.has(path)) others++;
  return others;
}

type Changed = Omit<PolicyDelta, 'judged' | 'tree' | 'unlisted'>;

function endorse(
  state: PolicyState,
  landing: Landing,
  files: UnderstoodFiles,
  verdict: Verdict & { kind: 'endorsed' },
  folder: string,
): Changed {
  const grants = landing.changes.filter(({ path }) => place(path, folder).kind === 'grant');
  return {
    rules: files.rules,
    endorsed: landing.changes.map(({ path, after }) => [path, after?.blob ?? null]),
    inForce: grants.map(({ path }) => [path, grantOf(path, files, verdict, state.inForce.get(path))]),
    ended: grants.map(({ path, after }) => [path, after ? null : endOf(path, state, verdict)]),
    refusals: landing.changes.map(({ path }) => [path, null]),
    usedMergeRequest: verdict.mergeRequest,
    ...(files.rules && state.takenOut.size > 0 && { takenOut: [] }),
  };
}

function grantOf(
  path: string,
  files: UnderstoodFiles,
  verdict: Verdict & { kind: 'endorsed' },
  before: GrantInForce | undefined,
): GrantInForce | null {
  const file = files.grants.get(path);
  if (!file) return null;
  const { commit, mergeRequest, approvedBy, signedBy, landedAt, link } = verdict;
  const provenance = { commit, mergeRequest, approvedBy, signedBy, landedAt, link };
  const grant = { ...file, ...provenance, path, endorsedUntil: file.until };
  if (verdict.reviewed || !before) return grant;
  // Without review a shorter end is still what the file says, but what it takes away counts against the limits until the old end.
  return { ...grant, endorsedUntil: latest(before.endorsedUntil, file.until), narrowedBy: commit };
}

/** An approved deletion: also of a grant that an unreviewed edit had taken out before, whose removal may still be held by a limit. */
function endOf(path: string, state: PolicyState, { reviewed, commit }: Verdict & { kind: 'endorsed' }): EndedGrant | null {
  const grant = state.inForce.get(path) ?? state.ended.get(path)?.grant;
  return grant ? { grant, cause: 'deleted', reviewed, commit } : null;
}

function refuse(
  state: PolicyState,
  landing: Landing,
  listed: readonly PathChange[],
  files: UnderstoodFiles,
  verdict: Verdict & { kind: 'refused' },
  folder: string,
): Changed {
  const inForce: [string, GrantInForce | null][] = [];
  const ended: [string, EndedGrant][] = [];
  for (const change of landing.changes) {
    const grant = state.inForce.get(change.path);
    if (!grant) continue;
    const left = change.after ? narrowed(grant, change, files, landing.commit) : null;
    inForce.push([change.path, left]);
    if (!left) ended.push([change.path, { grant, cause: change.after ? 'refused' : 'deleted', reviewed: false, commit: landing.commit }]);
  }
  const { code, detail, mergeRequest, link } = verdict;
  const refusal = { commit: landing.commit, mergeRequest, code, detail, link };
  return {
    endorsed: landing.changes
      .filter(({ path, after }) => !after && state.endorsed.has(path) && !isRules(path, folder))
      .map(({ path }) => [path, null]),
    inForce,
    ended,
    // What is gone and was never endorsed needs no reason any more.
    refusals: listed.map(({ path, after }) => [
      path,
      after || (state.endorsed.has(path) && isRules(path, folder)) ? { path, ...refusal } : null,
    ]),
    usedMergeRequest: null,
    ...takenOutBy(state, files.rules),
  };
}

/** Whoever has an account less by the refused rules than by those in force, or is not on a team any more; of a team that is gone, on none at all. */
function takenOutBy({ rules, takenOut }: PolicyState, after: Rules | undefined): Pick<PolicyDelta, 'takenOut'> {
  if (!after) return {};
  const lost = new Set<Uid>(takenOut);
  for (const { uid, gitlab } of rules.people.values()) {
    const left = after.people.get(uid)?.gitlab ?? [];
    if (gitlab.some((id) => !left.includes(id))) lost.add(uid);
  }
  const onAny = new Set([...after.teams.values()].flat());
  for (const [team, members] of rules.teams) {
    const left = after.teams.get(team);
    for (const uid of members) if (left ? !left.includes(uid) : !onAny.has(uid)) lost.add(uid);
  }
  return lost.size > takenOut.size ? { takenOut: [...lost].sort(inOrder) } : {};
}

/** What an unreviewed edit leaves of a grant: the meet of what was in force and what the file now says; unreadable means none. */
function narrowed(grant: GrantInForce, change: PathChange, files: UnderstoodFiles, landing: CommitId): GrantInForce | null {
  const file = files.grants.get(change.path);
  return file && change.after?.mode === '100644' ? meet(grant, file, landing) : null;
}
