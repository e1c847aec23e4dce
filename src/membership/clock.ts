// Is this host's clock to be believed? A clock that jumps could end every grant, or bring ended ones back (DESIGN, section 5).
import { instant, type Instant } from '../names.ts';
import { day, minute, renderDuration, renderInstant } from '../time.ts';

export type ClockVerdict = { readonly kind: 'sound' } | { readonly kind: 'behind' | 'skewed' | 'unconfirmed'; readonly message: string };

export interface ClockWitnesses {
  readonly now: Instant;
  /** The high-water mark: the latest moment at which an earlier run found the clock sound. */
  readonly lastRun: Instant | undefined;
  /** `Date` of GitLab's latest answer, and this host's time when it came. */
  readonly gitlab: { readonly date: Instant; readonly receivedAt: Instant } | undefined;
}

export const longestSilence = 7 * day;
export const largestSkew = 5 * minute;

export function judgeClock({ now, lastRun, gitlab }: ClockWitnesses): ClockVerdict {
  if (lastRun !== undefined && now < lastRun) {
    return { kind: 'behind', message: `the clock says ${renderInstant(now)}, but the last run was at ${renderInstant(lastRun)}` };
  }
  const skew = gitlab ? Math.abs(gitlab.date - gitlab.receivedAt) : 0;
  if (gitlab && skew > largestSkew) {
    return {
      kind: 'skewed',
      message: `the clock says ${renderInstant(gitlab.receivedAt)}, GitLab says ${renderInstant(gitlab.date)}: ${renderDuration(skew)} apart`,
    };
  }
  if (!gitlab && lastRun !== undefined && now - lastRun > longestSilence) {
    return {
      kind: 'unconfirmed',
      message: `the clock says ${renderInstant(now)}, ${renderDuration(now - lastRun)} after the last run, and nothing confirms it`,
    };
  }
  return { kind: 'sound' };
}

/** The moment by which grants are judged: never behind the last run's. */
export function steadyNow(now: Instant, lastRun: Instant | undefined): Instant {
  return lastRun === undefined ? now : instant(Math.max(now, lastRun));
}
