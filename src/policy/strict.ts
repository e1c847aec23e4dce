// The one way into muster for YAML that people write: the policy and the host's configuration. Strict, bounded and located.
import * as v from 'valibot';
import { byPlace, largestFile, type Finding, type Parsed, type PolicyFile } from './policy.ts';
import type { KeyPath } from './policy-rules.ts';
import { complaintsOf, findingOf, positionOf, toldOnce, wholeFile, type Position, type Problem } from './yaml-problems.ts';
import { readLetters } from './letters.ts';
import { parseTree, type Tree } from './tree.ts';

/** Of one file. Somebody who mends twenty things calls again; a file made of mistakes must not cost more than a good one. */
const mostFindings = 20;

export interface Located<Value> {
  readonly value: Value;
  /** Where the value of a key stands; for a key that is not there, the nearest thing round it. */
  readonly at: (key: KeyPath) => Position;
}

/** Makes a finding's message from what is wrong and the keys that lead there. */
type Describe = (message: string, key: KeyPath) => string;

/**
 * One YAML document of maps, lists and text, and the value that `schema` makes of it; or its findings, in the order of the file, at most twenty.
 * Anything but UTF-8 with LF, and any feature of YAML beyond YAML 1.2's maps, lists, scalars and comments, is an error.
 * Every scalar reaches the schema as text. `limit` is in bytes. Never throws, whatever the bytes are.
 */
export function readStrictYaml<Value>(
  file: PolicyFile,
  schema: v.GenericSchema<unknown, Value>,
  limit = largestFile,
  describe: Describe = (message) => message,
): Parsed<Located<Value>> {
  if (file.bytes.length > limit) {
    return {
      kind: 'invalid',
      findings: [wholeFile(file.path, 'too-large', `the file has ${file.bytes.length} bytes; ${limit} are allowed`, 'Shorten it.')],
    };
  }
  const { text, problems } = readLetters(file.bytes);
  if (problems.length > 0) return invalid(file.path, text, problems);
  const deep = tooDeep(text) ?? tooManyMarks(text, limit);
  if (deep) return invalid(file.path, text, [deep]);
  const tree = parseTree(text);
  return 'value' in tree ? typed(file.path, text, tree, schema, describe) : invalid(file.path, text, tree);
}

function typed<Value>(
  path: string,
  text: string,
  tree: Tree,
  schema: v.GenericSchema<unknown, Value>,
  describe: Describe,
): Parsed<Located<Value>> {
  const result = v.safeParse(schema, tree.value);
  if (result.success) {
    return { kind: 'valid', value: { value: result.output, at: (key) => positionOf(text, tree.offsetOf(key)) } };
  }
  const problems = toldOnce(result.issues.slice(0, mostFindings).flatMap((issue) => complaintsOf(issue))).map(
    ({ path: key, aboutKey, code, message, fix }) => ({
      offset: aboutKey ? tree.offsetOfKey(key) : tree.offsetOf(key),
      code,
      message: describe(message, key),
      fix,
    }),
  );
  return invalid(path, text, problems);
}

function invalid<Value>(path: string, text: string, problems: readonly Problem[]): Parsed<Value> {
  const [first, ...others] = problems
    .slice(0, mostFindings)
    .map((problem) => findingOf(path, text, problem))
    .sort(byPlace);
  const findings: readonly [Finding, ...Finding[]] = [
    first ?? wholeFile(path, 'syntax', 'the file cannot be read', 'Write it anew.'),
    ...others,
  ];
  return { kind: 'invalid', findings };
}

/** A parser that meets 20 000 levels has already lost, so they are counted without one. Policies need four levels; the host's configuration five. */
const deepest = 32;

/** Bytes for each line, bracket, comma, quote or other mark that a file may have: 4096 of them in 16 KiB. The largest policies have half of that. */
const bytesAMark = 4;

/** `limit`: bytes that the file may have. A text of marks costs the parser, and what it says of it, a hundred times what another of the same length does. */
function tooManyMarks(text: string, limit: number): Problem | undefined {
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
function tooDeep(text: string): Problem | undefined {
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
