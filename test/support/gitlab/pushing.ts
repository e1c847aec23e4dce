// A push: what it does to the branch, to the merge requests from that branch, and to those whose head it brings to their target.
import type { Forge } from './forge.ts';
import { addNote, finish, reload } from './reviewing.ts';
import type { MergeRequest, Note, Project, PushEvent, User } from './world.ts';

/** Sets the branch, forwards or not, and lets GitLab react. @returns the commit */
export async function push(forge: Forge, project: Project, user: User, branch: string, commit: string): Promise<string> {
  const before = await project.git.find(`refs/heads/${branch}`);
  await project.git.setRef(`refs/heads/${branch}`, commit);
  await react(forge, project, user, branch, before, commit);
  return commit;
}

/** [A] More than three branches at once: one event that names none of them. */
export async function pushMany(forge: Forge, project: Project, user: User, branches: ReadonlyMap<string, string>): Promise<void> {
  project.pushes.push(bulk(forge, user, branches.size));
  for (const [branch, commit] of branches) {
    const before = await project.git.find(`refs/heads/${branch}`);
    await project.git.setRef(`refs/heads/${branch}`, commit);
    await refresh(forge, project, user, branch, before, commit);
  }
}

/** What came by git: the branches are there already. */
export async function received(
  forge: Forge,
  project: Project,
  user: User,
  changes: readonly { readonly branch: string; readonly before: string | undefined; readonly after: string | undefined }[],
): Promise<void> {
  const isBulk = changes.length > 3 && !forge.kind.has('bulk-push-named');
  if (isBulk) project.pushes.push(bulk(forge, user, changes.length));
  for (const { branch, before, after } of changes) {
    if (after === undefined)
      project.pushes.push({ id: forge.nextId(), user, branch, action: 'removed', from: before, to: undefined, at: forge.clock.now() });
    else if (isBulk) await refresh(forge, project, user, branch, before, after);
    else await react(forge, project, user, branch, before, after);
  }
}

function bulk(forge: Forge, user: User, branches: number): PushEvent {
  return { id: forge.nextId(), user, branch: null, branches, action: 'pushed', from: undefined, to: undefined, at: forge.clock.now() };
}

/** Takes the branch away. */
export async function removeBranch(forge: Forge, project: Project, user: User, branch: string): Promise<void> {
  const from = await project.git.head(branch);
  await project.git.git('update-ref', '-d', `refs/heads/${branch}`);
  project.pushes.push({ id: forge.nextId(), user, branch, action: 'removed', from, to: undefined, at: forge.clock.now() });
}

/** [A] `MergeRequests::RefreshService`; nothing in it touches approvals on CE. */
export async function react(
  forge: Forge,
  project: Project,
  user: User,
  branch: string,
  before: string | undefined,
  after: string,
  mergedBy?: MergeRequest,
): Promise<void> {
  // [C] `Git::BranchPushService`: an event of the project, whether or not a merge request is there.
  const action = before === undefined ? 'created' : 'pushed';
  project.pushes.push({ id: forge.nextId(), user, branch, action, from: before, to: after, at: forge.clock.now() });
  await refresh(forge, project, user, branch, before, after, mergedBy);
}

async function refresh(
  forge: Forge,
  project: Project,
  user: User,
  branch: string,
  before: string | undefined,
  after: string,
  mergedBy?: MergeRequest,
): Promise<void> {
  await markMerged(forge, project, user, branch, before, after, mergedBy);
  const open = forge.mergeRequests().filter(({ state }) => state === 'opened');
  for (const mergeRequest of open.filter((one) => one.source === project && one.sourceBranch === branch)) {
    const added = await project.git.between(before, after);
    const titles = added.map((commit) => project.git.titleOf(commit) ?? 'a title that its author chose');
    const list = added.map((commit, place) => `<li>${commit.slice(0, 8)} - ${titles[place]}</li>`).join('');
    // [A] The version is written by a worker, later than the push, and the note by the same one after it.
    await reload(forge, mergeRequest, after, forge.clock.now() + (forge.kind.has('versions-at-once') ? 0 : forge.versionDelay));
    if (forge.kind.has('push-resets-approvals')) mergeRequest.approvals = [];
    const text = `added ${added.length} commit${added.length === 1 ? '' : 's'}\n\n<ul>${list}</ul>`;
    // [C] A push that only takes commits away leaves no note.
    const note = added.length > 0 ? addNote(forge, mergeRequest, user, text, true, forge.versionDelay + 100) : undefined;
    if (note) nameProjects(forge, note, titles);
  }
  await reloadTargets(forge, project, branch, before, after, open);
}

/** [A] A title that refers to another project's issue: whoever cannot see that project is not shown the note. */
function nameProjects(forge: Forge, note: Note, titles: readonly string[]): void {
  for (const [, path = ''] of titles.join('\n').matchAll(/([\w.-]+\/[\w./-]+)#\d+/g)) {
    const named = forge.project(path);
    if (named) note.names = named;
  }
}

/** [A] A push to the target with some of the merge request's commits, or a forced one, makes a version with the same head again. */
async function reloadTargets(
  forge: Forge,
  project: Project,
  branch: string,
  before: string | undefined,
  after: string,
  open: readonly MergeRequest[],
): Promise<void> {
  const concerned = open.filter((one) => one.project === project && one.targetBranch === branch);
  if (before === undefined || concerned.length === 0) return;
  const arrived = new Set(await project.git.between(before, after));
  const forced = !(await project.git.isAncestor(before, after));
  for (const mergeRequest of concerned) {
    const own = await project.git.between(mergeRequest.versions.at(-1)?.base, mergeRequest.head);
    if (forced || own.some((commit) => arrived.has(commit)))
      await reload(forge, mergeRequest, mergeRequest.head, forge.clock.now() + forge.versionDelay);
  }
}

/**
 * [A] `post_merge_manually_merged`: an open merge request whose head is among the pushed commits becomes merged, with the commit that brought it
 * as `merge_commit_sha` and the pusher as merger. The event names where it came from.
 */
async function markMerged(
  forge: Forge,
  project: Project,
  user: User,
  branch: string,
  before: string | undefined,
  after: string,
  mergedBy: MergeRequest | undefined,
): Promise<void> {
  const open = project.mergeRequests.filter((one) => one.state === 'opened' && one.targetBranch === branch && one !== mergedBy);
  if (open.length === 0) return;
  const arrived = new Set(await project.git.between(before, after));
  for (const mergeRequest of open.filter(({ head }) => arrived.has(head))) {
    const mergeCommit = await bringer(project, before, after, mergeRequest.head);
    const isKind = forge.kind.has('pushed-merge-unsourced');
    const source = isKind ? {} : mergedBy ? { sourceMergeRequest: mergedBy.id } : { sourceCommit: mergeCommit };
    finish(forge, mergeRequest, { mergeCommit, squashCommit: null, by: user, ...source });
  }
}

/** The first step on the branch's first-parent chain that contains the head. */
async function bringer(project: Project, before: string | undefined, after: string, head: string): Promise<string> {
  const steps = await project.git.git('rev-list', '--first-parent', '--reverse', ...(before === undefined ? [] : [`^${before}`]), after);
  for (const step of steps.split('\n')) if (await project.git.isAncestor(head, step)) return step;
  return after;
}
