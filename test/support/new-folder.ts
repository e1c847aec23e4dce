// A folder of its own for a test, in beforeEach: gone after the test, whatever is in it by then.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives what takes it away again. */
export function inNewFolder(take: (folder: string) => void): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  take(folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
