// Rosters that lie behind rsync are fetched by the half that may use the network: `fetched/NAME` is the list as it came, with its own time, and
// `fetched/NAME.json` says how the fetching went. Whether a list is good enough is for converging.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { errnoOf } from '../errors.ts';
import type { Instant } from '../names.ts';
import { publishFile } from '../published-file.ts';
import { fetchedFile, renderFetching, standingFile, type Absent } from '../record/fetched.ts';
import { fetchByRsync, type RsyncTerms } from './rsync.ts';

/** For the account of converging, which is in the group of this folder. */
const mode = 0o640;

/** Never throws for anything that a daemon or the disk does. `path`: as PATH. */
export async function fetchRosters({ rosters }: Configuration, folder: string, path: string, now: Instant): Promise<void> {
  const remote = [...rosters].filter(([, { from }]) => from.startsWith('rsync://'));
  if (remote.length === 0) return;
  mkdirSync(join(folder, 'fetched'), { recursive: true, mode: 0o750 });
  await Promise.all(
    remote.map(async ([name, { from, checksum }]) => {
      const place = fetchedFile(folder, name);
      const absent = await fetchRoster(from, place, { checksum, path });
      try {
        publishFile(
          standingFile(folder, name),
          renderFetching({ at: now, absent: absent ?? null }),
          `${standingFile(folder, name)}.new`,
          mode,
        );
      } catch {
        // What is old shows by its time.
      }
    }),
  );
}

/** The list as `place`, with its checksum file beside it where one is required; otherwise why there is none, and what lay there stays. */
export async function fetchRoster(url: string, place: string, terms: RsyncTerms): Promise<Absent | undefined> {
  let draft: string | undefined;
  try {
    draft = mkdtempSync(`${place}.new-`);
    const absent = await fetchByRsync(url, draft, terms);
    if (absent) return absent;
    // The list comes last: where its checksum is another's, it is not taken.
    for (const end of ['.sha256', '']) {
      const came = join(draft, `${basename(url)}${end}`);
      if (!existsSync(came)) continue;
      chmodSync(came, mode);
      renameSync(came, `${place}${end}`);
    }
    return undefined;
  } catch (error) {
    const message = `${url} could not be fetched: nothing could be written beside ${place} (${errnoOf(error)}).`;
    return { kind: 'unreadable', message, act: 'administrator', mayPass: true };
  } finally {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
  }
}
