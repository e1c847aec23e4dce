// What became of merge requests on the branch, as the record has it; and which one became a landing that was refused before GitLab had been asked
// about it, for what is wrong with its form needs no evidence. Whoever merged it reads so there; nothing is decided by it.
import { rulesChanges } from '../check/rules-change.ts';
import type { TreeEntry } from '../history/landing.ts';
import type { BlobId, CommitId, Instant } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import type { JudgedLanding } from './settled-review.ts';
import type { JudgingRecord, VerdictRecord } from '../record/judging-record.ts';
import { bindingTime } from '../evidence/gitlab-judge.ts';

/** By landing: the number of the merge request, or since when GitLab is asked for it. */
export type Landed = ReadonlyMap<CommitId, number | { readonly askedSince: Instant }>;

export function numberOf(landed: Landed, commit: CommitId): number | null {
  const found = landed.get(commit);
  return typeof found === 'number' ? found : null;
}

/** Asks for those of this run, and again for those that GitLab did not name yet: it writes down a merge some time after the branch moved. */
export async function findLanded(
  known: Landed,
  news: readonly JudgingRecord[],
  now: Instant,
  ask: (commit: CommitId) => Promise<number | 'none' | 'not-known'>,
): Promise<Landed> {
  const landed = new Map(known);
  for (const record of news) if (record.type === 'verdict' && isUnnamed(record.verdict)) landed.set(record.commit, { askedSince: now });
  for (const [commit, found] of landed) {
    if (typeof found === 'number') continue;
    const answer = await ask(commit);
    if (typeof answer === 'number') landed.set(commit, answer);
    else if (answer === 'none' && now - found.askedSince >= bindingTime) landed.delete(commit);
  }
  return landed;
}

function isUnnamed(verdict: VerdictRecord['verdict']): boolean {
  return verdict.kind === 'refused' && verdict.mergeRequest === null && verdict.code !== 'no-merge-request';
}

/** What stands at a path, as far as a verdict says it. */
interface Standing {
  rules: Rules | undefined;
  readonly endorsed: Map<string, BlobId>;
  readonly tree: Map<string, TreeEntry>;
}

/** The landings that are wanted, with what each did. Read in the order of the record. */
export function judgedLandings(records: Iterable<JudgingRecord>, isWanted: (record: VerdictRecord) => boolean): readonly JudgedLanding[] {
  const standing: Standing = { rules: undefined, endorsed: new Map(), tree: new Map() };
  const found: Omit<JudgedLanding, 'locked'>[] = [];
  for (const record of records) {
    if (record.type === 'verdict' && isWanted(record)) found.push(landingOf(record, standing));
    goOn(standing, record);
  }
  const isLocked = ({ path }: { readonly path: string }) => !isAsEndorsed(path, standing.tree.get(path), standing.endorsed);
  return found.map((landing) => ({ ...landing, locked: landing.paths.filter(isLocked).map(({ path }) => path) }));
}

function landingOf({ commit, verdict, delta }: VerdictRecord, { rules, endorsed }: Standing): Omit<JudgedLanding, 'locked'> {
  const isRefused = verdict.kind === 'refused';
  return {
    commit,
    verdict,
    paths: delta.tree.map(([path, entry]) => ({ path, stands: entry !== null })),
    restores: isRefused && delta.tree.length > 0 && delta.tree.every(([path, entry]) => isAsEndorsed(path, entry ?? undefined, endorsed)),
    took: isRefused ? takenBy(delta) : [],
    takenOut: isRefused ? (delta.takenOut ?? []) : [],
    rules: rules && delta.rules ? rulesChanges(rules, delta.rules) : [],
  };
}

function takenBy({ judged, inForce, ended }: VerdictRecord['delta']): JudgedLanding['took'] {
  const before = new Map(ended.flatMap(([path, one]) => (one ? [[path, one.grant] as const] : [])));
  return inForce.flatMap(([path, left]): JudgedLanding['took'] => {
    const grant = left ?? before.get(path);
    if (!grant || (left && left.narrowedBy !== judged)) return [];
    return [{ path, group: grant.group, uid: grant.uid, left: left ? left.until : null, approved: grant.endorsedUntil }];
  });
}

function isAsEndorsed(path: string, entry: TreeEntry | undefined, endorsed: ReadonlyMap<string, BlobId>): boolean {
  return entry ? entry.mode === '100644' && endorsed.get(path) === entry.blob : !endorsed.has(path);
}

function goOn(standing: Standing, record: JudgingRecord): void {
  const { endorsed, tree } = standing;
  if (record.type === 'start') {
    standing.rules = record.rules;
    endorsed.clear();
    tree.clear();
  }
  if (record.type === 'start' || record.type === 'start-part')
    for (const [path, entry] of record.tree) {
      tree.set(path, entry);
      if (entry.mode === '100644') endorsed.set(path, entry.blob);
    }
  if (record.type !== 'verdict') return;
  standing.rules = record.delta.rules ?? standing.rules;
  for (const [path, blob] of record.delta.endorsed)
    if (blob) endorsed.set(path, blob);
    else endorsed.delete(path);
  for (const [path, entry] of record.delta.tree)
    if (entry) tree.set(path, entry);
    else tree.delete(path);
}
