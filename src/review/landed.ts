// What became of merge requests on the branch, as the record has it; and which one became a landing that was refused before GitLab had been asked
// about it, for what is wrong with its form needs no evidence. Whoever merged it reads so there; nothing is decided by it.
import { rulesChanges } from '../check/rules-change.ts';
import { isAsEndorsed } from '../judge/effective.ts';
import type { CommitId, Instant } from '../names.ts';
import { JudgedDraft, nothingJudged } from '../record/judged-state.ts';
import type { PolicyState } from '../record/policy-state.ts';
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

/** The landings that are wanted, with what each did. Read in the order of the record. */
export function judgedLandings(records: Iterable<JudgingRecord>, isWanted: (record: VerdictRecord) => boolean): readonly JudgedLanding[] {
  const draft = new JudgedDraft(nothingJudged, 'judging');
  const found: Omit<JudgedLanding, 'locked'>[] = [];
  for (const record of records) {
    if (record.type === 'verdict' && isWanted(record)) found.push(landingOf(record, draft.state.policy));
    draft.take(record);
  }
  const { policy } = draft.state;
  const isLocked = ({ path }: { readonly path: string }) => policy !== undefined && !isAsEndorsed(policy, path, policy.tree.get(path));
  return found.map((landing) => ({ ...landing, locked: landing.paths.filter(isLocked).map(({ path }) => path) }));
}

function landingOf({ commit, verdict, delta }: VerdictRecord, before: PolicyState | undefined): Omit<JudgedLanding, 'locked'> {
  const isRefused = verdict.kind === 'refused';
  return {
    commit,
    verdict,
    paths: delta.tree.map(([path, entry]) => ({ path, stands: entry !== null })),
    restores:
      isRefused &&
      before !== undefined &&
      delta.tree.length > 0 &&
      delta.tree.every(([path, entry]) => isAsEndorsed(before, path, entry ?? undefined)),
    took: isRefused ? takenBy(delta) : [],
    takenOut: isRefused ? (delta.takenOut ?? []) : [],
    rules: before && delta.rules ? rulesChanges(before.rules, delta.rules) : [],
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
