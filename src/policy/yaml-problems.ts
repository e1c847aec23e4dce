// What is wrong with a file, on its way to becoming a finding: by offset while text is read, by line and column for people.
import type { BaseIssue, IssuePathItem } from 'valibot';
import type { Finding } from './policy.ts';
import type { KeyPath } from './policy-rules.ts';
import { nearest } from '../near.ts';

/** Something wrong at an offset into the text, counted in UTF-16 units. */
export interface Problem {
  readonly offset: number;
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** Both from 1; the column in characters, so that a letter outside the basic plane counts once. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: [...before.slice(lineStart)].length + 1 };
}

export function findingOf(path: string, text: string, { offset, code, message, fix }: Problem): Finding {
  return { code, severity: 'error', path, ...positionOf(text, offset), message, fix };
}

/** A finding about a file as a whole. */
export function wholeFile(path: string, code: string, message: string, fix: string): Finding {
  return { code, severity: 'error', path, line: 1, column: 1, message, fix };
}

/**
 * What a file says, as a message may repeat it: one line, cut short, and no password that stands in a URL. Letters of Western Europe and three dots in one
 * stay; others are spelled out, for some look like letters of ASCII.
 */
export function quoted(text: string): string {
  const characters = [...text.replace(/\/\/[^/\s]*@/g, '//[hidden]@')];
  const start = characters.slice(0, 60).join('');
  const escaped = JSON.stringify(start).replace(
    /[^\x20-\x7e\xc0-\xff\u2026]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
  return characters.length > 60 ? `${escaped.slice(0, -1)}…"` : escaped;
}

interface Complaint {
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

/** The message of a schema, in the form that `complaintsOf` takes apart again: an issue of valibot carries one text where muster has three. */
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
