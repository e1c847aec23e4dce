// Answers that come one after the other, each asked for when the one before has come.

/** Asks for the next one before it hands one on: whoever is asked makes it ready meanwhile. Ends with nothing left to come. */
export async function* readAhead<Answer>(ask: () => Promise<IteratorResult<Answer, unknown>>): AsyncGenerator<Answer> {
  const begin = () => {
    const answer = ask();
    // Whoever waits for it hears of a failure.
    answer.catch(() => undefined);
    return answer;
  };
  let asked = begin();
  try {
    for (;;) {
      const answer = await asked;
      if (answer.done === true) return;
      asked = begin();
      yield answer.value;
    }
  } finally {
    await asked.catch(() => undefined);
  }
}
