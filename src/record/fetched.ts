// Rosters that judging fetched: where they lie, and how it tells how the fetching went.
import { join } from 'node:path';
import * as v from 'valibot';
import type { Instant, RosterName } from '../names.ts';
import type { RosterReading } from '../roster/roster.ts';
import { parseAs, instant, type Shape } from './shapes.ts';

/** Bytes of a list. */
export const largestRoster = 1024 * 1024;

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

export function renderFetching(fetching: Fetching): string {
  return `${JSON.stringify(fetching)}\n`;
}

/** Undefined: it is not what judging writes. */
export function parseFetching(text: string): Fetching | undefined {
  return parseAs(shape, text);
}
