// Rosters that judging fetched (fetch-rosters.ts), as converging reads them.
import { join } from 'node:path';
import * as v from 'valibot';
import type { Instant, RosterName } from '../names.ts';
import { ownerOf, readForeignText } from '../record/other-half.ts';
import { instant, type Shape } from '../record/shapes.ts';
import type { RosterReading } from './roster.ts';
import { readRosterFile } from './roster-file.ts';

export type Absent = Exclude<RosterReading, { kind: 'file' }>;

/** How the last fetching of a roster went. */
export interface Fetching {
  readonly at: Instant;
  /** Why there is no list; null where one came. */
  readonly absent: Absent | null;
}

export function fetchedFile(folder: string, roster: RosterName): string {
  return join(folder, 'fetched', roster);
}

export function standingFile(folder: string, roster: RosterName): string {
  return `${fetchedFile(folder, roster)}.json`;
}

const shape: Shape<Fetching> = v.strictObject({
  at: instant,
  absent: v.nullable(
    v.strictObject({
      kind: v.picklist(['damaged', 'missing', 'unreadable']),
      message: v.pipe(v.string(), v.maxLength(2000)),
      act: v.picklist(['producer', 'carrier', 'administrator']),
      mayPass: v.exactOptional(v.boolean()),
    }),
  ),
});

const largest = 16 * 1024;

export function renderFetching(fetching: Fetching): string {
  return `${JSON.stringify(fetching)}\n`;
}

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
  return fetching.absent ?? readRosterFile(fetchedFile(folder, roster), { checksum, called: url });
}

function parseFetching(text: string): Fetching | undefined {
  try {
    const parsed = v.safeParse(shape, JSON.parse(text), { abortEarly: true });
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
