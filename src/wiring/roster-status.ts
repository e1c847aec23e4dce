// Files for the producers of rosters: status/<roster>.json under the state folder, for everybody to read.
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { publishFile } from '../adapters/published-file.ts';
import { rosterStatuses } from '../domain/roster-status.ts';
import type { RunReport } from '../domain/run.ts';
import { renderRosterStatus } from '../render/roster-status.ts';
import type { Caller } from './host.ts';

/** Each is replaced in one step. A file that cannot be written holds up nothing: its `at` shows that it is old. */
export async function publishRosterStatuses(state: string, report: RunReport, { warn }: Pick<Caller, 'warn'>): Promise<void> {
  const statuses = rosterStatuses(report);
  if (statuses.length === 0) return;
  const folder = join(state, 'status');
  try {
    await mkdir(folder, { recursive: true });
    // Whatever the umask of the run is: an rsync daemon reads here.
    await chmod(folder, 0o755);
    for (const status of statuses) {
      const file = join(folder, `${status.roster}.json`);
      await publishFile(file, renderRosterStatus(status), `${file}.new`);
    }
  } catch (error) {
    warn(`the status files for rosters could not be written: ${error instanceof Error ? error.message : 'unknown error'}`);
  }
}
