// What the stand-in knows: accounts, tokens, projects and merge requests, as the tables of a GitLab CE would hold them.
import type { Repository } from './repository.ts';

export interface User {
  readonly id: number;
  username: string;
  name: string;
  state: 'active' | 'blocked' | 'deactivated';
  isAdministrator?: boolean;
}

export interface Token {
  readonly id: number;
  readonly name: string;
  readonly value: string;
  readonly user: User;
  readonly scopes: readonly string[];
  revoked: boolean;
  expiresAt: string | null;
}

/** 0 no one, 30 developers, 40 maintainers. */
export type AccessLevel = 0 | 30 | 40;

export interface ProtectedBranch {
  readonly name: string;
  push: AccessLevel;
  merge: AccessLevel;
  allowForcePush: boolean;
}

export interface Project {
  readonly id: number;
  path: string;
  readonly git: Repository;
  readonly forkOf: Project | null;
  visibility: 'public' | 'private';
  mergeMethod: 'merge' | 'rebase_merge' | 'ff';
  squash: 'never' | 'always' | 'default_on' | 'default_off';
  /** Further fields of GET /projects/:id, laid over the usual ones. */
  settings: Record<string, unknown>;
  protectedBranches: ProtectedBranch[];
  /** User id to role: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner. */
  readonly members: Map<number, number>;
  readonly mergeRequests: MergeRequest[];
  readonly pushes: PushEvent[];
  isDeleted?: true;
}

export interface PushEvent {
  readonly id: number;
  readonly user: User;
  /** null for a push of more than three branches at once, of which GitLab names none. */
  readonly branch: string | null;
  /** How many there were, of those. */
  readonly branches?: number;
  readonly action: 'created' | 'pushed' | 'removed';
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly at: number;
}

export interface ApprovalRow {
  readonly user: User;
  readonly at: number;
}

export interface Version {
  readonly id: number;
  readonly head: string;
  readonly base: string;
  readonly start: string;
  readonly at: number;
}

export interface Note {
  readonly id: number;
  body: string;
  readonly author: User;
  readonly system: boolean;
  readonly at: number;
  updatedAt: number;
  /** A reference in it leads to something that the reader may not see: it is left out of what they are shown, and counted all the same. */
  hidden?: true;
  /** A project that it refers to: whoever may not see that is not shown the note. */
  names?: Project;
}

export interface StateEvent {
  readonly id: number;
  readonly state: 'closed' | 'reopened' | 'merged';
  readonly user: User;
  readonly at: number;
  readonly sourceCommit: string | null;
  readonly sourceMergeRequest: number | null;
}

/** What a finished merge writes into the merge request. */
export interface MergeRecord {
  readonly mergeCommit: string | null;
  readonly squashCommit: string | null;
  readonly by: User;
  readonly sourceCommit?: string;
  readonly sourceMergeRequest?: number;
}

export interface MergeRequest {
  readonly id: number;
  readonly iid: number;
  readonly project: Project;
  readonly source: Project;
  readonly sourceBranch: string;
  targetBranch: string;
  title: string;
  description: string;
  author: User;
  state: 'opened' | 'closed' | 'locked' | 'merged';
  head: string;
  mergeCommit: string | null;
  squashCommit: string | null;
  /** Of the database alone: no answer shows it. */
  mergedCommit: string | null;
  mergedAt: number | null;
  mergedBy: User | null;
  imported: boolean;
  readonly createdAt: number;
  approvals: ApprovalRow[];
  readonly versions: Version[];
  readonly notes: Note[];
  readonly stateEvents: StateEvent[];
  /** The merge that has moved the branch and not been written down yet. */
  unfinished: { readonly until: number; readonly record: MergeRecord } | null;
}

/** The path is that of a project which has another one now. */
export class Moved extends Error {
  override readonly name = 'Moved';
  readonly project: Project;

  constructor(project: Project) {
    super(`it is ${project.path} now`);
    this.project = project;
  }
}

/** What a real server refuses. The routes turn it into an answer, tests that call directly see it thrown. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
