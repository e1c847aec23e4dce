// The world of a journey: a real slapd, a git server over HTTP, a roster file, a configuration and a state folder, and the
// commands run against them at a moment of the test's choosing, in this process or as the built one. One world for a test file, one host for a test.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runMuster, type CommandOptions, type CommandResult } from '../support/command.ts';
import { runHere, type Surroundings } from '../support/in-process.ts';
import { startGitServer, type GitServer } from '../support/git-http.ts';
import { makeRepository, type Repository } from '../support/repositories.ts';
import type { Administrator } from '../support/slapd-administrator.ts';
import { startSlapd, type Slapd, type SlapdOptions } from '../support/slapd.ts';
import type { RunDocument } from './documents.ts';

/** Every journey happens at this time, unless it says otherwise. */
export const noon = '2026-11-23T12:00:00Z';

/** `noon`, so many days and hours later. */
export function later(days: number, hours = 0): string {
  return new Date(Date.parse(noon) + (days * 24 + hours) * 3_600_000).toISOString();
}

export const stewards = 'anticomposite base deltaquad ep1c h2o hasley hoo melos radimer superpes urbanecm'.split(' ');
export const others = 'alice bob carol martin mallory no null 1e3 007 vol0 vol1 vol2 vol3 vol4 vol5 vol6 vol7 vol8 vol9'.split(' ');

/** What a host needs of a directory, whatever its make. */
export type TestDirectory = Administrator & Pick<Slapd, 'url' | 'suffix' | 'people' | 'writerDn' | 'writerPassword' | 'groupDn'>;

export interface World<Server extends TestDirectory = Slapd> {
  readonly slapd: Server;
  readonly git: GitServer;
  /** A host with a policy, a roster and a state folder of its own; the two groups hold what it says. */
  newHost(options?: HostOptions): Promise<Host>;
  stop(): Promise<void>;
}

/** A section of the configuration, or changes of one: `undefined` takes a key away. */
export type Section = Readonly<Record<string, unknown>>;

export interface HostOptions {
  /** What the groups hold at first, by group: nobody. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
  /** The uids on the roster; all stewards. */
  readonly roster?: readonly string[];
  /** Uids with a grant that was there at `start`. */
  readonly granted?: readonly string[];
  /** More lines of the two group files. */
  readonly rosterGroup?: string;
  readonly grantsGroup?: string;
  /** Files of the repository at `start` besides the usual ones. */
  readonly files?: Readonly<Record<string, string>>;
  readonly directory?: Section;
  readonly configuration?: Section;
}

export interface Host {
  readonly folder: string;
  readonly state: string;
  /** The configuration file. */
  readonly config: string;
  readonly rosterFile: string;
  readonly repository: Repository;
  /** Sections that are given are merged, other keys replaced. */
  configure(changes: { readonly directory?: Section; readonly [key: string]: unknown }): void;
  /** Another host for the same repository, roster and directory, with a state folder of its own. */
  twin(): Host;
  setRoster(content: readonly string[] | string, writtenAt?: string): void;
  /** A commit with a grant file; the day until which it lasts, and more lines. */
  grant(uid: string, until?: string, more?: string): string;
  revokeGrants(uids: readonly string[]): string;
  /** Puts a revocation where `muster revoke` keeps it. */
  revoke(uid: string, group?: string): void;
  run(args: readonly string[], options?: Partial<Surroundings>): Promise<CommandResult>;
  /** The same by the built command, in a process of its own: for what only a process has, and for what two of them do at the same time. */
  built(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  plan(at?: string): Promise<Run>;
  reconcile(at?: string, more?: Partial<Surroundings>): Promise<Run>;
  /** Ten minutes after `at`. */
  allow(group: string, digest: string, at?: string, more?: Partial<Surroundings>): Promise<CommandResult>;
  /** Who is in a group: uids in order, without the placeholder. */
  members(group: string): Promise<readonly string[]>;
  /** The records of the ledger, oldest first. */
  ledger(): readonly LedgerLine[];
}

export interface LedgerLine {
  readonly type: string;
  readonly group?: string;
  readonly result?: string;
  readonly commit?: string;
  readonly verdict?: { readonly code?: string };
}

export interface Run extends CommandResult {
  readonly document: RunDocument;
}

export const policy = `version: 1
people:
  alice: { gitlab: 42 }
  bob: { gitlab: 51 }
  carol: { gitlab: 57 }
teams:
  sre: [alice, bob, carol]
  access-owners: [bob, carol]
rules:
  approvers: [access-owners]
  approvals: 1
`;

function grantFile(until: string, more = ''): string {
  return `reason: Handling an abuse wave.\ncontact: irc on libera.chat\nuntil: ${until}\n${more}`;
}

export function grantPath(uid: string): string {
  return `policy/grants/klaxon-users/${uid}.yaml`;
}

export async function openWorld(options: SlapdOptions = {}): Promise<World> {
  return openWorldOn(await startSlapd({ people: [...stewards, ...others], groups: { stewards: [], 'klaxon-users': [] }, ...options }));
}

/** The server ends with the world. */
export async function openWorldOn<Server extends TestDirectory & { stop(): Promise<void> }>(slapd: Server): Promise<World<Server>> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-world-'));
  const git = await startGitServer({ folder });
  let hosts = 0;
  return {
    slapd,
    git,
    newHost: async (host = {}) => {
      for (const group of ['stewards', 'klaxon-users']) await slapd.setMembers(group, host.members?.[group] ?? []);
      hosts += 1;
      return makeHost(join(folder, `host-${hosts}`), slapd, git, host);
    },
    stop: async () => {
      await git.stop();
      await slapd.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startingFiles({ granted = [], rosterGroup = '', grantsGroup = '', files = {} }: HostOptions): Readonly<Record<string, string>> {
  return {
    'policy/policy.yaml': policy,
    'policy/groups/stewards.yaml': `purpose: Stewards may page SRE.\nowner: access-owners\nmembers:\n  roster: steward\n${rosterGroup}`,
    'policy/groups/klaxon-users.yaml': `purpose: Individuals.\nowner: sre\nmembers: grants\nlongest: 90 days\nrequires: [contact]\n${grantsGroup}`,
    ...Object.fromEntries(granted.map((uid) => [grantPath(uid), grantFile('2027-01-31')])),
    ...files,
  };
}

function makeHost(folder: string, slapd: TestDirectory, git: GitServer, options: HostOptions): Host {
  mkdirSync(folder);
  const repository = makeRepository({ path: join(folder, 'access.git') });
  const start = repository.commit('main', startingFiles(options), { date: '2026-11-20T00:00:00Z' });
  writeFileSync(join(folder, 'password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
  const host = hostAt(folder, 'state', slapd, repository, {
    repository: { url: git.url(`${basename(folder)}/access.git`), start },
    evidence: 'none',
    directory: {
      url: slapd.url,
      'bind-dn': slapd.writerDn,
      'password-file': 'password',
      people: slapd.people,
      groups: {
        stewards: slapd.groupDn('stewards'),
        'klaxon-users': slapd.groupDn('klaxon-users'),
      },
      disabled: {
        attribute: 'pwdPolicySubentry',
        value: `cn=disabled,ou=ppolicies,${slapd.suffix}`,
      },
      ...options.directory,
    },
    rosters: { steward: { from: 'steward.txt', 'older-than': 'none' } },
    ...options.configuration,
  });
  host.setRoster(options.roster ?? stewards);
  return host;
}

function hostAt(
  folder: string,
  stateName: string,
  slapd: TestDirectory,
  repository: Repository,
  initial: Section & { directory: Section },
): Host {
  let configuration = initial;
  let commits = 0;
  const state = join(folder, stateName);
  const config = join(folder, `${stateName}.yaml`);
  const rosterFile = join(folder, 'steward.txt');
  const write = () => {
    // JSON is YAML: what is undefined is left out.
    writeFileSync(config, JSON.stringify({ ...configuration, state: stateName }, null, 2));
  };
  mkdirSync(state);
  write();
  const run: Host['run'] = (args, more = {}) => runHere(args, { config, at: noon, ...more });
  const runJson = async (command: string, at: string, more: Partial<Surroundings> = {}): Promise<Run> => {
    const result = await run([command, '--json'], { at, ...more });
    return { ...result, document: result.json<RunDocument>() };
  };
  const commit = (files: Readonly<Record<string, string | null>>) => {
    commits += 1;
    return repository.commit('main', files, {
      date: new Date(Date.parse('2026-11-21T00:00:00Z') + commits * 60_000),
    });
  };
  return {
    folder,
    state,
    config,
    rosterFile,
    repository,
    run,
    built: (args, more) => runMuster(args, { config, at: noon, ...more }),
    configure: ({ directory = {}, ...rest }) => {
      configuration = {
        ...configuration,
        ...rest,
        directory: { ...configuration.directory, ...directory },
      };
      write();
    },
    twin: () => hostAt(folder, `${stateName}-twin`, slapd, repository, configuration),
    setRoster: (content, writtenAt = '2026-11-23T11:00:00Z') => {
      writeFileSync(rosterFile, typeof content === 'string' ? content : content.map((uid) => `${uid}\n`).join(''));
      utimesSync(rosterFile, new Date(writtenAt), new Date(writtenAt));
    },
    grant: (uid, until = '2026-12-07', more) => commit({ [grantPath(uid)]: grantFile(until, more) }),
    revokeGrants: (uids) => commit(Object.fromEntries(uids.map((uid) => [grantPath(uid), null]))),
    revoke: (uid, group) => {
      mkdirSync(join(state, 'revoked'), { recursive: true });
      const name = group === undefined ? `${uid}.json` : `${uid}@${group}.json`;
      writeFileSync(
        join(state, 'revoked', name),
        JSON.stringify({ format: 1, uid, group, reason: 'Left in anger.', at: noon, by: 'root' }),
      );
    },
    plan: (at = noon) => runJson('plan', at),
    reconcile: (at = noon, more) => runJson('reconcile', at, more),
    // Some minutes after the run that held it: on a busy machine the same moment might come before that run's own.
    allow: (group, digest, at = noon, more = {}) =>
      run(['allow', group, digest, '--reason', 'It is right.'], {
        at: new Date(Date.parse(at) + 600_000),
        ...more,
      }),
    members: async (group) => (await slapd.members(group)).flatMap((value) => uidIn(value)).sort(),
    ledger: () => readLedger(state),
  };
}

function uidIn(value: string): readonly string[] {
  return value === '' ? [] : [/^uid=([^,]+),/.exec(value)?.[1] ?? value];
}

function readLedger(state: string): readonly LedgerLine[] {
  try {
    return readFileSync(join(state, 'ledger.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}

/** Every file below a folder with its content, byte for byte. */
export function contentsOf(folder: string): Readonly<Record<string, string>> {
  const paths = readdirSync(folder, {
    recursive: true,
    encoding: 'utf8',
  }).filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}
