// How deep a text could nest, and of how much it consists, counted without a parser: a parser that meets 20 000 levels has already lost.
import type { Problem } from './yaml-problems.ts';

/** Policies need four levels; the host's configuration five. */
const deepest = 32;

/** Bytes for each line, bracket, comma, quote or other mark that a file may have: 4096 of them in 16 KiB. The largest policies have half of that. */
const bytesAMark = 4;

/** `limit`: bytes that the file may have. A text of marks costs the parser, and what it says of it, a hundred times what another of the same length does. */
export function tooManyMarks(text: string, limit: number): Problem | undefined {
  const most = Math.floor(limit / bytesAMark);
  let marks = 0;
  for (const { index } of text.matchAll(/[\n,[\]{}"'&*!|>@%`]|[-?:](?=[\s,[\]{}]|$)/g)) {
    marks += 1;
    if (marks > most) return { offset: index, ...crowded(most) };
  }
  return undefined;
}

const crowded = (most: number) => ({
  code: 'too-many-marks',
  message: `the text has more than ${most} lines, brackets, commas and other marks`,
  fix: 'Shorten it: no policy needs so many.',
});

/**
 * The first place where more than 32 brackets are open, or more than 32 indicators (`- `, `? `, `: `) follow each other in one line
 * without a comma. Quotes are not looked at, so it counts too much rather than too little; comment lines are skipped.
 */
export function tooDeep(text: string): Problem | undefined {
  let brackets = 0;
  let indicators = 0;
  for (let offset = skipComment(text, -1) + 1; offset < text.length; offset++) {
    const letter = text.charAt(offset);
    if (letter === '[' || letter === '{') brackets++;
    else if (letter === ']' || letter === '}') brackets = Math.max(0, brackets - 1);
    else if (isIndicator(letter, text.charAt(offset + 1))) indicators++;
    else if (letter === ',' || letter === '\n') indicators = 0;
    if (brackets > deepest || indicators > deepest) return { offset, ...nested };
    if (letter === '\n') offset = skipComment(text, offset);
  }
  return undefined;
}

const nested = {
  code: 'too-deep',
  message: `the text nests deeper than ${deepest} levels`,
  fix: 'Write plain lists and keys; four levels are all a policy needs.',
};

function isIndicator(letter: string, next: string): boolean {
  return (letter === '-' || letter === '?' || letter === ':') && (next === ' ' || next === '\n');
}

/** From a line end to the last character of the comment lines that follow it. */
function skipComment(text: string, lineEnd: number): number {
  let start = lineEnd + 1;
  while (text[start] === ' ') start++;
  if (text[start] !== '#') return lineEnd;
  const end = text.indexOf('\n', start);
  return end === -1 ? text.length : end - 1;
}
