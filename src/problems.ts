// Errors that were thrown on purpose, as problems of a run.
import type { StatusName } from './status.ts';
import { DirectoryUnusable, Unavailable, Unusable } from './errors.ts';

/** Something that is not as it should be, and that concerns more than one person or group. */
export interface Problem {
  readonly status: StatusName;
  readonly code: string;
  readonly message: string;
}

/** Only what is thrown on purpose becomes a problem of the run; anything else is a bug and goes on up. Statuses: CONTRACT, section 4. */
export function problemOf(error: unknown, what: string): Problem {
  if (error instanceof Unavailable) return { status: 'unavailable', code: `${what}-unavailable`, message: error.message };
  if (error instanceof DirectoryUnusable) return { status: 'directory', code: `${what}-unusable`, message: error.message };
  if (error instanceof Unusable) return { status: 'input', code: `${what}-unusable`, message: error.message };
  throw error;
}
