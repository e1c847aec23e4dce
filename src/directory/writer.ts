// Changes the members of managed groups, and nothing else of them. Every modify is bound to the entry that was read.
import { Attribute, Change, ResultCodeError } from 'ldapts';
import type { ChangeOutcome, GroupChange } from './directory.ts';
import type { Dn } from '../names.ts';
import { Unavailable } from '../errors.ts';
import type { DirectoryConnection } from './connection.ts';
import { RevisionAfter, UnchangedSince } from './controls.ts';
import type { DirectoryLayout } from './layout.ts';
import { pieceLimits, piecesOf, type Piece, type PieceLimits } from './pieces.ts';
import { renderResultCode, resultCode } from './result-codes.ts';

/** Called after each piece of a change: how many values have been changed, of how many. */
export type Progress = (done: number, total: number) => void;

export interface DirectoryWriter {
  /**
   * Makes the change if the group is still the one that was read; what came of it is the answer, and nothing that the
   * directory does is thrown. `done` says that the server accepted it: read back, for an overlay may have left a value out.
   * A server without the assertion control answers `refused`: without it another writer's change could be undone unseen.
   */
  apply(change: GroupChange, progress?: Progress): Promise<ChangeOutcome>;
}

export function directoryWriter(
  connection: DirectoryConnection,
  layout: Pick<DirectoryLayout, 'emptyGroup'>,
  limits: PieceLimits = pieceLimits,
): DirectoryWriter {
  return {
    apply: async (change, progress) => {
      const pieces = piecesOf(change, layout.emptyGroup, limits);
      const total = pieces.reduce((sum, piece) => sum + piece.remove.length + piece.add.length, 0);
      let done = 0;
      let revision = change.group.revision;
      for (const [index, piece] of pieces.entries()) {
        const after = index + 1 < pieces.length ? new RevisionAfter() : undefined;
        const outcome = await modify(connection, change.group.dn, piece, revision, after);
        if (outcome.kind !== 'done') return partial(outcome, done, total);
        done += piece.remove.length + piece.add.length;
        progress?.(done, total);
        if (after && after.revision === undefined)
          return partial({ kind: 'refused', message: unseenRevision(change.group.dn) }, done, total);
        revision = after?.revision ?? revision;
      }
      return { kind: 'done' };
    },
  };
}

async function modify(
  connection: DirectoryConnection,
  group: Dn,
  piece: Piece,
  revision: string,
  after: RevisionAfter | undefined,
): Promise<ChangeOutcome> {
  const changes = (['delete', 'add'] as const).flatMap((operation) => {
    const values = [...(operation === 'delete' ? piece.remove : piece.add)];
    return values.length === 0 ? [] : [new Change({ operation, modification: new Attribute({ type: 'member', values }) })];
  });
  try {
    await connection.modify(group, changes, [new UnchangedSince(group, revision), ...(after ? [after] : [])]);
    return { kind: 'done' };
  } catch (error) {
    return outcomeOf(error, group);
  }
}

function outcomeOf(error: unknown, group: Dn): ChangeOutcome {
  if (error instanceof Unavailable)
    return { kind: 'unknown', message: `${error.message}; what became of the change of ${group} is not known` };
  if (!(error instanceof ResultCodeError)) throw error;
  switch (error.code) {
    case resultCode.assertionFailed:
    // The values are not what was read either: somebody else's change, or a spelling that only the server knows for equal.
    case resultCode.noSuchAttribute:
    case resultCode.attributeOrValueExists:
      return { kind: 'lost-race' };
    default:
      return { kind: 'refused', message: `the directory refused the change of ${group}: ${renderResultCode(error.code)}` };
  }
}

function partial(outcome: ChangeOutcome, done: number, total: number): ChangeOutcome {
  if (done === 0 || !('message' in outcome)) return outcome;
  return { ...outcome, message: `${outcome.message} (${done} of ${total} values had been changed)` };
}

function unseenRevision(group: Dn): string {
  return `the directory does not show entryCSN of ${group} after a change, so the rest cannot be made safely: its administrator has to let this account read that attribute`;
}
