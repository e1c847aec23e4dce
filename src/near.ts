// Could one name be the other, mistyped? Used to suggest, never to decide.
// Each of the distances is one of few short names: no package is worth it.

/** At most two letters added, left out or changed, and not more than half of a short name (Levenshtein distance). */
export function isNear(left: string, right: string): boolean {
  const most = Math.min(2, Math.floor(Math.max(left.length, right.length) / 2));
  return Math.abs(left.length - right.length) <= most && distance(left, right) <= most;
}

/** How many letters must be put in, taken out or changed to make one name of the other (Levenshtein). */
export function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...right].entries()) {
      next.push(Math.min((row[column] ?? 0) + (letter === other ? 0 : 1), (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The known word nearest to `word`, a swapped pair of letters counting as two, when no more than two letters, or a third of the word, differ. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const allowed = Math.max(2, Math.floor(word.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, steps: distance(word.toLowerCase(), candidate) }))
    .sort((left, right) => left.steps - right.steps);
  const [best] = ranked;
  return best && best.steps <= allowed && best.steps < best.candidate.length ? best.candidate : undefined;
}
