// Is this host's clock to be believed? A clock that jumps could end every grant, or bring ended ones back.
import { instant, type Duration, type Instant } from '../names.ts';
import { day, minute, renderDuration } from '../time.ts';
import { renderMoment } from '../text.ts';

export type ClockVerdict =
  | { readonly kind: 'sound' }
  | { readonly kind: 'behind' | 'skewed'; readonly message: string }
  /** The clock jumped. Ends up to `since` were due while it was still sound. */
  | { readonly kind: 'unconfirmed'; readonly message: string; readonly since: Instant };

/** The kernel's own clock, which nobody sets: which boot, and for how long it has been up. */
export interface BootClock {
  readonly id: string;
  readonly uptime: Duration;
}

export interface ClockWitnesses {
  readonly now: Instant;
  /** Undefined where the kernel does not tell. */
  readonly boot?: BootClock | undefined;
  /** The high-water mark: the latest moment at which an earlier run found the clock sound. */
  readonly lastRun: Instant | undefined;
  /** The kernel's clock at that moment. */
  readonly lastBoot?: BootClock | undefined;
  /** `Date` of GitLab's latest answer, and this host's time when it came. */
  readonly gitlab: { readonly date: Instant; readonly receivedAt: Instant } | undefined;
}

/** Without a common boot the two clocks cannot be compared: a host may be off for so long. */
const longestSilence = 7 * day;
const largestSkew = 5 * minute;

/** This host's own evidence decides whether its clock jumped. GitLab may confirm a jump, and makes none. */
export function judgeClock(witnesses: ClockWitnesses): ClockVerdict {
  const { now, lastRun, gitlab } = witnesses;
  if (lastRun !== undefined && now < lastRun) {
    return { kind: 'behind', message: `the clock says ${renderMoment(now)}, but the last run was at ${renderMoment(lastRun)}` };
  }
  const skew = gitlab ? Math.abs(gitlab.date - gitlab.receivedAt) : 0;
  const jump = jumpOf(witnesses);
  if (lastRun !== undefined && jump !== undefined && (!gitlab || skew > largestSkew)) {
    const confirmed = gitlab ? `GitLab says ${renderMoment(gitlab.date)}` : 'nothing confirms it';
    return { kind: 'unconfirmed', message: `${jump}, and ${confirmed}`, since: lastRun };
  }
  if (gitlab && skew > largestSkew) {
    return {
      kind: 'skewed',
      message: `the clock says ${renderMoment(gitlab.receivedAt)}, GitLab says ${renderMoment(gitlab.date)}: ${renderDuration(skew)} apart`,
    };
  }
  return { kind: 'sound' };
}

function jumpOf({ now, boot, lastRun, lastBoot }: ClockWitnesses): string | undefined {
  if (lastRun === undefined) return undefined;
  const said = `the clock says ${renderMoment(now)}, ${renderDuration(now - lastRun)} after the last run`;
  if (boot && lastBoot && boot.id === lastBoot.id) {
    const passed = boot.uptime - lastBoot.uptime;
    return Math.abs(now - lastRun - passed) > largestSkew ? `${said}, while ${renderDuration(passed)} passed since` : undefined;
  }
  return now - lastRun > longestSilence ? said : undefined;
}

/** The moment by which grants are judged: never behind the last run's. */
export function steadyNow(now: Instant, lastRun: Instant | undefined): Instant {
  return lastRun === undefined ? now : instant(Math.max(now, lastRun));
}
