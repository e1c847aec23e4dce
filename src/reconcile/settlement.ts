// Groups that were in order, kept in the state folder from one run to the next.
import { build } from '../build.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../kept-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { encode } from '../ledger/record.ts';
import type { SettledRun } from '../membership/settled.ts';
import type { Settlement } from './ports.ts';
import { sha256 } from './sources.ts';

/** `head` is that of the ledger, and only what was found at the very same head is believed. */
export function settlementIn(folder: string, configuration: Configuration, head: { readonly hash: string }): Settlement {
  const file = join(folder, 'settled.json');
  return {
    last: async () => ({
      // The name of a built file changes with whatever the file holds or loads: another build judges for itself.
      context: sha256(JSON.stringify([build, encode(configuration), head.hash])),
      run: readRun(file),
    }),
    keep: async (run) => {
      try {
        replaceFile(file, JSON.stringify(run));
      } catch {
        // It costs the next run some time and nothing else.
      }
    },
  };
}

/** A file that is not there or was torn is no run. */
function readRun(file: string): SettledRun | undefined {
  try {
    const run: SettledRun = JSON.parse(readFileSync(file, 'utf8'));
    return run;
  } catch {
    return undefined;
  }
}
