// A signed statement as a note of git on the head of a merge request, pushed as whoever typed the command: with their git, and what it knows of
// their keys and passwords. It asks nobody for anything.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesRef } from '../signing/carried.ts';
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

function runGit(folder: string, args: readonly string[], { environment }: Caller): Promise<boolean> {
  const env = { ...environment, GIT_DIR: folder, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', SSH_ASKPASS: 'true', LC_ALL: 'C' };
  return new Promise((resolve) => {
    const child = spawn('git', args, { cwd: folder, env, stdio: 'ignore', timeout: patience });
    child.once('error', () => resolve(false));
    child.once('close', (status) => resolve(status === 0));
  });
}
