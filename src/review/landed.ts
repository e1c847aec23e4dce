// Which merge request became a landing that was refused before GitLab had been asked about it, for what is wrong with its form needs no evidence.
// Whoever merged it reads so there; nothing is decided by it.
import type { CommitId, Instant } from '../names.ts';
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
