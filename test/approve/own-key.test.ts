// Which key somebody signs with who names none: the one that the policy names.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, describe, it } from 'vitest';
import { ownKey } from '../../src/approve/own-key.ts';
import type { Caller } from '../../src/host.ts';
import { makeKey, readSignature, temporaryFolder, type KeyPair } from '../signing/keys.ts';

const folder = temporaryFolder();
const socket = join(folder, 'agent');
const keys = { other: makeKey(folder, 'other'), alice: makeKey(folder, 'alice') };
const environment = { PATH: process.env['PATH'], HOME: folder, SSH_AUTH_SOCK: socket };
const caller: Pick<Caller, 'environment' | 'folder'> = { environment, folder: () => folder };
let agent: ChildProcess;

beforeAll(async () => {
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  while (!existsSync(socket)) await pause(20);
  for (const name of ['other', 'alice']) execFileSync('ssh-add', ['-q', join(folder, name)], { env: environment, stdio: 'ignore' });
});
afterAll(() => void agent.kill());

describe('given an agent with two keys', () => {
  it('when the policy names the second, then that one signs', async () => {
    const own = ownKey(undefined, caller, ({ fingerprint }) => fingerprint === keys.alice.key.fingerprint);
    expect(own.key).toEqual(keys.alice.key);
    expect(readSignature(await own.sign('text')).key).toEqual(keys.alice.key);
  });

  it('when the policy names neither, then there is none to sign with', () => {
    expect(() => ownKey(undefined, caller, () => false)).toThrow('there is no key to sign with');
  });
});

describe('given a home folder with keys, and no agent', () => {
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  const [first, second] = [makeKey(join(home, '.ssh'), 'id_ed25519'), makeKey(join(home, '.ssh'), 'muster')];
  const at = { environment: { PATH: process.env['PATH'], HOME: home }, folder: () => folder };
  const named = (key: KeyPair) => ownKey(undefined, at, ({ fingerprint }) => fingerprint === key.key.fingerprint);

  it('when the policy names one of them, then that one signs', async () => {
    expect(readSignature(await named(second).sign('text')).key).toEqual(second.key);
    writeFileSync(join(home, '.ssh', 'alice.pub'), keys.alice.line);
    expect(() => named(keys.alice)).toThrow('there is no key to sign with');
  });

  it('when git signs with another one, then the one that the policy names is taken, and git’s where it names none', () => {
    writeFileSync(join(home, '.gitconfig'), `[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = ~/.ssh/id_ed25519\n`);
    expect(named(second).key).toEqual(second.key);
    expect(named(first).key).toEqual(first.key);
    expect(named(keys.other).key).toEqual(first.key);
  });
});
