// What is wrong with a file, on its way to becoming a finding: by offset while text is read, by line and column for people.
import type { Finding } from './policy.ts';

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

/** What a file says, as a message may repeat it: one line, printable ASCII, cut short, and no password that stands in a URL. */
export function quoted(text: string): string {
  const characters = [...text.replace(/\/\/[^/\s]*@/g, '//[hidden]@')];
  const start = characters.slice(0, 60).join('');
  const escaped = JSON.stringify(start).replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
  return characters.length > 60 ? `${escaped.slice(0, -1)}…"` : escaped;
}
