// What is measured, and what is asked of it.
import { checkGrants } from './check.ts';
import { firstRun } from './first-run.ts';
import { memory } from './memory.ts';
import { churn, fill, idle } from './reconcile.ts';
import { report } from './report.ts';
import { walk } from './walk.ts';

/** One line of the table. */
export interface Result {
  readonly muster: string;
  readonly native?: string;
  readonly ratio?: string;
  readonly target?: string;
  /** Undefined where nothing is asked for. */
  readonly isMet?: boolean;
  /** What else the reader of the figures must know. */
  readonly remark?: string;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  /** `rounds` of muster and of its counterpart, in turn. */
  measure(rounds: number): Promise<Result>;
}

export const scenarios: readonly Scenario[] = [
  idle('idle-60', { groups: 1, members: 60 }, { most: 2.5, node: true }),
  idle('idle-100', { groups: 1, members: 100 }),
  idle('idle-10k', { groups: 1, members: 10_000 }),
  idle('idle-100k', { groups: 1, members: 100_000 }, { most: 2 }),
  idle('idle-50x2k', { groups: 50, members: 2_000 }),
  churn('churn-10k', { groups: 1, members: 10_000 }, { most: 2.5 }),
  churn('churn-100k', { groups: 1, members: 100_000 }, { most: 2 }),
  fill('fill-10k', { groups: 1, members: 10_000, empty: true }, { most: 1.2 }),
  memory('memory-100k', { groups: 1, members: 100_000 }, 300),
  checkGrants('check-10k', 10_000, 5),
  report('report-500', 500, 10),
  walk('walk-3000', 3_000, 1),
  firstRun('first-run-2000', 2_000, 20, 2),
];
