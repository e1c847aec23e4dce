// Root's commands go on as the owner of a folder, and who typed them is known all the same. The same command is started once more, through
// setpriv(1), because Node's own calls throw for ever on Debian 13. It keeps the command line, the streams with their terminal and the
// working folder; of the environment it keeps what is named here.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { errnoOf, Misuse } from './errors.ts';

/** By number, as stat(2) gives them. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Account extends Owner {
  /** Undefined: a number without a name, which has no groups besides its own. */
  readonly name: string | undefined;
  readonly home: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells the command that it was started by this file, and as whom it was typed: only root steps down. */
const typedAs = 'MUSTER_TYPED_AS';

const kept =
  /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TERM|COLUMNS|NO_COLOR|TZ|MUSTER_CONFIG|MUSTER_GITLAB_TOKEN_FILE|SUDO_USER|JOURNAL_STREAM|INVOCATION_ID)$/;

const usualPath = '/usr/bin:/bin:/usr/sbin:/sbin';

/** The one descriptor besides the streams: on it the command says that it has begun, so that its statuses are told from those of setpriv. */
const sign = 3;

export interface StepDown {
  readonly owner: Owner;
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Environment;
  /** Gets what sends a signal to the command, as soon as it runs. */
  readonly started: (kill: (signal: NodeJS.Signals) => void) => void;
}

/** How the command ended. Throws Misuse where it could not begin. */
export async function stepDown({ owner, command, environment, started }: StepDown): Promise<Ended> {
  const path = environment['PATH'] ?? usualPath;
  const account = accountOf(owner, path);
  const { signs, status, signal, error } = await new Promise<Ended & { signs: string; error?: unknown }>((resolve) => {
    const child = spawn('setpriv', [...terms(account), '--', ...command], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...named(environment), PATH: path, HOME: account.home, [typedAs]: 'root' },
    });
    let said = '';
    child.stdio[sign]?.on('data', (bytes: Buffer) => (said += bytes.toString('latin1')));
    child.once('error', (failure) => resolve({ signs: '', status: null, signal: null, error: failure }));
    child.once('close', (code, by) => resolve({ signs: said, status: code, signal: by }));
    started((one) => void child.kill(one));
  });
  if (signs !== '' || signal !== null) return { status, signal };
  const who = account.name ?? `the number ${account.uid}`;
  const why = error
    ? `setpriv(1) of util-linux could not be started (${errnoOf(error)})`
    : `setpriv(1) ended with ${status}; that account must be able to read and run ${command.join(' ').split(' -', 1)[0]}`;
  throw new Misuse(`this command goes on as the owner of the state folder, ${who}, and could not: ${why}`);
}

/** Killed together: what goes on alone behind a dead command would surprise whoever killed it. */
function terms({ name, uid, gid }: Account): readonly string[] {
  const groups = name === undefined ? '--clear-groups' : '--init-groups';
  return [`--reuid=${name ?? uid}`, `--regid=${gid}`, groups, '--pdeathsig=KILL'];
}

/** passwd(5), from wherever this host has its accounts (nsswitch.conf(5)). */
function accountOf({ uid, gid }: Owner, path: string): Account {
  const [name, , , group, , home] = passwd(uid, path);
  if (name === undefined) return { uid, gid, name: undefined, home: '/' };
  return { uid, gid: Number(group), name, home: home === undefined || home === '' ? '/' : home };
}

function passwd(uid: number, path: string): readonly (string | undefined)[] {
  const { status, stdout, error } = spawnSync('getent', ['passwd', String(uid)], { env: { PATH: path, LC_ALL: 'C' }, encoding: 'utf8' });
  if (error) throw new Misuse(`who the account ${uid} is cannot be found out: getent(1) could not be started (${errnoOf(error)})`);
  return status === 0 ? (stdout.split('\n', 1)[0] ?? '').split(':') : [];
}

function named(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => kept.test(name)));
}

/** At once after the start. */
export function tellBegun(environment: Environment): void {
  if (environment[typedAs] === undefined) return;
  try {
    writeSync(sign, '.');
    closeSync(sign);
  } catch {
    // Somebody else has set the variable: nobody listens.
  }
}

/**
 * Who typed this, in words: the login that the kernel keeps (pam_loginuid(8); nothing changes it afterwards), SUDO_USER, which is what the
 * environment claims, and the account. Each as far as it is known.
 */
export function typedBy(environment: Environment, uid: number): string {
  const path = environment['PATH'] ?? usualPath;
  const login = loginUid();
  const sudo = environment['SUDO_USER'];
  return [
    ...(login === undefined ? [] : [`login ${nameOf(login, path)}`]),
    ...(sudo === undefined ? [] : [`sudo ${/^[\w.@\\+-]{1,64}$/.test(sudo) ? sudo : 'unreadable'}`]),
    `account ${environment[typedAs] === 'root' ? 'root' : nameOf(uid, path)}`,
  ].join(', ');
}

/** The largest number stands for none, as for whatever was not started from a login. */
function loginUid(): number | undefined {
  try {
    const uid = Number(readFileSync('/proc/self/loginuid', 'latin1'));
    return uid === 0xffffffff ? undefined : uid;
  } catch {
    // A kernel without audit(8) has no such file.
    return undefined;
  }
}

function nameOf(uid: number, path: string): string {
  try {
    return passwd(uid, path)[0] ?? String(uid);
  } catch (error) {
    if (error instanceof Misuse) return String(uid);
    throw error;
  }
}
