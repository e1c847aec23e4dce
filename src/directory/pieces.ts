// Cuts one change of a group into the modify operations that make it: one where it is small, as few as the server
// takes where it is large. Pure.
import type { GroupChange } from './directory.ts';
import { placeholderOf, type EmptyGroup } from './layout.ts';

/** The values that one modify deletes and adds, as the server spells them. */
export interface Piece {
  readonly remove: readonly string[];
  readonly add: readonly string[];
}

export interface PieceLimits {
  /** A change of at most so many values is one modify, and so all or nothing. */
  readonly atOnce: number;
  readonly additions: number;
  // Every deletion makes slapd index the members that are left anew: few large ones.
  readonly removals: number;
  /** Bytes of values in one modify; slapd takes messages of 4 MiB and more (sockbuf_max_incoming_auth). */
  readonly bytes: number;
}

export const pieceLimits: PieceLimits = { atOnce: 1000, additions: 1000, removals: 20_000, bytes: 2 * 1024 * 1024 };

/**
 * Deletions first: should the run stop half-way, it has narrowed access and not widened it. The last deletions and the
 * first additions share a modify, so that a group with a new membership is never without a member in between.
 */
export function piecesOf(change: GroupChange, emptyGroup: EmptyGroup, limits: PieceLimits = pieceLimits): readonly Piece[] {
  const placeholder = placeholderChange(change, emptyGroup);
  const remove = change.remove.map(({ dn }) => dn);
  const add = change.add.map(({ dn }) => dn);
  const isSmall = remove.length + add.length <= limits.atOnce;
  const removals = chunksOf(remove, isSmall ? limits.atOnce : limits.removals, limits.bytes);
  const additions = chunksOf(add, isSmall ? limits.atOnce : limits.additions, limits.bytes / 2);
  const lastRemovals = removals.at(-1) ?? [];
  const firstAdditions = additions.at(0) ?? [];
  const turn = { remove: [...lastRemovals, ...placeholder.remove], add: [...firstAdditions, ...placeholder.add] };
  const pieces = [
    ...removals.slice(0, -1).map((values) => ({ remove: values, add: [] })),
    turn,
    ...additions.slice(1).map((values) => ({ remove: [], add: values })),
  ];
  return pieces.filter((piece) => piece.remove.length + piece.add.length > 0);
}

/** groupOfNames must keep one value (RFC 4519, section 3.5): the placeholder comes with the last removal and goes with the first addition. */
function placeholderChange({ group, add, remove }: GroupChange, emptyGroup: EmptyGroup): Piece {
  const isEmptied = remove.length > 0 && group.members.length - remove.length + add.length === 0;
  if (isEmptied && !group.placeholder && emptyGroup !== 'no-member') return { remove: [], add: [placeholderOf(emptyGroup)] };
  if (add.length > 0 && group.placeholder) return { remove: [placeholderOf(emptyGroup)], add: [] };
  return { remove: [], add: [] };
}

function chunksOf(values: readonly string[], most: number, bytes: number): readonly (readonly string[])[] {
  const chunks: string[][] = [];
  let size = 0;
  for (const value of values) {
    const length = Buffer.byteLength(value) + 6;
    const last = chunks.at(-1);
    if (last && last.length < most && size + length <= bytes) {
      last.push(value);
      size += length;
    } else {
      chunks.push([value]);
      size = length;
    }
  }
  return chunks;
}
