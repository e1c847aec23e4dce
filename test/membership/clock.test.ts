import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeClock, steadyNow } from '../../src/membership/clock.ts';
import { duration, instant, type Instant } from '../../src/names.ts';
import { day, hour, minute } from '../../src/time.ts';
import { moments } from '../support/arbitraries.ts';
import { hours, now } from './membership-samples.ts';

const agreeing = { date: now, receivedAt: now };
const apart = (skew: number) => ({ date: instant(now + skew), receivedAt: now });

describe('whether the clock is to be believed', () => {
  it.each([
    { given: 'a first run', lastRun: undefined, gitlab: undefined, gives: 'sound' },
    { given: 'a first run that GitLab confirms', lastRun: undefined, gitlab: agreeing, gives: 'sound' },
    { given: 'a run an hour ago', lastRun: hours(-1), gitlab: undefined, gives: 'sound' },
    { given: 'a run at this very moment', lastRun: now, gitlab: undefined, gives: 'sound' },
    { given: 'a run seven days ago to the millisecond', lastRun: instant(now - 7 * day), gitlab: undefined, gives: 'sound' },
    { given: 'a run a millisecond longer ago', lastRun: instant(now - 7 * day - 1), gitlab: undefined, gives: 'unconfirmed' },
    { given: 'a run long ago, and GitLab confirms the time', lastRun: hours(-9000), gitlab: agreeing, gives: 'sound' },
    { given: 'a run long ago, and GitLab says otherwise', lastRun: hours(-9000), gitlab: apart(hours(-9000) - now), gives: 'unconfirmed' },
    { given: 'a run a millisecond in the future', lastRun: instant(now + 1), gitlab: undefined, gives: 'behind' },
    { given: 'a run in the future, whatever GitLab says', lastRun: hours(24), gitlab: agreeing, gives: 'behind' },
    { given: 'GitLab five minutes ahead', lastRun: hours(-1), gitlab: apart(5 * minute), gives: 'sound' },
    { given: 'GitLab a little more ahead', lastRun: hours(-1), gitlab: apart(5 * minute + 1), gives: 'skewed' },
    { given: 'GitLab five minutes behind', lastRun: hours(-1), gitlab: apart(-5 * minute), gives: 'sound' },
    { given: 'GitLab a little more behind', lastRun: hours(-1), gitlab: apart(-5 * minute - 1), gives: 'skewed' },
    { given: 'GitLab asked a while ago', lastRun: hours(-1), gitlab: { date: hours(-0.5), receivedAt: hours(-0.5) }, gives: 'sound' },
    { given: 'a run ten minutes ago, and GitLab ten minutes behind', lastRun: hours(-0.1), gitlab: apart(-10 * minute), gives: 'skewed' },
    { given: 'a run long ago, and GitLab says eight days less', lastRun: hours(-200), gitlab: apart(-8 * day), gives: 'unconfirmed' },
  ])('given $given, then it is $gives', ({ lastRun, gitlab, gives }) => {
    expect(judgeClock({ now, lastRun, gitlab }).kind).toBe(gives);
  });

  const boot = (uptime: number, id = 'one') => ({ id, uptime: duration(uptime) });
  it.each([
    { given: 'an hour on both', passed: hour, gitlab: undefined, gives: 'sound' },
    { given: 'five minutes more by the kernel', passed: hour + 5 * minute, gitlab: undefined, gives: 'sound' },
    { given: 'a little more than that by the kernel', passed: hour + 5 * minute + 1, gitlab: undefined, gives: 'unconfirmed' },
    { given: 'a little less by the kernel', passed: hour - 5 * minute - 1, gitlab: undefined, gives: 'unconfirmed' },
    { given: 'a jump that GitLab confirms', passed: minute, gitlab: agreeing, gives: 'sound' },
    { given: 'a jump that GitLab contradicts', passed: minute, gitlab: apart(-hour), gives: 'unconfirmed' },
    { given: 'no jump, and GitLab apart', passed: hour, gitlab: apart(-10 * minute), gives: 'skewed' },
  ])('cases 112 and 117: given a run an hour ago in the same boot, and $given, then it is $gives', ({ passed, gitlab, gives }) => {
    const verdict = judgeClock({ now, boot: boot(day + passed), lastRun: hours(-1), lastBoot: boot(day), gitlab });
    expect(verdict).toMatchObject({ kind: gives, ...(gives === 'unconfirmed' && { since: hours(-1) }) });
  });

  it('case 117: given GitLab ten minutes off for forty days, then each run is skewed and none a jump: nobody is added, and ends come on time', () => {
    for (let passed = 1; passed <= 40; passed++) {
      const at = instant(now + passed * day);
      const gitlab = { date: instant(at - 10 * minute), receivedAt: at };
      const terms = { now: at, boot: boot(passed * day), lastRun: instant(at - day), lastBoot: boot((passed - 1) * day), gitlab };
      expect(judgeClock(terms).kind).toBe('skewed');
    }
  });

  it('given another boot, then only more than seven days are a jump, whatever the kernel counts; and months of one boot are none', () => {
    const other = (lastRun: Instant) =>
      judgeClock({ now, boot: boot(minute, 'two'), lastRun, lastBoot: boot(day), gitlab: undefined }).kind;
    expect([other(hours(-24 * 7)), other(instant(now - 7 * day - 1))]).toEqual(['sound', 'unconfirmed']);
    const month = judgeClock({ now, boot: boot(31 * day), lastRun: instant(now - 30 * day), lastBoot: boot(day), gitlab: undefined });
    expect(month.kind).toBe('sound');
  });

  it('given a kernel that tells its clock only now, or told it only then, then it is compared with nothing', () => {
    const terms = { now, lastRun: hours(-24), gitlab: undefined };
    expect(judgeClock({ ...terms, boot: boot(minute) }).kind).toBe('sound');
    expect(judgeClock({ ...terms, lastBoot: boot(minute) }).kind).toBe('sound');
  });

  it('given a clock in doubt, then the message says both times', () => {
    expect(judgeClock({ now, lastRun: hours(24), gitlab: undefined })).toMatchObject({
      message: 'the clock says 2026-11-23 12:00 UTC, but the last run was at 2026-11-24 12:00 UTC',
    });
    expect(judgeClock({ now, lastRun: hours(-240), gitlab: undefined })).toMatchObject({
      message: 'the clock says 2026-11-23 12:00 UTC, 10 days after the last run, and nothing confirms it',
    });
  });
});

it('the moment by which grants are judged never goes back', () => {
  fc.assert(
    fc.property(moments, moments, (at, lastRun) => {
      expect(steadyNow(at, lastRun)).toBe(Math.max(at, lastRun));
      expect(steadyNow(at, undefined)).toBe(at);
    }),
  );
});
