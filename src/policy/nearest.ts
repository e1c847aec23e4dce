// Which word did somebody mean? By the number of letters to change, a swapped pair counting as two.
import { distance } from '../near.ts';

/** The known word nearest to `word`, when no more than two letters, or a third of the word, differ. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const allowed = Math.max(2, Math.floor(word.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(word.toLowerCase(), candidate) }))
    .sort((left, right) => left.steps - right.steps);
  const [best] = ranked;
  return best && best.steps <= allowed && best.steps < best.candidate.length ? best.candidate : undefined;
}
