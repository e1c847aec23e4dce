// Everything git may know of the world around it. The environment is written out whole, so that nothing that stands in the caller's
// own (GIT_DIR, GIT_CONFIG_COUNT, GIT_EXTERNAL_DIFF, proxies) or in a configuration of the system or the account reaches git.
import { inspect } from 'node:util';

import type { Duration } from '../names.ts';
import type { Trust } from '../tls.ts';

export interface GitSettings {
  /** Where git and what it starts are looked for, as in PATH. */
  readonly path: string;
  /** The home of the account. git reads no configuration there. */
  readonly home: string;
  /** The bare mirror. */
  readonly folder: string;
  /** What git fetches from, without credentials. */
  readonly url: string;
  /** Sent to the origin of an http(s) `url` as Basic `oauth2:TOKEN`, and nowhere else. */
  readonly token?: string;
  /** In place of `oauth2`, where the token is what somebody's own git has for them. */
  readonly user?: string;
  /** The socket of the agent that holds the SSH keys of whoever asks (ssh-add(1)). */
  readonly agent?: string;
  /** For https://. */
  readonly trust?: Trust | undefined;
  /** A folder of more objects, for what only reads. */
  readonly objects?: string;
  /** A file that is not there was too long to be fetched. */
  readonly lacksLongFiles?: true;
  /** The longest that one git process may take. */
  readonly timeout: Duration;
}

/** Settings of git that stand above the mirror's own configuration, whoever wrote that (git-config(1)). */
function fixedConfiguration(timeout: Duration): Configuration<string> {
  return [
    ['core.hooksPath', '/dev/null'],
    ['core.attributesFile', '/dev/null'],
    ['core.fsmonitor', 'false'],
    // A clone that somebody else configured could have a program of its own look at signatures.
    ['log.showSignature', 'false'],
    // Both are caches of what commits and packs say. The objects themselves are what was checked when they came in.
    ['core.commitGraph', 'false'],
    ['core.multiPackIndex', 'false'],
    ['core.logAllRefUpdates', 'false'],
    ['credential.helper', ''],
    ['fetch.fsckObjects', 'true'],
    ['transfer.fsckObjects', 'true'],
    // What GitLab's own server lets pass (Gitaly's `receive.fsck`): a commit that it accepted must not end all fetching here.
    ['fetch.fsck.badTimezone', 'ignore'],
    ['fetch.fsck.missingSpaceBeforeDate', 'ignore'],
    ['fetch.fsck.zeroPaddedFilemode', 'ignore'],
    // Packs come in whole or not at all; loose objects would stay half written when a fetch is killed.
    ['fetch.unpackLimit', '1'],
    ['fetch.recurseSubmodules', 'false'],
    // Memory of git's own caches, well below what `gitLimits` leaves it; larger files are passed through and not held.
    ['core.packedGitWindowSize', '16m'],
    ['core.packedGitLimit', '128m'],
    ['core.deltaBaseCacheLimit', '16m'],
    ['core.bigFileThreshold', '1m'],
    ['pack.windowMemory', '32m'],
    ['pack.threads', '1'],
    // Every file of the mirror is known by name and checked whole (mirror-layout.ts).
    ['pack.writeReverseIndex', 'false'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    // A redirect would carry the token to a place that nobody configured.
    ['http.followRedirects', 'false'],
    // Should git be killed, its http helper must end by itself.
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', String(Math.max(1, Math.ceil(timeout / 1000)))],
    ['protocol.version', '2'],
  ];
}

/** The header that carries a token, in the words of RFC 7617. */
export function basicCredentials(token: string, user = 'oauth2'): string {
  return Buffer.from(`${user}:${token}`, 'utf8').toString('base64');
}

/** Text that a process is given and that nobody is shown: simple-git prints the whole environment of git when DEBUG names it. */
export class Concealed {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}

type Configuration<Value> = readonly (readonly [key: string, value: Value])[];

/** In the environment, because argv and the mirror's configuration can be read by others; bound to the origin, so that no other server sees it. */
function tokenConfiguration({ url, token, user }: GitSettings): Configuration<Concealed> {
  if (token === undefined || !URL.canParse(url)) return [];
  const { protocol, origin } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return [];
  return [[`http.${origin}/.extraHeader`, new Concealed(`Authorization: Basic ${basicCredentials(token, user)}`)]];
}

/** Verified by exactly the authorities that are named, and through the proxy that is. */
function trustConfiguration({ trust }: GitSettings): Configuration<string> {
  if (!trust) return [];
  return [
    ['http.sslVerify', 'true'],
    ['http.sslCAInfo', trust.file],
    // Without it libcurl believes those in its own folder besides.
    ['http.sslCAPath', '/dev/null'],
    ['http.proxy', trust.proxy ?? ''],
  ];
}

/** The folder that the URL names, where it is one of this host. */
export function localFolder({ url }: Pick<GitSettings, 'url'>): string | undefined {
  if (url.startsWith('/')) return url;
  return /^file:/i.test(url) && URL.canParse(url) ? decodeURIComponent(new URL(url).pathname) : undefined;
}

/**
 * Another account may own the repository: the configuration names it, and that is leave to read it. git takes that (`safe.directory`) from no
 * environment, so the process that serves this one folder is told, in each of the ways in which git may spell the folder.
 */
function ownerConfiguration(settings: GitSettings): Configuration<string> {
  const folder = localFolder(settings)?.replace(/(?<=.)\/+$/, '');
  if (folder === undefined) return [];
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const allowed = [folder, `${folder}/.git`, `${folder}.git`].map((one) => `-c ${quoted(`safe.directory=${one}`)}`);
  return [['remote.origin.uploadpack', `git ${allowed.join(' ')} upload-pack`]];
}

/** The whole environment of a git process that reads the mirror: it is told no token and may open no connection. */
export function mirrorEnvironment(settings: GitSettings): Record<string, string> {
  const { objects, timeout } = settings;
  const environment = environmentFor(settings, 'none', fixedConfiguration(timeout));
  return objects === undefined ? environment : { ...environment, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
}

/** The whole environment of a git process that speaks to the server. */
export function serverEnvironment(settings: GitSettings): Record<string, string | Concealed> {
  const environment = environmentFor<string | Concealed>(settings, 'https:http:ssh:file', [
    ...fixedConfiguration(settings.timeout),
    ...trustConfiguration(settings),
    ...ownerConfiguration(settings),
    ...tokenConfiguration(settings),
  ]);
  return settings.agent === undefined ? environment : { ...environment, SSH_AUTH_SOCK: settings.agent };
}

/** See git(1), section ENVIRONMENT VARIABLES, and git-config(1), section ENVIRONMENT. */
function environmentFor<Value>(
  settings: GitSettings,
  protocols: string,
  configuration: Configuration<Value>,
): Record<string, string | Value> {
  const environment: Record<string, string | Value> = {
    PATH: settings.path,
    HOME: settings.home,
    LC_ALL: 'C',
    GIT_DIR: settings.folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // Empty, not absent: no program is asked for a password.
    GIT_ASKPASS: '',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_ALLOW_PROTOCOL: protocols,
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(configuration.length),
  };
  for (const [index, [key, value]] of configuration.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}
