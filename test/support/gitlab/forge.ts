// The accounts, projects and clock of the stand-in. What happens to merge requests is in reviewing.ts, pushing.ts and merging.ts.
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { Kindness } from './kindnesses.ts';
import { Repository, type FileChanges } from './repository.ts';
import type { Style } from './shapes.ts';
import type { AccessLevel, MergeRequest, Project, Token, User } from './world.ts';

export interface ProjectOptions {
  readonly id?: number;
  readonly visibility?: Project['visibility'];
  readonly mergeMethod?: Project['mergeMethod'];
  readonly squash?: Project['squash'];
  readonly settings?: Record<string, unknown>;
  /** User to role; accounts that are not members can only see public projects. */
  readonly members?: readonly (readonly [User, number])[];
  /** The first commit of main. */
  readonly files?: FileChanges;
  /** Without any commit. */
  readonly isEmpty?: true;
  /** The protection of main. */
  readonly push?: AccessLevel;
  readonly merge?: AccessLevel;
}

export interface Suggestion {
  readonly mergeRequest: MergeRequest;
  readonly by: User;
  readonly path: string;
  readonly line: number;
  readonly content: string;
}

export class Forge {
  readonly clock: Clock;
  readonly users: User[] = [];
  readonly tokens: Token[] = [];
  readonly projects: Project[] = [];
  version = '18.6.2';
  /** Servers before 18.4 or 18.5 answer without `approved_at`. */
  tellsApprovalTimes = true;
  /** Older servers show the rules of protected branches to maintainers only. */
  showsProtection = true;
  /** [A] Versions are written by a worker 1 to 60 seconds after the push; in milliseconds. */
  versionDelay = 2000;
  /** Whether the token's account may see what happened in a project. */
  showsEvents = true;
  /** The note on an approval too: and its time is the worker's. */
  noteDelay = 3000;
  /** Whether lists of notes can be asked for without comments. */
  filtersNotes = true;
  /** Paths that projects had before. */
  readonly moved = new Map<string, Project>();
  /** What it is asked to be kinder in than GitLab is. */
  readonly kind = new Set<Kindness>();
  /** How its answers look. */
  readonly style: Style = { edition: 'ce', times: 'fractions' };
  /** When accounts asked for other accounts, lately. */
  readonly lookUps = new Map<number, number[]>();
  readonly suggestions = new Map<number, Suggestion>();
  readonly #folder: string;
  #lastId = 1000;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.clock = clock;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  createUser(username: string, details: Partial<User> = {}): User {
    const user: User = { id: this.nextId(), username, name: username, state: 'active', ...details };
    this.users.push(user);
    return user;
  }

  createToken(user: User, scopes: readonly string[] = ['read_api'], value = `glpat-${user.username}-${this.nextId()}`): Token {
    const token: Token = { id: this.nextId(), name: `${user.username}'s`, value, user, scopes, revoked: false, expiresAt: '2027-11-01' };
    this.tokens.push(token);
    return token;
  }

  async createProject(path: string, options: ProjectOptions = {}): Promise<Project> {
    const id = options.id ?? this.nextId();
    const project: Project = {
      id,
      path,
      git: Repository.create(join(this.#folder, `${id}.git`)),
      forkOf: null,
      visibility: options.visibility ?? 'private',
      mergeMethod: options.mergeMethod ?? 'merge',
      squash: options.squash ?? 'default_off',
      settings: options.settings ?? {},
      protectedBranches: [
        { name: 'main', push: options.push ?? (options.isEmpty ? 40 : 0), merge: options.merge ?? 40, allowForcePush: false },
      ],
      members: new Map((options.members ?? []).map(([user, level]) => [user.id, level])),
      mergeRequests: [],
      pushes: [],
    };
    this.projects.push(project);
    if (options.isEmpty) return project;
    const first = await project.git.commit({
      parents: [],
      changes: options.files ?? { 'README.md': 'Access\n' },
      message: 'Begin',
      at: this.clock.now(),
    });
    await project.git.setRef('refs/heads/main', first);
    return project;
  }

  /** [A] Whoever forks into their own namespace owns the fork (50), and it is seen by those who see the original. It does not follow the original. */
  async fork(of: Project, owner: User, path = `${owner.username}/${of.path.split('/').at(-1)}`): Promise<Project> {
    const fork = await this.createProject(path, { visibility: of.visibility, members: [[owner, 50]], isEmpty: true });
    await fork.git.git('fetch', '--quiet', of.git.path, '+refs/heads/*:refs/heads/*');
    const linked: Project = { ...fork, forkOf: of };
    this.projects[this.projects.indexOf(fork)] = linked;
    return linked;
  }

  /** [A] The old path answers with a redirect from then on. */
  move(project: Project, path: string): void {
    this.moved.set(project.path, project);
    this.moved.delete(path);
    project.path = path;
  }

  deleteProject(project: Project): void {
    project.isDeleted = true;
    this.projects.splice(this.projects.indexOf(project), 1);
  }

  /** [A] Approvals and events are rows of the user and go with it; what the user wrote is moved to the Ghost User. */
  deleteUser(user: User): void {
    const ghost = this.users.find(({ username }) => username === 'ghost') ?? this.createUser('ghost', { name: 'Ghost User' });
    this.users.splice(this.users.indexOf(user), 1);
    if (this.kind.has('deleted-accounts-stay')) return;
    for (const { pushes } of this.projects) pushes.splice(0, pushes.length, ...pushes.filter((push) => push.user !== user));
    for (const mergeRequest of this.mergeRequests()) {
      mergeRequest.approvals = mergeRequest.approvals.filter((row) => row.user !== user);
      if (mergeRequest.author === user) mergeRequest.author = ghost;
      if (mergeRequest.mergedBy === user) mergeRequest.mergedBy = ghost;
      mergeRequest.notes.forEach((note, place) => {
        if (note.author === user) mergeRequest.notes[place] = { ...note, author: ghost };
      });
    }
  }

  mergeRequests(): readonly MergeRequest[] {
    return this.projects.flatMap((project) => project.mergeRequests);
  }

  project(idOrPath: string): Project | undefined {
    return this.projects.find(({ id, path }) => String(id) === idOrPath || path === idOrPath);
  }
}
