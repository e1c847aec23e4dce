// The world of the demo, gone when it ends: a directory set up like the one in production, a Git server, a roster, and a host with its configuration.
// Its clock is the story's: a day passes when the story says so.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runMuster, type CommandResult } from '../support/command.ts';
import { startGitServer, type GitServer } from '../support/git-http.ts';
import { makeRepository, type Repository } from '../support/repositories.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

/** Today's roster, as the stewards' onboarding system exports it. */
export const stewards = 'anticomposite base deltaquad ep1c h2o hasley hoo melos radimer superpes urbanecm'.split(' ');
const others = ['alice', 'bob', 'carol', 'martin', 'mallory'];

export interface World {
  readonly directory: Slapd;
  readonly policy: Repository;
  readonly git: GitServer;
  /** Moves the story's clock: an ISO time, never backwards. */
  setTime(at: string): void;
  /** The roster's file, byte for byte, as if it had just been written. */
  deliverRoster(text: string): void;
  /** A commit on the main branch; null deletes a file. */
  land(files: Readonly<Record<string, string | null>>, message: string): void;
  muster(args: readonly string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

export async function startWorld(startsAt: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-demo-'));
  const policy = makeRepository({ path: join(folder, 'git/access.git'), startsAt });
  const start = policy.commit('main', rulesOfTheSample(), { message: 'Begin', date: startsAt });
  const git = await startGitServer({ folder: join(folder, 'git') });
  const people = [...stewards, ...others].map((uid) => ({ uid }));
  const directory = await startSlapd({ people, groups: { stewards: [], 'klaxon-users': [] }, log: 'none' });
  const host = join(folder, 'host');
  mkdirSync(join(host, 'state'), { recursive: true });
  writeFileSync(join(host, 'ldap-password'), `${directory.writerPassword}\n`, { mode: 0o600 });
  writeFileSync(join(host, 'muster.yaml'), renderConfiguration(git.url('access.git'), start, directory));

  let now = new Date(startsAt);
  return {
    directory,
    policy,
    git,
    setTime: (at) => {
      now = new Date(at);
    },
    deliverRoster: (text) => {
      const roster = join(host, 'steward.txt');
      writeFileSync(roster, text);
      utimesSync(roster, now, now);
    },
    land: (files, message) => void policy.commit('main', files, { message, date: now }),
    muster: (args) => runMuster(args, { config: join(host, 'muster.yaml'), cwd: host, at: now }),
    stop: async () => {
      await Promise.all([git.stop(), directory.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The sample policy of this repository without its grants: what a first installation takes as it is. */
function rulesOfTheSample(): Record<string, string> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const rules = ['policy/policy.yaml', 'policy/groups/stewards.yaml', 'policy/groups/klaxon-users.yaml'];
  return Object.fromEntries(rules.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function renderConfiguration(url: string, start: string, directory: Slapd): string {
  return `repository:
  url: ${url}
  branch: main
  path: policy
  start: ${start}
evidence: none
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
`;
}
