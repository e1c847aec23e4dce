// `npm run demo`: a week in the life of muster, on a throwaway directory. Ends with 1 when anything is not as it must be.
import { fileURLToPath } from 'node:url';
import { begins, steps } from './steps.ts';
import { tellStory } from './story.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

process.stdout.write('A throwaway OpenLDAP, a stand-in for GitLab, and the built muster. Nothing else is touched.\n\n');
const differences = await tellStory(begins, steps, {
  write: (text) => void process.stdout.write(text),
  colours: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  signal: interrupted.signal,
  page: fileURLToPath(new URL('../../.cache/demo/report.html', import.meta.url)),
});
process.exitCode = interrupted.signal.aborted ? 130 : differences.length === 0 ? 0 : 1;
