// What is wrong with a change as a change, however good its files are: what the reconciler would refuse by form, and CI can say before.
import { isRules } from '../policy/policy.ts';
import { mostFiles } from '../policy/policy.ts';
import type { PathChange } from '../history/landing.ts';
import type { Finding } from '../policy/policy.ts';

export interface ChangeShape {
  /** Inside the policy folder, in order. */
  readonly changes: readonly PathChange[];
  /** Changed paths outside the policy folder, in order. */
  readonly outside: readonly string[];
  /** Grants that lie beside the policy folder, as far as nothing in it changes. */
  readonly misplaced: readonly Finding[];
  /** The attributes file that hides policy files in the diff, if one does. */
  readonly hiddenBy: string | undefined;
}

/** Of a change of other files alone nothing but a grant that lies in the wrong place: all else of it is none of muster's business. */
export function changeFindings({ changes, outside, misplaced, hiddenBy }: ChangeShape, folder: string): readonly Finding[] {
  const [first] = changes;
  if (!first) return misplaced;
  const findings: Finding[] = changes
    .filter(({ after }) => after?.mode === '100755')
    .map(({ path }) => error(path, 'file-mode', 'the file is executable', 'Make it a plain file: chmod -x, and commit that.'));
  if (hiddenBy !== undefined)
    findings.push(
      error(
        hiddenBy,
        'hidden-diff',
        'this file hides policy files in the diff, so nobody can review them',
        'Remove the attribute for the policy folder first, in a change of its own.',
      ),
    );
  if (changes.length > mostFiles)
    findings.push(
      error(
        first.path,
        'too-many-files',
        `${changes.length} policy files change, and nobody can look at more than ${mostFiles} at once`,
        'Split it into several changes.',
      ),
    );
  const [stranger] = outside;
  if (stranger !== undefined)
    findings.push(
      error(
        stranger,
        'impure',
        `policy files and ${outside.length === 1 ? 'another file' : `${outside.length} other files`} change together`,
        'Put the policy into a change of its own.',
      ),
    );
  const rules = changes.find(({ path }) => isRules(path, folder));
  if (rules && changes.some(({ path }) => !isRules(path, folder)))
    findings.push(
      error(
        rules.path,
        'mixed',
        'rules and grants change together',
        'Put policy.yaml or groups/ into one change, and grants/ into another.',
      ),
    );
  return findings;
}

/** Whoever forgets the folder of the policy would wait for ever, and hear nothing. */
export function misplacedGrant(path: string, folder: string, groups: ReadonlySet<string>): readonly Finding[] {
  const [, group = '', uid = ''] = /^(?:grants\/)?([^/]+)\/([^/]+)\.ya?ml$/.exec(path) ?? [];
  if (!groups.has(group)) return [];
  const message = `this lies outside of ${folder}/, where nobody looks for a grant`;
  return [error(path, 'unexpected-file', message, `Move it to ${folder}/grants/${group}/${uid}.yaml.`)];
}

function error(path: string, code: string, message: string, fix: string): Finding {
  return { code, severity: 'error', path, line: 1, column: 1, message, fix };
}

/** Every path that differs between two states of the policy folder, in order. */
export function differences(before: ReadonlyMap<string, NonNullable<PathChange['before']>>, after: typeof before): readonly PathChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was?.blob === is?.blob && was?.mode === is?.mode) return [];
    return [{ path, before: was, after: is }];
  });
}
