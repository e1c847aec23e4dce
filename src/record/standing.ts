// What the directory says for the notes on merge requests: how far grants have come, and which people of open merge requests it knows. Converging
// leaves it in its own folder for judging, which has no directory to ask.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { WithheldReason } from '../membership/desired.ts';
import type { GroupName, Instant, Uid } from '../names.ts';
import { publishFile } from '../kept-files.ts';
import { ownerOf, readForeignText } from './other-half.ts';
import { parseAs, group, instant, uid, type Shape } from './shapes.ts';

/** How far a grant in force has come in the directory, as far as the caller can know. */
export type Reach =
  | { readonly kind: 'member'; readonly since: Instant | undefined }
  | { readonly kind: 'not-yet' | 'held' | 'unknown' }
  | { readonly kind: 'withheld'; readonly code: WithheldReason['code'] };

export interface GrantReach {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly reach: Reach;
}

/** Whether the directory has the person; `not-told`: it was not asked yet. */
export type Presence = 'known' | 'unknown-person' | 'ambiguous-person' | 'locked' | 'not-told';

export interface PersonPresence {
  readonly uid: Uid;
  readonly is: Exclude<Presence, 'not-told'>;
}

export interface Standing {
  readonly reachOf: ReachOf;
  readonly presenceOf: (uid: Uid) => Presence;
}

export type ReachOf = (grant: Pick<GrantReach, 'group' | 'uid'>) => Reach;

const reach: Shape<Reach> = v.variant('kind', [
  v.pipe(
    v.strictObject({ kind: v.literal('member'), since: v.nullable(instant) }),
    v.transform(({ kind, since }) => ({ kind, since: since ?? undefined })),
  ),
  v.strictObject({ kind: v.picklist(['not-yet', 'held', 'unknown']) }),
  v.strictObject({
    kind: v.literal('withheld'),
    code: v.picklist(['expired', 'revoked', 'not-yet', 'unknown-person', 'ambiguous-person', 'identity-changed', 'locked']),
  }),
]);

const shape = v.strictObject({
  format: v.literal(1),
  grants: v.array(v.strictObject({ group, uid, reach })),
  people: v.array(v.strictObject({ uid, is: v.picklist(['known', 'unknown-person', 'ambiguous-person', 'locked']) })),
});

const largest = 16 * 1024 * 1024;

function standingIn(state: string): string {
  return join(state, 'standing.json');
}

/** Mode 0644: the account of judging reads it. Written where it became another one. Throws what the file system says. */
export function keepStanding(state: string, grants: readonly GrantReach[], people: readonly PersonPresence[]): void {
  const file = standingIn(state);
  const kept = grants.map((one) => ({
    ...one,
    reach: one.reach.kind === 'member' ? { ...one.reach, since: one.reach.since ?? null } : one.reach,
  }));
  const text = `${JSON.stringify({ format: 1, grants: kept, people })}\n`;
  if (textIn(file) !== text) publishFile(file, text, `${file}.new`);
}

function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

export const nothingStands: Standing = { reachOf: () => ({ kind: 'unknown' }), presenceOf: () => 'not-told' };

/** Where nothing can be read, nothing is known. */
export function readStanding(state: string): Standing {
  const owner = ownerOf(state);
  const found = owner === undefined ? undefined : readForeignText(standingIn(state), owner, largest);
  const content = found?.kind === 'read' ? parseAs(shape, found.content) : undefined;
  if (!content) return nothingStands;
  const reaches = new Map(content.grants.map((one) => [`${one.group} ${one.uid}`, one.reach]));
  const presences = new Map(content.people.map((one) => [one.uid, one.is]));
  return {
    reachOf: (grant) => reaches.get(`${grant.group} ${grant.uid}`) ?? { kind: 'not-yet' },
    presenceOf: (of) => presences.get(of) ?? 'not-told',
  };
}
