// The policy in force while landings wait for an answer: nobody is in a group whom no file at the tip covers,
// and nobody is unexplained whom a well-formed file at the tip covers. And what differs between the files and what is in force.
import { isEndorsed } from './effective.ts';
import { isRules, place } from '../policy/policy.ts';
import { type PolicyState, type Refusal, type RefusalCode } from '../record/policy-state.ts';
import { isOver, meet, saysMore, type EndedGrant, type GrantInForce } from '../record/grants.ts';
import { isWellFormed, type Reading } from './form.ts';
import type { Landing, PolicyTree, TreeEntry } from '../history/landing.ts';
import { withChanges } from '../record/deltas.ts';
import type { EffectivePolicy, Pending } from '../record/effective-policy.ts';
import { inOrderOfPath, type GroupName, type Instant, type Uid } from '../names.ts';
import type { GrantFile } from '../policy/policy.ts';

/** A landing that nobody could judge yet, or one that stands behind such a landing. */
export interface WaitingLanding {
  readonly landing: Landing;
  readonly code: string;
  readonly detail: string;
}

export interface Tip {
  readonly tree: PolicyTree;
  /** Readings of grant files, by path. */
  readonly readings: ReadonlyMap<string, Reading>;
}

/** The paths whose content at the tip must be read before `effectivePolicy` can speak. */
export function pathsToRead(state: PolicyState, waiting: readonly WaitingLanding[], folder: string): ReadonlyMap<string, TreeEntry> {
  const wanted = new Map<string, TreeEntry>();
  for (const [path, entry] of tipTree(state, waiting)) {
    if (place(path, folder).kind !== 'grant' || entry.mode !== '100644') continue;
    if (state.endorsed.get(path) !== entry.blob || isNarrowed(state, path)) wanted.set(path, entry);
  }
  return wanted;
}

function isNarrowed(state: PolicyState, path: string): boolean {
  const grant = state.inForce.get(path);
  return !grant || state.proposed.has(path) || grant.until !== grant.endorsedUntil || state.refusals.has(path);
}

/** The policy folder after every landing, judged or not. */
export function tipTree(state: PolicyState, waiting: readonly WaitingLanding[]): PolicyTree {
  if (waiting.length === 0) return state.tree;
  return withChanges(
    state.tree,
    waiting.flatMap(({ landing }) => landing.changes),
  );
}

/** From the judged history to the policy in force at `now`. */
export function effectivePolicy(
  state: PolicyState,
  waiting: readonly WaitingLanding[],
  readings: ReadonlyMap<string, Reading>,
  now: Instant,
  folder: string,
  unlisted = state.unlisted,
): EffectivePolicy {
  const tip: Tip = { tree: tipTree(state, waiting), readings };
  const waits = new Set(waiting.flatMap(({ landing }) => landing.changes.map(({ path }) => path)));
  const covered = waiting.length === 0 ? { grants: state.inForce, ended: state.ended } : coveredAtTip(state, waiting, tip);
  return {
    rules: state.rules,
    judged: state.judged,
    grants: [...covered.grants.values()].sort(inOrderOfPath),
    ended: covered.ended,
    // Nobody may be let in by a proposal whose file a waiting landing has changed or taken away.
    proposed: [...state.proposed.values()].filter(({ path }) => !waits.has(path)).sort(inOrderOfPath),
    refused: refusedState(state, waits, tip, now, folder),
    unlisted,
    pending: pendingPaths(waiting),
    undecided: waiting.length === 0 ? [] : undecidedPeople(state, tip, now),
  };
}

function coveredAtTip(
  state: PolicyState,
  waiting: readonly WaitingLanding[],
  tip: Tip,
): { grants: ReadonlyMap<string, GrantInForce>; ended: ReadonlyMap<string, EndedGrant> } {
  const grants = new Map(state.inForce);
  const ended = new Map(state.ended);
  for (const [path, grant] of state.inForce) {
    const entry = tip.tree.get(path);
    if (entry && isEndorsed(state, path, entry)) continue;
    const file = entry && grantAt(tip, path, entry);
    const commit =
      waiting.findLast(({ landing }) => landing.changes.some((change) => change.path === path))?.landing.commit ?? state.judged;
    if (file) grants.set(path, meet(grant, file, commit));
    else {
      grants.delete(path);
      ended.set(path, { grant, cause: entry ? 'refused' : 'deleted', reviewed: false, commit });
    }
  }
  return { grants, ended };
}

function grantAt(tip: Tip, path: string, entry: TreeEntry): GrantFile | undefined {
  const reading = entry.mode === '100644' ? tip.readings.get(path) : undefined;
  return reading?.kind === 'grant' ? reading.grant : undefined;
}

function undecidedPeople(state: PolicyState, tip: Tip, now: Instant): readonly { readonly group: GroupName; readonly uid: Uid }[] {
  const people: { group: GroupName; uid: Uid }[] = [];
  for (const [path, entry] of tip.tree) {
    const grant = isEndorsed(state, path, entry) && state.inForce.has(path) ? undefined : grantAt(tip, path, entry);
    if (grant && !isOver(grant.until, now)) people.push({ group: grant.group, uid: grant.uid });
  }
  return people;
}

function pendingPaths(waiting: readonly WaitingLanding[]): readonly Pending[] {
  const byPath = new Map<string, Pending>();
  for (const { landing, code, detail } of waiting) {
    for (const { path } of landing.changes) byPath.set(path, { path, commit: landing.commit, code, detail });
  }
  return [...byPath.values()].sort(inOrderOfPath);
}

/**
 * `refused` is a state, not an event: grant files at the tip that say more than is in force, and rules files that differ from the
 * rules in force. It lasts until the files say what is in force. Files that wait for a verdict are pending instead.
 */
function refusedState(state: PolicyState, waits: ReadonlySet<string>, tip: Tip, now: Instant, folder: string): readonly Refusal[] {
  const refused: Refusal[] = [];
  for (const [path, entry] of tip.tree) {
    if (!waits.has(path) && promisesMore(state, tip, path, entry, now, folder)) refused.push(refusalOf(state, path));
  }
  for (const path of state.endorsed.keys()) {
    if (isRules(path, folder) && !tip.tree.has(path) && !waits.has(path)) refused.push(refusalOf(state, path));
  }
  return refused.sort(inOrderOfPath);
}

function promisesMore(state: PolicyState, tip: Tip, path: string, entry: TreeEntry, now: Instant, folder: string): boolean {
  const asEndorsed = isEndorsed(state, path, entry);
  if (isRules(path, folder)) return !asEndorsed;
  if (state.proposed.has(path)) return false; // held as `new-start`, not refused
  if (!isWellFormed(path, folder) || entry.mode !== '100644') return state.refusals.has(path);
  if (asEndorsed && !isNarrowed(state, path)) return false;
  const reading = tip.readings.get(path);
  // Not read at all, for the branch is not at hand: what was refused stays refused.
  if (!reading) return state.refusals.has(path);
  if (reading.kind !== 'grant') return true;
  return saysMore(reading.grant, state.inForce.get(path), now);
}

function refusalOf(state: PolicyState, path: string): Refusal {
  const unknown: RefusalCode = 'dirty';
  return state.refusals.get(path) ?? { path, commit: state.judged, mergeRequest: null, code: unknown, detail: path };
}
