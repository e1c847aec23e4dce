// Which word did somebody mean? By the number of letters to change (Levenshtein), a swapped pair counting as two.

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

function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
