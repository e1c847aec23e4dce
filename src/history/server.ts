// What is asked of the server, and how its silence is told from its answers.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { shownUrl } from './mirror-layout.ts';
import { parseCommitId, type CommitId } from '../names.ts';
import { Unavailable, Untrusted, Unusable } from '../errors.ts';
import { distrustIn } from '../tls.ts';
import { localFolder } from './environment.ts';
import { renderGitLimits, type Git, type Outcome } from './runner.ts';

/**
 * The branch's tip as the server names it; one small request. Throws Unavailable when there is no answer, or one without any branch, and
 * Unusable when there are other branches only, or when a person has to mend something before there can be an answer.
 */
export async function readServerTip(git: Git, branch: string): Promise<CommitId> {
  const tip = await readServerRef(git, `refs/heads/${branch}`);
  if (tip !== undefined) return tip;
  const others = await readServerBranches(git);
  if (others.length === 0)
    throw new Unavailable(
      'git',
      `${shownUrl(git.settings.url)} has no branch that muster can read; look at repository.url, and whether the token may read code`,
    );
  const more = others.length > mostNamed ? `, and ${others.length - mostNamed} more` : '';
  throw new Unusable(
    `${shownUrl(git.settings.url)} has no branch ${branch}, and has ${others.slice(0, mostNamed).join(', ')}${more}: ` +
      'the administrator of this host names the right one as repository.branch, or whoever keeps the repository puts the branch back',
  );
}

/** Undefined where the server has no such reference. Throws Unavailable or Unusable where it does not say. */
export async function readServerRef(git: Git, ref: string): Promise<CommitId | undefined> {
  const outcome = await git.run('server', ['ls-remote', '--quiet', 'origin', ref]);
  if (outcome.kind !== 'done') throw await silenceOf(git, outcome, 'branch');
  // The name is matched from its end, so a branch called `refs/heads/main` would be listed too.
  const line = outcome.output.split('\n').find((each) => each.endsWith(`\t${ref}`));
  return parseCommitId(line?.split('\t')[0] ?? '');
}

const mostNamed = 5;

/** Empty, too, where the server stops answering meanwhile: then nothing is known of its branches. */
async function readServerBranches(git: Git): Promise<readonly string[]> {
  const outcome = await git.run('server', ['ls-remote', '--quiet', '--heads', 'origin']);
  if (outcome.kind !== 'done') return [];
  return outcome.output.split('\n').flatMap((line) => /\trefs\/heads\/(.+)$/.exec(line)?.[1] ?? []);
}

/** How a fetch ended, in words fit to be shown. */
export type FetchOutcome =
  | { readonly kind: 'fetched' }
  | { readonly kind: 'damaged'; readonly words: string }
  | { readonly kind: 'unanswered'; readonly error: Unavailable | Unusable; readonly stderr: string };

export interface FetchOptions {
  readonly options?: readonly string[];
  /** In blocks of at least 512 bytes. */
  readonly longestFile?: number;
}

/** Fetches exactly what `refspecs` name: no tags, no submodules, nothing in the background. */
export async function runFetch(git: Git, refspecs: readonly string[], more: FetchOptions = {}): Promise<FetchOutcome> {
  const options = [
    ...(more.options ?? []),
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    '--no-show-forced-updates',
  ];
  const outcome = await git.run('server', ['fetch', ...options, 'origin', ...refspecs], '', more.longestFile);
  if (outcome.kind === 'done') return { kind: 'fetched' };
  if (outcome.kind === 'late') {
    removeHalves(git.settings.folder);
    return { kind: 'unanswered', error: await silenceOf(git, outcome, 'objects'), stderr: '' };
  }
  // Nothing is left behind, and git does not say that it was ended for its length (SIGXFSZ).
  const longest = more.longestFile === undefined ? 0 : blockSize * more.longestFile;
  if (removeHalves(git.settings.folder) >= longest && longest > 0)
    return { kind: 'damaged', words: 'it is larger than what is read of one' };
  // git has one status for all failures. Only words of its own that name its check mean that the server answered, and with what.
  if (/^fatal: fsck error in /m.test(outcome.stderr)) return { kind: 'damaged', words: outcome.words };
  if (isCutByLimits(outcome.stderr))
    return {
      kind: 'unanswered',
      error: new Unusable(
        `${shownUrl(git.settings.url)} sends more than git may take on this host (${renderGitLimits()}), or git was ended meanwhile (${outcome.words}): ` +
          'whoever keeps the repository takes what is too large out of its branches',
      ),
      stderr: outcome.stderr,
    };
  return { kind: 'unanswered', error: await silenceOf(git, outcome, 'objects'), stderr: outcome.stderr };
}

/** What unpacks says nothing when it is ended by a signal; when it is the server that stopped sending, there is a word on that. */
function isCutByLimits(stderr: string): boolean {
  const fatal = stderr.split('\n').filter((line) => /^(?:fatal|error): /.test(line));
  if (fatal.some((line) => /out of memory|cannot allocate memory|mmap failed/i.test(line))) return true;
  return fatal.length === 1 && fatal[0] === 'fatal: fetch-pack: invalid index-pack output';
}

/** Of `ulimit -f`, in bytes. */
const blockSize = 512;

/** Takes away what a fetch has begun to write. @returns the size of the largest of it */
function removeHalves(folder: string): number {
  const packs = join(folder, 'objects', 'pack');
  const halves = readdirSync(packs).filter((name) => name.startsWith('tmp_'));
  const sizes = halves.map((name) => lstatSync(join(packs, name)).size);
  for (const name of halves) rmSync(join(packs, name), { force: true });
  return Math.max(0, ...sizes);
}

/** Why git got no answer: what another try may give, or what a person has to mend first. */
async function silenceOf(
  git: Git,
  outcome: Exclude<Outcome, { readonly kind: 'done' }>,
  asked: 'branch' | 'objects',
): Promise<Unavailable | Unusable> {
  const { token, user, timeout, trust, url } = git.settings;
  const at = shownUrl(git.settings.url);
  if (outcome.kind === 'late')
    return new Unavailable('git', `${at} gave no answer within ${timeout / 1000} s; look at the server and at the network between`);
  // In a fetch, much else may fail on our own side: a disk that is full, for one.
  const isFolders = outcome.exitCode === 128 && (asked === 'branch' || /on the remote side\.?$/m.test(outcome.stderr));
  if (isFolders && localFolder(git.settings) !== undefined)
    return new Unusable(
      `${at} cannot be read as a repository (${outcome.words}): the administrator of this host mends repository.url, ` +
        `or lets the account that runs muster read the folder and all that is in it`,
    );
  // git has the same words for most of what can be wrong with a certificate, and they differ from build to build: the server is asked once more.
  const distrust = trust && (await distrustIn(new URL(url), trust));
  if (distrust !== undefined) return new Untrusted(`${at}: ${distrust}`);
  const withToken = /^ssh:/i.test(url)
    ? 'whoever administers this host looks at the key, and at known_hosts, in .ssh in the home folder of the account that asks'
    : token === undefined
      ? 'if it asks for a token, name one as repository.token-file'
      : user !== undefined
        ? 'look at what your git has stored for it (git credential)'
        : 'look at the token in repository.token-file: git needs its scope read_repository, and an account that may read code (Reporter)';
  if (/returned error: 30[1278]\b/.test(outcome.stderr))
    return new Unusable(`the server says that ${at} has moved: the administrator of this host writes the new address into repository.url`);
  if (/^fatal: repository '[^']*' not found$/m.test(outcome.stderr))
    return new Unusable(
      `${at} is not there, says the server, or not for everybody: the administrator of this host mends repository.url; ${withToken}`,
    );
  return new Unavailable('git', `${at}: ${outcome.words}. Look at the server and at repository.url; ${withToken}`);
}
