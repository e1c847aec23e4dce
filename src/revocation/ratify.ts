// After `muster revoke`: asks on GitLab for what makes policy and rosters follow. The access is gone by then; nothing here can bring it back.
import type { GroupName, Uid } from '../names.ts';
import type { StillNamed } from './ratification.ts';
import { Misuse } from '../errors.ts';
import { draftOfIssue, draftOfRemoval, type AskedFor, type Draft } from './ratification-words.ts';
import type { Forge, Opened } from '../request/source-branch.ts';

export interface RatifyPorts {
  readonly forge: Forge & {
    /** An open merge request of the token's own account from this branch. */
    readonly openedFrom: (project: number, sourceBranch: string) => Promise<Opened | undefined>;
    /** An open issue of the token's own account with this title, or a new one that only members of the project see. */
    readonly issue: (project: number, draft: Draft) => Promise<Opened>;
  };
  readonly targetBranch: string;
}

/** Asked twice, it finds what it asked for the first time. Throws Misuse where GitLab declines, and Unavailable where it does not answer. */
export async function ratify(uid: Uid, only: GroupName | undefined, still: StillNamed, ports: RatifyPorts): Promise<readonly AskedFor[]> {
  const { forge } = ports;
  const project = await forge.project();
  const removal = still.grants.length > 0 ? await askForRemoval(project, uid, only, still, ports) : undefined;
  const left = { grants: removal ? [] : still.grants, rosters: still.rosters };
  const asked: AskedFor[] = removal ? [removal] : [];
  if (left.grants.length + left.rosters.length > 0)
    asked.push({ kind: 'issue', opened: await forge.issue(project, draftOfIssue(uid, left)) });
  return asked;
}

/** Undefined where the token may not make branches, or the files are not there any more: then an issue has to do. */
async function askForRemoval(
  project: number,
  uid: Uid,
  only: GroupName | undefined,
  still: StillNamed,
  { forge, targetBranch }: RatifyPorts,
): Promise<AskedFor | undefined> {
  const sourceBranch = `muster-${uid}-revoked${only === undefined ? '' : `-from-${only}`}`;
  const { title, description } = draftOfRemoval(uid, still);
  try {
    const before = await forge.openedFrom(project, sourceBranch);
    if (before) return { kind: 'merge-request', opened: before };
    const actions = still.grants.map(({ path }) => ({ action: 'delete', path }) as const);
    const source = { project, branch: sourceBranch };
    if ((await forge.commit(source, { project, branch: targetBranch }, title, actions)) === 'may-not') return undefined;
    return { kind: 'merge-request', opened: await forge.open({ source, targetProject: project, targetBranch, title, description }) };
  } catch (error) {
    if (error instanceof Misuse) return undefined;
    throw error;
  }
}
