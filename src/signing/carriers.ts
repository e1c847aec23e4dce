// What carries signed statements to a host: comments, notes of git, and files that an administrator puts there. None of it is trusted.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, stateFailure } from '../errors.ts';
import type { CommitId } from '../names.ts';
import { largestStatement } from './statement.ts';

export interface Comment {
  readonly body: string;
  /** The number of the account that wrote it. */
  readonly by: number | undefined;
}

export interface Carriers {
  /** Of a merge request, newest first. Throws Unavailable where GitLab does not answer. */
  readonly comments: (project: number, iid: number) => Promise<readonly Comment[]>;
  /** Under refs/notes/muster-approvals, on any of these commits. None where they cannot be had. */
  readonly notes: (commits: readonly CommitId[]) => Promise<readonly string[]>;
  /** What lies in the folder `approvals`, for any landing. */
  readonly files: () => readonly string[];
}

const mostFiles = 500;

/** The plain files of a folder, in the order of their names, newest names last; longer ones than a statement may be are none. */
export function readApprovalFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .slice(-mostFiles)
      .map((name) => join(folder, name))
      .filter((path) => isSmallFile(path))
      .map((path) => readFileSync(path, 'latin1'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw stateFailure('ledger', folder, `signed approvals in ${folder} cannot be read`, error);
  }
}

function isSmallFile(path: string): boolean {
  const state = lstatSync(path);
  return state.isFile() && state.size <= largestStatement;
}
