// Git as whoever typed the command has it, with what it knows of their keys and passwords: what they may fetch with, and the note of git that they
// push with a signed statement on the head of a merge request. It asks nobody for anything.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesRef } from '../signing/carried.ts';
import type { GitSettings } from '../history/environment.ts';
import type { CommitId } from '../names.ts';
import type { Caller } from '../host.ts';
import { makeTemporary } from '../kept-files.ts';

/** Somebody else may push a note at the same moment. */
const tries = 3;
const patience = 60_000;

/** False where it could not be pushed. */
export async function pushNote(url: string, commit: CommitId, text: string, signer: string, caller: Caller): Promise<boolean> {
  const folder = makeTemporary('muster-note-', undefined);
  const git = (...args: readonly string[]) => runGit(folder, args, caller);
  try {
    const file = join(folder, 'signed');
    writeFileSync(file, text, { mode: 0o600 });
    if (!(await git('init', '--quiet', '--bare', '.'))) return false;
    for (let left = tries; left > 0; left -= 1) {
      // Where there is no such ref yet, there is nothing to fetch.
      await git('fetch', '--quiet', '--no-tags', '--depth=1', url, `+${notesRef}:${notesRef}`);
      const as = ['-c', `user.name=${signer}`, '-c', `user.email=${signer}@localhost`, '-c', 'commit.gpgSign=false'];
      if (!(await git(...as, 'notes', `--ref=${notesRef}`, 'append', '-F', file, commit))) return false;
      if (await git('push', '--quiet', url, `${notesRef}:${notesRef}`)) return true;
    }
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * What the git of whoever typed the command would fetch with: their agent, and over https:// what their credential helpers have for the server. They
 * are asked for no password, here or elsewhere.
 */
export async function ownAccess(url: string, { environment, folder }: Caller): Promise<Pick<GitSettings, 'token' | 'user' | 'agent'>> {
  const agent = environment['SSH_AUTH_SOCK'];
  const access = agent === undefined ? {} : { agent };
  if (!/^https?:/i.test(url)) return access;
  // An empty name, and no program: one that answers nothing would be taken at its word.
  const env = { ...quiet(environment), GIT_ASKPASS: '', SSH_ASKPASS: '' };
  const told = await new Promise<string>((resolve) => {
    const child = spawn('git', ['credential', 'fill'], { cwd: folder(), env, stdio: ['pipe', 'pipe', 'ignore'], timeout: patience });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', () => resolve(''));
    child.once('close', (status) => resolve(status === 0 ? output : ''));
    child.stdin.once('error', () => undefined);
    child.stdin.end(`url=${url}\n\n`);
  });
  const of = (name: string) => new RegExp(`^${name}=(.+)$`, 'm').exec(told)?.[1];
  const [user, token] = [of('username'), of('password')];
  return user === undefined || token === undefined ? access : { ...access, user, token };
}

function quiet(environment: Caller['environment']) {
  return { ...environment, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

function runGit(folder: string, args: readonly string[], { environment }: Caller): Promise<boolean> {
  const env = { ...quiet(environment), GIT_DIR: folder, GIT_ASKPASS: 'true', SSH_ASKPASS: 'true' };
  return new Promise((resolve) => {
    const child = spawn('git', args, { cwd: folder, env, stdio: 'ignore', timeout: patience });
    child.once('error', () => resolve(false));
    child.once('close', (status) => resolve(status === 0));
  });
}
