// What the plays are played on: one maintenance host or two, the directory, a GitLab that behaves like CE, and the package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { FileChanges } from '../support/gitlab/repository.ts';
import { accounts, serveDirectory, suffix } from './directory.ts';
import { Machine } from './machine.ts';
import { repository } from './packages.ts';

export const stewards = 'anticomposite base deltaquad ep1c h2o hasley hoo melos radimer superpes urbanecm'.split(' ');
const others = ['alice', 'bob', 'bob-test', 'carol', 'martin', 'mallory', 'taavi'];
/** Where the first machine sees this repository. */
export const sources = '/srv/muster';
const minute = 60_000;
/** For the node exporter. */
export const metrics = '/var/lib/prometheus/node.d/muster.prom';

/** One thing that somebody does on a host, and what must be so afterwards. */
export interface Play {
  readonly title: string;
  /** Whose unit and files it is about. */
  readonly account: 'muster' | 'muster-judge';
  /** Throws what is not as it must be. */
  readonly play: (stage: Stage) => Promise<void>;
}

export type Person = 'alice' | 'bob' | 'carol';

export interface Settings {
  readonly mode: 'report' | 'enforce';
  readonly start: string;
}

export class Stage {
  readonly cast: Cast;
  readonly machines: Machine[] = [];
  readonly log: (text: string) => void;
  readonly #root: string;
  readonly #packages: readonly string[];
  settings: Settings = { mode: 'report', start: '' };
  #answers = () => undefined as void;
  #longestRun = 0;
  /** Who is on the list of the stewards now. */
  roster: readonly string[] = stewards;

  private constructor(cast: Cast, root: string, packages: string, log: (text: string) => void) {
    this.cast = cast;
    this.log = log;
    this.#root = root;
    this.#packages = readdirSync(packages).map((name) => join(packages, name));
  }

  /** `packages`: the folder of those that were built. */
  static async open(root: string, packages: string, log: (text: string) => void): Promise<Stage> {
    const cast = await startWithPeople({ files: rulesOfTheSample() });
    cast.gitlab.clock.follow();
    const stage = new Stage(cast, root, packages, log);
    const first = await stage.addMachine('ldap-maint1001');
    const people = [...stewards, ...others];
    // One of the groups is not as the roster says.
    const groups = { stewards: stewards.filter((uid) => uid !== 'urbanecm'), 'klaxon-users': ['martin', 'taavi'] };
    await serveDirectory(first, people, groups);
    return stage;
  }

  /** A booted Debian as it is delivered, with the packages of muster in /root, and with somebody who may call sudo. */
  async addMachine(name: string): Promise<Machine> {
    const shared = this.machines.length === 0 ? { folder: repository, at: sources } : undefined;
    const machine = new Machine(name, this.#root, this.log, shared);
    this.machines.push(machine);
    for (const file of this.#packages) execFileSync('cp', [file, machine.path('/root')]);
    machine.write('/etc/apt/apt.conf.d/quiet', 'quiet "1";\nDpkg::Use-Pty "0";\n');
    machine.write('/etc/sudoers.d/sre', 'alice ALL=(ALL) NOPASSWD: ALL\n', 0o440);
    await machine.boot();
    await machine.must('useradd --create-home alice && systemctl stop slapd exim4');
    return machine;
  }

  get host(): Machine {
    return this.machines[0] ?? assert.fail('there is no host');
  }

  /** The version that is installed first, and the one it is upgraded to. */
  packageOf(which: 'first' | 'second'): string {
    const file = this.#packages.find((one) => one.includes('0.1.0+second') === (which === 'second') && one.includes('muster_'));
    return `/root/${basename(file ?? assert.fail('no package'))}`;
  }

  /** What stands in the way of the package on Debian 12: a Node of upstream's, as a package. */
  get nodePackage(): string | undefined {
    const file = this.#packages.find((one) => one.includes('nodejs_'));
    return file && `/root/${basename(file)}`;
  }

  configure(machine: Machine, settings: Partial<Settings> = {}): void {
    this.settings = { ...this.settings, ...settings };
    machine.write('/etc/muster/muster.yaml', this.#configuration());
  }

  #configuration(): string {
    const { gitlab, project } = this.cast;
    return `repository:
  url: ${gitlab.url}/${project.path}.git
  branch: main
  path: policy
  start: ${this.settings.start}
  token-file: /etc/muster/gitlab-token
gitlab:
  url: ${gitlab.url}
  project: ${project.path}
  token-file: /etc/muster/gitlab-token
evidence: gitlab
directory:
  url: ldap://127.0.0.1
  bind-dn: "${accounts.writerDn}"
  password-file: /etc/muster/ldap-password
  people: "ou=people,${suffix}"
  groups:
    stewards: "cn=stewards,ou=groups,${suffix}"
    klaxon-users: "cn=klaxon-users,ou=groups,${suffix}"
  disabled: { attribute: pwdPolicySubentry, value: "cn=disabled,ou=ppolicies,${suffix}" }
rosters:
  steward: { from: /srv/exports/ldap_group/steward.txt, older-than: 26 hours }
mode: ${this.settings.mode}
active: /etc/muster/active
state: /var/lib/muster
metrics: /var/lib/prometheus/node.d/muster.prom
report: /var/www/muster/index.html
`;
  }

  secrets(): Readonly<Record<string, string>> {
    const { gitlab } = this.cast;
    const reader = gitlab.forge.users.find(({ username }) => username === 'muster-reader') ?? assert.fail('no reader');
    return {
      'gitlab-token': gitlab.forge.createToken(reader, ['read_api', 'read_repository']).value,
      'ldap-password': accounts.writerPassword,
    };
  }

  /** As people do it in the browser; the minutes between their clicks lie behind them. */
  async merge(files: FileChanges, { by, approvedBy }: { readonly by: Person; readonly approvedBy?: Person }): Promise<string> {
    const { gitlab, project } = this.cast;
    const { clock } = gitlab;
    const earlier = (minutes: number) => {
      clock.set(new Date(Date.now() - minutes * minute).toISOString());
      clock.skew = minutes * minute;
    };
    try {
      const author = this.cast[by];
      const sourceBranch = `change-${project.mergeRequests.length + 1}`;
      earlier(10);
      await gitlab.commitAndPush(project, author, sourceBranch, files);
      const mergeRequest = await gitlab.openMergeRequest(project, { author, sourceBranch });
      earlier(5);
      if (approvedBy) gitlab.approve(mergeRequest, this.cast[approvedBy]);
      clock.follow();
      clock.skew = 0;
      this.log(
        `(On GitLab: ${by} merges !${mergeRequest.iid}, ${approvedBy ? `which ${approvedBy} approved` : 'which nobody approved'}.)\n`,
      );
      return await gitlab.merge(mergeRequest, author);
    } finally {
      clock.follow();
      clock.skew = 0;
    }
  }

  /** GitLab, its API and git alike. */
  setGitLab(state: 'up' | 'down' | 'slow' | 'hanging'): void {
    const { faults } = this.cast.gitlab;
    faults.clear();
    this.#answers();
    if (state === 'down') faults.add(/./, { kind: 'answer', status: 503 });
    const isUp = new Promise<void>((resolve) => (this.#answers = resolve));
    if (state === 'slow') faults.add(/\/api\//, { kind: 'wait', milliseconds: 15_000, until: isUp });
    if (state === 'hanging') faults.add(/./, { kind: 'hang' });
    this.log(`(GitLab is ${state}.)\n`);
  }

  /** As the stewards' host would leave it. */
  deliverRoster(uids = this.roster, machine = this.host): void {
    this.roster = uids;
    machine.write('/srv/exports/ldap_group/steward.txt', uids.map((uid) => `${uid}\n`).join(''));
  }

  /** Both halves, as somebody types it who does not wait for the timers. @returns the status of converging */
  async run(machine = this.host): Promise<number> {
    // systemd starts a unit five times in ten seconds at most, unless a failure was seen.
    const began = Date.now();
    await machine.run('systemctl reset-failed muster-judge.service; systemctl start muster-judge.service');
    const status = await this.converge(machine);
    this.#longestRun = Math.max(this.#longestRun, (Date.now() - began) / 1000);
    return status;
  }

  /** Seconds in which this machine, however busy, brings a merge into force. */
  get soon(): number {
    return 8 + 4 * this.#longestRun;
  }

  /** @returns the status of muster itself */
  async converge(machine = this.host): Promise<number> {
    const { status } = await machine.type('systemctl start muster.service');
    if (status !== 0) return Number(await machine.must('systemctl show --property=ExecMainStatus --value muster.service'));
    // systemd forgets the status of a run that it takes for a success; a standby has no metrics of runs.
    const told = machine.has(metrics) ? /^muster_exit_status (\d+)$/m.exec(machine.read(metrics))?.[1] : undefined;
    return Number(told ?? 0);
  }

  /** Who is in a group, asked of the directory itself. */
  async members(group: string): Promise<readonly string[]> {
    const bind = `-x -D "${accounts.adminDn}" -w ${accounts.adminPassword} -H ldap://127.0.0.1`;
    const answer = await this.host.must(`ldapsearch -LLL -o ldif-wrap=no ${bind} -b "cn=${group},ou=groups,${suffix}" member`);
    return [...answer.matchAll(/^member: uid=([^,]+),/gm)].map(([, uid = '']) => uid).sort();
  }

  async stop(): Promise<void> {
    for (const machine of this.machines) await machine.remove();
    await this.cast.gitlab.stop();
  }
}

/** The time after which it must be so; asks again until then. */
export async function eventually(what: string, within: number, holds: () => Promise<boolean>): Promise<number> {
  const began = Date.now();
  while (!(await holds())) {
    if (Date.now() - began > within) assert.fail(`${what}: not within ${within / 1000} seconds`);
    await pause(500);
  }
  return Math.round((Date.now() - began) / 1000);
}

function rulesOfTheSample(): Record<string, string> {
  const rules = ['policy/policy.yaml', 'policy/groups/stewards.yaml', 'policy/groups/klaxon-users.yaml'];
  // Without the second account of the sample: here she has one.
  const text = (path: string) => readFileSync(join(repository, path), 'utf8').replace('gitlab: [57, 99]', 'gitlab: 57');
  return Object.fromEntries(rules.map((path) => [path, text(path)]));
}
