// Thousands of commits, made by one git process.
import { execFileSync } from 'node:child_process';
import { renderHistory, type ImportedCommit } from '../test/support/fast-import.ts';
import { environment } from '../test/support/repositories.ts';

/** The ids of the commits, in order. Their refs are put into one file, as a server's housekeeping does. */
export function importHistory(repository: string, commits: readonly ImportedCommit[]): readonly string[] {
  const git = (args: readonly string[], input: Buffer | string = ''): string =>
    execFileSync('git', ['-C', repository, ...args], { env: environment({}), input, encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 28 });
  const named = git(['fast-import', '--quiet', '--force', '--done', '--cat-blob-fd=1'], renderHistory(commits));
  git(['pack-refs', '--all']);
  return named.trimEnd().split('\n');
}
