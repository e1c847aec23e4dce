// How long GitLab has answered about others and not about one landing: that time only counts between two runs in a row that saw it so.
import { describe, expect, it } from 'vitest';
import { instant } from '../../src/names.ts';
import { longestUnanswered, prolonged, unansweredRecord, type Unanswered } from '../../src/record/waits.ts';
import { hour } from '../../src/time.ts';
import { commit } from '../evidence/evidence-samples.ts';

type Run = readonly [at: number, others: boolean];

const afterAll = (runs: readonly Run[]) =>
  runs.reduce<Unanswered | undefined>((known, [at, others]) => prolonged(known, instant(at * hour), others), undefined);

describe('given a landing that GitLab does not answer about', () => {
  it.each<{ given: string; runs: readonly Run[]; total: number; since: number | undefined; last: number | undefined }>([
    { given: 'one run that saw others answered', runs: [[1, true]], total: 0, since: 1, last: 1 },
    {
      given: 'three such runs',
      runs: [
        [1, true],
        [3, true],
        [7, true],
      ],
      total: 6,
      since: 1,
      last: 7,
    },
    {
      given: 'others silent as well',
      runs: [
        [1, false],
        [9, false],
      ],
      total: 0,
      since: undefined,
      last: undefined,
    },
    {
      given: 'an outage between',
      runs: [
        [1, true],
        [2, true],
        [3, false],
        [8, true],
        [9, true],
      ],
      total: 2,
      since: 1,
      last: 9,
    },
    {
      given: 'an outage at last',
      runs: [
        [1, true],
        [4, true],
        [5, false],
      ],
      total: 3,
      since: 1,
      last: undefined,
    },
    {
      given: 'a clock that goes back',
      runs: [
        [5, true],
        [3, true],
        [4, true],
      ],
      total: 1,
      since: 5,
      last: 4,
    },
  ])('when there was $given, then so long counts', ({ runs, total, since, last }) => {
    const at = (hours: number | undefined) => (hours === undefined ? undefined : instant(hours * hour));
    expect(afterAll(runs)).toEqual({ total: total * hour, since: at(since), last: at(last) });
  });

  it('when a run every minute sees it so, then six hours are over after six hours', () => {
    const minutes = Array.from({ length: 361 }, (_, minute): Run => [minute / 60, true]);
    expect(afterAll(minutes.slice(0, -1))?.total).toBeLessThan(longestUnanswered);
    expect(afterAll(minutes)?.total).toBeCloseTo(longestUnanswered, -1);
  });

  it('then a run is kept where it begins, prolongs or breaks such a row, and not otherwise', () => {
    const known = prolonged(undefined, instant(hour), true);
    const broken = prolonged(known, instant(2 * hour), false);
    const kept = (others: boolean, before: Unanswered | undefined) => unansweredRecord(commit('a'), instant(3 * hour), others, before);

    expect([kept(true, undefined)?.others, kept(true, known)?.others, kept(false, known)?.others]).toEqual([true, true, false]);
    expect([kept(false, undefined), kept(false, broken)]).toEqual([undefined, undefined]);
  });
});
