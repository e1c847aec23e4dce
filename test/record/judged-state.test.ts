// The project on GitLab is part of what people sign: one record has one.
import { describe, expect, it } from 'vitest';
import { goOnWith, nothingJudged, takeJudged } from '../../src/record/judged-state.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { grantOf, hours, now } from '../membership/membership-samples.ts';
import { begun, caughtUp, startOf } from '../reconcile/judging-samples.ts';

const project = (number: number): JudgingRecord => ({ type: 'project', at: now, project: number });
const record = (...more: readonly JudgingRecord[]) => [begun(), ...startOf(grantOf('alice', { until: hours(48) })), ...more, caughtUp];
const first = takeJudged(nothingJudged, record(project(7)), 'converging');

describe('given the number of the project', () => {
  it('when the record says another one later, then the first counts', () => {
    expect(takeJudged(first, [project(8)], 'converging').project).toBe(7);
  });

  it.each([
    { when: 'root began a record anew, and it has another one', how: 'succeeds', says: [project(8)], gives: [8, false] },
    { when: 'root began a record anew, and it has none yet', how: 'succeeds', says: [], gives: [7, false] },
    { when: 'the record was lost, and the next has the same', how: 'repeats', says: [project(7)], gives: [7, false] },
    { when: 'the record was lost, and the next has none yet', how: 'repeats', says: [], gives: [7, false] },
    { when: 'the record was lost, and the next has another one', how: 'repeats', says: [project(8)], gives: [7, true] },
  ] as const)('when $when, then it is $gives', ({ how, says, gives }) => {
    const lines = [begun('cd'.repeat(16)), ...says, ...record().slice(1)];
    const state = takeJudged(goOnWith(first, how), lines, 'converging');
    expect([state.project, state.contradicted]).toEqual(gives);
  });
});
