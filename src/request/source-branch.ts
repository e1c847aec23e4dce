// The branch that a merge request comes from: in the project, or where the account of the token may not push there, in its own fork.
// A fork is never made by muster: it would be a project in somebody's name, and GitLab's button makes one in a minute.
import { Misuse } from '../errors.ts';
import { renderForkMissing, renderForksTold, renderForkRefused } from './request-text.ts';

/** A branch by the number of its project. */
export interface BranchOf {
  readonly project: number;
  readonly branch: string;
}

export interface FileAction {
  readonly action: 'create' | 'update' | 'delete';
  readonly path: string;
  readonly content?: Uint8Array;
}

export interface Opened {
  readonly iid: number;
  readonly url: string;
}

export interface Fork {
  readonly id: number;
  readonly path: string;
}

export interface Forge {
  project(): Promise<number>;
  /** The page on which people make a fork. */
  forkPage(): Promise<string>;
  ownForks(project: number): Promise<readonly Fork[]>;
  forkAt(path: string, project: number): Promise<Fork>;
  /** Makes a branch with one commit; `may-not`: the account may not push there, and nothing was done. */
  commit(branch: BranchOf, from: BranchOf, message: string, actions: readonly FileAction[]): Promise<'made' | 'may-not'>;
  open(draft: {
    readonly source: BranchOf;
    readonly targetProject: number;
    readonly targetBranch: string;
    readonly title: string;
    readonly description: string;
  }): Promise<Opened>;
}

export interface Asking {
  /** The fork that the person named. */
  readonly fork: string | undefined;
  /** What the person typed, to be typed again. */
  readonly typed: string;
  /** The token is the person's own, and not the one of the notes. */
  readonly isOwn: boolean;
}

export interface FirstCommit {
  readonly branch: string;
  readonly from: string;
  readonly message: string;
  readonly actions: readonly FileAction[];
}

export interface Source {
  readonly at: BranchOf;
  /** Undefined: in the project itself. */
  readonly fork: Fork | undefined;
}

/** Throws Misuse, with what to do, where there is no place to push to. Whether the account may push is for GitLab to say, not for roles read beforehand. */
export async function startBranch(
  forge: Forge,
  project: number,
  { branch, from, message, actions }: FirstCommit,
  asking: Asking,
): Promise<Source> {
  const start = { project, branch: from };
  if (asking.fork === undefined) {
    const at = { project, branch };
    if ((await forge.commit(at, start, message, actions)) === 'made') return { at, fork: undefined };
  }
  const fork = await forkOf(forge, project, asking);
  const at = { project: fork.id, branch };
  if ((await forge.commit(at, start, message, actions)) === 'may-not') throw new Misuse(renderForkRefused(fork.path));
  return { at, fork };
}

async function forkOf(forge: Forge, project: number, { fork, typed, isOwn }: Asking): Promise<Fork> {
  if (fork !== undefined) return forge.forkAt(fork, project);
  const [only, ...others] = await forge.ownForks(project);
  if (!only) throw new Misuse(renderForkMissing(await forge.forkPage(), typed, isOwn));
  if (others.length > 0)
    throw new Misuse(
      renderForksTold(
        [only, ...others].map(({ path }) => path),
        typed,
      ),
    );
  return only;
}
