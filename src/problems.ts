// Errors that were thrown on purpose, as problems of a run.
import type { Problem } from './domain/run.ts';
import { Unavailable, Unusable } from './failures.ts';

/** Only what is thrown on purpose becomes a problem of the run; anything else is a bug and goes on up. */
export function problemOf(error: unknown, what: string): Problem {
  if (error instanceof Unavailable) return { status: 'unavailable', code: `${what}-unavailable`, message: error.message };
  if (error instanceof Unusable) return { status: 'input', code: `${what}-unusable`, message: error.message };
  throw error;
}

/** A directory that answers and says no has a status of its own (CONTRACT, section 4). */
export function directoryProblem(error: unknown): Problem {
  const problem = problemOf(error, 'directory');
  return problem.status === 'input' ? { ...problem, status: 'directory' } : problem;
}
