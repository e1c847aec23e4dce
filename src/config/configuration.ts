// The host's file, /etc/muster/muster.yaml: read once, strictly, with every path made absolute. It is what limits the policy.
import type { EvidenceKind } from '../evidence/evidence.ts';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { MemberAttribute } from '../directory/directory.ts';
import type { SignedCeilings } from '../evidence/approval.ts';
import type { Disabled, EmptyGroup } from '../directory/layout.ts';
import { readStrictYaml } from '../policy/strict.ts';
import { configurationSchema, isLoopback, type Ceilings, type ConfigurationFile } from './configuration-schema.ts';
import type { CommitId, Dn, Duration, GroupName, RosterName } from '../names.ts';
import type { KeyPath } from '../policy/policy-rules.ts';
import { leastSigners } from '../policy/policy.ts';
import { Misuse } from '../errors.ts';

export type Credentials =
  | { readonly kind: 'external' }
  | { readonly kind: 'password'; readonly dn: Dn; readonly file: string }
  | { readonly kind: 'profile'; readonly file: string; readonly profile: string };

export interface DirectoryConfiguration {
  readonly url: string;
  readonly readUrl: string | undefined;
  readonly credentials: Credentials;
  readonly authoritiesFile: string | undefined;
  /** Every person stands under it; most directly. */
  readonly people: Dn;
  readonly groups: ReadonlyMap<GroupName, Dn>;
  readonly ceilings: ReadonlyMap<GroupName, Ceilings>;
  readonly emptyGroup: EmptyGroup;
  readonly startTls: boolean;
  /** The attribute in the name (RDN) of a person's entry. Where it is another one than uid, whoever alone has a uid is that person. */
  readonly namedBy: string;
  /** What holds the members, where the configuration says it; else the entry and its schema do. */
  readonly attributes: ReadonlyMap<GroupName, MemberAttribute>;
  /** Who counts as locked. Without it nobody does. */
  readonly disabled?: Disabled;
}

/** To a server that is asked by https://: who may vouch for it (without it, this host's own store), and through which proxy. */
interface WayThere {
  readonly authoritiesFile: string | undefined;
  readonly proxy: string | undefined;
}

export interface Configuration {
  /** The file itself, as it was named. */
  readonly file: string;
  readonly repository: {
    readonly url: string;
    readonly branch: string;
    readonly folder: string;
    readonly start: CommitId;
    /** `sha256:…` over the rules files at `start`, by root's word. */
    readonly rules: string | undefined;
    readonly tokenFile: string | undefined;
  } & WayThere;
  readonly gitlab:
    | ({
        readonly url: string;
        readonly project: string;
        readonly tokenFile: string | undefined;
        readonly commentTokenFile: string | undefined;
        readonly concurrency: number;
      } & WayThere)
    | undefined;
  readonly evidence: EvidenceKind;
  readonly directory: DirectoryConfiguration | undefined;
  readonly rosters: ReadonlyMap<
    RosterName,
    { readonly from: string; readonly olderThan: Duration | 'none'; readonly checksum: 'none' | 'required' }
  >;
  readonly mode: 'enforce' | 'report';
  readonly active:
    { readonly kind: 'always' } | { readonly kind: 'file'; readonly file: string } | { readonly kind: 'host'; readonly host: string };
  readonly state: string | undefined;
  /** Where judging keeps its mirror and its record. */
  readonly judged: string | undefined;
  /** Only signatures that were made with a touch count. */
  readonly requireTouch: boolean;
  /** The host's word on how much must be signed. */
  readonly signed: SignedCeilings;
  readonly metrics: string | undefined;
  readonly report: string | undefined;
}

const largestConfiguration = 256 * 1024;

/**
 * Of a file that cannot be used, what its lines tell all the same: where a run that cannot begin says so. A line of YAML, or of JSON as
 * programs write it.
 */
export function outputsIn(file: string, bytes: Uint8Array): Pick<Configuration, 'state' | 'metrics'> {
  const text = new TextDecoder().decode(bytes.subarray(0, largestConfiguration));
  const pathAt = (key: string) => {
    const found = new RegExp(`^(?:${key}|\\s+"${key}") *: *(["']?)([^"'#\\n]+?)\\1 *,? *(?:#.*)?$`, 'm').exec(text)?.[2];
    return found === undefined ? undefined : resolve(dirname(resolve(file)), found);
  };
  return { state: pathAt('state'), metrics: pathAt('metrics') };
}

/** Throws Misuse that names file, line, column and key. */
export function parseConfiguration(file: string, bytes: Uint8Array): Configuration {
  const parsed = readStrictYaml({ path: file, bytes }, configurationSchema, largestConfiguration, named);
  if (parsed.kind === 'invalid')
    throw new Misuse(
      parsed.findings.map(({ path, line, column, message, fix }) => `${path}:${line}:${column}: ${message}. ${fix}`).join('\n'),
    );
  const { value, at } = parsed.value;
  const complain = (key: KeyPath, message: string): never => {
    const { line, column } = at(key);
    throw new Misuse(`${file}:${line}:${column}: ${named(message, key)}`);
  };
  const base = dirname(resolve(file));
  const path = (text: string) => resolve(base, text);
  const optional = (text: string | undefined) => (text === undefined ? undefined : path(text));
  checkEvidence(value, complain);
  const { repository, gitlab, directory } = value;
  if (gitlab) refuseCredentials(gitlab.url, 'gitlab.token-file', ['gitlab', 'url'], complain);
  for (const key of ['url', 'read-url'] as const)
    refuseCredentials(directory?.[key], 'directory.credentials or directory.password-file', ['directory', key], complain);
  return {
    file,
    repository: {
      url: repositoryUrl(repository.url, base, complain),
      branch: repository.branch,
      folder: policyFolder(repository.path, complain),
      start: repository.start,
      rules: repository.rules,
      tokenFile: optional(repository['token-file']),
      ...wayThere('repository', repository, path, complain),
    },
    gitlab: gitlab && {
      url: gitlab.url.replace(/\/+$/, ''),
      project: gitlab.project,
      tokenFile: optional(gitlab['token-file']),
      commentTokenFile: optional(gitlab['comment-token-file']),
      concurrency: gitlab.concurrency ?? 8,
      ...wayThere('gitlab', gitlab, path, complain),
    },
    evidence: value.evidence,
    directory: value.directory && directoryOf(value.directory, path, complain),
    rosters: new Map(
      [...(value.rosters ?? [])].map(([roster, one]) => [
        roster,
        {
          from: rosterPlace(one.from, path, (message) => complain(['rosters', roster, 'from'], message)),
          olderThan: one['older-than'],
          checksum: one.checksum,
        },
      ]),
    ),
    mode: value.mode,
    active: activeOf(value.active, path),
    state: optional(value.state),
    judged: optional(value.judged ?? (value.state && join(value.state, 'judged'))),
    requireTouch: value['require-touch'].is,
    signed: signedCeilings(value, complain),
    metrics: optional(value.metrics),
    report: optional(value.report),
  };
}

/** The file has many keys of the same name, `url` for one: the whole way there is told. */
function named(message: string, key: KeyPath): string {
  return key.length === 0 ? message : `${key.join('.')}: ${message}`;
}

type Complain = (key: KeyPath, message: string) => never;

function checkEvidence({ evidence, gitlab, repository }: ConfigurationFile, complain: Complain): void {
  if (evidence === 'signed' && gitlab)
    complain(['gitlab'], 'with "evidence: signed" no forge is asked: leave this section out, or write "evidence: gitlab"');
  if (evidence === 'signed' && repository.rules === undefined)
    complain(
      ['repository'],
      'with "evidence: signed" the rules at "start" say whose keys count: read them, and add "rules: sha256:…" with their digest, as "muster plan" prints it with "evidence: none"',
    );
  if (evidence === 'gitlab' && !gitlab)
    complain(
      ['repository'],
      'there is no "gitlab" section to get evidence from; add one, or write "evidence: signed" or "evidence: none" to run without a forge',
    );
}

/** Whoever may read the configuration would have them. */
function refuseCredentials(url: string | undefined, place: string, key: KeyPath, complain: Complain): void {
  if (url === undefined || !URL.canParse(url)) return;
  const { username, password, protocol } = new URL(url);
  // An account is part of how ssh is asked, and no secret.
  if (password === '' && (username === '' || protocol === 'ssh:')) return;
  complain(key, `credentials do not belong into the URL; put them into a file, and name it as ${place}`);
}

function repositoryUrl(text: string, base: string, complain: Complain): string {
  const scpLike = /^[^/:@]+@[^/:]+:/.test(text);
  if (!URL.canParse(text)) return scpLike || isAbsolute(text) ? text : resolve(base, text);
  refuseCredentials(text, 'repository.token-file', ['repository', 'url'], complain);
  const { protocol, hostname } = new URL(text);
  if (protocol === 'http:' && !isLoopback(hostname)) complain(['repository', 'url'], 'http:// is for this very host only; use https://');
  if (!['http:', 'https:', 'ssh:', 'file:'].includes(protocol))
    complain(['repository', 'url'], `git is not asked to fetch by ${protocol}//`);
  return text;
}

type Server = Pick<ConfigurationFile['repository'], 'url' | 'ca-file' | 'proxy'>;

function wayThere(section: 'repository' | 'gitlab', server: Server, path: (text: string) => string, complain: Complain): WayThere {
  const { url, 'ca-file': authorities, proxy } = server;
  for (const key of ['ca-file', 'proxy'] as const)
    if (server[key] !== undefined && !/^https:\/\//i.test(url))
      complain([section, key], `it is for https:// URLs, and ${section}.url is none`);
  return { authoritiesFile: authorities === undefined ? undefined : path(authorities), proxy };
}

function policyFolder(text: string, complain: Complain): string {
  const folder = text.replace(/\/+$/, '');
  if (folder === '' || folder === '.')
    complain(
      ['repository', 'path'],
      'the policy cannot be the root of its repository; put it into a folder of its own, such as "policy", and name that',
    );
  if (folder.split('/').some((part) => part === '' || part === '.' || part === '..'))
    complain(['repository', 'path'], 'it is a folder inside the repository, such as "policy"');
  return folder;
}

function rosterPlace(from: string, path: (text: string) => string, complain: (message: string) => never): string {
  if (!/^[a-z]+:\/\//i.test(from)) return path(from);
  // With a user, rsync would ask for a password; what ends in a slash or holds a pattern is not one file.
  if (!/^rsync:\/\/[^/@\s]+\/[^/\s]+\/[^\s*?[\]]*[^/\s*?[\]]$/.test(from))
    complain('one file is named, as in rsync://HOST/MODULE/PATH, without a user, a pattern or a slash at the end');
  return from;
}

function activeOf(active: ConfigurationFile['active'], path: (text: string) => string): Configuration['active'] {
  if (active === undefined) return { kind: 'always' };
  return typeof active === 'string' ? { kind: 'file', file: path(active) } : { kind: 'host', host: active.host };
}

type DirectoryFile = NonNullable<ConfigurationFile['directory']>;

function directoryOf(one: DirectoryFile, path: (text: string) => string, complain: Complain): DirectoryConfiguration {
  const startTls = one['start-tls'].is;
  for (const key of ['url', 'read-url'] as const) checkEncryption(one[key], startTls, (message) => complain(['directory', key], message));
  const groups = new Map([...one.groups].map(([group, entry]) => [group, typeof entry === 'string' ? entry : entry.dn]));
  const attributes = new Map(
    [...one.groups].flatMap(([group, entry]) =>
      typeof entry === 'string' || entry.attribute === undefined ? [] : [[group, entry.attribute]],
    ),
  );
  checkEntries({ ...one, groups }, complain);
  for (const group of one.ceilings?.keys() ?? [])
    if (!one.groups.has(group) && group !== ceilingOfRules)
      complain(['directory', 'ceilings', group], 'this group is not listed under directory.groups');
  return {
    url: one.url,
    readUrl: one['read-url'],
    credentials: credentialsOf(one, path, complain),
    authoritiesFile: one['ca-file'] === undefined ? undefined : path(one['ca-file']),
    people: one.people,
    groups,
    attributes,
    namedBy: one['named-by'].toLowerCase(),
    ceilings: new Map([...(one.ceilings ?? [])].filter(([group]) => one.groups.has(group)).map(([group, of]) => [group, fromGrants(of)])),
    emptyGroup: one['empty-group'],
    startTls,
    disabled: one.disabled && { attribute: one.disabled.attribute, is: one.disabled.value ?? 'present' },
  };
}

/** Only grants are signed: a group whose members must be does not follow a roster because judging says so. */
function fromGrants(ceilings: Ceilings): Ceilings {
  return (ceilings.signed ?? 0) > 0 ? { ...ceilings, source: ceilings.source ?? 'grants' } : ceilings;
}

/** Among the ceilings of groups, that on the rules of the policy. */
const ceilingOfRules = 'rules';

function signedCeilings({ evidence, repository, directory }: ConfigurationFile, complain: Complain): SignedCeilings {
  const groups = new Map(directory?.ceilings);
  const key = ['directory', 'ceilings', ceilingOfRules];
  const name = [...groups.keys()].find((group) => group === ceilingOfRules);
  const ofRules = name && groups.get(name);
  if (name && directory?.groups.has(name)) complain(key, 'these are the rules of the policy, so no group may be called that');
  if (ofRules && Object.keys(ofRules).some((one) => one !== 'signed')) complain(key, 'of the rules of the policy only "signed" is said');
  if (name) groups.delete(name);
  const asksForSome = (ofRules?.signed ?? 0) > 0 || [...groups.values()].some(({ signed = 0 }) => signed > 0);
  if (asksForSome && repository.rules === undefined)
    complain(
      ['repository'],
      'the ceilings ask for signatures, and whose keys sign is what the rules at "start" say: add "rules: sha256:…", as "muster plan" prints it',
    );
  const rules = ofRules?.signed ?? 0;
  if (evidence !== 'signed') return { groups, rules };
  // Whatever the policy says, and whoever says what it says.
  const least = (signed = 0) => ({ signed: Math.max(signed, leastSigners) });
  const all = [...(directory?.groups.keys() ?? [])].map((group) => [group, least(groups.get(group)?.signed)] as const);
  return { groups: new Map(all), rules: least(rules).signed, only: true };
}

/** As far as it shows in the text; spelled in two ways, it is found when the directory is asked. */
function checkEntries(
  { people, groups, 'empty-group': emptyGroup }: Omit<DirectoryFile, 'groups'> & { readonly groups: ReadonlyMap<GroupName, Dn> },
  complain: Complain,
): void {
  const folded = (name: string) => name.toLowerCase().replaceAll(/ *([,=]) */g, '$1');
  const named = new Map<string, string>();
  for (const [group, entry] of groups) {
    const other = named.get(folded(entry));
    if (other !== undefined) complain(['directory', 'groups', group], `it is the same entry of the directory as ${other}`);
    named.set(folded(entry), group);
  }
  if (folded(emptyGroup).endsWith(folded(people)))
    complain(['directory', 'empty-group'], 'this DN lies under directory.people; choose one that can be no person');
}

function checkEncryption(url: string | undefined, startTls: boolean, complain: (message: string) => never): void {
  if (url === undefined) return;
  const { protocol, hostname } = new URL(url);
  if (protocol === 'ldap:' && !startTls && !isLoopback(hostname))
    complain('plain ldap:// would show the password to the network; use ldaps://, or set start-tls: true');
  if (protocol !== 'ldap:' && startTls) complain('start-tls is for ldap:// URLs');
}

function credentialsOf(one: DirectoryFile, path: (text: string) => string, complain: Complain): Credentials {
  const given = [one.credentials, one['bind-dn'] ?? one['password-file'], one.sasl].filter((each) => each !== undefined);
  if (given.length !== 1)
    complain(['directory'], 'say once how to bind: "credentials", or "bind-dn" with "password-file", or "sasl: external"');
  if (one.sasl !== undefined) {
    for (const key of ['url', 'read-url'] as const)
      if (one[key]?.startsWith('ldapi:') === false) complain(['directory', 'sasl'], `it is for ldapi:// URLs, and ${key} is none`);
    return { kind: 'external' };
  }
  const dn = one['bind-dn'];
  const file = one['password-file'];
  if (dn !== undefined && file !== undefined) return { kind: 'password', dn, file: path(file) };
  if (one.credentials === undefined) return complain(['directory'], '"bind-dn" and "password-file" belong together');
  const [profileFile = '', profile = 'default'] = one.credentials.split('#');
  return { kind: 'profile', file: path(profileFile), profile };
}
