// The policy project on the disk: files that are not there yet, muster itself for CI under .muster/, and the commit to start from.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, Misuse, Unavailable, Unusable } from '../errors.ts';
import type { NewFile } from '../kept-files.ts';
import { createGit } from '../history/runner.ts';
import { duration, parseCommitId, type CommitId } from '../names.ts';
import { minute } from '../time.ts';

export function makeFolder(folder: string, mode?: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode });
  } catch (error) {
    throw new Misuse(`the folder ${folder} cannot be made (${errnoOf(error)})`);
  }
}

/** The folder with the programs that run now; undefined where muster runs from its sources. */
function programFolder(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return [here, dirname(here)].find((folder) => existsSync(join(folder, 'main.js')) && existsSync(join(folder, 'looking.mjs')));
}

/** What a pipeline needs: `check`, `review` and `report`. `project` is what a policy project has beside its policy. */
const ofProgram = ['main.js', 'package.json', 'looking.mjs', 'chunks'];

/** The files of a policy project that are muster's own example (scripts/build.mjs gathers them); none where muster runs from its sources. */
export function projectFiles(): readonly NewFile[] {
  const program = programFolder();
  const folder = program && join(program, 'project');
  if (folder === undefined || !existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => lstatSync(join(folder, path)).isFile() && !path.startsWith('.muster/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

/** Writes `.muster/` anew; false where muster runs from its sources. */
export function refreshProgram(folder: string): boolean {
  const program = programFolder();
  if (program === undefined) return false;
  const place = join(folder, '.muster');
  try {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    for (const name of ofProgram) cpSync(join(program, name), join(place, name), { recursive: true });
    const ofProject = join(program, 'project/.muster');
    if (existsSync(ofProject)) cpSync(ofProject, place, { recursive: true });
  } catch (error) {
    throw new Misuse(`${place} cannot be written (${errnoOf(error)})`);
  }
  return true;
}

/** git in the project, with no configuration but muster's own: the same commit on every machine. */
export function projectRepository(folder: string, surroundings: { readonly path: string; readonly home: string }) {
  const git = createGit({ ...surroundings, folder: join(folder, '.git'), url: '', timeout: duration(minute) });
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const outcome = await git.run('mirror', ['-C', folder, '--work-tree', folder, ...args], input);
    if (outcome.kind === 'late') throw new Unavailable('git', `git ${args[0]} took too long in ${folder}`);
    if (outcome.kind === 'failed') throw new Unusable(`git ${args[0]} failed in ${folder}: ${outcome.words}`);
    return outcome.output;
  };
  return {
    make: async (): Promise<void> => {
      if (!existsSync(join(folder, '.git'))) await run(['init', '--quiet', '--initial-branch=main']);
    },
    /** These paths and nothing else. Gives the head of the branch, whether or not there was something to commit. */
    commit: async (message: string, paths: readonly string[]): Promise<CommitId> => {
      const list = `${paths.join('\0')}\0`;
      await run(['add', '--force', '--pathspec-from-file=-', '--pathspec-file-nul'], list);
      if ((await run(['status', '--porcelain', '--untracked-files=no'])) !== '')
        await run(
          [
            '-c',
            'user.name=muster',
            '-c',
            'user.email=muster@localhost',
            'commit',
            '--quiet',
            '--no-gpg-sign',
            '-m',
            message,
            '--only',
            '--pathspec-from-file=-',
            '--pathspec-file-nul',
          ],
          list,
        );
      const head = parseCommitId((await run(['rev-parse', 'HEAD'])).trim());
      if (!head) throw new Error('git rev-parse names a commit');
      return head;
    },
  };
}
