// The errors that are thrown on purpose: process.ts catches them, or they become problems of a run, and everything else is a bug.
import type { StatusName } from './status.ts';

type System = 'git' | 'gitlab' | 'directory' | 'roster' | 'lock' | 'ledger' | 'revocations' | 'ssh-keygen';

/** Wrong arguments or a broken configuration: the person who called can mend it. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

/** A system we depend on did not answer. Nothing is wrong with the policy; the next run may succeed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly system: System;
  readonly detail: string;

  constructor(system: System, detail: string, cause?: unknown) {
    super(`${system} did not answer: ${detail}`, { cause });
    this.system = system;
    this.detail = detail;
  }
}

/** An input is there and cannot be used: it answers, and what it says is broken or was tampered with. */
export class Unusable extends Error {
  override readonly name = 'Unusable';
}

/** Nobody vouches for the server, or it does not let us in: nothing was asked of it, and a person has to mend that. */
export class Untrusted extends Unusable {}

/** The directory answered, and refused, or says what cannot be used. */
export class DirectoryUnusable extends Unusable {}

/** What no waiting heals (errno(3)): a person has to mend an owner, a mode, or what stands there instead. */
const forPeople: ReadonlySet<string> = new Set(['ENOTDIR', 'EISDIR', 'ELOOP', 'EACCES', 'EPERM']);

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'makes room on its disk',
  EDQUOT: 'makes room in its quota',
  EROFS: 'finds out why its disk is mounted read-only',
};

/** The state folder, or a file in it, cannot be used: which errno, and what the administrator of this host does about it. */
export function stateFailure(system: System, folder: string, detail: string, error: unknown): Unusable | Unavailable {
  const errno = errnoOf(error);
  if (errno === 'ENOENT') return missingState(folder, error);
  const what = `${detail} (${errno})`;
  const remedy = remedies[errno];
  if (remedy !== undefined)
    return new Unusable(`${what}. The administrator of this host ${remedy}: ${folder}; the next run tries again`, { cause: error });
  if (!forPeople.has(errno))
    return new Unavailable(system, `${what}. The administrator of this host looks at its disk: ${folder}; the next run tries again`, error);
  return new Unusable(
    `${what}. The administrator of this host mends that: ${folder} must be a folder of mode 0711 that belongs, with all that is in it, to the account that runs muster`,
    { cause: error },
  );
}

/** A disk on which nothing can be written now, full or read-only: what ends, ends all the same. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && remedies[errnoOf(error.cause)] !== undefined;
}

/** Never made by muster: where it has gone, so have the revocations, and an empty one would give back what they took. */
function missingState(folder: string, cause: unknown): Unusable {
  return new Unusable(
    `the state folder ${folder} is not there (ENOENT). ` +
      'The administrator of this host mounts it, or restores it from its backup: it holds the revocations and the record. ' +
      `Only on a new host it is made, empty, for the account that runs muster: ${makeState(folder)}`,
    { cause },
  );
}

/** As the package does it. */
export function makeState(folder: string): string {
  return `install -d -m 0711 -o muster -g muster ${folder}`;
}

/** A file that muster writes for others, at a place that the configuration names. */
export function unwritten(what: string, error: unknown): Unusable {
  return new Unusable(
    `${what} could not be written (${errnoOf(error)}). ` +
      'The administrator of this host sees to it that the account that runs muster may write a file there; the next run tries again',
    { cause: error },
  );
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** What both give, once both have ended: after an error nothing goes on behind the caller. Where both fail, it is the first one's error. */
export async function together<First, Second>(first: Promise<First>, second: Promise<Second>): Promise<readonly [First, Second]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** Something that is not as it should be, and that concerns more than one person or group. */
export interface Problem {
  readonly status: StatusName;
  readonly code: string;
  readonly message: string;
}

/** Only what is thrown on purpose becomes a problem of the run; anything else is a bug and goes on up. */
export function problemOf(error: unknown, what: string): Problem {
  if (error instanceof Unavailable) return { status: 'unavailable', code: `${what}-unavailable`, message: error.message };
  if (error instanceof DirectoryUnusable) return { status: 'directory', code: `${what}-unusable`, message: error.message };
  if (error instanceof Unusable) return { status: 'input', code: `${what}-unusable`, message: error.message };
  throw error;
}
