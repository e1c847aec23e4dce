// What signatures give at most in groups that must be signed.
import { instant, type GroupName, type Instant } from '../names.ts';
import { latest, type End } from './grants.ts';

/** The most that a grant file may give: whatever is in force lies within it. */
export interface Window {
  readonly path: string;
  readonly from?: Instant;
  readonly until: End;
}

/** A group that had to be signed from some line on, and what was in force in it then. */
export interface SignedGroup {
  readonly group: GroupName;
  /** So many lines stood before. */
  readonly after: number;
  readonly before: readonly Window[];
}

export interface Verified {
  /** Those that must be signed, by the host's ceilings or by the rules that were verified; in order. */
  readonly groups: readonly GroupName[];
  /** In such groups, by path. */
  readonly windows: readonly Window[];
}

/** Both are in force by right. */
export function wider(one: Window | undefined, other: Window): Window {
  if (!one) return other;
  const from = one.from === undefined || other.from === undefined ? undefined : instant(Math.min(one.from, other.from));
  return { path: one.path, ...(from !== undefined && { from }), until: latest(one.until, other.until) };
}
