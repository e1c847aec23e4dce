// What root let in of a new start: from then on it only ever ends earlier, or is over.
import { narrower, type Window } from '../record/grants.ts';
import type { JudgedDraft } from '../record/judged-state.ts';
import type { VerdictRecord } from '../record/judging-record.ts';

/** What root allowed goes no further than what judging says of it since. */
export function narrowAllowed(allowed: Map<string, Window>, inForce: VerdictRecord['delta']['inForce']): void {
  for (const [path, grant] of inForce) {
    const window = allowed.get(path);
    if (window && grant) allowed.set(path, narrower(window, grant));
    else allowed.delete(path);
  }
}

export function inForceOf(draft: JudgedDraft, paths: Iterable<string>): VerdictRecord['delta']['inForce'] {
  const { policy } = draft.state;
  return [...paths].map((path) => [path, policy?.inForce.get(path) ?? null]);
}
