// The most memory a run takes.
import { judgingCommand, musterCommand, peakMemory, run } from './measure.ts';
import { withWorld } from './reconcile.ts';
import type { Scenario } from './scenarios.ts';
import type { Size } from './world.ts';
import { join } from 'node:path';

/** MB, whatever comes: what its unit allows it. */
const mostOfJudging = 256;

/** Of converging, idle, and with a change of one in a hundred: the larger of the two. */
export function memory(name: string, size: Size, mostMegabytes: number): Scenario {
  return {
    name,
    what: `peak memory, ${size.members.toLocaleString('en')} members, idle and with 1 % leaving and joining`,
    measure: () =>
      withWorld(size, async (world) => {
        const command = musterCommand(['reconcile'], world.configuration);
        const report = join(world.folder, 'peak-memory');
        const idle = await peakMemory(command, report);
        world.want((group) => world.uids(group, 'churned'));
        const churned = await peakMemory(command, report);
        const judging = await peakMemory(judgingCommand(world.configuration), report);
        await run(command);
        return {
          muster: `${idle.toFixed(0)} and ${churned.toFixed(0)} MB`,
          target: `≤ ${mostMegabytes} MB`,
          isMet: Math.max(idle, churned) <= mostMegabytes && judging <= mostOfJudging,
          remark: `judging ${judging.toFixed(0)} MB, ≤ ${mostOfJudging} MB`,
        };
      }),
  };
}
