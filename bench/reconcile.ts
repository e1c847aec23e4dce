// `muster reconcile` against the native pipeline, on the same slapd, in turn.
import { bareNode, judgingCommand, medianOf, musterCommand, processorTime, run, type Command } from './measure.ts';
import { nativeCommand } from './native.ts';
import type { Result, Scenario } from './scenarios.ts';
import { makeWorld, type Size, type World } from './world.ts';

/** At most so many times the native pipeline, with two starts of Node beside it where `node` is set: one for each half. */
export interface Target {
  readonly most: number;
  readonly node?: boolean;
}

/** `judging` and `converging`: each half of muster by itself. */
type Contestant = 'muster' | 'native' | 'node' | 'judging' | 'converging';
type Medians = Readonly<Record<Contestant, number>>;

function sizeOf({ groups, members }: Size): string {
  return `${groups === 1 ? '' : `${groups} groups of `}${members.toLocaleString('en')} members`;
}

/** Nothing to do: the run that happens all day. Processor time: what a busy machine makes of the clock is no part of it. */
export function idle(name: string, size: Size, target?: Target): Scenario {
  return {
    name,
    what: `nothing to do, ${sizeOf(size)}`,
    measure: (rounds) =>
      withWorld(size, async (world) => {
        const nothing = () => Promise.resolve();
        return resultOf(await race(world, rounds, nothing, processorTime), target, ', processor time');
      }),
  };
}

/** One in a hundred leaves and as many others join. */
export function churn(name: string, size: Size, target?: Target): Scenario {
  return {
    name,
    what: `1 % leave, 1 % join, ${sizeOf(size)}`,
    measure: (rounds) =>
      withWorld(size, async (world) => {
        await world.keep();
        world.want((group) => world.uids(group, 'churned'));
        return resultOf(await race(world, rounds, () => again(world)), target);
      }),
  };
}

/** Everybody joins a group that has nobody. */
export function fill(name: string, size: Size, target?: Target): Scenario {
  return {
    name,
    what: `an empty group filled, ${sizeOf(size)}`,
    measure: (rounds) =>
      withWorld(size, async (world) => {
        await world.keep();
        return resultOf(await race(world, rounds, () => again(world)), target);
      }),
  };
}

/** `build`: the main.js of another one. */
export async function withWorld<Answer>(size: Size, work: (world: World) => Promise<Answer>, build?: string): Promise<Answer> {
  const world = await makeWorld(size);
  try {
    if (!size.empty) await settle(world, build);
    return await work(world);
  } finally {
    await world.stop();
  }
}

/** The first run takes the groups over. The mark of the directory counts from muster's own writes on: from then on there is nothing to do. */
async function settle(world: World, build?: string): Promise<void> {
  const reconcile = () => run(musterCommand(['reconcile'], world.configuration, build));
  await reconcile();
  for (const churned of ['churned', undefined] as const) {
    world.want((group) => world.uids(group, churned));
    await reconcile();
  }
  await reconcile();
}

/** As it was before, with the pages of the database in memory again. */
async function again(world: World): Promise<void> {
  await world.restore();
  for (const name of world.groups) await world.slapd.members(name);
}

async function race(
  world: World,
  rounds: number,
  before: () => Promise<void>,
  secondsOf: (command: Command) => Promise<number> = async (command) => (await run(command)).seconds,
): Promise<Medians> {
  const contestants: Readonly<Record<Contestant, Command>> = {
    native: nativeCommand(world),
    muster: musterCommand(['reconcile'], world.configuration),
    node: bareNode,
    judging: judgingCommand(world.configuration),
    converging: musterCommand(['reconcile', '--judged'], world.configuration),
  };
  const times: Record<Contestant, number[]> = { native: [], muster: [], node: [], judging: [], converging: [] };
  // The round before the first is not counted: files and pages are in memory from then on.
  for (let round = 0; round <= rounds; round++) {
    const order: readonly Contestant[] = [...(round % 2 === 0 ? (['native', 'muster'] as const) : (['muster', 'native'] as const)), 'node'];
    for (const one of [...order, 'judging', 'converging'] as const) {
      // Converging goes on from what judging has just left.
      if (one !== 'node' && one !== 'converging') await before();
      const seconds = await secondsOf(contestants[one]);
      if (round > 0) times[one].push(seconds);
    }
  }
  const median = (one: Contestant) => medianOf(times[one]);
  return {
    muster: median('muster'),
    native: median('native'),
    node: median('node'),
    judging: median('judging'),
    converging: median('converging'),
  };
}

function resultOf({ muster, native, node, judging, converging }: Medians, target: Target | undefined, measured = ''): Result {
  const floor = native + (target?.node === true ? 2 * node : 0);
  const shown = {
    muster: renderSeconds(muster),
    native: renderSeconds(floor),
    ratio: (muster / floor).toFixed(2),
    remark: `judging ${renderSeconds(judging)}, converging ${renderSeconds(converging)}${measured}`,
  };
  return target ? { ...shown, target: `≤ ${target.most.toFixed(1)}`, isMet: muster / floor <= target.most } : shown;
}

export function renderSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}
