// `muster refuse COMMIT`: turns a landing that would wait for ever into a refused one. It judges nothing, and can only narrow.
import type { CommitId, Instant } from '../names.ts';
import type { Journal } from '../reconcile/ports.ts';

export interface Refused {
  readonly kind: 'refused' | 'not-waiting';
  readonly message: string;
}

/** So many digits name a commit where "muster plan" prints it. */
const fewestDigits = 12;

/** Text that may name a commit: whole, or shortened to no fewer digits than plan prints. */
export function namesCommit(text: string): boolean {
  return new RegExp(`^[0-9a-f]{${fewestDigits},40}$`).test(text);
}

/** `waiting`: landings that wait, as of the last run. */
export async function refuse(
  named: string,
  reason: string,
  waiting: Iterable<CommitId>,
  journal: Journal,
  now: Instant,
  by: string,
): Promise<Refused> {
  const [commit, ...more] = [...waiting].filter((one) => one.startsWith(named));
  if (commit === undefined)
    return { kind: 'not-waiting', message: `${named} did not wait for a verdict at the last run; "muster plan" shows what does.` };
  if (more.length > 0)
    return { kind: 'not-waiting', message: `${named} may be any of these: ${[commit, ...more].join(', ')}. Write more digits.` };
  await journal.append([{ type: 'refuse', at: now, commit, reason, by }]);
  return { kind: 'refused', message: `${commit} will be refused at the next run. Nobody gains by it then or later.` };
}
