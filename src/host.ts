// What both halves know of the host: the process as far as a command may know it, the configuration, and whether this host is the active one.
import { accessSync, constants, readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import type { Invocation } from './cli.ts';
import { outputsIn, parseConfiguration, type Configuration, type DirectoryConfiguration } from './config/configuration.ts';
import { errnoOf, Misuse, stateFailure, Unavailable } from './errors.ts';
import type { BootClock } from './membership/clock.ts';
import type { Instant, GroupName } from './names.ts';
import type { ManagedGroup } from './membership/proposal.ts';
import type { SurveySettings } from './reconcile/survey.ts';

/** Is this host the one that may write? */
export interface Standing {
  readonly state: 'active' | 'standby';
  /** What of the configuration makes it so: goes on after "this host is …, for". */
  readonly why: string;
}

/** The process, as far as a command may know it. */
export interface Caller {
  readonly pid: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The current folder. Throws Misuse where that has gone. */
  readonly folder: () => string;
  readonly now: () => Instant;
  /** The kernel's clock; undefined where it does not tell. */
  readonly boot: () => BootClock | undefined;
  /** A line for whoever watches a terminal; nothing where nobody does. */
  readonly progress: (text: string) => void;
  readonly warn: (text: string) => void;
  /** Has `cleanup` done should a signal end the process; the answer takes that back. */
  readonly onInterrupt: (cleanup: () => void) => () => void;
  /** Who typed the command, for the record. */
  readonly typedBy: () => string;
  /** Has another process go on as that account, and ends as it ends; only root can. Throws Misuse where it cannot begin. */
  readonly goOnAs: ((owner: { readonly uid: number; readonly gid: number }, more?: readonly string[]) => Promise<never>) | undefined;
  /** Starts muster once more, as a process of its own with limits of its own, and waits so many milliseconds for it. */
  readonly startAnother: (args: readonly string[], patience: number) => Promise<number | 'goes-on'>;
  /** Has the program that verifies signatures answer (`signing/verify-question.ts`). Throws Unavailable where it does not. */
  readonly askVerifier: (question: string) => Promise<string>;
}

/** `option`: what stood behind --config. */
export async function readConfiguration(option: Invocation['options'][string], caller: Caller): Promise<Configuration> {
  const { file, bytes } = configurationFile(option, caller);
  return parseConfiguration(file, bytes);
}

/** As far as they can be read: nothing else of the configuration has to be right. */
export function readOutputs(option: Invocation['options'][string], caller: Caller): Pick<Configuration, 'state' | 'metrics'> {
  const { file, bytes } = configurationFile(option, caller);
  return outputsIn(file, bytes);
}

function configurationFile(option: Invocation['options'][string], caller: Caller): { readonly file: string; readonly bytes: Uint8Array } {
  const { MUSTER_CONFIG: named = '' } = caller.environment;
  const name = typeof option === 'string' ? option : named === '' ? '/etc/muster/muster.yaml' : named;
  const file = pathFrom(caller, name);
  return { file, bytes: readConfigured(file, name) };
}

/** What the person who typed it means by a path. */
export function pathFrom(caller: Pick<Caller, 'folder'>, path: string): string {
  return isAbsolute(path) ? path : resolve(caller.folder(), path);
}

function readConfigured(file: string, name: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const another = 'name one with --config FILE or MUSTER_CONFIG';
    if (errnoOf(error) === 'ENOENT') throw new Misuse(`there is no configuration ${name}: ${another}; "muster init" makes a first one`);
    throw new Misuse(`the configuration ${name} cannot be read (${errnoOf(error)}); ${another}`);
  }
}

export type HostConfiguration = Configuration & {
  readonly directory: DirectoryConfiguration;
  readonly state: string;
  readonly judged: string;
};

export function forHost(configuration: Configuration): HostConfiguration {
  const { directory, state, judged, file } = configuration;
  if (!directory) throw new Misuse(`${file}: the section "directory" is missing`);
  if (state === undefined || judged === undefined) throw new Misuse(`${file}: the key "state" is missing`);
  return { ...configuration, directory, state, judged };
}

/** What root left in the state folder the timer's account could not read: so root's commands go on as the owner of that folder. */
export async function goOnAsOwner(
  { state }: Pick<Configuration, 'state'>,
  { goOnAs }: Caller,
  more: readonly string[] = [],
): Promise<void> {
  const owner = goOnAs && state !== undefined ? statIfPossible(state) : undefined;
  if (goOnAs && owner && owner.uid !== 0) await goOnAs(owner, more);
}

/** What is wrong with it is told when it is opened: `revoke` has something to do before that. */
function statIfPossible(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Whoever may not look into a folder that its owner may look into is somebody else, and nothing about it has to be mended. */
export function refuseOthers({ state }: Pick<Configuration, 'state'>): void {
  const folder = state === undefined ? undefined : statIfPossible(state);
  if (state === undefined || folder === undefined || (folder.mode & constants.S_IRUSR) === 0) return;
  try {
    accessSync(state, constants.R_OK);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') return;
    throw new Misuse(`the state folder ${state} is another account's: run this as root, or as that account`);
  }
}

/** For those who only read: what they would find in a folder that has gone is nobody revoked and nothing known. */
export function requireState({ state }: Pick<HostConfiguration, 'state'>): void {
  try {
    readdirSync(state);
  } catch (error) {
    throw stateFailure('ledger', state, `the state folder ${state} cannot be read`, error);
  }
}

export async function standingOf({ active }: Configuration): Promise<Standing> {
  switch (active.kind) {
    case 'always':
      return { state: 'active', why: 'its configuration has no key "active"' };
    case 'host':
      return isSameHost(hostname(), active.host)
        ? { state: 'active', why: `its name, ${hostname()}, is the one of the key "active"` }
        : { state: 'standby', why: `it is not ${active.host} but ${hostname()}` };
    case 'file':
      return isThere(active.file)
        ? { state: 'active', why: `it has the file ${active.file}` }
        : { state: 'standby', why: `it has no file ${active.file}` };
  }
}

export async function isActive(configuration: Configuration): Promise<boolean> {
  return (await standingOf(configuration)).state === 'active';
}

/** Names of hosts have no case (RFC 4343), and a kernel may know only the first part of one (hostname(1)). */
function isSameHost(one: string, other: string): boolean {
  const [left = '', right = ''] = [one, other].map((name) => name.toLowerCase().replace(/\.$/, ''));
  return left === right || left === right.split('.')[0] || left.split('.')[0] === right;
}

function isThere(flag: string): boolean {
  try {
    accessSync(flag);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw new Unavailable('lock', `the active flag ${flag} cannot be looked at`, error);
  }
}

/** For what people do by hand: on the standby it would be without effect, or act on the directory behind the active host's back. */
export async function refuseOnStandby(configuration: Configuration): Promise<void> {
  const { state, why } = await standingOf(configuration);
  if (state === 'active') return;
  const { active } = configuration;
  const where = active.kind === 'host' ? `on ${active.host}` : 'on the host that has the active flag';
  throw new Misuse(`this host is the standby and writes nothing, for ${why}; run it ${where}`);
}

export function surroundingsOf({ environment }: Caller): { readonly path: string; readonly home: string } {
  return { path: environment['PATH'] ?? '/usr/bin:/bin', home: environment['HOME'] ?? '/' };
}

export function surveySettings({ repository, directory }: Configuration): SurveySettings {
  const managed = new Map<GroupName, ManagedGroup>(
    [...(directory?.groups ?? [])].map(([group, dn]) => [group, { dn, ...directory?.ceilings.get(group) }]),
  );
  const longest = new Map([...managed].flatMap(([group, one]) => (one.longest === undefined ? [] : [[group, one.longest] as const])));
  return { start: repository.start, folder: repository.folder, longest, managed };
}
