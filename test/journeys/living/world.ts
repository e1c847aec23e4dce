// ldap-maint as it is: the installed command and its example configuration, a directory with ldaps and a read replica, a GitLab with git over
// HTTP, the stewards' rsync daemon, and one clock for all of them. What is between the hosts and the others can be cut.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode, type CommandResult } from '../../support/command.ts';
import type { FileChanges } from '../../support/gitlab/repository.ts';
import { startWithPeople, type Cast } from '../../support/gitlab/people.ts';
import type { MergeRequest, User } from '../../support/gitlab/world.ts';
import { pathWithRsync, startRsyncDaemon, type RsyncDaemon } from '../../support/rsync-daemon.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { buildPackage, type BuiltPackage } from '../../packaging/package.ts';

export const stewards = 'anticomposite base deltaquad ep1c h2o hasley hoo melos radimer superpes urbanecm'.split(' ');
export const newcomers = Array.from({ length: 20 }, (_, index) => `vol${index}`);

const minute = 60_000;
const clock = fileURLToPath(new URL('../../support/clock.cjs', import.meta.url));
const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface Host {
  readonly folder: string;
  readonly config: string;
  readonly state: string;
  readonly metrics: string;
  setActive(active: boolean): void;
}

/** One story from the installation to the second host; whoever tells a part of it goes on where the part before it ended. */
export class Life {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-living-'));
  readonly built: BuiltPackage = buildPackage();
  readonly slapd: Slapd;
  readonly cast: Cast;
  readonly daemon: RsyncDaemon;
  /** Between the hosts and the rsync daemon, and between them and the server they read from. */
  readonly lines: { readonly rsync: TcpProxy; readonly replica: TcpProxy };
  readonly first: Host;
  readonly bot: User;
  #start: string;

  constructor(slapd: Slapd, cast: Cast, daemon: RsyncDaemon, lines: Life['lines'], start: string) {
    this.slapd = slapd;
    this.cast = cast;
    this.daemon = daemon;
    this.lines = lines;
    this.#start = start;
    const { gitlab, project } = cast;
    this.bot = gitlab.forge.createUser('muster-bot', { id: 91 });
    project.members.set(this.bot.id, 30);
    mkdirSync(join(daemon.exports, 'ldap_group'));
    this.first = this.newHost('ldap-maint1001');
  }

  static async begin(): Promise<Life> {
    const files = ['policy/policy.yaml', 'policy/groups/stewards.yaml', 'policy/groups/klaxon-users.yaml'];
    const [slapd, cast, daemon] = await Promise.all([
      startSlapd({
        people: [...stewards, ...newcomers, 'alice', 'bob', 'carol', 'martin', 'mallory'],
        groups: { stewards: [...stewards.slice(0, 9), 'vol19'], 'klaxon-users': ['hoo', 'martin'] },
        tls: true,
      }),
      startWithPeople({
        now: '2026-11-16T09:00:00Z',
        files: Object.fromEntries(files.map((path) => [path, readFileSync(join(repository, path), 'utf8')])),
      }),
      startRsyncDaemon(),
    ]);
    const lines = { rsync: await startTcpProxy(daemon.port), replica: await startTcpProxy(slapd.ldapsPort ?? 0) };
    return new Life(slapd, cast, daemon, lines, await cast.project.git.head('main'));
  }

  async end(): Promise<void> {
    for (const one of [...Object.values(this.lines), this.daemon, this.cast.gitlab, this.slapd]) await one.stop();
    this.built.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A host with the package's own example as its configuration, filled in. */
  newHost(name: string): Host {
    const folder = join(this.folder, name);
    const host: Host = {
      folder,
      config: join(folder, 'muster.yaml'),
      state: join(folder, 'state'),
      metrics: join(folder, 'muster.prom'),
      setActive: (active) => (active ? writeFileSync(join(folder, 'active'), '') : rmSync(join(folder, 'active'))),
    };
    mkdirSync(host.state, { recursive: true });
    const { forge } = this.cast.gitlab;
    const reader = forge.users.find(({ username }) => username === 'muster-reader') ?? this.cast.alice;
    const secrets = {
      'gitlab-token': forge.createToken(reader, ['read_api', 'read_repository']).value,
      'comment-token': forge.createToken(this.bot, ['api']).value,
      'ldapvi.conf': `profile default\nhost: ${this.slapd.ldapsUrl}\nuser: ${this.slapd.writerDn}\nbase: ${this.slapd.suffix}\npassword: ${this.slapd.writerPassword}`,
    };
    for (const [file, text] of Object.entries(secrets)) writeFileSync(join(folder, file), `${text}\n`, { mode: 0o440 });
    host.setActive(true);
    writeFileSync(host.config, this.#configuration());
    return host;
  }

  #configuration(): string {
    const { slapd, cast, lines, daemon } = this;
    const example = readFileSync(join(this.built.root, 'etc/muster/muster.yaml.example'), 'utf8');
    const changes: readonly (readonly [from: string, to: string])[] = [
      ['url: https://gitlab.example.org/repos', `url: ${cast.gitlab.url}/repos`],
      ['start: 0000000000000000000000000000000000000000', `start: ${this.#start}`],
      ['#token-file: /etc/muster/git-token', 'token-file: gitlab-token'],
      ['url: https://gitlab.example.org\n', `url: ${cast.gitlab.url}\n`],
      ['token-file: /etc/muster/gitlab-token\n', 'token-file: gitlab-token\n'],
      ['#comment-token-file: /etc/muster/gitlab-comment-token', 'comment-token-file: comment-token'],
      ['url: ldaps://ldap-rw.example.org', `url: ${slapd.ldapsUrl}`],
      ['#read-url: ldaps://ldap-ro.example.org', `read-url: ldaps://localhost:${lines.replica.port}`],
      ['#credentials: /etc/ldapvi.conf', 'credentials: ldapvi.conf'],
      ['bind-dn: cn=', '#bind-dn: cn='],
      ['password-file: /etc', '#password-file: /etc'],
      ['ca-file: /etc/ssl/certs/ca-certificates.crt', `ca-file: ${slapd.caFile}`],
      ['#disabled: ', 'disabled: '],
      [
        'rsync://stewards.example.org/steward-data-export-dir',
        daemon
          .url('')
          .replace(/:\d+\//, `:${lines.rsync.port}/`)
          .replace(/\/$/, ''),
      ],
      ['#active: /etc/muster/active', 'active: active'],
      ['state: /var/lib/muster\n', 'state: state\n'],
      ['#metrics: /var/lib/prometheus/node.d/muster.prom', 'metrics: muster.prom'],
    ];
    return changes
      .reduce((text, [from, to]) => {
        if (text.split(from).length !== 2) throw new Error(`the example configuration does not have this once: ${from}`);
        return text.replace(from, () => to);
      }, example)
      .replaceAll('dc=example,dc=org', slapd.suffix);
  }

  /** Takes another commit as it is; every host that is equipped later gets the same one. */
  async startFrom(commit: string): Promise<void> {
    const text = readFileSync(this.first.config, 'utf8');
    writeFileSync(this.first.config, text.replace(this.#start, commit));
    this.#start = commit;
  }

  wait(milliseconds: number): void {
    this.cast.gitlab.clock.advance(milliseconds);
  }

  /** The same hour on a later day; the stewards' host writes its list once more, whether or not anybody changed it. */
  nextDay(list?: readonly string[]): void {
    this.wait(24 * 60 * minute);
    const file = join(this.daemon.exports, 'ldap_group/steward.txt');
    if (list)
      writeFileSync(
        file,
        [...list]
          .sort()
          .map((uid) => `${uid}\n`)
          .join(''),
      );
    const now = this.cast.gitlab.clock.now() / 1000 - 60;
    utimesSync(file, now, now);
  }

  async muster(args: readonly string[], host = this.first): Promise<CommandResult> {
    const program = join(this.built.root, 'usr/bin/muster');
    const at = new Date(this.cast.gitlab.clock.now()).toISOString();
    const env = { MUSTER_CONFIG: host.config, MUSTER_TEST_NOW: at, PATH: pathWithRsync };
    const result = await runNode(['--require', clock, program, ...args], { env, cwd: host.folder });
    this.wait(10_000);
    return result;
  }

  /** What an SRE copies off the screen. */
  async allowPrinted(printed: string, host = this.first): Promise<readonly CommandResult[]> {
    const results: CommandResult[] = [];
    for (const [, group = '', digest = ''] of printed.matchAll(/muster allow (\S+) \\\s+(sha256:\S+) --reason/g))
      results.push(await this.muster(['allow', group, digest, '--reason', 'The names are right.'], host));
    return results;
  }

  async members(): Promise<Readonly<Record<'klaxon-users' | 'stewards', readonly string[]>>> {
    const uids = async (group: string) => (await this.slapd.members(group)).flatMap((dn) => /^uid=([^,]+),/.exec(dn)?.[1] ?? []).sort();
    return { 'klaxon-users': await uids('klaxon-users'), stewards: await uids('stewards') };
  }

  /** Both groups whole: who wrote to one changed its entryCSN. */
  async entries(): Promise<readonly unknown[]> {
    return Promise.all(['klaxon-users', 'stewards'].map((group) => this.slapd.entry(this.slapd.groupDn(group))));
  }

  async land(author: User, changes: FileChanges, approver?: User): Promise<MergeRequest> {
    const { gitlab, project, carol } = this.cast;
    const sourceBranch = `change-${project.mergeRequests.length + 1}`;
    await gitlab.commitAndPush(project, author, sourceBranch, changes);
    this.wait(minute);
    const mergeRequest = await gitlab.openMergeRequest(project, { author, sourceBranch });
    // GitLab writes its version a moment later, and an approval counts for what has stood there for a minute.
    this.wait(minute + 30_000);
    if (approver) gitlab.approve(mergeRequest, approver);
    this.wait(minute);
    await gitlab.merge(mergeRequest, carol);
    this.wait(minute);
    return mergeRequest;
  }

  metric(name: string, host = this.first): Readonly<Record<string, number>> {
    const lines = readFileSync(host.metrics, 'utf8').split('\n');
    return Object.fromEntries(
      lines.flatMap((line) => {
        const [, metric, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
        return metric === name ? [[labels, Number(value)]] : [];
      }),
    );
  }
}
