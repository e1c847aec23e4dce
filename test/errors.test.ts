import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { together } from '../src/errors.ts';

describe('given two things that are begun at the same time', () => {
  const fails = async (word: string, after: number) => {
    await pause(after);
    throw new Error(word);
  };

  it('when both give something, then it is both', async () => {
    expect(await together(Promise.resolve(1), Promise.resolve('two'))).toEqual([1, 'two']);
  });

  it.each(['first', 'second'])('when the %s fails, then that is said once the other has ended', async (which) => {
    let hasEnded = false;
    const other = pause(30).then(() => (hasEnded = true));
    const failing = fails(which, 0);
    await expect(which === 'first' ? together(failing, other) : together(other, failing)).rejects.toThrow(which);
    expect(hasEnded).toBe(true);
  });

  it('when both fail, then it is the error of the first, whichever came first', async () => {
    await expect(together(fails('first', 20), fails('second', 0))).rejects.toThrow('first');
  });
});
