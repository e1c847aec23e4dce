// Groups that were in order, kept in the state folder from one run to the next.
import { build } from './build.ts';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../configuration.ts';
import { encode } from '../domain/record.ts';
import type { SettledRun } from '../domain/settled.ts';
import type { Settlement } from '../ports.ts';
import { sha256 } from './sources.ts';

/** `head` is that of the ledger, and only what was found at the very same head is believed. */
export function settlementIn(folder: string, configuration: Configuration, head: { readonly hash: string }): Settlement {
  const file = join(folder, 'settled.json');
  return {
    last: async () => ({
      // The name of a built file changes with whatever the file holds or loads: another build judges for itself.
      context: sha256(JSON.stringify([build, encode(configuration), head.hash])),
      run: parseRun(await readFile(file, 'utf8').catch(() => '')),
    }),
    keep: async (run) => {
      const draft = `${file}.new`;
      await writeFile(draft, JSON.stringify(run), { mode: 0o600 })
        .then(() => rename(draft, file))
        .catch(() => undefined);
    },
  };
}

/** A file that was torn is no run. */
function parseRun(text: string): SettledRun | undefined {
  try {
    const run: SettledRun = JSON.parse(text);
    return run;
  } catch {
    return undefined;
  }
}
