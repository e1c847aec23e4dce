// What people do to a merge request besides pushing and merging, with what GitLab CE leaves behind of each.
import type { Forge } from './forge.ts';
import { Refused, type MergeRecord, type MergeRequest, type Note, type Project, type StateEvent, type User } from './world.ts';

export interface OpenOptions {
  readonly author: User;
  readonly sourceBranch: string;
  /** A fork. */
  readonly sourceProject?: Project;
  readonly targetBranch?: string;
  readonly title?: string;
  readonly description?: string;
}

export async function openMergeRequest(forge: Forge, project: Project, options: OpenOptions): Promise<MergeRequest> {
  const source = options.sourceProject ?? project;
  const head = await source.git.find(`refs/heads/${options.sourceBranch}`);
  if (head === undefined) throw new Refused(400, 'source branch does not exist');
  const taken = project.mergeRequests.find(
    (one) => one.state === 'opened' && one.source === source && one.sourceBranch === options.sourceBranch,
  );
  if (taken) throw new Refused(409, `Another open merge request already exists for this source branch: !${taken.iid}`);
  const mergeRequest: MergeRequest = {
    id: forge.nextId(),
    iid: project.mergeRequests.length + 1,
    project,
    source,
    sourceBranch: options.sourceBranch,
    targetBranch: options.targetBranch ?? 'main',
    title: options.title ?? options.sourceBranch,
    description: options.description ?? '',
    author: options.author,
    state: 'opened',
    head,
    mergeCommit: null,
    squashCommit: null,
    mergedCommit: null,
    mergedAt: null,
    mergedBy: null,
    imported: false,
    createdAt: forge.clock.now(),
    approvals: [],
    versions: [],
    notes: [],
    stateEvents: [],
    unfinished: null,
  };
  project.mergeRequests.push(mergeRequest);
  // [A] `NewMergeRequestWorker`: the first version, too, is written some time later.
  await reload(forge, mergeRequest, head, forge.clock.now() + (forge.kind.has('first-version-at-once') ? 0 : forge.versionDelay));
  return mergeRequest;
}

/** A new version: the head is kept alive for ever, and shown as refs/merge-requests/<iid>/head of the target project. */
export async function reload(forge: Forge, mergeRequest: MergeRequest, head: string, at: number): Promise<void> {
  const { project, source, iid } = mergeRequest;
  if (source !== project) await project.git.fetch(source.git, head);
  const base = await project.git.mergeBase(`refs/heads/${mergeRequest.targetBranch}`, head);
  await project.git.setRef(`refs/merge-requests/${iid}/head`, head);
  await project.git.setRef(`refs/keep-around/${head}`, head);
  mergeRequest.head = head;
  const start = await project.git.head(mergeRequest.targetBranch);
  mergeRequest.versions.push({ id: forge.nextId(), head, base, start, at });
}

export function addNote(forge: Forge, mergeRequest: MergeRequest, author: User, body: string, system: boolean, delay = 0): Note {
  const at = forge.clock.now() + delay;
  const note: Note = { id: forge.nextId(), body, author, system, at, updatedAt: at };
  mergeRequest.notes.push(note);
  return note;
}

export function addStateEvent(
  forge: Forge,
  mergeRequest: MergeRequest,
  event: Pick<StateEvent, 'state' | 'user'> & Partial<StateEvent>,
): void {
  mergeRequest.stateEvents.push({ id: forge.nextId(), at: forge.clock.now(), sourceCommit: null, sourceMergeRequest: null, ...event });
}

/**
 * [A] `approvals` has one row for a person: approving again leaves the old row with its old time, and answers 304.
 * [A] The author may approve, and so may everybody who can update the merge request. After the merge: 401.
 */
export function approve(forge: Forge, mergeRequest: MergeRequest, user: User, at = forge.clock.now()): void {
  if (forge.kind.has('author-cannot-approve') && mergeRequest.author === user) throw new Refused(401, '401 Unauthorized');
  if (forge.kind.has('approving-again-renews')) mergeRequest.approvals = mergeRequest.approvals.filter((row) => row.user !== user);
  if (mergeRequest.state === 'merged' || mergeRequest.state === 'locked') throw new Refused(401, '401 Unauthorized');
  if (mergeRequest.approvals.some((row) => row.user === user)) throw new Refused(304, 'already approved');
  mergeRequest.approvals.push({ user, at });
  // [A] Written by a worker with the worker's time; it stays when the approval is withdrawn.
  addNote(forge, mergeRequest, user, 'approved this merge request', true, forge.noteDelay);
}

/** [A] After the merge, or without an approval to withdraw: 404. */
export function unapprove(forge: Forge, mergeRequest: MergeRequest, user: User): void {
  const row = mergeRequest.approvals.find((candidate) => candidate.user === user);
  if (!row || mergeRequest.state === 'merged') throw new Refused(404, '404 Not Found');
  mergeRequest.approvals = mergeRequest.approvals.filter((candidate) => candidate !== row);
  addNote(forge, mergeRequest, user, 'unapproved this merge request', true);
}

/** [A] CE keeps the approvals. The diff is made anew, against the other branch. */
export async function retarget(forge: Forge, mergeRequest: MergeRequest, user: User, branch: string): Promise<void> {
  if (mergeRequest.state !== 'opened') throw new Refused(405, 'not open');
  const old = mergeRequest.targetBranch;
  mergeRequest.targetBranch = branch;
  addNote(forge, mergeRequest, user, `changed target branch from \`${old}\` to \`${branch}\``, true);
  await reload(forge, mergeRequest, mergeRequest.head, forge.clock.now() + forge.versionDelay);
}

export function close(forge: Forge, mergeRequest: MergeRequest, user: User): void {
  if (mergeRequest.state !== 'opened') throw new Refused(405, 'not open');
  mergeRequest.state = 'closed';
  addStateEvent(forge, mergeRequest, { state: 'closed', user });
}

/** [A] `ReopenService` makes the diff anew. What was pushed in between has left no note: closed ones are not refreshed. */
export async function reopen(forge: Forge, mergeRequest: MergeRequest, user: User): Promise<void> {
  if (mergeRequest.state !== 'closed') throw new Refused(405, 'not closed');
  mergeRequest.state = 'opened';
  addStateEvent(forge, mergeRequest, { state: 'reopened', user });
  const head = await mergeRequest.source.git.head(mergeRequest.sourceBranch);
  await reload(forge, mergeRequest, head, forge.clock.now() + forge.versionDelay);
}

export function finish(forge: Forge, mergeRequest: MergeRequest, record: MergeRecord): void {
  mergeRequest.state = 'merged';
  mergeRequest.mergeCommit = record.mergeCommit;
  mergeRequest.squashCommit = record.squashCommit;
  mergeRequest.mergedAt = forge.clock.now();
  mergeRequest.mergedBy = record.by;
  mergeRequest.unfinished = null;
  const { by: user, sourceCommit = null, sourceMergeRequest = null } = record;
  addStateEvent(forge, mergeRequest, { state: 'merged', user, sourceCommit, sourceMergeRequest });
}

/** [A] A worker frees those that stay locked, by `update_all`: neither an event nor a time is written. */
export function free(mergeRequest: MergeRequest): void {
  const { unfinished } = mergeRequest;
  if (!unfinished) throw new Refused(405, 'it is not locked');
  const { mergeCommit, squashCommit } = unfinished.record;
  Object.assign(mergeRequest, { state: 'merged', mergeCommit, squashCommit, unfinished: null });
}

/** Ends the merges whose time has come. */
export function settle(forge: Forge): void {
  // At every request: no list is made of what may be thousands.
  for (const { mergeRequests } of forge.projects) {
    for (const mergeRequest of mergeRequests) {
      const { unfinished } = mergeRequest;
      if (unfinished && forge.clock.now() >= unfinished.until) finish(forge, mergeRequest, unfinished.record);
    }
  }
}
