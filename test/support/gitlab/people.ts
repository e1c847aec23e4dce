// The usual cast: a project with protected main, two who may approve, one who asks, one who must not get in, and muster's own token.
import { startGitLab, type GitLabStandIn, type StandInOptions } from './gitlab.ts';
import type { ProjectOptions } from './forge.ts';
import type { Project, User } from './world.ts';

export interface Cast {
  readonly gitlab: GitLabStandIn;
  readonly project: Project;
  readonly alice: User;
  readonly bob: User;
  readonly carol: User;
  readonly mallory: User;
  /** Scope read_api. */
  readonly token: string;
}

export async function startWithPeople(options: StandInOptions & ProjectOptions = {}): Promise<Cast> {
  const gitlab = await startGitLab({ now: '2026-11-20T10:00:00Z', ...options });
  const alice = gitlab.forge.createUser('alice', { id: 42 });
  const bob = gitlab.forge.createUser('bob', { id: 51 });
  const carol = gitlab.forge.createUser('carol', { id: 57 });
  const mallory = gitlab.forge.createUser('mallory', { id: 66 });
  const reader = gitlab.forge.createUser('muster-reader', { id: 90 });
  const members = [
    [alice, 40],
    [bob, 40],
    [carol, 30],
    [mallory, 30],
    [reader, 20],
  ] as const;
  const project = await gitlab.forge.createProject('repos/sre/access', { id: 7, members, ...options });
  return { gitlab, project, alice, bob, carol, mallory, token: gitlab.forge.createToken(reader).value };
}
