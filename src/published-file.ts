// Files that others read, in folders that others may write in too: the page and the metrics. Replaced in one step, through a name that
// nobody else has made: a link planted there would lead the write, and the mode, to any file of this account.
import { closeSync, fchmodSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** `mode`, whatever the umask. `unfinished` is beside `file`. Throws what the file system says, and leaves nothing behind then. */
export function publishFile(file: string, text: string, unfinished: string, mode = 0o644): void {
  try {
    // What a killed run left, or what somebody put there: unlink(2) follows no link.
    rmSync(unfinished, { force: true });
    // `wx`: O_EXCL follows none either, and fails should somebody be quicker (open(2)).
    const opened = openSync(unfinished, 'wx', 0o600);
    try {
      writeFileSync(opened, text);
      fchmodSync(opened, mode);
    } finally {
      closeSync(opened);
    }
    renameSync(unfinished, file);
  } catch (error) {
    removeIfPossible(unfinished);
    throw error;
  }
}

/** What was wrong before is what the caller should hear of. */
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in the way of nothing: the next one takes it away first.
  }
}
