// Which key somebody signs with who names none: the one of an agent that the policy names.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, describe, it } from 'vitest';
import { ownKey } from '../../src/approve/own-key.ts';
import type { Caller } from '../../src/host.ts';
import { makeKey, readSignature, temporaryFolder } from '../signing/keys.ts';

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
