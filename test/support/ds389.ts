// A real 389 Directory Server for one test file, with the people and groups of a throwaway slapd: from Debian's packages as scripts/ds389.mjs
// unpacked them, or why there is none.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { administrator, type Administrator } from './slapd-administrator.ts';
import { groupDn, memberDn, renderEntries } from './slapd-entries.ts';
import { dieWithParent, freePorts } from './slapd-process.ts';

const cache = fileURLToPath(new URL('../../.cache/389ds', import.meta.url));
const root = join(cache, 'root');
const program = join(root, 'usr/sbin/ns-slapd');

/** Undefined: there is one. */
export const no389: string | undefined = existsSync(join(cache, 'missing'))
  ? readFileSync(join(cache, 'missing'), 'utf8').trim()
  : existsSync(program)
    ? undefined
    : 'nobody has looked for a 389 Directory Server yet: "node scripts/prepare.mjs" does';

export interface Ds389Options {
  readonly people?: readonly string[];
  /** By cn: uids or raw DNs. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** LDIF that is loaded after people and groups. */
  readonly ldif?: string;
}

export interface Ds389 extends Administrator {
  /** ldap://127.0.0.1:PORT */
  readonly url: string;
  readonly suffix: string;
  readonly people: string;
  readonly writerDn: string;
  readonly writerPassword: string;
  groupDn(name: string): string;
  personDn(uid: string): string;
  stop(): Promise<void>;
}

const suffix = 'dc=wikimedia,dc=org';
const writerDn = `cn=scriptuser,ou=profile,${suffix}`;
const writerPassword = 'writer-secret';
const adminDn = 'cn=admin';
const adminPassword = 'admin-secret';

/** Classes that the server does not bring: two that people have, and a group whose class wants a member. */
const ownClasses = [
  "( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MUST uid )",
  "( 1.3.6.1.4.1.4203.666.11.2.1 NAME 'wikimediaPerson' SUP top AUXILIARY )",
  "( 1.3.6.1.4.1.4203.666.11.2.2 NAME 'watch' SUP top STRUCTURAL MUST ( cn $ member ) )",
];

const rights = [
  '(targetattr = "*")(version 3.0; acl "all"; allow (read, search, compare) userdn = "ldap:///anyone";)',
  `(target = "ldap:///cn=*,ou=groups,${suffix}")(targetattr = "member || uniqueMember || memberUid")(version 3.0; acl "members"; allow (write) userdn = "ldap:///${writerDn}";)`,
];

export async function start389(options: Ds389Options = {}): Promise<Ds389> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-389ds-'));
  // The multiarch folder is called after the machine.
  const multiarch = readdirSync(join(root, 'usr/lib')).find((name) => name.endsWith('-linux-gnu')) ?? '';
  const libraries = ['', 'dirsrv', 'dirsrv/plugins'].map((name) => join(root, 'usr/lib', multiarch, name));
  const env = { ...process.env, LD_LIBRARY_PATH: libraries.join(':') };
  const config = join(folder, 'config');
  const admin = administrator({ ldapiPath: join(folder, 'ldapi'), adminDn, adminPassword, suffix });
  const answers = () => admin.withClient(async () => undefined);
  const [command, ...start] = [...dieWithParent(), program, '-D', config, '-i', join(folder, 'run/pid'), '-d', '0'];
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1);
    configure(folder, port, libraries.at(-1) ?? '');
    if (attempt === 1) load(folder, entriesOf(options), env);
    const child = spawn(command, start, { env, stdio: 'ignore' });
    if (await comesUp(child, answers)) {
      const url = `ldap://127.0.0.1:${port}`;
      return { ...admin, ...names, url, suffix, writerDn, writerPassword, stop: () => end(child, folder) };
    }
    // Somebody else may have been quicker to take the port.
    if (attempt < 3) continue;
    const said = readFileSync(join(folder, 'log/errors'), 'utf8').slice(-2000);
    await end(child, folder);
    throw new Error(`the 389 Directory Server did not come up: ${said}`);
  }
}

const names = {
  people: `ou=people,${suffix}`,
  groupDn: (name: string) => groupDn(name, suffix),
  personDn: (uid: string) => memberDn(uid, suffix),
};

function load(folder: string, entries: string, env: NodeJS.ProcessEnv): void {
  const ldif = join(folder, 'entries.ldif');
  writeFileSync(ldif, entries);
  execFileSync(program, ['ldif2db', '-D', join(folder, 'config'), '-n', 'userRoot', '-i', ldif], { env, stdio: 'ignore' });
}

async function comesUp(child: ChildProcess, answers: () => Promise<void>): Promise<boolean> {
  for (const startedAt = performance.now(); performance.now() - startedAt < 30_000; await sleep(20)) {
    if (child.exitCode !== null) return false;
    const isUp = await answers().then(
      () => true,
      () => false,
    );
    if (isUp) return true;
  }
  return false;
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** What dscreate does: its template with the places filled in. It wants a root that has everything at the usual paths. */
function configure(folder: string, port: number, plugins: string): void {
  for (const name of ['config/schema', 'lock', 'tmp', 'ldif', 'bak', 'run', 'inst', 'log', 'db', 'cert'])
    mkdirSync(join(folder, name), { recursive: true });
  const config = join(folder, 'config');
  cpSync(join(root, 'usr/share/dirsrv/schema'), join(config, 'schema'), { recursive: true });
  cpSync(join(root, 'etc/dirsrv/config'), config, { recursive: true });
  const classes = ownClasses.map((one) => `objectClasses: ${one}\n`).join('');
  writeFileSync(
    join(config, 'schema/99user.ldif'),
    `dn: cn=schema\nobjectClass: top\nobjectClass: ldapSubentry\nobjectClass: subschema\ncn: schema\n${classes}`,
  );
  const data = join(root, 'usr/share/dirsrv/data');
  const template = ['template-dse.ldif', 'template-suffix-db.ldif'].map((name) => readFileSync(join(data, name), 'utf8')).join('\n\n');
  const places: Readonly<Record<string, string>> = {
    ...{ schema_dir: join(config, 'schema'), config_dir: config, inst_dir: join(folder, 'inst'), fqdn: 'localhost', ds_port: String(port) },
    ...{ ds_user: userName(), rootdn: adminDn, ds_passwd: `{CLEAR}${adminPassword}`, ldapi_enabled: 'on', ldapi: join(folder, 'ldapi') },
    ...{
      ldapi_autobind: 'off',
      ds_suffix: suffix,
      ds_bename: 'userRoot',
      db_dir: join(folder, 'db'),
      db_home_dir: join(folder, 'db'),
      db_lib: 'mdb',
    },
  };
  const filled = template
    .replace(/^#.*\n/gm, '')
    .replace(/%(\w+)%/g, (_, name: string) => places[name] ?? join(folder, name.replace(/_dir$/, '')))
    .replace(/^(nsslapd-pluginpath: )(lib)/gim, `$1${plugins}/$2`)
    .replace(/^nsslapd-rootpw:/m, 'nsslapd-rootpwstoragescheme: CLEAR\nnsslapd-allow-unauthenticated-binds: off\n$&');
  writeFileSync(join(config, 'dse.ldif'), `${[...entriesIn(filled), entryUuidPlugin(plugins)].join('\n\n')}\n`);
}

/** Each once; one of the password schemes is there without being configured, and twice is an error. */
function entriesIn(ldif: string): readonly string[] {
  const entries = new Map(ldif.split(/\n\s*\n/).map((entry) => [/^dn: (.*)/m.exec(entry)?.[1]?.toLowerCase() ?? '', entry.trim()]));
  return [...entries].flatMap(([name, entry]) => (name === '' || name.startsWith('cn=pbkdf2-sha512,') ? [] : [entry]));
}

/** Started without it the server adds it, at the usual path. */
function entryUuidPlugin(plugins: string): string {
  const about = [
    'Id: entryuuid',
    'Version: none',
    'Vendor: 389 Project',
    'Description: entryuuid',
    'Type: betxnpreoperation',
    'Initfunc: entryuuid_plugin_init',
  ];
  return [
    'dn: cn=entryuuid,cn=plugins,cn=config\nobjectClass: top\nobjectClass: nsSlapdPlugin\ncn: entryuuid',
    ...[...about, `Path: ${plugins}/libentryuuid-plugin`, 'Enabled: on'].map((line) => `nsslapd-plugin${line}`),
  ].join('\n');
}

function userName(): string {
  return execFileSync('id', ['-un'], { encoding: 'utf8' }).trim();
}

function entriesOf({ people = [], groups = {}, ldif = '' }: Ds389Options): string {
  const entries = renderEntries({ suffix, writerPassword, people, groups, ppolicy: false, memberof: false });
  const [first = '', ...others] = entries.split('\n\n');
  return [`${first}\n${rights.map((one) => `aci: ${one}\n`).join('')}`, ...others, ldif].join('\n\n');
}
