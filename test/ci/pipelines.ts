// Runs this repository's own .gitlab-ci.yml with gitlab-ci-local, in a clone of the files as they are now: real jobs, real shell, no container.

import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runNode, type CommandResult } from '../support/command.ts';
import { environment } from '../support/repositories.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const polyfill = fileURLToPath(new URL('../support/set-methods.mjs', import.meta.url));
const tool = fileURLToPath(import.meta.resolve('gitlab-ci-local'));

/** What GitLab sets, and the project's own variables. */
export type Variables = Readonly<Record<string, string>>;

export interface Checkout {
  readonly folder: string;
  /** The names of the jobs that a pipeline with these variables has, in order. */
  jobs(variables: Variables): Promise<readonly string[]>;
  /** Runs one job to its end. */
  run(job: string, variables: Variables): Promise<CommandResult>;
  /** A file that a job left; undefined when there is none. */
  read(path: string): string | undefined;
  remove(): void;
}

export interface Clone extends Checkout {
  /** The commit that main of the server is at. */
  readonly base: string;
  /** Commits these files, on top of main, on a branch of their own; undefined deletes. Gives the commit. */
  change(files: Readonly<Record<string, string | undefined>>): string;
}

function gitIn(folder: string): (...args: readonly string[]) => string {
  return (...args) => execFileSync('git', args, { cwd: folder, encoding: 'utf8', env: { ...environment({}), ...author } }).trim();
}

export function cloneForPipelines(): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'muster-ci-'));
  const git = gitIn(folder);
  const commit = (message: string) => {
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '--message', message);
    return git('rev-parse', 'HEAD');
  };

  copyWorkingTree(folder);
  git('init', '--quiet', '--initial-branch=main');
  excludeOutputs(folder);
  const base = commit('Start');
  git('remote', 'add', 'origin', 'https://gitlab.example.org/repos/sre/access.git');
  git('update-ref', 'refs/remotes/origin/main', base);
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
  return {
    ...checkoutIn(folder),
    base,
    change(files) {
      git('switch', '--quiet', '--force-create', 'change', base);
      for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
      return commit('Change');
    },
  };
}

/**
 * What a runner has of a branch on the server. `url` may hold a token, which is gone from the clone afterwards. `cache` is what this runner kept
 * of the jobs before: their `.cache`.
 */
export async function cloneOfBranch(url: string, branch: string, cache?: string): Promise<Checkout> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-ci-'));
  // The server may be in this very process.
  await promisify(execFile)('git', ['clone', '--quiet', '--branch', branch, url, folder], { env: environment({}) });
  gitIn(folder)('remote', 'set-url', 'origin', 'https://gitlab.example.org/repos/sre/access.git');
  excludeOutputs(folder);
  if (cache !== undefined) symlinkSync(cache, join(folder, '.cache'));
  return checkoutIn(folder);
}

function excludeOutputs(folder: string): void {
  writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n.cache\n.gitlab-ci-local\n*-junit.xml\n*-quality.json\nendings.txt\n');
}

function checkoutIn(folder: string): Checkout {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    async jobs(variables) {
      const { status, stdout, stderr } = await runTool(folder, ['--list-csv', '--no-json-schema-validation'], variables);
      if (status !== 0) throw new Error(`${stdout}${stderr}`);
      return stdout
        .trim()
        .split('\n')
        .slice(1)
        .map((row) => row.split(';')[0] ?? '');
    },
    run: (job, variables) => runTool(folder, [job, '--no-json-schema-validation'], variables),
    read: (path) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** `gitlab-ci-local ARGS`. Jobs share the folder here, so they run one after the other. */
export function runTool(folder: string, args: readonly string[], variables: Variables = {}): Promise<CommandResult> {
  const given = Object.entries(variables).flatMap(([name, value]) => ['--variable', `${name}=${value}`]);
  const fixed = [
    '--force-shell-executor',
    '--no-color',
    '--concurrency',
    '1',
    '--ignore-predefined-vars',
    'CI_PIPELINE_SOURCE,CI_COMMIT_BRANCH,CI_SERVER_URL',
    '--home',
    join(folder, '.git/home'),
  ];
  const path = [join(root, '.cache/rsync/bin'), process.env['PATH']].join(delimiter);
  return runNode(['--import', polyfill, tool, ...fixed, ...args, ...given], { cwd: folder, env: { ...author, PATH: path } });
}

const author = {
  GIT_AUTHOR_NAME: 'Alice',
  GIT_AUTHOR_EMAIL: 'alice@example.org',
  GIT_COMMITTER_NAME: 'Alice',
  GIT_COMMITTER_EMAIL: 'alice@example.org',
};

/** The files as they are now, committed or not: what is tried is what will be committed. */
function copyWorkingTree(folder: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
  for (const path of listed.split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(root, path), join(folder, path));
  }
}

function write(path: string, text: string | undefined): void {
  if (text === undefined) return rmSync(path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
