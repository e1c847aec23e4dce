// Lets a fixed number of tasks run at a time; the others wait their turn. A small server should not feel us.
export type Gate = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function openGate(width: number): Gate {
  let running = 0;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    // The place is handed on, not given back: nobody who comes later slips in between.
    if (next) next();
    else running -= 1;
  };
  return async (task) => {
    if (running < width) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      leave();
    }
  };
}
