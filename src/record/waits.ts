// How long a landing may wait for its own answer. What fails for all lasts as long as it lasts; what fails for one landing, while GitLab
// answers the same questions about others, is final after six hours of that.
import type { UnansweredRecord } from './judging-record.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { hour } from '../time.ts';
import { renderMoment } from '../text.ts';

export const longestUnanswered = 6 * hour;

/** From then on a merge that does not end is said to be one. */
export const longMerge = 2 * hour;

export interface Unanswered {
  /** The first run in which others were answered and this one was not. */
  readonly since: Instant | undefined;
  /** Milliseconds between runs of that kind that followed each other. */
  readonly total: number;
  /** The last run, if it was one of that kind. */
  readonly last: Instant | undefined;
}

/** With one more run. */
export function prolonged(known: Unanswered | undefined, at: Instant, others: boolean): Unanswered {
  const gained = others && known?.last !== undefined ? Math.max(0, at - known.last) : 0;
  return { since: known?.since ?? (others ? at : undefined), total: (known?.total ?? 0) + gained, last: others ? at : undefined };
}

/** What is to be kept of a run: nothing where it ended no row of such runs and began none. */
export function unansweredRecord(
  commit: CommitId,
  at: Instant,
  others: boolean,
  known: Unanswered | undefined,
): UnansweredRecord | undefined {
  return others || known?.last !== undefined ? { type: 'unanswered', at, commit, others } : undefined;
}

/** What GitLab says of other merge requests: the same is answered, it is not, or there is none to ask about. */
export type OthersAnswered = 'answered' | 'silent' | 'none';

export function renderUnanswered(
  commit: CommitId,
  detail: string,
  { since, total }: Unanswered,
  now: Instant,
  others: OthersAnswered,
  seen: Instant,
): string {
  const waits = `so it waits since ${renderMoment(seen)}`;
  if (others === 'none')
    return `${detail}; there is no other merge request that GitLab could be asked about, ${waits} until there is one, or until somebody types "muster refuse ${commit.slice(0, 12)} --reason …"`;
  if (others === 'silent' || since === undefined)
    return `${detail}; GitLab answers nothing of the kind about other changes either, ${waits} for as long as that lasts`;
  const end = instant(now + Math.max(0, longestUnanswered - total));
  return `${detail}; GitLab answers the same about other changes since ${renderMoment(since)}: if that stays so, it is refused at ${renderMoment(end)}`;
}
