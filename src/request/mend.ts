// `muster request --mend MR`: the pair of reverts after a merge that nobody approved. The first takes the change back, which nobody needs to
// approve; the second brings it again, and that one is approved before it is merged.
import { landingCommit } from '../evidence/binding.ts';
import type { MergeRequest } from '../evidence/evidence.ts';
import { isWellFormed } from '../judge/form.ts';
import type { PathChange, TreeEntry } from '../history/landing.ts';
import type { CommitId, Instant } from '../names.ts';
import { largestFile } from '../policy/policy.ts';
import { Misuse } from '../errors.ts';
import type { Branch } from '../judge/judge-branch.ts';
import { renderMendingAgain, renderMendingByHand, renderMendingRevert } from './request-text.ts';
import { branchName, type FileAction, type Forge, type Opened } from './request.ts';

export interface MendPorts {
  readonly branch: Pick<Branch, 'fetch' | 'policyTree' | 'blobs'>;
  readonly parents: (commit: CommitId) => Promise<readonly CommitId[]>;
  readonly changes: (from: CommitId, to: CommitId) => Promise<readonly PathChange[]>;
  readonly forge: Forge & { read(project: number, iid: number): Promise<{ readonly mergeRequest: MergeRequest }> };
  readonly now: Instant;
}

export interface Mended {
  readonly revert: Opened;
  readonly again: Opened;
}

/** Throws Misuse where the merge request was not merged, changed other files too, or its files were changed since. */
export async function mend(
  iid: number,
  ports: MendPorts,
  { folder, targetBranch }: { readonly folder: string; readonly targetBranch: string },
): Promise<Mended> {
  const { forge, now } = ports;
  const project = await forge.project();
  const { mergeRequest } = await forge.read(project, iid);
  const landed = mergeRequest.state === 'merged' ? landingCommit(mergeRequest) : null;
  if (landed === null) throw new Misuse(`!${iid} was not merged, so there is nothing to mend`);
  const head = await ports.branch.fetch();
  const [parent] = await ports.parents(landed);
  if (!parent) throw new Misuse(`!${iid} has no commit before it`);
  const changes = await ports.changes(parent, landed);
  const tip = await ports.branch.policyTree(head, folder);
  for (const { path, before, after } of changes) {
    if (!isWellFormed(path, folder) || [before, after].some((one) => one && one.mode !== '100644'))
      throw new Misuse(`!${iid} changes more than plain policy files; revert it on GitLab by hand`);
    if (tip.get(path)?.blob !== after?.blob)
      throw new Misuse(`${path} was changed after !${iid}; ask for what is needed now by a new merge request`);
  }
  const contents = await contentsOf(changes, ports);
  const titles = { revert: `Take back !${iid}, which is not in force`, again: `Bring !${iid} again, to be approved` };
  const branches = { revert: branchName(`mend-${iid}-revert`, now), again: branchName(`mend-${iid}-again`, now) };
  const back = changes.map(({ path, before, after }) => turn(path, after, before, contents));
  if ((await forge.commit(project, { name: branches.revert, from: targetBranch }, titles.revert, back)) === 'may-not')
    throw new Misuse(`the account of the token may not make a branch in the project. Nothing was sent: ${renderMendingByHand()}`);
  const revert = await forge.open(project, {
    ...{ sourceBranch: branches.revert, targetBranch, title: titles.revert },
    description: renderMendingRevert(iid),
  });
  const forth = changes.map(({ path, before, after }) => turn(path, before, after, contents));
  if ((await forge.commit(project, { name: branches.again, from: branches.revert }, titles.again, forth)) === 'may-not')
    throw new Misuse(`GitLab takes no second branch; only the revert was opened: ${revert.url}`);
  const again = await forge.open(project, {
    ...{ sourceBranch: branches.again, targetBranch, title: titles.again },
    description: renderMendingAgain(iid, revert.iid),
  });
  return { revert, again };
}

type Contents = Awaited<ReturnType<Branch['blobs']>>['contents'];

async function contentsOf(changes: readonly PathChange[], { branch }: MendPorts): Promise<Contents> {
  const blobs = changes.flatMap(({ before, after }) => [before, after].flatMap((one) => (one ? [one.blob] : [])));
  const { contents, tooLarge } = await branch.blobs(blobs, largestFile);
  if (tooLarge.size > 0) throw new Misuse('the files are too large for policy files; revert the merge request on GitLab by hand');
  return contents;
}

/** What makes of the file as it is the file as it shall be. */
function turn(path: string, is: TreeEntry | undefined, shall: TreeEntry | undefined, contents: Contents): FileAction {
  const content = shall && contents.get(shall.blob);
  if (!content) return { action: 'delete', path };
  return { action: is ? 'update' : 'create', path, content };
}
