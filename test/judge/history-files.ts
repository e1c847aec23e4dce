// The files of invented histories. A content is a value, its blob the hash of the value, and what the real reader would make of it follows.
import { createHash } from 'node:crypto';
import type { Reading, Readings } from '../../src/judge/form.ts';
import type { PathChange, PolicyTree, TreeEntry } from '../../src/history/landing.ts';
import { duration, instant, parseBlobId, parseExactUid, type BlobId, type Instant } from '../../src/names.ts';
import { defaultLimits, placeOf, type GrantFile, type GroupRules, type Rules } from '../../src/policy/policy.ts';
import { rulesObjections } from '../../src/policy/policy-rules.ts';
import { day } from '../../src/time.ts';
import { approver, group, team } from '../evidence/evidence-samples.ts';

export const folder = 'policy';

/** Days from here are the unit of all histories. */
export function onDay(number: number): Instant {
  return instant(Date.UTC(2026, 0, 1) + number * day);
}

/** `wording` stands for everything in a file that decides nothing: comments, order, the reason's words. */
export type Content =
  | { readonly kind: 'grant'; readonly from: number | null; readonly until: number | 'open'; readonly wording: number }
  | { readonly kind: 'people'; readonly sre: readonly string[]; readonly owners: readonly string[]; readonly wording: number }
  | { readonly kind: 'group'; readonly approvers: 'sre' | 'owners'; readonly approvals: number; readonly wording: number }
  | { readonly kind: 'broken'; readonly wording: number };

export interface File {
  readonly mode: '100644' | '100755' | '120000';
  readonly content: Content;
}

export type Tree = ReadonlyMap<string, File>;

export function plain(content: Content): File {
  return { mode: '100644', content };
}

const blobs = new WeakMap<Content, BlobId>();

export function blobOf(content: Content): BlobId {
  const blob = blobs.get(content) ?? parseBlobId(createHash('sha1').update(JSON.stringify(content)).digest('hex'));
  if (blob === undefined) throw new Error('a hash is no blob');
  blobs.set(content, blob);
  return blob;
}

function entryOf({ mode, content }: File): TreeEntry {
  return { mode, blob: blobOf(content) };
}

export function policyTree(tree: Tree): PolicyTree {
  return new Map([...tree].map(([path, file]) => [path, entryOf(file)]));
}

export function same(left: File | undefined, right: File | undefined): boolean {
  return (
    left === right ||
    (left !== undefined && right !== undefined && left.mode === right.mode && blobOf(left.content) === blobOf(right.content))
  );
}

export function differences(before: Tree, after: Tree): readonly PathChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (same(was, is)) return [];
    return [{ path, ...(was ? { before: entryOf(was) } : {}), ...(is ? { after: entryOf(is) } : {}) }];
  });
}

export function placeIn(path: string) {
  return placeOf(path.slice(folder.length + 1));
}

/** What a grant file says; undefined where it is none that can be understood. */
export function grantAt(path: string, file: File | undefined): GrantFile | undefined {
  const place = placeIn(path);
  if (file?.content.kind !== 'grant' || place.kind !== 'grant') return undefined;
  const uid = parseExactUid(place.uid);
  if (uid === undefined) return undefined;
  const { from, until, wording } = file.content;
  return {
    group: group(place.group),
    uid,
    reason: `Wording ${wording}.`,
    until: until === 'open' ? 'open' : onDay(until),
    ...(from === null ? {} : { from: onDay(from) }),
  };
}

const people = [approver('alice', [42]), approver('bob', [51]), approver('carol', [57, 99]), approver('mallory', [66], ['mallory-test'])];

/** What the rules files of a tree say together; undefined where one of them says nothing. */
export function rulesIn(tree: Tree): Rules | undefined {
  const policy = tree.get('policy/policy.yaml')?.content;
  if (policy?.kind !== 'people') return undefined;
  const groups = new Map<GroupRules['group'], GroupRules>();
  for (const [path, { content }] of tree) {
    const place = placeIn(path);
    if (place.kind !== 'group') continue;
    if (content.kind !== 'group') return undefined;
    const { approvers, approvals } = content;
    groups.set(group(place.name), { ...groupDefaults, group: group(place.name), approvers: [team(approvers)], approvals });
  }
  const members = (names: readonly string[]) => people.filter(({ uid }) => names.includes(uid)).map(({ uid }) => uid);
  return {
    people: new Map(people.map((one) => [one.uid, one])),
    teams: new Map([
      [team('sre'), members(policy.sre)],
      [team('owners'), members(policy.owners)],
    ]),
    rules: { approvers: [team('owners')], approvals: 1, signed: 0 },
    groups,
  };
}

export const longestDays = 90;

const groupDefaults: Omit<GroupRules, 'group' | 'approvers' | 'approvals'> = {
  purpose: 'Testing.',
  owner: team('sre'),
  members: { kind: 'grants' },
  signed: 0,
  longest: duration(longestDays * day),
  requires: [],
  unexplained: 'remove',
  limits: defaultLimits,
};

/** What the reader of the mirror makes of the files of a landing. */
export function readingsOf(tree: Tree, changes: readonly PathChange[]): Readings {
  const files = new Map<string, Reading>();
  for (const { path } of changes) {
    const file = tree.get(path);
    if (file && file.mode !== '120000') files.set(path, readingOf(path, file));
  }
  if (!changes.some(({ path }) => isRulesPath(path))) return { files };
  const value = rulesIn(tree);
  return { files, rules: value ? { kind: 'valid', value } : { kind: 'invalid', detail: 'broken' } };
}

export function readingOf(path: string, file: File): Reading {
  if (isRulesPath(path)) return { kind: 'rules' };
  const grant = grantAt(path, file);
  return grant ? { kind: 'grant', grant } : { kind: 'unreadable', detail: path };
}

export function isRulesPath(path: string): boolean {
  return placeIn(path).kind === 'policy' || placeIn(path).kind === 'group';
}

/** A start is taken whole or not at all: plain files, each understood, and rules that hold together. */
export function isUsable(tree: Tree): boolean {
  const rules = rulesIn(tree);
  if (!rules || rulesObjections(rules).length > 0) return false;
  return [...tree].every(([path, file]) => path.endsWith('.md') || (file.mode === '100644' && (isRulesPath(path) || grantAt(path, file))));
}
