// Several requests in flight on one connection, and never more than it is good for.

/** Does the work for each thing, at most `limit` at once. After an error nothing new is begun; it is thrown when the rest has settled. */
export async function eachOf<Thing>(things: readonly Thing[], limit: number, work: (thing: Thing) => Promise<void>): Promise<void> {
  const queue = things.values();
  const errors: unknown[] = [];
  const drain = async () => {
    for (const thing of queue) {
      if (errors.length > 0) return;
      await work(thing).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, things.length) }, drain));
  if (errors.length > 0) throw errors[0];
}
