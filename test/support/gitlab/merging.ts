// The merge button, and Rebase: commits as `merge_strategies/from_source_branch.rb` makes them, and the fields it writes afterwards.
import type { Forge } from './forge.ts';
import { react } from './pushing.ts';
import { finish } from './reviewing.ts';
import { Refused, type MergeRecord, type MergeRequest, type Project, type User } from './world.ts';

export type MergeMethod = 'merge' | 'semi-linear' | 'squash' | 'squash+merge' | 'ff' | 'automatic-rebase';

export interface MergeOptions {
  /** What the project's merge method and the squash box come to; `squash` is a fast-forward of the squash commit. */
  readonly method?: MergeMethod;
  /** Milliseconds between the branch's move and the end of the merge, in which the state is `locked`. */
  readonly lockedFor?: number;
}

interface Built {
  /** The branch's new tip. */
  readonly tip: string;
  readonly mergeCommit: string | null;
  readonly squashCommit: string | null;
}

/** @returns the branch's new tip */
export async function merge(
  forge: Forge,
  mergeRequest: MergeRequest,
  user: User,
  { method = 'merge', lockedFor = 0 }: MergeOptions = {},
): Promise<string> {
  if (mergeRequest.state !== 'opened') throw new Refused(405, '405 Method Not Allowed');
  const { project, targetBranch } = mergeRequest;
  const before = await project.git.head(targetBranch);
  const { tip, mergeCommit, squashCommit } = await build(forge, mergeRequest, before, method);
  mergeRequest.state = 'locked';
  await project.git.setRef(`refs/heads/${targetBranch}`, tip);
  // [A] The branch has moved; the fields are written only now, or `lockedFor` later.
  const record: MergeRecord = { mergeCommit, squashCommit, by: user };
  if (lockedFor > 0) mergeRequest.unfinished = { until: forge.clock.now() + lockedFor, record };
  else finish(forge, mergeRequest, record);
  await react(forge, project, user, targetBranch, before, tip, mergeRequest);
  return tip;
}

/** [A] The table of merge methods: which commits appear, and which of them the merge request is told. */
async function build(forge: Forge, mergeRequest: MergeRequest, target: string, method: MergeMethod): Promise<Built> {
  const { project, head } = mergeRequest;
  const upToDate = await project.git.isAncestor(target, head);
  if ((method === 'ff' || method === 'semi-linear') && !upToDate) throw new Refused(405, 'rebase first');
  switch (method) {
    case 'ff':
      return { tip: head, mergeCommit: null, squashCommit: null };
    case 'automatic-rebase': {
      if (upToDate) return { tip: head, mergeCommit: null, squashCommit: null };
      // [A] What is shown of it stays as it was: `sha`, and no other commit; only the database knows what landed.
      const tip = await rebased(forge, mergeRequest, target);
      mergeRequest.mergedCommit = tip;
      return { tip, mergeCommit: null, squashCommit: null };
    }
    case 'squash': {
      const tip = await squash(forge, mergeRequest, target);
      return { tip, mergeCommit: null, squashCommit: tip };
    }
    case 'squash+merge': {
      const squashCommit = await squash(forge, mergeRequest, await project.git.mergeBase(target, head));
      const tip = await mergeCommitOf(forge, mergeRequest, target, squashCommit);
      return { tip, mergeCommit: tip, squashCommit };
    }
    case 'merge':
    case 'semi-linear': {
      const tip = await mergeCommitOf(forge, mergeRequest, target, head);
      return { tip, mergeCommit: tip, squashCommit: null };
    }
  }
}

async function squash(forge: Forge, { project, head, title }: MergeRequest, parent: string): Promise<string> {
  return project.git.commit({ parents: [parent], tree: await project.git.mergedTree(parent, head), message: title, at: forge.clock.now() });
}

async function mergeCommitOf(forge: Forge, { project, iid, title }: MergeRequest, target: string, head: string): Promise<string> {
  const message = `Merge branch\n\n${title}\n\nSee merge request ${project.path}!${iid}`;
  return project.git.commit({ parents: [target, head], tree: await project.git.mergedTree(target, head), message, at: forge.clock.now() });
}

/** Rebase in the browser: the source branch's own commits anew on top of the target. GitLab pushes it in the name of whoever asked. */
export async function rebase(forge: Forge, mergeRequest: MergeRequest, user: User): Promise<string> {
  const { project, source, targetBranch } = mergeRequest;
  const tip = await rebased(forge, mergeRequest, await project.git.head(targetBranch));
  return publish(forge, source, project, user, mergeRequest.sourceBranch, tip);
}

async function rebased(forge: Forge, { project, head }: MergeRequest, target: string): Promise<string> {
  const base = await project.git.mergeBase(target, head);
  const own = await project.git.git('rev-list', '--reverse', '--no-merges', `${base}..${head}`);
  let tip = target;
  for (const commit of own.split('\n')) tip = await pick(forge, project, commit, tip);
  return tip;
}

/** One commit's change on another parent. */
export async function pick(forge: Forge, project: Project, commit: string, onto: string): Promise<string> {
  // git merge-tree learns --merge-base in 2.40; a stand-in for `onto` with the right parent gives the same.
  const ours = await project.git.commit({ parents: [`${commit}^`], tree: await project.git.tree(onto) });
  const tree = await project.git.mergedTree(ours, commit);
  return project.git.commit({ parents: [onto], tree, message: 'rebased', at: forge.clock.now() });
}

/** The same, backwards: what the commit did is undone on top of `onto`. Of a merge, what it brought to its first parent. */
export async function unpick(forge: Forge, project: Project, commit: string, onto: string): Promise<string> {
  const [ours, theirs] = [await project.git.tree(onto), await project.git.tree(`${commit}^`)];
  const made = await Promise.all([ours, theirs].map(async (tree) => project.git.commit({ parents: [commit], tree })));
  const tree = await project.git.mergedTree(made[0] ?? '', made[1] ?? '');
  return project.git.commit({ parents: [onto], tree, message: `Revert ${commit}`, at: forge.clock.now() });
}

/** Merges the target into the source branch, as authors do to catch up. `changes` smuggles an edit into the merge commit. */
export async function updateFromTarget(
  forge: Forge,
  mergeRequest: MergeRequest,
  user: User,
  changes: Readonly<Record<string, string | null>> = {},
): Promise<string> {
  const { project, source, head, targetBranch } = mergeRequest;
  const target = await project.git.head(targetBranch);
  const tree = await project.git.mergedTree(head, target);
  const tip = await project.git.commit({
    parents: [head, target],
    tree,
    changes,
    message: `Merge branch '${targetBranch}'`,
    at: forge.clock.now(),
  });
  return publish(forge, source, project, user, mergeRequest.sourceBranch, tip);
}

/** Apply suggestion: a commit by whoever proposed the text, pushed by whoever pressed the button. */
export async function applySuggestion(
  forge: Forge,
  mergeRequest: MergeRequest,
  {
    by,
    suggestedBy,
    changes,
  }: { readonly by: User; readonly suggestedBy: User; readonly changes: Readonly<Record<string, string | null>> },
): Promise<string> {
  const { project, source, head, sourceBranch } = mergeRequest;
  const author = { name: suggestedBy.name, email: `${suggestedBy.username}@users.noreply.localhost` };
  const tip = await project.git.commit({
    parents: [head],
    changes,
    author,
    message: 'Apply 1 suggestion(s) to 1 file(s)',
    at: forge.clock.now(),
  });
  return publish(forge, source, project, by, sourceBranch, tip);
}

async function publish(forge: Forge, source: Project, made: Project, user: User, branch: string, tip: string): Promise<string> {
  if (source !== made) await source.git.fetch(made.git, tip);
  const before = await source.git.head(branch);
  await source.git.setRef(`refs/heads/${branch}`, tip);
  await react(forge, source, user, branch, before, tip);
  return tip;
}
