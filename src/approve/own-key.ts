// The key of whoever approves: the file that they name, or the one that the policy names of those that their git signs with, their agent holds, or lie
// in their home folder.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sshFingerprint } from '../digest.ts';
import { errnoOf, Misuse } from '../errors.ts';
import { pathFrom, type Caller } from '../host.ts';
import { makeTemporary } from '../kept-files.ts';
import { inOrder } from '../names.ts';
import { parseKeyLine, type SshKey } from '../signing/ssh-key.ts';
import { signWith } from '../signing/ssh-keygen.ts';

/** Whoever typed the command. */
type Person = Pick<Caller, 'environment' | 'folder'>;

export interface OwnKey {
  readonly key: SshKey;
  /** Where it is, for people. */
  readonly from: string;
  /** The armoured signature. ssh-keygen asks for a passphrase or a touch by itself. */
  readonly sign: (text: string) => Promise<string>;
}

const noKey =
  'there is no key to sign with: the policy names none that your agent holds (ssh-add), that lies in .ssh in your home folder, or that your git signs with. Name its file with --key FILE, or put your key under people in policy.yaml';

/** Throws Misuse where there is none, or one that muster does not take. `isNamed`: the policy names it for somebody. */
export function ownKey(option: string | undefined, caller: Person, isNamed: (key: SshKey) => boolean): OwnKey {
  if (option !== undefined) return keyInFile(pathFrom(caller, option), caller);
  const isOne = (line: string): boolean => {
    const read = parseKeyLine(line.trim(), sshFingerprint);
    return read.kind === 'valid' && isNamed(read.key);
  };
  const signing = gitSigningKey(caller);
  const ofGit =
    signing === undefined ? undefined : isLine(signing) ? keyOfAgent(signing.replace(/^key::/, ''), caller) : keyInFile(signing, caller);
  if (ofGit && isNamed(ofGit.key)) return ofGit;
  const line = agentKeys(caller).find(isOne);
  if (line !== undefined) return keyOfAgent(line, caller);
  const file = keysAtHome(caller).find((one) => isOne(textOf(`${one}.pub`) ?? ''));
  if (file !== undefined) return keyInFile(file, caller);
  if (ofGit) return ofGit;
  throw new Misuse(noKey);
}

function isLine(signing: string): boolean {
  return /^(?:key::|ssh-|sk-|ecdsa-)/.test(signing);
}

const mostAtHome = 100;

/** Files with a private key that have the public one beside them. */
function keysAtHome({ environment }: Person): readonly string[] {
  const folder = join(environment['HOME'] ?? '/', '.ssh');
  return namesIn(folder)
    .filter((name) => name.endsWith('.pub'))
    .sort(inOrder)
    .slice(0, mostAtHome)
    .map((name) => join(folder, name.slice(0, -'.pub'.length)))
    .filter((file) => existsSync(file));
}

/** None where it is not there, or is somebody else's. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EACCES' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function keyInFile(file: string, caller: Person): OwnKey {
  return { key: readKey(publicLine(file, caller), file), from: file, sign: (text) => signWith(file, text, caller.environment) };
}

function readKey(line: string, from: string): SshKey {
  const read = parseKeyLine(line, sshFingerprint);
  if (read.kind === 'invalid') throw new Misuse(`${from} cannot sign approvals: this is ${read.why}`);
  return read.key;
}

/** Beside a private key lies the public one; where it does not, ssh-keygen works it out, and may ask for the passphrase. */
function publicLine(file: string, caller: Person): string {
  const own = textOf(file);
  if (own === undefined) throw new Misuse(`the key ${file} cannot be read: name another file with --key`);
  if (/^[!-~]+ [A-Za-z0-9+/=]+/.test(own) && !own.startsWith('-----')) return own.trim();
  return (textOf(`${file}.pub`) ?? run('ssh-keygen', ['-y', '-f', file], caller) ?? '').trim();
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EACCES' || errnoOf(error) === 'EISDIR') return undefined;
    throw error;
  }
}

function keyOfAgent(line: string, caller: Person): OwnKey {
  const key = readKey(line.trim(), 'the key of your git');
  return {
    key,
    from: 'your agent',
    async sign(text) {
      const folder = makeTemporary('muster-key-', undefined);
      try {
        const file = join(folder, 'key.pub');
        writeFileSync(file, `${key.type} ${key.key}\n`, { mode: 0o600 });
        return await signWith(file, text, caller.environment);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function gitSigningKey(caller: Person): string | undefined {
  if (run('git', ['config', '--get', 'gpg.format'], caller)?.trim() !== 'ssh') return undefined;
  const text = run('git', ['config', '--get', 'user.signingkey'], caller)?.trim() ?? '';
  if (isLine(text)) return text;
  return run('git', ['config', '--type=path', '--get', 'user.signingkey'], caller)?.trim() || undefined;
}

function agentKeys(caller: Person): readonly string[] {
  return (run('ssh-add', ['-L'], caller) ?? '').split('\n').filter((line) => line !== '');
}

/** What it prints; undefined where it fails, or is not there: then it knows of no key. */
function run(program: string, args: readonly string[], caller: Person): string | undefined {
  try {
    return execFileSync(program, args, {
      cwd: caller.folder(),
      env: caller.environment,
      encoding: 'latin1',
      stdio: ['inherit', 'pipe', program === 'ssh-keygen' ? 'inherit' : 'ignore'],
      timeout: program === 'ssh-keygen' ? 0 : 10_000,
    });
  } catch {
    return undefined;
  }
}
