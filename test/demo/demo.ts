// `npm run demo`: a week in the life of muster, on a throwaway directory. Ends with 1 when anything is not as it must be.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { begins, steps } from './steps.ts';
import { tellStory } from './story.ts';

const usage = `Usage: npm run demo [-- --stay]

Tells a week in the life of muster, on a throwaway OpenLDAP and a stand-in for GitLab.
  --stay   when it has been told, keep that world until you press Enter, to look around in it
`;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

/** Until Enter, the end of the input, or a signal. */
function untilEnter(muster: string): Promise<void> {
  const asks = ['status', 'explain martin', 'explain klaxon-users', 'report --on 2026-11-23', 'report --since 2026-11-20 --format csv'];
  process.stdout.write(`The world of the story stays until you press Enter here. In another terminal:\n`);
  process.stdout.write(`${asks.map((one) => `  ${muster} ${one}\n`).join('')}\n`);
  return new Promise((resolve) => {
    const end = () => {
      process.stdin.pause();
      resolve();
    };
    process.stdin.once('data', end).once('end', end);
    interrupted.signal.addEventListener('abort', end);
  });
}

async function tell(isStaying: boolean): Promise<number> {
  process.stdout.write('A throwaway OpenLDAP, a stand-in for GitLab, and the built muster. Nothing else is touched.\n\n');
  const differences = await tellStory(begins, steps, {
    write: (text) => void process.stdout.write(text),
    colours: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    signal: interrupted.signal,
    page: fileURLToPath(new URL('../../.cache/demo/report.html', import.meta.url)),
    ...(isStaying && { stay: untilEnter }),
  });
  if (interrupted.signal.aborted) return 130;
  if (!isStaying) process.stdout.write('\nTo look around in that world yourself: npm run demo -- --stay\n');
  return differences.length === 0 ? 0 : 1;
}

try {
  const { values } = parseArgs({ options: { stay: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(usage);
  else process.exitCode = await tell(values.stay === true);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`demo: ${error.message}\n${usage}`);
  process.exitCode = 2;
}
