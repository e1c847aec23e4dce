// Runs git: short answers through simple-git, long ones as a stream from a process of our own. Both have the same environment and time limit.
import { spawn, type ChildProcess } from 'node:child_process';

import { Unavailable, Unusable } from '../errors.ts';
import { mirrorEnvironment, serverEnvironment, type GitSettings } from './environment.ts';
import { renderGitWords } from './git-words.ts';

/** What a git process is for: only one that speaks to the server is told the token. */
export type Reach = 'server' | 'mirror';

/** How a git process ended. What it says is fit to be shown. */
export type Outcome =
  | { readonly kind: 'done'; readonly output: string }
  | { readonly kind: 'failed'; readonly exitCode: number | null; readonly words: string; readonly stderr: string }
  | { readonly kind: 'late' };

export interface Git {
  readonly settings: GitSettings;
  run(reach: Reach, args: readonly string[], input?: string): Promise<Outcome>;
  /** What a process that only reads the mirror prints. Throws Unusable when git cannot read it, Unavailable when it takes too long. */
  stream(args: readonly string[], input?: string): AsyncGenerator<Buffer, void, undefined>;
}

/** simple-git refuses these in an environment unless they are named. Ours is fixed, and they stand in it to turn things off. */
const permitted = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeSshCommand: true,
};

export function createGit(settings: GitSettings): Git {
  return {
    settings,
    run: (reach, args, input) => runGit(settings, reach, args, input),
    stream: (args, input) => streamGit(settings, args, input),
  };
}

async function runGit(settings: GitSettings, reach: Reach, args: readonly string[], input = ''): Promise<Outcome> {
  const { simpleGit } = await import('simple-git');
  const environment = reach === 'server' ? serverEnvironment(settings) : mirrorEnvironment(settings);
  const deadline = AbortSignal.timeout(settings.timeout);
  let ended: { readonly exitCode: number | null; readonly stderr: string } | undefined;
  const git = simpleGit({
    baseDir: settings.folder,
    abort: deadline,
    input: () => input,
    allowEnvironment: Object.keys(environment),
    unsafe: permitted,
    // The default ends 50 ms after git did and loses what is still in the pipe. The second after `exit` is for a helper that outlives a killed git.
    completion: { onClose: true, onExit: 1000 },
    // By itself simple-git calls a failure without a word on stderr a success.
    errors: (error, { exitCode, stdErr }) => {
      if (exitCode === 0 && error === undefined) return undefined;
      ended = { exitCode, stderr: Buffer.concat(stdErr).toString('utf8') };
      return new Error('git failed');
    },
  });
  try {
    return { kind: 'done', output: await git.env(environment).raw([...args]) };
  } catch (error) {
    if (deadline.aborted) return { kind: 'late' };
    if (ended === undefined) throw error;
    return { kind: 'failed', ...ended, words: renderGitWords(ended.stderr, settings.token) };
  }
}

async function* streamGit(settings: GitSettings, args: readonly string[], input = ''): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn('git', args, { cwd: settings.folder, env: mirrorEnvironment(settings), stdio: 'pipe' });
  const deadline = { passed: false };
  const timer = setTimeout(() => {
    deadline.passed = true;
    child.kill('SIGKILL');
  }, settings.timeout);
  const end = endOf(child);
  // git may end before it has read everything; how it ended says more than the broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  try {
    yield* child.stdout;
    const { exitCode, stderr } = await end;
    if (deadline.passed)
      throw new Unavailable('git', `reading the mirror ${settings.folder} took longer than ${settings.timeout / 1000} s`);
    if (exitCode === 0) return;
    throw new Unusable(
      `the mirror ${settings.folder} cannot be read (${renderGitWords(stderr)}); if it is damaged, remove it: it is fetched anew`,
    );
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function endOf(child: ChildProcess): Promise<{ readonly exitCode: number | null; readonly stderr: string }> {
  const heard: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => heard.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ exitCode: null, stderr: error.message });
    });
    child.once('close', (exitCode) => {
      resolve({ exitCode, stderr: Buffer.concat(heard).toString('utf8') });
    });
  });
}
