// `muster refuse COMMIT`: turns a landing that would wait for ever into a refused one. It can only narrow.
import type { CommitId, Instant } from '../names.ts';
import type { EffectivePolicy } from './waiting.ts';
import type { Journal } from '../reconcile/ports.ts';

export interface Refused {
  readonly kind: 'refused' | 'not-waiting';
  readonly message: string;
}

export async function refuse(
  commit: CommitId,
  reason: string,
  policy: EffectivePolicy | undefined,
  journal: Journal,
  now: Instant,
  by: string,
): Promise<Refused> {
  const paths = (policy?.pending ?? []).filter((one) => one.commit === commit);
  if (paths.length === 0)
    return { kind: 'not-waiting', message: `${commit} does not wait for a verdict now; "muster plan" shows what does.` };
  await journal.append([{ type: 'refuse', at: now, commit, reason, by }]);
  return {
    kind: 'refused',
    message: `${commit} will be refused at the next run. Nobody gains by it then or later: ${paths.map(({ path }) => path).join(', ')}.`,
  };
}
