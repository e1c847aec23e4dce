// Work for the moments at which something else is waited for.

/** Does the work once what was begun before is under way: by then the questions have been written to their sockets and pipes. */
export async function meanwhile<Result>(work: () => Promise<Result>): Promise<Result> {
  await new Promise((resolve) => setImmediate(resolve));
  return work();
}
