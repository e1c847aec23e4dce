// This build against another one of muster, `npm run bench -- --against DIST`: processor time of the run that happens all day, in turn, each with a
// state of its own. What a busy machine makes of the clock is no part of it.
import { join } from 'node:path';
import { medianOf, musterCommand, processorTime } from './measure.ts';
import { withWorld } from './reconcile.ts';
import type { Size } from './world.ts';

/** The median of this one, of the other one, and the median of the ratio of each round. */
export async function against(dist: string, size: Size, rounds: number): Promise<string> {
  const other = join(dist, 'main.js');
  return withWorld(size, (own) =>
    withWorld(
      size,
      async (theirs) => {
        const times: { readonly own: number[]; readonly theirs: number[] } = { own: [], theirs: [] };
        for (let round = 0; round < rounds; round++) {
          // Whoever comes second finds the caches of the first: each comes first as often.
          for (const one of round % 2 === 0 ? (['own', 'theirs'] as const) : (['theirs', 'own'] as const)) {
            const command =
              one === 'own' ? musterCommand(['reconcile'], own.configuration) : musterCommand(['reconcile'], theirs.configuration, other);
            times[one].push(await processorTime(command));
          }
        }
        const ratios = times.own.map((time, round) => time / (times.theirs[round] ?? Number.NaN));
        const milliseconds = (all: readonly number[]) => `${Math.round(medianOf(all) * 1000)} ms`;
        return `${milliseconds(times.own)} against ${milliseconds(times.theirs)}, ratio ${medianOf(ratios).toFixed(3)} (${rounds} rounds)`;
      },
      other,
    ),
  );
}
