// A process of its own that takes the lock of the folder in its first argument, says so, and holds it until it is killed.
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { withLock } from '../src/flock.ts';

await withLock(process.argv[2] ?? '', { pid: process.pid, waitMs: 10_000 }, async () => {
  writeSync(1, 'locked\n');
  await pause(600_000);
});
