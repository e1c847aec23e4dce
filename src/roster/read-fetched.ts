// Rosters that judging fetched (fetch-rosters.ts), as converging reads them.
import type { RosterName } from '../names.ts';
import { fetchedFile, parseFetching, standingFile } from '../record/fetched.ts';
import { ownerOf, readForeignText } from '../record/other-half.ts';
import type { RosterReading } from './roster.ts';
import { readRosterFile } from './roster-file.ts';

/** Bytes of what judging tells of one fetching. */
const largest = 16 * 1024;

/** `folder`: where judging keeps its files. `url`: where the list comes from, as messages name it. */
export async function readFetched(folder: string, roster: RosterName, url: string, checksum: 'none' | 'required'): Promise<RosterReading> {
  const owner = ownerOf(folder);
  const found = owner === undefined ? { kind: 'absent' as const } : readForeignText(standingFile(folder, roster), owner, largest);
  if (found.kind === 'absent')
    return {
      kind: 'missing',
      message: `${url} was not fetched yet: judging does that when it next looks.`,
      act: 'administrator',
      mayPass: true,
    };
  if (found.kind !== 'read') return { kind: 'unreadable', message: `${found.message}.`, act: 'administrator' };
  const fetching = parseFetching(found.content);
  if (!fetching)
    return { kind: 'unreadable', message: `${standingFile(folder, roster)} is not what judging writes.`, act: 'administrator' };
  return fetching.absent ?? readRosterFile(fetchedFile(folder, roster), { checksum, called: url, owner });
}
