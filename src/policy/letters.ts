// The characters a file may hold, looked at before any parser sees them: what a reviewer cannot see must not be there.
import type { Problem } from './yaml-problems.ts';

/**
 * Everything that shows nothing, or shows something else than it is: controls, format and bidirectional characters, blanks
 * other than the space, line ends other than LF, and letters that Unicode itself calls ignorable. UTS 55 says why in source code.
 * A function, because its tables take a millisecond to make and nearly every file is plain.
 */
const hidden = () => /[^\n\P{Cc}]|[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffd]|(?! )\p{Zs}/u;
const plain = /^[\n\x20-\x7e]*$/;

const mostProblems = 10;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Letters {
  readonly text: string;
  /** Empty when every character may stand there; at most ten. */
  readonly problems: readonly Problem[];
}

/** UTF-8 and nothing else (RFC 3629), with LF between lines and no character that hides. */
export function readLetters(bytes: Uint8Array): Letters {
  try {
    const text = decoder.decode(bytes);
    return { text, problems: hiddenIn(text) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const offset = Math.max(0, text.indexOf('\ufffd'));
    return { text, problems: [{ offset, code: 'not-utf8', message: 'these bytes are not UTF-8', fix: 'Save the file as UTF-8.' }] };
  }
}

/** Does a value hold a character that hides, put there by an escape such as `\u202e`? */
export function hides(text: string): boolean {
  return !plain.test(text) && hidden().test(text);
}

function hiddenIn(text: string): readonly Problem[] {
  if (plain.test(text)) return [];
  const problems: Problem[] = [];
  for (const match of text.matchAll(new RegExp(hidden(), 'gu'))) {
    problems.push({ offset: match.index, ...complaintAbout(match[0]) });
    if (problems.length === mostProblems) break;
  }
  return problems;
}

function complaintAbout(character: string): Omit<Problem, 'offset'> {
  const name = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  switch (character) {
    case '\t':
      return { code: 'tab', message: 'a tab stands here', fix: 'Use spaces.' };
    case '\r':
    case '\u0085':
    case '\u2028':
    case '\u2029':
      return { code: 'line-end', message: `a line ends with ${name}`, fix: 'Save the file with LF line ends (Unix).' };
    case '\ufeff':
      return {
        code: 'byte-order-mark',
        message: 'a byte order mark (U+FEFF) stands here',
        fix: 'Save the file as UTF-8 without a byte order mark.',
      };
    default:
      return {
        code: 'hidden-character',
        message: `the character ${name} stands here; people do not see it, or see something else`,
        fix: 'Delete it, or type an ordinary space or letter.',
      };
  }
}
