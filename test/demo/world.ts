// The world of the demo, gone when it ends: a directory set up like the one in production, a GitLab, a roster, and a host with its configuration.
// Its clock is the story's: a day passes when the story says so, for GitLab and for muster alike.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMuster, writeMusterCommand, type CommandResult } from '../support/command.ts';
import type { GitLabStandIn } from '../support/gitlab/gitlab.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { FileChanges } from '../support/gitlab/repository.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

/** Today's roster, as the stewards' onboarding system exports it. */
export const stewards = 'anticomposite base deltaquad ep1c h2o hasley hoo melos radimer superpes urbanecm'.split(' ');
const others = ['alice', 'bob', 'carol', 'martin', 'mallory'];

/** alice, bob and carol are SREs, and may approve; mallory is not. All of them may merge: this GitLab enforces nothing. */
export type Person = 'alice' | 'bob' | 'carol' | 'mallory';

export interface MergeOptions {
  readonly by: Person;
  /** Before the merge. Nobody, where it is left out. */
  readonly approvedBy?: Person;
}

export interface World {
  readonly directory: Slapd;
  /** The file that runs leave their page in. */
  readonly page: string;
  /** Moves the story's clock: an ISO time, never backwards. */
  setTime(at: string): void;
  /** The roster's file, byte for byte, as if it had just been written. */
  deliverRoster(text: string): void;
  /** A merge request, and its merge a few minutes later; null deletes a file. */
  merge(files: FileChanges, options: MergeOptions): Promise<void>;
  /** Straight to the main branch. */
  push(files: FileChanges, by: Person): Promise<void>;
  setGitLab(state: 'up' | 'down'): void;
  muster(args: readonly string[]): Promise<Told>;
  /** A command that does the same for whoever types it, at the time that it is now. */
  writeCommand(): string;
  stop(): Promise<void>;
}

export interface Told extends CommandResult {
  /** How many questions GitLab's API was asked; git's own fetch is none. */
  readonly asked: number;
}

const minute = 60_000;
const page = 'report.html';

export async function startWorld(startsAt: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'));
  const people = [...stewards, ...others].map((uid) => ({ uid }));
  const [directory, cast] = await Promise.all([
    startSlapd({ people, groups: { stewards: [], 'klaxon-users': [] }, log: 'none' }),
    startWithPeople({ now: startsAt, files: rulesOfTheSample() }),
  ]);
  const config = await equipHost(folder, directory, cast);
  const { gitlab } = cast;
  const { clock, faults } = gitlab;
  return {
    directory,
    page: join(folder, page),
    setTime: (at) => clock.set(at),
    deliverRoster: (text) => {
      const roster = join(folder, 'steward.txt');
      writeFileSync(roster, text);
      utimesSync(roster, clock.now() / 1000, clock.now() / 1000);
    },
    merge: (files, options) => merge(cast, files, options),
    push: async (files, by) => void (await gitlab.commitAndPush(cast.project, cast[by], 'main', files)),
    setGitLab: (state) => (state === 'up' ? faults.clear() : faults.add(/./, { kind: 'answer', status: 503 })),
    muster: async (args) => {
      faults.forget();
      const result = await runMuster(args, { config, cwd: folder, at: new Date(clock.now()) });
      return { ...result, asked: faults.count(/^\/api\//) };
    },
    writeCommand: () => writeMusterCommand(join(folder, 'muster'), { config, at: new Date(clock.now()) }),
    stop: async () => {
      await Promise.all([gitlab.stop(), directory.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As people do it in the browser. GitLab writes down some seconds later what was pushed, and that has to have stood for a minute to be approved. */
async function merge({ gitlab, project, ...people }: Cast, files: FileChanges, { by, approvedBy }: MergeOptions): Promise<void> {
  const author = people[by];
  const sourceBranch = `change-${project.mergeRequests.length + 1}`;
  await gitlab.commitAndPush(project, author, sourceBranch, files);
  const mergeRequest = await gitlab.openMergeRequest(project, { author, sourceBranch });
  gitlab.clock.advance(2 * minute);
  if (approvedBy) gitlab.approve(mergeRequest, people[approvedBy]);
  gitlab.clock.advance(minute);
  await gitlab.merge(mergeRequest, author);
}

/** The sample policy of this repository without its grants: what a first installation takes as it is. */
function rulesOfTheSample(): Record<string, string> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const rules = ['policy/policy.yaml', 'policy/groups/stewards.yaml', 'policy/groups/klaxon-users.yaml'];
  return Object.fromEntries(rules.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/** @returns the path of the configuration */
async function equipHost(folder: string, directory: Slapd, { gitlab, project }: Cast): Promise<string> {
  const reader = gitlab.forge.createUser('muster');
  project.members.set(reader.id, 20);
  const token = gitlab.forge.createToken(reader, ['read_api', 'read_repository']).value;
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'ldap-password'), `${directory.writerPassword}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'gitlab-token'), `${token}\n`, { mode: 0o600 });
  const config = join(folder, 'muster.yaml');
  writeFileSync(config, renderConfiguration(gitlab, project.path, await project.git.head('main'), directory));
  return config;
}

function renderConfiguration(gitlab: GitLabStandIn, project: string, start: string, directory: Slapd): string {
  return `repository:
  url: ${gitlab.url}/${project}.git
  branch: main
  path: policy
  start: ${start}
  token-file: gitlab-token
gitlab:
  url: ${gitlab.url}
  project: ${project}
  token-file: gitlab-token
evidence: gitlab
directory:
  url: ${directory.url}
  bind-dn: "${directory.writerDn}"
  password-file: ldap-password
  people: "${directory.people}"
  groups:
    stewards: "${directory.groupDn('stewards')}"
    klaxon-users: "${directory.groupDn('klaxon-users')}"
  disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,${directory.suffix}" }
rosters:
  steward: { from: steward.txt, older-than: 26 hours }
state: state
report: ${page}
`;
}
