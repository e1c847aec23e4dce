// One stand-in for GitLab and one slapd for a test file; for every test a scene: a project, an empty group, a state folder and a configuration
// of its own. What people do in a scene moves the one clock on, so that no two things happen at the same moment unless a test wants it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult } from '../../support/command.ts';
import { runHere } from '../../support/in-process.ts';
import type { GitLabStandIn } from '../../support/gitlab/gitlab.ts';
import type { MergeOptions } from '../../support/gitlab/merging.ts';
import { startWithPeople } from '../../support/gitlab/people.ts';
import type { FileChanges } from '../../support/gitlab/repository.ts';
import type { OpenOptions } from '../../support/gitlab/reviewing.ts';
import type { MergeRequest, Project, User } from '../../support/gitlab/world.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { groupFile, policyFile } from './policy-files.ts';
import type { RunDocument } from '../documents.ts';
import { directoryLines, forgeLines } from '../../support/configuration-lines.ts';

export const second = 1000;
export const minute = 60 * second;
/** An approval counts for what has stood there for a minute, and GitLab writes that down a moment after the push. */
export const lookingTime = minute + 10 * second;
export const day = 24 * 60 * minute;
export const group = 'klaxon-users';

/** Everybody the tests name. `no`, `null`, `007` and `1e3` are people whose names YAML would like to be something else. */
const people = ['alice', 'bob', 'carol', 'mallory', 'urbanecm', 'hoo', 'h2o', 'no', 'null', '007', '1e3', '__proto__'];
const crowd = Array.from({ length: 12 }, (_, index) => `person${index + 1}`);

export interface World {
  readonly gitlab: GitLabStandIn;
  readonly slapd: Slapd;
  readonly alice: User;
  readonly bob: User;
  readonly carol: User;
  readonly mallory: User;
  /** Git and API. */
  readonly token: string;
  scene(options?: SceneOptions): Promise<Scene>;
  stop(): Promise<void>;
}

export interface SceneOptions {
  /** The policy at the start, in place of the usual one. */
  readonly policy?: string;
  readonly group?: string;
  /** Further files at the start. */
  readonly files?: FileChanges;
}

export async function startWorld(): Promise<World> {
  const slapd = await startSlapd({ people: [...people, ...crowd], groups: { [group]: [] }, log: 'none' });
  const cast = await startWithPeople();
  const { gitlab, alice, bob, carol, mallory } = cast;
  const reader = gitlab.forge.users.find(({ username }) => username === 'muster-reader') ?? alice;
  const token = gitlab.forge.createToken(reader, ['read_api', 'read_repository'], 'glpat-a-secret-of-these-tests').value;
  const scenes: Scene[] = [];
  const world: World = {
    ...{ gitlab, slapd, alice, bob, carol, mallory, token },
    async scene(options = {}) {
      gitlab.faults.clear();
      await slapd.setMembers(group, []);
      const members = gitlab.forge.users.map((user) => [user, user === reader ? 20 : 40] as const);
      const files = { 'policy/policy.yaml': options.policy ?? policyFile(), [`policy/groups/${group}.yaml`]: options.group ?? groupFile() };
      const project = await gitlab.forge.createProject(`repos/sre/access-${scenes.length + 1}`, {
        members,
        files: { ...files, ...options.files },
      });
      const scene = new Scene(world, project, await project.git.head('main'));
      scenes.push(scene);
      return scene;
    },
    async stop() {
      for (const { folder } of scenes) rmSync(folder, { recursive: true, force: true });
      await gitlab.stop();
      await slapd.stop();
    },
  };
  return world;
}

export class Scene {
  readonly world: World;
  readonly project: Project;
  readonly start: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-journey-'));
  #branches = 0;

  constructor(world: World, project: Project, start: string) {
    this.world = world;
    this.project = project;
    this.start = start;
    mkdirSync(join(this.folder, 'state'));
    writeFileSync(join(this.folder, 'password'), `${world.slapd.writerPassword}\n`, { mode: 0o600 });
    writeFileSync(join(this.folder, 'token'), `${world.token}\n`, { mode: 0o600 });
    this.configure();
  }

  get state(): string {
    return join(this.folder, 'state');
  }

  /** Writes the configuration, with another start where one is given. */
  configure(start = this.start): void {
    const { gitlab, slapd } = this.world;
    const lines = [...forgeLines({ url: gitlab.url, project: this.project.path, start }), ...directoryLines(slapd, group), 'state: state'];
    writeFileSync(join(this.folder, 'muster.yaml'), `${lines.join('\n')}\n`);
  }

  wait(milliseconds: number): void {
    this.world.gitlab.clock.advance(milliseconds);
  }

  /** A day from now, as a grant file says it. */
  day(days: number): string {
    return new Date(this.world.gitlab.clock.now() + days * day).toISOString().slice(0, 10);
  }

  /** A branch of its own with a change, and a merge request for it. */
  async open(author: User, changes: FileChanges, options: Partial<OpenOptions> & { readonly branch?: string } = {}): Promise<MergeRequest> {
    const { gitlab } = this.world;
    this.#branches += 1;
    const { branch = `change-${this.#branches}`, ...rest } = options;
    await gitlab.commitAndPush(options.sourceProject ?? this.project, author, branch, changes);
    this.wait(second);
    const mergeRequest = await gitlab.openMergeRequest(this.project, { author, sourceBranch: branch, ...rest });
    this.wait(lookingTime);
    return mergeRequest;
  }

  approve(mergeRequest: MergeRequest, ...users: readonly User[]): void {
    for (const user of users) {
      this.world.gitlab.approve(mergeRequest, user);
      this.wait(minute);
    }
  }

  /** @returns the landing */
  async merge(mergeRequest: MergeRequest, options: MergeOptions & { readonly by?: User } = {}): Promise<string> {
    const commit = await this.world.gitlab.merge(mergeRequest, options.by ?? this.world.carol, options);
    this.wait(minute);
    return commit;
  }

  /** The proper way: carol asks, alice approves, carol merges. */
  async land(
    changes: FileChanges,
    options: { readonly author?: User; readonly approvers?: readonly User[] } & MergeOptions = {},
  ): Promise<MergeRequest> {
    const mergeRequest = await this.open(options.author ?? this.world.carol, changes);
    this.approve(mergeRequest, ...(options.approvers ?? [this.world.alice]));
    await this.merge(mergeRequest, options);
    return mergeRequest;
  }

  /** A commit on top of a branch, with no merge request asked. */
  async push(user: User, changes: FileChanges, branch = 'main'): Promise<string> {
    const commit = await this.world.gitlab.commitAndPush(this.project, user, branch, changes);
    this.wait(lookingTime);
    return commit;
  }

  /** No test expects a bug: the stack says more than whatever would be compared. */
  async run(...args: readonly string[]): Promise<CommandResult> {
    const result = await runHere(args, { config: join(this.folder, 'muster.yaml'), at: new Date(this.world.gitlab.clock.now()) });
    if (result.status === 70 || result.signal) throw new Error(`muster ${args.join(' ')} ended with ${result.status}\n${result.stderr}`);
    // Every process starts at the moment it is given: the next one must not seem to be earlier than this one's end.
    this.wait(10 * second);
    return result;
  }

  async reconcile(): Promise<RunDocument> {
    return (await this.run('reconcile', '--json')).json<RunDocument>();
  }

  async plan(): Promise<RunDocument> {
    return (await this.run('plan', '--json')).json<RunDocument>();
  }

  /** Two runs, far enough apart that a landing without a merge request is judged by the second. */
  async settle(): Promise<RunDocument> {
    await this.reconcile();
    this.wait(16 * minute);
    return this.reconcile();
  }

  /** Who is in the group now. */
  async members(): Promise<readonly string[]> {
    const values = await this.world.slapd.members(group);
    return values.flatMap((value) => /^uid=([^,]+),/.exec(value)?.[1] ?? []).sort();
  }

  ledger(): string {
    return readFileSync(join(this.state, 'ledger.jsonl'), 'utf8');
  }

  loseState(): void {
    rmSync(this.state, { recursive: true });
    mkdirSync(this.state);
  }
}
