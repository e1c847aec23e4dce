import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitStatus, statusOf, type StatusName } from '../src/status.ts';

const worstFirst: readonly StatusName[] = ['bug', 'misuse', 'directory', 'input', 'held', 'refused', 'unavailable', 'findings', 'pending'];

describe('the status of several', () => {
  it('given nothing, then it is in order', () => {
    expect(statusOf([])).toEqual({ code: 0, name: 'in order', all: ['in order'] });
  });

  it('given any, in any order and repeated, then the worst is the exit status and all are listed worst first', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...worstFirst), { minLength: 1 }), (names) => {
        const all = worstFirst.filter((name) => names.includes(name));
        expect(statusOf(names)).toEqual({ code: exitStatus[all[0] ?? 'in order'], name: all[0], all });
      }),
    );
  });

  it('given that all is in order besides something else, then only the other is told', () => {
    expect(statusOf(['in order', 'pending'])).toEqual({ code: 10, name: 'pending', all: ['pending'] });
  });

  it('the codes are those of the contract', () => {
    expect(worstFirst.map((name) => exitStatus[name])).toEqual([70, 2, 6, 5, 3, 4, 75, 1, 10]);
  });
});
