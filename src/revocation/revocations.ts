// Local revocations: `revoked/<uid>.json` under the state folder takes every managed group from a person,
// `revoked/<uid>@<group>.json` one of them. They are copied between hosts by hand, so a file that is damaged still
// revokes whom its name names: the doubt is on the side of less access.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { inOrder, parseGroupName, parseUid, type GroupName, type Instant, type Uid } from '../names.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { errnoOf, stateFailure, Unusable } from '../errors.ts';

export interface Revocation {
  readonly uid: Uid;
  /** Without it, every managed group. */
  readonly group?: GroupName;
  /** Free text, as somebody wrote it. */
  readonly reason: string;
  /** Undefined when the file is damaged. */
  readonly at?: Instant;
  readonly by?: string;
}

/** A revocation and the name of its file, which may be spelled in another way than muster spells it. */
export interface KeptRevocation extends Revocation {
  readonly file: string;
}

export interface Revocations {
  /** By uid, then by group, those of every group first. */
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
  revocations.sort((left, right) => inOrder(left.uid, right.uid) || inOrder(left.group ?? '', right.group ?? ''));
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
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw stateFailure('revocations', path, `${path} cannot be listed`, error);
  }
}

function parseName(name: string): Target | undefined {
  const [, person, only] = /^([^@]+)(?:@([^@]+))?\.json$/.exec(name) ?? [];
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
  return { uid: target.uid, ...(only === undefined ? {} : { group: only }), reason, at: moment, ...(by === undefined ? {} : { by }) };
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
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'lifted' : undefined;
  }
}

/**
 * Writes one revocation: on disk when the promise is kept, and never half. One that is there already is replaced.
 * Throws Unavailable or Unusable when it cannot be written.
 */
export async function writeRevocation(folder: string, revocation: Omit<Revocation, 'at'> & { readonly at: Instant }): Promise<void> {
  const place = join(folder, 'revoked');
  const { uid, group, reason, at, by } = revocation;
  const content = {
    format: 1,
    uid,
    ...(group === undefined ? {} : { group }),
    reason,
    at: renderInstant(at),
    ...(by === undefined ? {} : { by }),
  };
  const path = fileOf(folder, revocation);
  const unfinished = join(folder, 'revocation.new');
  try {
    makeFolder(place);
    // Beside the folder: what is half written must not look like a revocation.
    const file = openSync(unfinished, 'w', 0o600);
    try {
      writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
    syncFolder(place);
  } catch (error) {
    throw stateFailure('revocations', folder, `${path} cannot be written`, error);
  }
}

/** Never the state folder itself: one that has gone is not replaced by an empty one. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
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

/** Where a revocation lies, for those who copy it. */
export function fileOf(folder: string, target: Target): string {
  return join(folder, 'revoked', nameOf(target));
}

function nameOf({ uid, group }: Target): string {
  return group === undefined ? `${uid}.json` : `${uid}@${group}.json`;
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
