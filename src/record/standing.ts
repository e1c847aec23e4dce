// How far grants have come in the directory: converging leaves it in its own folder for judging, which tells it on merge requests and has no
// directory to ask.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { WithheldReason } from '../membership/desired.ts';
import type { GroupName, Instant, Uid } from '../names.ts';
import { publishFile } from '../published-file.ts';
import { ownerOf, readForeignText } from './other-half.ts';
import { group, instant, uid, type Shape } from './shapes.ts';

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

const shape = v.strictObject({ format: v.literal(1), grants: v.array(v.strictObject({ group, uid, reach })) });

const largest = 16 * 1024 * 1024;

function standingIn(state: string): string {
  return join(state, 'standing.json');
}

/** Mode 0644: the account of judging reads it. Written where it became another one. Throws what the file system says. */
export function keepStanding(state: string, grants: readonly GrantReach[]): void {
  const file = standingIn(state);
  const kept = grants.map((one) => ({
    ...one,
    reach: one.reach.kind === 'member' ? { ...one.reach, since: one.reach.since ?? null } : one.reach,
  }));
  const text = `${JSON.stringify({ format: 1, grants: kept })}\n`;
  if (textIn(file) !== text) publishFile(file, text, `${file}.new`);
}

function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Where nothing can be read, nothing is known. */
export function readReach(state: string): ReachOf {
  const owner = ownerOf(state);
  const found = owner === undefined ? undefined : readForeignText(standingIn(state), owner, largest);
  const grants = found?.kind === 'read' ? grantsIn(found.content) : undefined;
  if (!grants) return () => ({ kind: 'unknown' });
  const known = new Map(grants.map((one) => [`${one.group} ${one.uid}`, one.reach]));
  return (grant) => known.get(`${grant.group} ${grant.uid}`) ?? { kind: 'not-yet' };
}

function grantsIn(text: string): readonly GrantReach[] | undefined {
  try {
    const parsed = v.safeParse(shape, JSON.parse(text));
    return parsed.success ? parsed.output.grants : undefined;
  } catch {
    return undefined;
  }
}
