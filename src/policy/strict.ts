// The one way into muster for YAML that people write: the policy and the host's configuration. Strict, bounded and located.
import * as v from 'valibot';
import { byPlace, largestFile, type Finding, type Parsed, type PolicyFile } from './policy.ts';
import type { KeyPath } from './policy-rules.ts';
import { complaintsOf } from './complaints.ts';
import { readLetters } from './letters.ts';
import { tooDeep, tooManyMarks } from './nesting.ts';
import { findingOf, positionOf, wholeFile, type Position, type Problem } from './yaml-problems.ts';
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
  const problems = result.issues
    .slice(0, mostFindings)
    .flatMap((issue) => complaintsOf(issue))
    .map(({ path: key, aboutKey, code, message, fix }) => ({
      offset: aboutKey ? tree.offsetOfKey(key) : tree.offsetOf(key),
      code,
      message: describe(message, key),
      fix,
    }));
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
