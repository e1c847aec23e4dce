// Files that others read, in folders that others may write in too: the page and the metrics. Replaced in one step, through a name that
// nobody else has made: a link planted there would lead the write, and the mode, to any file of this account.
import { open, rename, rm } from 'node:fs/promises';

/** Mode 0644, whatever the umask. `unfinished` is beside `file`. Throws what the file system says, and leaves nothing behind then. */
export async function publishFile(file: string, text: string, unfinished: string): Promise<void> {
  try {
    // What a killed run left, or what somebody put there: unlink(2) follows no link.
    await rm(unfinished, { force: true });
    // `wx`: O_EXCL follows none either, and fails should somebody be quicker (open(2)).
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.chmod(0o644);
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}
