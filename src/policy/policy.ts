// The policy as values: what the files under policy/ say once they are understood.
// A policy that is half understood is not understood: there is a Policy, or there are findings, never both.
import type { SshKey } from '../signing/ssh-key.ts';
import {
  inOrder,
  parseExactUid,
  parseGroupName,
  type Duration,
  type GroupName,
  type Instant,
  type RosterName,
  type TeamName,
  type Uid,
} from '../names.ts';

/** Somebody who may approve: every account of the person, on GitLab (numeric ids) and in the directory. */
export interface Approver {
  readonly uid: Uid;
  /** None: nobody with an account there, who approves by signatures. */
  readonly gitlab: readonly number[];
  readonly also: readonly Uid[];
  /** What signs approvals of this person. */
  readonly keys: readonly SshKey[];
}

/** A limit on changes that nobody reviewed one by one, over 24 hours. */
export type Limit = { readonly kind: 'count'; readonly count: number } | { readonly kind: 'percent'; readonly percent: number };

export interface Limits {
  readonly removals: Limit;
  readonly additions: Limit;
  /** Members left after limited removals. */
  readonly minimum: number;
}

export const defaultLimits: Limits = {
  removals: { kind: 'percent', percent: 20 },
  additions: { kind: 'percent', percent: 50 },
  minimum: 0,
};

export type RequirableField = 'ticket' | 'contact' | 'understood';

export interface GroupRules {
  readonly group: GroupName;
  readonly purpose: string;
  readonly owner: TeamName;
  readonly members: { readonly kind: 'grants' } | { readonly kind: 'roster'; readonly roster: RosterName };
  /** The teams whose people may approve a grant: the `approvers`, or the `owner` where none is named. */
  readonly approvers: readonly [TeamName, ...TeamName[]];
  readonly approvals: number;
  /** How many of the approvals must be signed. */
  readonly signed: number;
  /** A grant must end within this time of its merge. */
  readonly longest: Duration | 'none';
  readonly requires: readonly RequirableField[];
  readonly understood?: { readonly text: string; readonly version: string };
  readonly unexplained: 'remove' | 'report';
  readonly limits: Limits;
}

/** What `policy.yaml` and `groups/` say together. */
export interface Rules {
  readonly people: ReadonlyMap<Uid, Approver>;
  readonly teams: ReadonlyMap<TeamName, readonly Uid[]>;
  readonly rules: { readonly approvers: readonly [TeamName, ...TeamName[]]; readonly approvals: number; readonly signed: number };
  readonly groups: ReadonlyMap<GroupName, GroupRules>;
}

/** What one grant file says. Group and uid come from its path. */
export interface GrantFile {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly reason: string;
  readonly ticket?: string;
  readonly contact?: string;
  readonly understood?: string;
  /** The first instant with access; without it, from the merge on. */
  readonly from?: Instant;
  /** The first instant without access. */
  readonly until: Instant | 'open';
}

export interface Finding {
  /** Stable: people and machines look it up in docs/policy.md. */
  readonly code: string;
  readonly severity: 'error' | 'advice';
  /** The file, from the root of the policy repository. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
}

/** One or more: nothing is invalid for no reason. */
export type Findings = readonly [Finding, ...Finding[]];

export type Parsed<Value> = { readonly kind: 'valid'; readonly value: Value } | { readonly kind: 'invalid'; readonly findings: Findings };

/** A file as Git or the disk holds it. `path` is from the root of the policy repository. */
export interface PolicyFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where a path inside the policy folder belongs. `other` files have no place there. */
export type Place =
  | { readonly kind: 'policy' }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'grant'; readonly group: string; readonly uid: string }
  | { readonly kind: 'other' };

/** `path` is taken from inside the policy folder: `policy.yaml`, `groups/x.yaml`, `grants/x/y.yaml`. */
export function placeOf(path: string): Place {
  if (path === 'policy.yaml') return { kind: 'policy' };
  const group = /^groups\/([^/]+)\.yaml$/.exec(path)?.[1];
  if (group !== undefined) return { kind: 'group', name: group };
  const [, of, uid] = /^grants\/([^/]+)\/([^/]+)\.yaml$/.exec(path) ?? [];
  if (of !== undefined && uid !== undefined) return { kind: 'grant', group: of, uid };
  return { kind: 'other' };
}

/** Where nothing but signatures approves: who wrote a change is not known, so that one signer may be its author. */
export const leastSigners = 2;

/** Nobody has an account on a forge: nothing but signatures approves. */
export function isOnlySigned({ people }: Pick<Rules, 'people'>): boolean {
  return people.size > 0 && [...people.values()].every(({ gitlab }) => gitlab.length === 0);
}

export const largestFile = 16 * 1024;

/** More files than this nobody reviews in one go. */
export const mostFiles = 50;

/** Nobody reviews these either, but a person would look at a list of so many. */
export const mostListedFiles = 100;

export function byPlace(left: Finding, right: Finding): number {
  return inOrder(left.path, right.path) || left.line - right.line || left.column - right.column || inOrder(left.code, right.code);
}

/** Everything that stands on a team, once, in the order of uids. */
export function membersOf(rules: Rules, teams: readonly TeamName[]): readonly Uid[] {
  return [...new Set(teams.flatMap((team) => rules.teams.get(team) ?? []))].sort(inOrder);
}

export function place(path: string, folder: string): Place {
  return path.startsWith(`${folder}/`) ? placeOf(path.slice(folder.length + 1)) : { kind: 'other' };
}

/** Whose grant a path is, where it is well-formed. */
export function grantAt(path: string, folder: string): { readonly group: GroupName; readonly uid: Uid } | undefined {
  const where = place(path, folder);
  if (where.kind !== 'grant') return undefined;
  const [group, uid] = [parseGroupName(where.group), parseExactUid(where.uid)];
  return group === undefined || uid === undefined ? undefined : { group, uid };
}

export function isRules(path: string, folder: string): boolean {
  const { kind } = place(path, folder);
  return kind === 'policy' || kind === 'group';
}
