// What is asked of the server, and how its silence is told from its answers.
import { parseCommitId, type CommitId } from '../names.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { Git } from './runner.ts';

/**
 * The branch's tip as the server names it; one small request. Throws Unavailable when there is no answer, or one without any branch, and
 * Unusable when there are other branches only.
 */
export async function readServerTip(git: Git, branch: string): Promise<CommitId> {
  const outcome = await git.run('server', ['ls-remote', '--quiet', 'origin', `refs/heads/${branch}`]);
  if (outcome.kind !== 'done') throw new Unavailable('git', renderSilence(git, outcome.kind === 'late' ? undefined : outcome.words));
  // The name is matched from its end, so a branch called `refs/heads/main` would be listed too.
  const line = outcome.output.split('\n').find((each) => each.endsWith(`\trefs/heads/${branch}`));
  const tip = parseCommitId(line?.split('\t')[0] ?? '');
  if (tip !== undefined) return tip;
  const others = await readServerBranches(git);
  if (others.length === 0)
    throw new Unavailable(
      'git',
      `${shownUrl(git)} has no branch that muster can read; look at repository.url, and whether the token may read code`,
    );
  const more = others.length > mostNamed ? `, and ${others.length - mostNamed} more` : '';
  throw new Unusable(
    `${shownUrl(git)} has no branch ${branch}, and has ${others.slice(0, mostNamed).join(', ')}${more}: ` +
      'the administrator of this host names the right one as repository.branch, or whoever keeps the repository puts the branch back',
  );
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
  | { readonly kind: 'unanswered'; readonly words: string; readonly stderr: string };

/** Fetches exactly what `refspecs` name: no tags, no submodules, nothing in the background. */
export async function runFetch(git: Git, refspecs: readonly string[]): Promise<FetchOutcome> {
  const options = [
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    '--no-show-forced-updates',
  ];
  const outcome = await git.run('server', ['fetch', ...options, 'origin', ...refspecs]);
  if (outcome.kind === 'done') return { kind: 'fetched' };
  if (outcome.kind === 'late') return { kind: 'unanswered', words: renderSilence(git, undefined), stderr: '' };
  // git has one status for all failures. Only words of its own that name its check mean that the server answered, and with what.
  if (/^fatal: fsck error in /m.test(outcome.stderr)) return { kind: 'damaged', words: outcome.words };
  return { kind: 'unanswered', words: renderSilence(git, outcome.words), stderr: outcome.stderr };
}

function renderSilence(git: Git, words: string | undefined): string {
  const { token, timeout } = git.settings;
  if (words === undefined)
    return `${shownUrl(git)} gave no answer within ${timeout / 1000} s; look at the server and at the network between`;
  const next =
    token === undefined
      ? 'Look at the server and at repository.url; if it asks for a token, name one as repository.token-file'
      : 'Look at the server, at repository.url and at the token in repository.token-file';
  return `${shownUrl(git)}: ${words}. ${next}`;
}

/** The repository's address, fit to be shown. */
export function shownUrl(git: Git): string {
  return git.settings.url.replace(/^([a-z+]+:\/\/)[^/]*@/i, '$1');
}
