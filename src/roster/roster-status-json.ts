// The status of a roster as JSON, for its producer to fetch.
import type { RosterStatus } from './roster-status.ts';
import { renderInstant } from '../time.ts';
import { plain, renderWithheld } from '../text.ts';

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
