// Small files of the state folder that one run leaves for the next, and that may be lost: the ledger has ways of its own.
import { renameSync, writeFileSync } from 'node:fs';

/** Mode 0600, and in one step (rename(2)): whoever reads finds the old text or the new one. Throws what the file system says. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
