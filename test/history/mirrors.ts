// Mirrors in temporary folders for the tests of the git adapter, and a git that writes down how it was called.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openMirror, type Mirror, type MirrorSettings } from '../../src/history/mirror.ts';
import { duration, parseBlobId, parseCommitId, type BlobId, type CommitId } from '../../src/names.ts';
import { makeRepository, type Repository } from '../support/repositories.ts';

export interface Bench {
  readonly repository: Repository;
  /** Where the mirror stands. */
  readonly folder: string;
  /** A folder that goes with the bench. */
  readonly scratch: string;
  open(more?: Partial<MirrorSettings>): Promise<Mirror>;
  remove(): void;
}

const realPath = process.env['PATH'] ?? '/usr/bin:/bin';

/** A repository with one policy file on main, and a place for its mirror. */
export function makeBench(): Bench {
  const repository = makeRepository();
  repository.commit('main', { 'policy/policy.yaml': 'version: 1\n' });
  const scratch = mkdtempSync(join(tmpdir(), 'muster-mirror-'));
  const folder = join(scratch, 'mirror.git');
  return {
    repository,
    folder,
    scratch,
    open: (more = {}) =>
      openMirror({
        folder,
        url: repository.path,
        branch: 'main',
        timeout: duration(120_000),
        path: realPath,
        home: '/nonexistent',
        ...more,
      }),
    remove: () => {
      repository.remove();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

export interface WatchedGit {
  /** For the mirror's settings: a `git` that logs stands in front. */
  readonly path: string;
  /** The command line of every git process that muster started. */
  calls(): string[];
}

export function watchGit(scratch: string): WatchedGit {
  const folder = mkdtempSync(join(scratch, 'bin-'));
  const log = join(folder, 'log');
  const script = `#!/bin/sh\ntr '\\0\\n' '  ' < /proc/$$/cmdline >> '${log}'\necho >> '${log}'\nPATH='${realPath}'\nexec git "$@"\n`;
  writeFileSync(join(folder, 'git'), script);
  chmodSync(join(folder, 'git'), 0o755);
  return {
    path: `${folder}:${realPath}`,
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}

export function commitId(text: string): CommitId {
  const id = parseCommitId(text);
  if (id === undefined) throw new Error(`no commit id: ${text}`);
  return id;
}

export function blobId(text: string): BlobId {
  const id = parseBlobId(text);
  if (id === undefined) throw new Error(`no blob id: ${text}`);
  return id;
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof Error)) throw new Error('it did not fail');
  return failure;
}
