// The issues of valibot as problems. An issue carries one text where muster has three: code, message and fix go in as lines.
import type { BaseIssue, IssuePathItem } from 'valibot';
import type { KeyPath } from './policy-rules.ts';
import { nearest } from './nearest.ts';
import { quoted } from './yaml-problems.ts';

export interface Complaint {
  readonly path: KeyPath;
  /** The key itself is what is wrong, not its value. */
  readonly aboutKey: boolean;
  /** The key that is missing. */
  readonly key?: string;
  /** The known key that an unknown one may be meant as. */
  readonly meant?: string | undefined;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** The message of a schema, in the form that `complaintsOf` takes apart again. */
export function complaint(code: string, message: string, fix: string): string {
  return [code, message, fix].join('\n');
}

/** The message of a map's `rest`: the keys it knows, for the nearest one to be named. */
export function unknownKey(known: readonly string[]): string {
  return complaint('unknown-key', known.join(' '), '');
}

type Issue = BaseIssue<unknown>;

/** An issue of a union becomes that of the branch that was meant: one where the form was right and something inside was not. */
export function complaintsOf(issue: Issue, outer: readonly IssuePathItem[] = []): readonly Complaint[] {
  const items = [...outer, ...(issue.path ?? [])];
  const meant = issue.type === 'union' ? (issue.issues ?? []).filter((inner) => !isWrongType(inner)) : [];
  if (meant.length > 0) return meant.flatMap((inner) => complaintsOf(inner, items));
  return [complaintOf(issue, items)];
}

function isWrongType(issue: Issue): boolean {
  return issue.message.startsWith('wrong-type\n') && issue.path === undefined;
}

function complaintOf(issue: Issue, items: readonly IssuePathItem[]): Complaint {
  const path = items.map(({ key }) => (typeof key === 'number' ? key : String(key)));
  const last = String(path.at(-1));
  const aboutKey = items.at(-1)?.origin === 'key';
  if (aboutKey && issue.type.includes('object')) {
    if (issue.expected !== 'never')
      return {
        path: path.slice(0, -1),
        aboutKey: false,
        key: last,
        code: 'missing-key',
        message: `"${last}" is missing`,
        fix: `Add a line "${last}: …".`,
      };
    return { path, aboutKey, ...unknown(last, []) };
  }
  const [code, message, fix] = issue.message.split('\n');
  if (code === undefined || message === undefined || fix === undefined)
    return { path, aboutKey, code: 'bad-value', message: quoted(issue.message).slice(1, -1), fix: 'See the reference of this file.' };
  return code === 'unknown-key' ? { path, aboutKey: true, ...unknown(last, message.split(' ')) } : { path, aboutKey, code, message, fix };
}

/** A key that is misspelled is missing as well: it is told once. */
export function toldOnce(complaints: readonly Complaint[]): readonly Complaint[] {
  const isMisspelled = ({ code, path, key }: Complaint) =>
    code === 'missing-key' && complaints.some((one) => one.meant === key && one.path.slice(0, -1).join('\n') === path.join('\n'));
  return complaints.filter((one) => !isMisspelled(one));
}

function unknown(key: string, known: readonly string[]): Pick<Complaint, 'code' | 'message' | 'fix' | 'meant'> {
  const meant = nearest(key, known);
  const instead = meant === undefined ? `The keys that may stand here: ${known.join(', ')}.` : `Did you mean "${meant}"?`;
  return {
    code: 'unknown-key',
    message: `${quoted(key)} is not a key that muster knows here`,
    meant,
    fix: known.length === 0 ? 'Delete it.' : instead,
  };
}
