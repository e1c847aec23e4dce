// A grant in force: what an endorsed file said, less what unreviewed edits took from it since.
import { instant, type CommitId, type Instant, type Uid, type GroupName } from '../names.ts';
import type { GrantFile } from '../policy/policy.ts';
import type { SignedBy } from './approval-count.ts';

export type End = Instant | 'open';

/** Where a grant, or a change of one, comes from: what an auditor follows. */
export interface Provenance {
  /** The landing: a commit on the branch's first-parent chain. */
  readonly commit: CommitId;
  /** The number people see on GitLab (iid); null where no merge request was asked for. */
  readonly mergeRequest: number | null;
  readonly approvedBy: readonly Uid[];
  /** Those of them who signed it. */
  readonly signedBy?: readonly SignedBy[];
  /** When it was merged. */
  readonly landedAt: Instant;
  /** The merge request's page. */
  readonly link?: string;
}

export interface GrantInForce extends GrantFile, Provenance {
  /** From the root of the policy repository. */
  readonly path: string;
  /** The end that was approved. `until` is earlier where an unreviewed edit shortened the grant. */
  readonly endorsedUntil: End;
  /** The last landing that took something from the grant without review. */
  readonly narrowedBy?: CommitId;
}

/** Why a path no longer carries a grant. The grant is kept: a hold on its removal never outlives it. */
export interface EndedGrant {
  readonly grant: GrantInForce;
  readonly cause: 'deleted' | 'refused';
  /** Somebody entitled approved the removal. */
  readonly reviewed: boolean;
  readonly commit: CommitId;
}

export function earlier(left: End, right: End): End {
  if (left === 'open') return right;
  return right === 'open' || left <= right ? left : right;
}

function later(left: Instant | undefined, right: Instant | undefined): Instant | undefined {
  if (left === undefined) return right;
  return right === undefined || left >= right ? left : right;
}

/** What is in force and in the file: later start, earlier end. Only ever narrows `grant`. */
export function meet(grant: GrantInForce, file: Pick<GrantFile, 'from' | 'until'>, by: CommitId): GrantInForce {
  const from = later(grant.from, file.from);
  const until = earlier(grant.until, file.until);
  if (from === grant.from && until === grant.until) return grant;
  return { ...grant, from, until, narrowedBy: by };
}

/** The file promises time, from `now` on, that the grant in force does not give. */
export function saysMore(file: Pick<GrantFile, 'from' | 'until'>, grant: GrantInForce | undefined, now: Instant): boolean {
  if (file.until !== 'open' && file.until <= now) return false;
  if (!grant) return true;
  const start = Math.max(now, file.from ?? now);
  return earlier(file.until, grant.until) !== file.until || Math.max(now, grant.from ?? now) > start;
}

export function latest(left: End, right: End): End {
  return earlier(left, right) === left ? right : left;
}

export function isOver(until: End, now: Instant): boolean {
  // `until` is the first instant without access.
  return until !== 'open' && now >= until;
}

/** The most that a grant file may give: whatever is in force lies within it. */
export interface Window {
  readonly path: string;
  readonly from?: Instant;
  readonly until: End;
}

export function windowOf(path: string, { from, until }: { readonly from?: Instant | undefined; readonly until: End }): Window {
  return { path, from, until };
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
  return windowOf(one.path, { from, until: latest(one.until, other.until) });
}

/** What both give: never more than `window`. */
export function narrower(window: Window, other: Pick<Window, 'from' | 'until'>): Window {
  return windowOf(window.path, { from: later(window.from, other.from), until: earlier(window.until, other.until) });
}
