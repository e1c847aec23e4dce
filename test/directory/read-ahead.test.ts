import { describe, expect, it } from 'vitest';
import { readAhead } from '../../src/directory/read-ahead.ts';

/** Answers one after the other; `log` says when each was asked for, had come, and was looked at. */
function answersOf(count: number, log: string[], failsAt?: number) {
  let asked = 0;
  return async (): Promise<IteratorResult<number, undefined>> => {
    const number = ++asked;
    log.push(`ask ${number}`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`come ${number}`);
    if (number === failsAt) throw new Error(`no answer ${number}`);
    return number > count ? { done: true, value: undefined } : { done: false, value: number };
  };
}

describe('given answers that come one after the other', () => {
  it('when they are looked at, then each is asked for before the one before it is handed on, and never two at once', async () => {
    const log: string[] = [];
    for await (const number of readAhead(answersOf(2, log))) log.push(`look ${number}`);
    expect(log).toEqual(['ask 1', 'come 1', 'ask 2', 'look 1', 'come 2', 'ask 3', 'look 2', 'come 3']);
  });

  it('when whoever looks at them has seen enough, then it ends once nothing is left to come', async () => {
    const log: string[] = [];
    for await (const number of readAhead(answersOf(9, log))) if (number === 1) break;
    expect(log).toEqual(['ask 1', 'come 1', 'ask 2', 'come 2']);
  });

  it('when one fails while the one before it is looked at, then that is said when it is its turn', async () => {
    const seen: number[] = [];
    const look = async () => {
      for await (const number of readAhead(answersOf(9, [], 3))) {
        seen.push(number);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await expect(look()).rejects.toThrow('no answer 3');
    expect(seen).toEqual([1, 2]);
  });
});
