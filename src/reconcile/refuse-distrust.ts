// `muster refuse COMMIT` turns a landing that waits into a refused one; `muster distrust PERSON` makes signatures count for nothing. Files in the
// state folder say so, which judging reads. Both judge nothing, and can only narrow.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, stateFailure } from '../errors.ts';
import type { CommitId } from '../names.ts';
import { publishFile } from '../published-file.ts';
import type { Distrusted } from '../record/approval-count.ts';
import { folderOfDistrusted, folderOfRefused, renderByHand, type DistrustedByHand, type RefusedByHand } from '../record/by-hand.ts';

export interface Refused {
  readonly kind: 'refused' | 'not-waiting';
  readonly message: string;
}

/** So many digits name a commit where "muster plan" prints it. */
const fewestDigits = 12;

/** Text that may name a commit: whole, or shortened to no fewer digits than plan prints. */
export function namesCommit(text: string): boolean {
  return new RegExp(`^[0-9a-f]{${fewestDigits},40}$`).test(text);
}

/** `waiting`: landings that wait, as of the last run. `keep` puts the refusal where judging finds it, and on record. */
export async function refuse(named: string, waiting: Iterable<CommitId>, keep: (commit: CommitId) => Promise<void>): Promise<Refused> {
  const [commit, ...more] = [...waiting].filter((one) => one.startsWith(named));
  if (commit === undefined)
    return { kind: 'not-waiting', message: `${named} did not wait for a verdict at the last run; "muster plan" shows what does.` };
  if (more.length > 0)
    return { kind: 'not-waiting', message: `${named} may be any of these: ${[commit, ...more].join(', ')}. Write more digits.` };
  await keep(commit);
  return { kind: 'refused', message: `${commit} will be refused at the next run. Nobody gains by it then or later.` };
}

/** Which of two of one person it is. */
function nameOf({ person, fingerprint = '', since }: Distrusted): string {
  return `${person}+${createHash('sha256').update(`${fingerprint} ${since}`).digest('hex').slice(0, 16)}`;
}

export function writeRefusedByHand(state: string, refused: RefusedByHand): void {
  write(state, folderOfRefused(state), refused.commit, refused);
}

/** Gives the path. */
export function writeDistrusted(state: string, distrusted: DistrustedByHand): string {
  return write(state, folderOfDistrusted(state), nameOf(distrusted), distrusted);
}

/** For everybody to read, like the folder it lies in: judging is another account. Throws as the state folder does. */
function write(state: string, folder: string, name: string, said: RefusedByHand | DistrustedByHand): string {
  const file = join(folder, `${name}.json`);
  try {
    mkdirSync(folder, { mode: 0o755, recursive: false });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw stateFailure('ledger', state, `${folder} cannot be made`, error);
  }
  try {
    publishFile(file, renderByHand(said), `${file}.new`);
  } catch (error) {
    throw stateFailure('ledger', state, `${file} cannot be written`, error);
  }
  return file;
}
