// What asking GitLab about one landing may cost: whoever can write on a merge request can make its lists long, and nobody else waits for that.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Unavailable } from '../errors.ts';

export interface Budget {
  answers: number;
  bytes: number;
  /** The time of all requests together. */
  milliseconds: number;
  /** Of one request; without it, as many as ever. */
  readonly attempts?: number;
}

const budgets = new AsyncLocalStorage<Budget | undefined>();

/** More is there than is ever read of one merge request: asking again does not help. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch';
}

/** Everything that `work` asks is paid for from this budget. */
export function within<Result>(budget: Budget, work: () => Promise<Result>): Promise<Result> {
  return budgets.run({ ...budget }, work);
}

/** For what is asked once for many. */
export function unmetered<Result>(work: () => Promise<Result>): Promise<Result> {
  const { attempts } = budgets.getStore() ?? {};
  const endless = Number.POSITIVE_INFINITY;
  return budgets.run(attempts === undefined ? undefined : { answers: endless, bytes: endless, milliseconds: endless, attempts }, work);
}

export function mostAttempts(usual: number): number {
  return Math.min(usual, budgets.getStore()?.attempts ?? usual);
}

/** Before a request. Throws TooMuch, or Unavailable where it was the time that went. */
export function checkBudget(request: string): void {
  const left = budgets.getStore();
  if (!left) return;
  if (left.answers <= 0 || left.bytes <= 0)
    throw new TooMuch(`GitLab holds more of the merge request than is read of one: ${request} was not asked any more`);
  if (left.milliseconds <= 0)
    throw new Unavailable('gitlab', `the questions about one merge request took too long: ${request} was not asked any more`);
}

/** After a request that was answered, or not. */
export function spend(spent: Omit<Budget, 'attempts'>): void {
  const left = budgets.getStore();
  if (!left) return;
  left.answers -= spent.answers;
  left.bytes -= spent.bytes;
  left.milliseconds -= spent.milliseconds;
}

/** Lets a fixed number of tasks run at a time; the others wait their turn. A small server should not feel us. */
export type Gate = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function openGate(width: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    // The place is handed on, not given back: nobody who comes later slips in between.
    if (next) next();
    else running -= 1;
  };
  return async (task) => {
    if (running < width) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      leave();
    }
  };
}
