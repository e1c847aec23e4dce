// The first run over a long history with evidence on GitLab, beside what its requests cost whoever asks them.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfiguration } from '../src/config/configuration.ts';
import { startSlapd, type Slapd } from '../test/support/slapd.ts';
import type { ForgeAddress, ForgeOrder, ForgeTally } from './forge.ts';
import { musterCommand, run } from './measure.ts';
import { renderSeconds } from './reconcile.ts';
import { exitStatus } from '../src/status.ts';
import type { Scenario } from './scenarios.ts';
import { directoryLines, forgeLines } from '../test/support/configuration-lines.ts';

const group = 'klaxon-users';
const forgeFile = fileURLToPath(new URL('./forge.ts', import.meta.url));

/** `most`: times the floor, which is what the requests take when all that is asked at a time is always asked. One run: it is a long one. */
export function firstRun(name: string, landings: number, delay: number, most: number): Scenario {
  const uids = Array.from({ length: landings / 2 }, (_, number) => `u${number.toString(36).padStart(3, '0')}`);
  return {
    name,
    what: `a first run over ${landings.toLocaleString('en')} merge requests, answers after ${delay} ms; native: what its requests cost`,
    measure: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
      const slapd = await startSlapd({ people: uids, groups: { [group]: [] }, durable: true, log: 'none' });
      const forge = startForge({ landings, delay, group, uids }, folder);
      try {
        const configuration = layOut(folder, slapd, await answer<ForgeAddress>(forge));
        // A run waits for judging a minute at the longest, and takes a bounded piece of its record: here all of it is wanted.
        const judging = await run(musterCommand(['judge'], configuration));
        const first = await run(musterCommand(['reconcile', '--judged'], configuration), [exitStatus.unavailable]);
        const second = await run(musterCommand(['reconcile', '--judged'], configuration));
        const seconds = judging.seconds + first.seconds + second.seconds;
        const members = await slapd.members(group);
        if (members.length !== uids.length) throw new Error(`${members.length} members instead of ${uids.length}`);
        forge.send('tally');
        const { requests, milliseconds, processorSeconds } = await answer<ForgeTally>(forge);
        const { gitlab } = parseConfiguration(configuration, readFileSync(configuration));
        const atATime = gitlab?.concurrency ?? Number.NaN;
        const floor = (requests * delay) / 1000 / atATime;
        return {
          muster: renderSeconds(seconds),
          native: renderSeconds(floor),
          ratio: (seconds / floor).toFixed(2),
          target: `≤ ${most.toFixed(1)}`,
          isMet: seconds / floor <= most,
          remark: `judging ${renderSeconds(judging.seconds)}, ${requests.toLocaleString('en')} requests, ${atATime} at a time, answered after ${milliseconds.toFixed(1)} ms; processor of the stand-in: ${renderSeconds(processorSeconds)}`,
        };
      } finally {
        await stopForge(forge);
        await slapd.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function startForge(order: ForgeOrder, folder: string): ChildProcess {
  return fork(forgeFile, [JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, TMPDIR: folder },
  });
}

/** The next message; throws when the process ends without one. */
function answer<Message>(forge: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    forge.once('message', (message) => resolve(message as Message));
    forge.once('exit', (status) => reject(new Error(`the stand-in ended with status ${String(status)}`)));
  });
}

async function stopForge(forge: ChildProcess): Promise<void> {
  if (!forge.connected) return;
  const ended = once(forge, 'exit');
  forge.disconnect();
  await ended;
}

function layOut(folder: string, slapd: Slapd, { url, project, token, start }: ForgeAddress): string {
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'token'), `${token}\n`, { mode: 0o600 });
  const configuration = join(folder, 'muster.yaml');
  const lines = [...forgeLines({ url, project, start }), ...directoryLines(slapd, group), 'state: state'];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  return configuration;
}
