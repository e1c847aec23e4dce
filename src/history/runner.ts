// Runs git: short answers through simple-git, long ones as a stream from a process of our own. Both have the same environment and time limit.
import { spawn, type ChildProcess } from 'node:child_process';
import { Unavailable, Unusable } from '../errors.ts';
import { mirrorEnvironment, serverEnvironment, basicCredentials, type GitSettings } from './environment.ts';

/** What a git process is for: only one that speaks to the server is told the token. */
type Reach = 'server' | 'mirror';

/** How a git process ended. What it says is fit to be shown. */
export type Outcome =
  | { readonly kind: 'done'; readonly output: string }
  | { readonly kind: 'failed'; readonly exitCode: number | null; readonly words: string; readonly stderr: string }
  | { readonly kind: 'late' };

export interface Git {
  readonly settings: GitSettings;
  /** `longestFile`: of what it writes, in blocks of at least 512 bytes. */
  run(reach: Reach, args: readonly string[], input?: string, longestFile?: number): Promise<Outcome>;
  /** What a process that only reads the mirror prints. Throws Unusable when git cannot read it, Unavailable when it takes too long. */
  stream(args: readonly string[], input?: string): AsyncGenerator<Buffer, void, undefined>;
  /** A process that only reads the mirror, for one question after another. Whoever stops listening ends it. */
  converse(args: readonly string[]): Conversation;
}

/** The mirror cannot be read, and may be well again once it was fetched anew. */
export class MirrorDamaged extends Unusable {}

export function damagedMirror({ settings: { folder } }: Pick<Git, 'settings'>, words: string): MirrorDamaged {
  return new MirrorDamaged(`the mirror ${folder} cannot be read (${words}); if it is damaged, remove it: it is fetched anew`);
}

export function slowMirror({ settings: { folder, timeout } }: Pick<Git, 'settings'>): Unavailable {
  return new Unavailable('git', `reading the mirror ${folder} took longer than ${timeout / 1000} s`);
}

export interface Conversation {
  say(text: string): void;
  /** There will be no more questions. */
  fallSilent(): void;
  /** Throws as `stream` does. */
  readonly heard: AsyncGenerator<Buffer, void, undefined>;
}

/** simple-git refuses these in an environment unless they are named. Ours is fixed, and they stand in it to turn things off. */
const permitted = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafePack: true,
  allowUnsafeSshCommand: true,
};

/**
 * What one git process, and what it starts, may take of this host (ulimit, POSIX): a kilobyte of objects can name more paths than any memory holds.
 * Address space in KiB, processor time in seconds, and the longest file that it writes in blocks of at least 512 bytes.
 */
const gitLimits = { addressSpace: 768 * 1024, processorTime: 300, longestFile: 2 * 1024 * 1024 } as const;

/** In words, for people to read. */
export function renderGitLimits(): string {
  const { addressSpace, processorTime, longestFile } = gitLimits;
  return `${addressSpace / 1024} MiB of memory, ${processorTime} s of processor time, files of ${longestFile / 2048} MiB`;
}

/** The most that is kept of what git says of a failure, in bytes. */
const longestWords = 64 * 1024;

/** The most that a short answer may have, in bytes: what is longer is read as a stream. */
const longestAnswer = 4 * 1024 * 1024;

/** git under its limits: they are set by the shell that becomes git, since Node can set none for its children. */
function limited(args: readonly string[], longestFile: number = gitLimits.longestFile): string[] {
  const { addressSpace, processorTime } = gitLimits;
  return ['-c', `ulimit -v ${addressSpace} && ulimit -t ${processorTime} && ulimit -f ${longestFile} && exec git "$@"`, 'git', ...args];
}

export function createGit(settings: GitSettings): Git {
  return {
    settings,
    run: (reach, args, input, longestFile) => runGit(settings, reach, args, input, longestFile),
    stream: (args, input) => streamGit(settings, args, input),
    converse: (args) => converse(settings, args),
  };
}

async function runGit(settings: GitSettings, reach: Reach, args: readonly string[], input = '', longestFile?: number): Promise<Outcome> {
  const { simpleGit } = await import('simple-git');
  const environment = reach === 'server' ? serverEnvironment(settings) : mirrorEnvironment(settings);
  const deadline = AbortSignal.timeout(settings.timeout);
  const flood = new AbortController();
  let ended: { readonly exitCode: number | null; readonly stderr: string } | undefined;
  const git = simpleGit({
    baseDir: '/',
    binary: '/bin/sh',
    abort: AbortSignal.any([deadline, flood.signal]),
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
  }).outputHandler((_, stdout, stderr) => {
    let heard = 0;
    for (const stream of [stdout, stderr])
      stream.on('data', (chunk: Buffer) => {
        heard += chunk.length;
        if (heard > longestAnswer) flood.abort();
      });
  });
  try {
    return { kind: 'done', output: await git.env(environment).raw(limited(args, longestFile)) };
  } catch (error) {
    if (flood.signal.aborted)
      return { kind: 'failed', exitCode: null, stderr: '', words: `git said more than ${longestAnswer / 2 ** 20} MiB, and was ended` };
    if (deadline.aborted) return { kind: 'late' };
    if (ended === undefined) throw error;
    return { kind: 'failed', ...ended, words: renderGitWords(ended.stderr, settings) };
  }
}

async function* streamGit(settings: GitSettings, args: readonly string[], input = ''): AsyncGenerator<Buffer, void, undefined> {
  const conversation = converse(settings, args);
  conversation.say(input);
  conversation.fallSilent();
  yield* conversation.heard;
}

function converse(settings: GitSettings, args: readonly string[]): Conversation {
  const child = spawn('/bin/sh', limited(args), { cwd: '/', env: mirrorEnvironment(settings), stdio: 'pipe' });
  const deadline = { passed: false };
  const timer = setTimeout(() => {
    deadline.passed = true;
    child.kill('SIGKILL');
  }, settings.timeout);
  const end = endOf(child);
  // git may end before it has read everything; how it ended says more than the broken pipe.
  child.stdin.on('error', () => undefined);
  async function* heard(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* child.stdout;
      const { exitCode, stderr } = await end;
      if (deadline.passed) throw slowMirror({ settings });
      if (exitCode === 0) return;
      throw damagedMirror({ settings }, renderGitWords(stderr));
    } finally {
      clearTimeout(timer);
      child.kill('SIGKILL');
    }
  }
  return { say: (text) => void child.stdin.write(text), fallSilent: () => void child.stdin.end(), heard: heard() };
}

function endOf(child: ChildProcess): Promise<{ readonly exitCode: number | null; readonly stderr: string }> {
  const heard: Buffer[] = [];
  let length = 0;
  child.stderr?.on('data', (chunk: Buffer) => {
    if (length < longestWords) heard.push(chunk.subarray(0, longestWords - length));
    length += chunk.length;
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ exitCode: null, stderr: error.message });
    });
    child.once('close', (exitCode) => {
      resolve({ exitCode, stderr: Buffer.concat(heard).toString('utf8') });
    });
  });
}

const longest = 400;

type Credentials = Pick<GitSettings, 'token' | 'user'>;

/** The lines of git's stderr that say what went wrong, on one line, short, without secrets and control characters. `remote:` lines are the server's text and are left out. */
export function renderGitWords(stderr: string, credentials: Credentials = {}): string {
  const lines = redact(stderr, credentials)
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/[^\x20-\x7e]/g, '?').trim())
    .filter((line) => line !== '' && !line.startsWith('remote:'));
  const telling = lines.filter((line) => /^(?:fatal|error):/.test(line));
  // Then it was ssh that failed, and what it said stands before.
  const ofSsh = lines.slice(0, Math.max(0, lines.indexOf('fatal: Could not read from remote repository.')));
  const words = (ofSsh.length > 0 ? ofSsh : telling.length > 0 ? telling : lines.slice(0, 1))
    .map((line) => line.replace(/could not read (?:Username|Password) for .*$/, 'the server wants a login, and takes none that was sent'))
    .join('; ');
  if (words === '') return 'git gave no reason';
  return words.length > longest ? `${words.slice(0, longest)}…` : words;
}

function redact(text: string, { token, user }: Credentials): string {
  const secrets = token === undefined || token === '' ? [] : [basicCredentials(token, user), token];
  const hidden = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  return hidden.replaceAll(/([a-z]:\/\/)[^\s/@]*@/gi, '$1');
}
