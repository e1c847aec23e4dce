import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf, type Piece, type PieceLimits } from '../../src/directory/pieces.ts';
import type { EmptyGroup } from '../../src/directory/layout.ts';
import type { GroupChange, MemberValue } from '../../src/directory/directory.ts';
import { dn, dnKey } from '../../src/names.ts';
import { group } from './open-directory.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
const value = (name: string): MemberValue => ({ dn: dn(`uid=${name}`), key: dnKey(`uid=${name}`) });
const limits: PieceLimits = { atOnce: 4, additions: 3, removals: 5, bytes: 1000 };
const nobody = dn('cn=nobody');

function changeOf(before: readonly string[], after: readonly string[], placeholder: boolean): GroupChange {
  return {
    group: { kind: 'group', group: group('klaxon'), dn: dn('cn=klaxon'), revision: '1', members: before.map(value), placeholder },
    add: after.filter((name) => !before.includes(name)).map(value),
    remove: before.filter((name) => !after.includes(name)).map(value),
  };
}

/** What groupOfNames makes of the pieces: every state after a piece; an error where the server would refuse. */
function perform(values: readonly string[], pieces: readonly Piece[]): readonly ReadonlySet<string>[] {
  const held = new Set(values);
  return pieces.map((piece) => {
    for (const text of piece.remove) if (!held.delete(text)) throw new Error(`16: ${text}`);
    for (const text of piece.add) {
      if (held.has(text)) throw new Error(`20: ${text}`);
      held.add(text);
    }
    return new Set(held);
  });
}

const membership = fc.subarray(names);
const placeholders = fc.constantFrom<EmptyGroup>('empty-dn', 'no-member', nobody);

describe('the pieces of a change', () => {
  it('made one after the other turn the group that was read into the one that is wanted, and never leave it empty on the way', () => {
    fc.assert(
      fc.property(membership, membership, fc.boolean(), placeholders, (before, after, hadPlaceholder, emptyGroup) => {
        const placeholder = emptyGroup === nobody ? nobody : '';
        const hasPlaceholder = hadPlaceholder || (before.length === 0 && emptyGroup !== 'no-member');
        const values = [...before.map((name) => `uid=${name}`), ...(hasPlaceholder ? [placeholder] : [])];
        const states = perform(values, piecesOf(changeOf(before, after, hasPlaceholder), emptyGroup, limits));
        const end = states.at(-1) ?? new Set(values);
        expect([...end].filter((text) => text !== placeholder).sort()).toEqual(after.map((name) => `uid=${name}`));
        if (emptyGroup !== 'no-member' || after.length > 0) expect(states.every((state) => state.size > 0)).toBe(true);
      }),
    );
  });

  it('delete before they add, and keep to the limits', () => {
    fc.assert(
      fc.property(membership, membership, (before, after) => {
        const pieces = piecesOf(changeOf(before, after, false), 'no-member', limits);
        const firstAddition = pieces.findIndex((piece) => piece.add.length > 0);
        if (firstAddition >= 0) expect(pieces.slice(firstAddition + 1).every((piece) => piece.remove.length === 0)).toBe(true);
        for (const piece of pieces) {
          expect(piece.add.length).toBeLessThanOrEqual(limits.atOnce);
          expect(piece.remove.length).toBeLessThanOrEqual(limits.removals);
        }
      }),
    );
  });

  it.each([
    { given: 'a small change', before: ['a', 'b'], after: ['b', 'c'], placeholder: false, gives: [{ remove: ['uid=a'], add: ['uid=c'] }] },
    { given: 'the last member out', before: ['a'], after: [], placeholder: false, gives: [{ remove: ['uid=a'], add: [''] }] },
    { given: 'the first member in', before: [], after: ['a'], placeholder: true, gives: [{ remove: [''], add: ['uid=a'] }] },
    {
      given: 'the last member out beside a placeholder',
      before: ['a'],
      after: [],
      placeholder: true,
      gives: [{ remove: ['uid=a'], add: [] }],
    },
    {
      given: 'a removal beside a placeholder',
      before: ['a', 'b'],
      after: ['a'],
      placeholder: true,
      gives: [{ remove: ['uid=b'], add: [] }],
    },
    { given: 'nothing to change', before: ['a'], after: ['a'], placeholder: true, gives: [] },
    {
      given: 'everybody exchanged',
      before: ['a', 'b', 'c'],
      after: ['d', 'e', 'f', 'g'],
      placeholder: false,
      gives: [
        { remove: ['uid=a', 'uid=b', 'uid=c'], add: ['uid=d', 'uid=e', 'uid=f'] },
        { remove: [], add: ['uid=g'] },
      ],
    },
  ])('given $given, then they are these', ({ before, after, placeholder, gives }) => {
    expect(piecesOf(changeOf(before, after, placeholder), 'empty-dn', limits)).toEqual(gives);
  });

  it('given long DNs, then no piece is larger than a message may be', () => {
    const long = names.map((name) => name.repeat(100));
    const pieces = piecesOf(changeOf(long, [], false), 'no-member', { ...limits, bytes: 400 });
    expect(pieces.map((piece) => piece.remove.length)).toEqual([3, 3, 3, 3]);
  });
});
