// What a test file needs of the outside and all of its tests share: a directory, a server, a world.

import { afterAll, beforeAll } from 'vitest';

/** It is there before the first test of the file (or of the `describe`), and stopped after the last. */
export function ofThisFile<Thing extends { stop(): unknown }>(open: () => Promise<Thing>): Thing {
  let opened: Thing | undefined;
  const there = (): Thing => {
    if (!opened) throw new Error('it is there as soon as tests run');
    return opened;
  };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened?.stop();
  });
  return new Proxy({} as Thing, { get: (_, name) => Reflect.get(there(), name) });
}
