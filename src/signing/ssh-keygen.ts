// ssh-keygen(1) as it signs statements and verifies signatures: without a shell, in a folder of its own that is removed afterwards, and with
// nothing but what muster wrote there itself.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, Misuse, Unavailable } from '../errors.ts';
import { makeTemporary } from '../kept-files.ts';
import type { Verify } from './judge-statements.ts';
import { namespace } from './ssh-signature.ts';

/** Where ssh-keygen is looked for, as in PATH, and the state folder, for its files where TMPDIR is of no use. */
export interface KeygenTerms {
  readonly path: string;
  readonly state?: string;
}

const patience = 5_000;

/**
 * Did this key make this signature over these bytes, as this person? The process waits for it: some milliseconds, and five seconds at the most.
 * Throws Unavailable where ssh-keygen does not run.
 */
export function verifyBy({ path, state }: KeygenTerms): Verify {
  return ({ statement: { signer }, text, signature }, { type, key }) =>
    inFolder(state, (folder) => {
      const [allowed, armour] = [join(folder, 'allowed_signers'), join(folder, 'signature')];
      writeFileSync(allowed, `${signer} namespaces="${namespace}" ${type} ${key}\n`, { mode: 0o600 });
      writeFileSync(armour, signature.armour, { mode: 0o600 });
      const { status, signal, error } = spawnSync(
        'ssh-keygen',
        ['-Y', 'verify', '-f', allowed, '-I', signer, '-n', namespace, '-s', armour],
        {
          input: text,
          stdio: ['pipe', 'ignore', 'ignore'],
          env: { PATH: path, LC_ALL: 'C' },
          cwd: folder,
          timeout: patience,
          killSignal: 'SIGKILL',
        },
      );
      if (error || signal !== null || status === null)
        throw new Unavailable(
          'ssh-keygen',
          error ? `it could not be run (${errnoOf(error)}): is openssh-client installed?` : `it was ended by ${signal}`,
        );
      return status === 0;
    });
}

/**
 * The armoured signature of a statement. `key` is a file with a private key, or with a public one whose private half an agent holds
 * (`SSH_AUTH_SOCK`). ssh-keygen asks for a passphrase, or a touch, on the terminal itself. Throws Misuse where it does not sign.
 */
export async function signWith(key: string, text: string, environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = makeTemporary('muster-sign-', undefined);
  try {
    const file = join(folder, 'statement');
    writeFileSync(file, text, { mode: 0o600 });
    const status = await new Promise<number | string | null>((resolve) => {
      const child = spawn('ssh-keygen', ['-Y', 'sign', '-f', key, '-n', namespace, file], {
        stdio: ['inherit', 'ignore', 'inherit'],
        env: environment,
      });
      child.once('error', (error) => resolve(errnoOf(error)));
      child.once('close', resolve);
    });
    if (status !== 0)
      throw new Misuse(
        typeof status === 'string'
          ? `ssh-keygen(1) of OpenSSH could not be started (${status})`
          : `ssh-keygen did not sign with ${key}; it says why above`,
      );
    return readFileSync(`${file}.sig`, 'latin1');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inFolder<Value>(state: string | undefined, act: (folder: string) => Value): Value {
  const folder = makeTemporary('muster-verify-', state);
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
