// `muster check`: the one command that needs no configuration; with --against it looks into the clone that holds the folder.
import { resolve } from 'node:path';
import type { Invocation } from '../cli.ts';
import type { CheckOptions, CheckResult } from './check.ts';
import { parseDuration } from '../time.ts';
import { Misuse } from '../errors.ts';
import type { CheckedChange } from './check-change.ts';
import type { Printed } from '../command.ts';
import { surroundingsOf, type Caller } from '../host.ts';
import { sha256 } from '../digest.ts';

export async function runCheck({ operands: [folder = 'policy'], options }: Invocation, caller: Caller): Promise<Printed> {
  const within = options['endingWithin'];
  const endingWithin = typeof within === 'string' ? parseDuration(within) : undefined;
  if (within !== undefined && !endingWithin) throw new Misuse('--ending-within takes a length of time, as in "7 days"');
  const known = { now: caller.now(), endingWithin };
  const against = options['against'];
  const format = options['json'] === true ? 'json' : String(options['format']);
  if (typeof against !== 'string') return printed(await checkFolder(folder, known, caller), undefined, format);
  const checked = await checkAgainst(against, folder, known, caller);
  return printed(checked.result, checked, format);
}

async function checkFolder(directory: string, known: CheckOptions, caller: Caller): Promise<CheckResult> {
  const [{ check }, { findPolicyFolder, readPolicyFolder }, { readPolicy }] = await Promise.all([
    import('./check.ts'),
    import('../policy/folder.ts'),
    import('../policy/parser.ts'),
  ]);
  const { folder, files, findings } = readPolicyFolder(findPolicyFolder(directory, caller.folder()), caller.folder());
  return check(readPolicy(files, folder), { ...known, found: findings });
}

async function checkAgainst(revision: string, directory: string, known: CheckOptions, caller: Caller): Promise<CheckedChange> {
  const [{ checkChange }, { findPolicyFolder, readPolicyFolder }, { openWorktree }] = await Promise.all([
    import('./check-change.ts'),
    import('../policy/folder.ts'),
    import('../history/worktree.ts'),
  ]);
  const clone = await openWorktree(resolve(caller.folder(), findPolicyFolder(directory, caller.folder())), surroundingsOf(caller));
  // Paths are told from the top of the clone, as the merge request shows them.
  const { files, findings } = readPolicyFolder(resolve(clone.top, clone.folder), clone.top);
  return checkChange(revision, files, clone, { ...known, found: findings });
}

async function printed(result: CheckResult, change: CheckedChange | undefined, format: string): Promise<Printed> {
  const { status } = result;
  const render = await import('./findings.ts');
  switch (format) {
    case 'json': {
      const { changeJson } = await import('../review/review-text.ts');
      return { text: render.renderFindingsJson(change ? { ...result, change: changeJson(change.effects, change.needs) } : result), status };
    }
    case 'junit':
      return { text: render.renderFindingsJunit(result), status };
    case 'codequality':
      return { text: render.renderFindingsCodeQuality(result, sha256), status };
    default:
      return { text: `${change ? `${render.renderChange(change)}\n` : ''}${render.renderFindings(result)}`, status };
  }
}
