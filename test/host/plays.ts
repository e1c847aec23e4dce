// Plays, one after the other, what docs/operating.md tells. scripts/host-test makes the root, and starts this once for each lane: in namespaces of its
// own for the network and for mounts, so that the lanes know nothing of each other.
import { parseArgs } from 'node:util';
import { failing } from './failing.ts';
import { installing } from './installing.ts';
import { Machine } from './machine.ts';
import { moving } from './moving.ts';
import { buildPackages } from './packages.ts';
import { running } from './running.ts';
import { Stage, type Play } from './stage.ts';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: '' },
    debian: { type: 'string', default: 'trixie' },
    only: { type: 'string', default: '' },
    lane: { type: 'string', default: 'running' },
    packages: { type: 'string', default: '' },
    build: { type: 'boolean', default: false },
    'can-boot': { type: 'boolean', default: false },
  },
});
/** They take about as long as each other. */
const lanes: Readonly<Record<string, readonly Play[]>> = { running: [...running, ...moving], failing };
const log = (text: string) => void process.stdout.write(text);

if (values['can-boot']) await tryToBoot();
else if (values.build) buildPackages(values.packages, values.debian);
else process.exitCode = await playAll();

/** 77: nothing can be played here, and nothing is wrong with muster. */
async function tryToBoot(): Promise<void> {
  const machine = new Machine('host-test', values.root, log);
  try {
    await machine.boot();
  } catch (error) {
    process.stderr.write(`host-test: cannot be played here: ${String(error)}\n`);
    process.exitCode = 77;
  } finally {
    await machine.remove();
  }
}

async function playAll(): Promise<number> {
  const plays = chosen();
  if (plays.length === 0) return 0;
  const stage = await Stage.open(values.root, values.packages, log);
  let passed = 0;
  let failed = 0;
  try {
    for (const { title, account, play } of plays) {
      const began = Date.now();
      log(`\n=== ${title} (account ${account})\n`);
      try {
        await play(stage);
        passed += 1;
        log(`passed  ${title} (${Math.round((Date.now() - began) / 1000)} s)\n`);
      } catch (error) {
        failed += 1;
        log(`FAILED  ${title}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        for (const machine of stage.machines)
          await machine.type('journalctl --unit=muster.service --unit=muster-judge.service --lines=40 --output=short-iso --no-pager');
      }
    }
  } finally {
    await stage.stop();
  }
  log(`\n${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** All others build on the first ones, and on nothing else. */
function chosen(): readonly Play[] {
  const others = (lanes[values.lane] ?? []).filter(({ title }) => new RegExp(values.only).test(title));
  return others.length > 0 ? [...installing, ...others] : [];
}
