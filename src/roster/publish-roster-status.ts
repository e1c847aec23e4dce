// Files for the producers of rosters: status/<roster>.json under the state folder, for everybody to read.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { publishFile } from '../kept-files.ts';
import { rosterStatuses, renderRosterStatus } from './roster-status.ts';
import type { RunReport } from '../reconcile/run.ts';
import type { Caller } from '../host.ts';

/** Each is replaced in one step. A file that cannot be written holds up nothing: its `at` shows that it is old. */
export function publishRosterStatuses(state: string, report: RunReport, { warn }: Pick<Caller, 'warn'>): void {
  const statuses = rosterStatuses(report);
  if (statuses.length === 0) return;
  const folder = rosterStatusIn(state);
  try {
    mkdirSync(folder, { recursive: true });
    // Whatever the umask of the run is: an rsync daemon reads here.
    chmodSync(folder, 0o755);
    for (const status of statuses) {
      const file = join(folder, `${status.roster}.json`);
      publishFile(file, renderRosterStatus(status), `${file}.new`);
    }
  } catch (error) {
    warn(`the status files for rosters could not be written: ${error instanceof Error ? error.message : 'unknown error'}`);
  }
}

export function rosterStatusIn(state: string): string {
  return join(state, 'status');
}
