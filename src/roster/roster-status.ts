// What those who produce a roster may know of it on this host: was their list accepted, and which of its names count for nothing.
import type { WithheldReason } from '../membership/desired.ts';
import type { Instant, RosterName, Uid } from '../names.ts';
import type { RosterState } from './roster.ts';
import { withheldFrom, type RunReport } from '../reconcile/run.ts';
import { renderInstant } from '../time.ts';
import { plain, renderWithheld } from '../text.ts';

/** Whom the directory keeps out. Whatever this host alone knows, a revocation above all, is not told to a producer. */
const told: ReadonlySet<WithheldReason['code']> = new Set(['unknown-person', 'ambiguous-person', 'identity-changed', 'locked']);

interface RosterStatus {
  readonly roster: RosterName;
  /** When the list was looked at. */
  readonly at: Instant;
  /** The list that lies there now is the one that counts. */
  readonly accepted: boolean;
  readonly state: RosterState;
  /** The list that counts; undefined where none was ever accepted. */
  readonly inForce: { readonly sha256: string; readonly people: number } | undefined;
  /** By uid. */
  readonly skipped: readonly { readonly uid: Uid; readonly reason: WithheldReason }[];
}

/** One for each roster that the run looked at, in the order of the report. */
export function rosterStatuses({ at, rosters, groups }: Pick<RunReport, 'at' | 'rosters' | 'groups'>): readonly RosterStatus[] {
  return rosters.map(({ roster, state, generation }) => {
    const skipped = new Map<Uid, WithheldReason>();
    for (const { proposal } of groups)
      for (const { uid, because, reason } of withheldFrom(proposal))
        if (because.kind === 'roster' && because.roster === roster && told.has(reason.code)) skipped.set(uid, reason);
    return {
      roster,
      at,
      accepted: state.kind === 'fresh' && state.sha256 === generation?.sha256,
      state,
      inForce: generation && { sha256: generation.sha256, people: generation.uids.length },
      skipped: [...skipped].map(([uid, reason]) => ({ uid, reason })).sort((left, right) => (left.uid < right.uid ? -1 : 1)),
    };
  });
}

/** `message` says what is wrong with a list that was not accepted, and who must act; null where it was. */
export function renderRosterStatus({ roster, at, accepted, state, inForce, skipped }: RosterStatus): string {
  const document = {
    muster: 1,
    roster,
    at: renderInstant(at),
    accepted,
    state: state.kind,
    message: state.kind === 'fresh' ? null : plain(state.message),
    producedAt: 'producedAt' in state && state.producedAt !== undefined ? renderInstant(state.producedAt) : null,
    sha256: 'sha256' in state ? (state.sha256 ?? null) : null,
    notes: state.kind === 'fresh' ? state.notes : [],
    inForce: inForce ?? null,
    skipped: skipped.map(({ uid, reason }) => ({ uid, code: reason.code, message: renderWithheld(reason) })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
