import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeClock, steadyNow } from '../../src/membership/clock.ts';
import { instant } from '../../src/names.ts';
import { day, minute } from '../../src/time.ts';
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
    { given: 'a run long ago, and GitLab says otherwise', lastRun: hours(-9000), gitlab: apart(hours(-9000) - now), gives: 'skewed' },
    { given: 'a run a millisecond in the future', lastRun: instant(now + 1), gitlab: undefined, gives: 'behind' },
    { given: 'a run in the future, whatever GitLab says', lastRun: hours(24), gitlab: agreeing, gives: 'behind' },
    { given: 'GitLab five minutes ahead', lastRun: hours(-1), gitlab: apart(5 * minute), gives: 'sound' },
    { given: 'GitLab a little more ahead', lastRun: hours(-1), gitlab: apart(5 * minute + 1), gives: 'skewed' },
    { given: 'GitLab five minutes behind', lastRun: hours(-1), gitlab: apart(-5 * minute), gives: 'sound' },
    { given: 'GitLab a little more behind', lastRun: hours(-1), gitlab: apart(-5 * minute - 1), gives: 'skewed' },
    { given: 'GitLab asked a while ago', lastRun: hours(-1), gitlab: { date: hours(-0.5), receivedAt: hours(-0.5) }, gives: 'sound' },
  ])('given $given, then it is $gives', ({ lastRun, gitlab, gives }) => {
    expect(judgeClock({ now, lastRun, gitlab }).kind).toBe(gives);
  });

  it('given a clock in doubt, then the message says both times', () => {
    expect(judgeClock({ now, lastRun: hours(24), gitlab: undefined })).toMatchObject({
      message: 'the clock says 2026-11-23T12:00:00Z, but the last run was at 2026-11-24T12:00:00Z',
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
