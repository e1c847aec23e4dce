// Local revocations: `revoked/<uid>.json` under the state folder takes every managed group from a person,
// `revoked/<uid>@<group>.json` one of them; a further one while the first stands has `+2`, `+3` before `.json`. None is ever
// written over. The standby copies them (muster-standby@.service), and an administrator without it does so by hand: a file that is
// damaged still revokes whom its name names. The doubt is on the side of less access.
import { closeSync, constants, fstatSync, linkSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Revocation } from '../membership/desired.ts';
import { inOrder, parseGroupName, parseUid, type Instant } from '../names.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { errnoOf, stateFailure, Unusable } from '../errors.ts';
import { makeFolder, syncFolder, writeDurably } from '../kept-files.ts';

/** A revocation and the name of its file, which may be spelled in another way than muster spells it. */
export interface KeptRevocation extends Revocation {
  readonly file: string;
}

export interface Revocations {
  /** By uid, then by group, those of every group first, then by their time. */
  readonly revocations: readonly KeptRevocation[];
  readonly warnings: readonly string[];
}

const schema = v.strictObject({
  format: v.literal(1),
  uid: v.string(),
  group: v.exactOptional(v.string()),
  reason: v.string(),
  at: v.string(),
  by: v.exactOptional(v.string()),
});

const largest = 64 * 1024;

/** `folder` is the state folder; without `revoked` in it nobody is revoked. Throws Unavailable or Unusable when it cannot be listed. */
export async function readRevocations(folder: string): Promise<Revocations> {
  const revocations: KeptRevocation[] = [];
  const warnings: string[] = [];
  for (const name of listFolder(join(folder, 'revoked'))) {
    const target = parseName(name);
    if (target === undefined) {
      warnings.push(`revoked/${JSON.stringify(name)} is not the name of a revocation; it revokes nobody.`);
      continue;
    }
    const revocation = readRevocation(join(folder, 'revoked', name), target);
    if (revocation === 'lifted') continue;
    if (revocation === undefined) warnings.push(`revoked/${name} is damaged; ${target.uid} stays revoked. Write it anew or lift it.`);
    revocations.push({ ...(revocation ?? { ...target, reason: 'unknown: the file of this revocation is damaged' }), file: name });
  }
  revocations.sort(
    (left, right) => inOrder(left.uid, right.uid) || inOrder(left.group ?? '', right.group ?? '') || (left.at ?? 0) - (right.at ?? 0),
  );
  return { revocations, warnings };
}

type Target = Pick<Revocation, 'uid' | 'group'>;

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path).sort(inOrder);
  } catch (error) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Unusable(
        `${path} is a link to where nothing can be read: the administrator of this host mounts that, or puts the folder itself there. Whom it revoked is not known until then`,
        { cause: error },
      );
    if (errnoOf(error) === 'ENOENT') return [];
    throw stateFailure('revocations', path, `${path} cannot be listed`, error);
  }
}

function parseName(name: string): Target | undefined {
  const [, person, only] = /^([^@+]+)(?:@([^@+]+))?(?:\+[0-9]+)?\.json$/.exec(name) ?? [];
  const uid = person === undefined ? undefined : parseUid(person);
  if (uid === undefined) return undefined;
  if (only === undefined) return { uid };
  const group = parseGroupName(only);
  return group === undefined ? undefined : { uid, group };
}

/** Undefined: not readable, not JSON, another format, or about somebody or something else than its name. `lifted`: gone since the folder was listed. */
function readRevocation(path: string, target: Target): Revocation | 'lifted' | undefined {
  const found = readJson(path);
  if (found === 'lifted') return found;
  const parsed = v.safeParse(schema, found);
  if (!parsed.success) return undefined;
  const { uid, group, reason, at, by } = parsed.output;
  const moment = parseMoment(at);
  const only = group === undefined ? undefined : parseGroupName(group);
  if (parseUid(uid) !== target.uid || moment === undefined) return undefined;
  if (group !== undefined && only === undefined) return undefined;
  if (target.group !== undefined && target.group !== only) return undefined;
  return { uid: target.uid, group: only, reason, at: moment, by };
}

function readJson(path: string): unknown {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const state = fstatSync(file);
      if (!state.isFile() || state.size > largest) return undefined;
      return JSON.parse(readFileSync(file, 'utf8'));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // Whatever else is wrong with it, the name alone counts then. (A link that leads nowhere gives ELOOP, not ENOENT.)
    return errnoOf(error) === 'ENOENT' ? 'lifted' : undefined;
  }
}

/**
 * Writes one revocation: on disk when the promise is kept, and never half. One that stands already stays as it is, and so do those
 * that others write at the same moment. Gives the path. Throws Unavailable or Unusable when it cannot be written.
 */
export async function writeRevocation(folder: string, revocation: Omit<Revocation, 'at'> & { readonly at: Instant }): Promise<string> {
  const place = join(folder, 'revoked');
  // Beside the folder: what is half written must not look like a revocation.
  const unfinished = join(folder, `revocation-${randomUUID()}.new`);
  try {
    makeFolder(place);
    writeDurably(unfinished, renderRevocation(revocation), 0o600, 'wx');
    const path = linkTo(unfinished, place, revocation);
    syncFolder(place);
    return path;
  } catch (error) {
    throw stateFailure('revocations', folder, `a file in ${place} cannot be written`, error);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function renderRevocation({ uid, group, reason, at, by }: Revocation & { readonly at: Instant }): string {
  const own = { group, reason, at: renderInstant(at), by };
  return `${JSON.stringify({ format: 1, uid, ...own }, null, 2)}\n`;
}

/** link(2) never replaces: whoever finds a name taken takes the next one. */
function linkTo(unfinished: string, place: string, { uid, group }: Target): string {
  const name = group === undefined ? uid : `${uid}@${group}`;
  for (let number = 1; ; number++) {
    const path = join(place, number === 1 ? `${name}.json` : `${name}+${number}.json`);
    try {
      linkSync(unfinished, path);
      return path;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

/** Ends a revocation; one that is gone already has ended. */
export async function removeRevocation(folder: string, { file }: KeptRevocation): Promise<void> {
  const place = join(folder, 'revoked');
  try {
    unlinkSync(join(place, file));
    syncFolder(place);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw stateFailure('revocations', place, `${join(place, file)} cannot be removed`, error);
  }
}
