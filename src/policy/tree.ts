// YAML 1.2 reduced to maps, lists and text. Every other feature of the language is a problem with a place.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type ParsedNode,
  type ParseOptions,
  type DocumentOptions,
  type SchemaOptions,
} from 'yaml';
import type { KeyPath } from './policy-rules.ts';
import { hides } from './letters.ts';
import { quoted, type Problem } from './yaml-problems.ts';

/** Maps have no prototype: no key can reach one. */
export type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

export interface Tree {
  readonly value: Plain;
  /** Where the value at a path stands, or the nearest thing round it. */
  readonly offsetOf: (path: KeyPath) => number;
  /** Where the key at a path stands. */
  readonly offsetOfKey: (path: KeyPath) => number;
}

/** The failsafe schema resolves nothing: `no`, `1e3` and `007` stay text (YAML 1.2.2, section 10.1). */
const options: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.2',
  schema: 'failsafe',
  merge: false,
  uniqueKeys: false,
  prettyErrors: false,
  strict: true,
  logLevel: 'error',
};

/** The tree, or everything in the text that is not plain YAML, and then no tree. */
export function parseTree(text: string): Tree | readonly Problem[] {
  // A directive could switch the rest of the file to YAML 1.1. No line of a policy starts with a percent sign otherwise.
  const directive = /^%/m.exec(text);
  if (directive)
    return [
      {
        offset: directive.index,
        code: 'directive',
        message: 'a line that starts with % is a directive to the parser',
        fix: 'Delete the line.',
      },
    ];
  const document = parseDocument(text, options);
  const [error] = [...document.errors, ...document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')];
  // One is enough: a parser that has lost its way complains about everything that follows.
  if (error) return [problemOf(error.code, error.message, error.pos[0], text)];
  const root = document.contents;
  if (root === null || isEmpty(root))
    return [{ offset: 0, code: 'empty-file', message: 'the file says nothing', fix: 'Write the keys it needs, or delete the file.' }];
  const problems: Problem[] = [];
  const value = plainOf(root, text, problems);
  if (problems.length > 0) return problems;
  return { value, offsetOf: (path) => offsetAt(root, path).value, offsetOfKey: (path) => offsetAt(root, path).key };
}

const tagged = { code: 'tag', message: 'a tag (!) says how to read this value', fix: 'Delete it: every value is read as text.' };

function problemOf(parserCode: string, message: string, offset: number, text: string): Problem {
  switch (parserCode) {
    case 'MULTIPLE_DOCS':
      return {
        offset,
        code: 'several-documents',
        message: 'a second document starts here',
        fix: 'One file holds one document: delete the "---" line, or make another file.',
      };
    case 'TAG_RESOLVE_FAILED':
      return { offset, ...tagged };
    case 'RESOURCE_EXHAUSTION':
      return { offset, code: 'too-deep', message: 'the text nests too deep', fix: 'Write plain lists and keys.' };
    default: {
      const { what, fix } = slipAt(parserCode, text.slice(offset)) ?? { what: withoutControls(message), fix: lookAtQuotes };
      return { offset, code: 'syntax', message: `this is not YAML: ${what}`, fix };
    }
  }
}

const lookAtQuotes = 'Look at the indentation, at quotes, and for ": " or " #" inside a text; put such a text in quotes.';

/** The parser's own words for the commonest slips help nobody. */
function slipAt(parserCode: string, rest: string): { readonly what: string; readonly fix: string } | undefined {
  if (rest.startsWith('```'))
    return { what: 'this line frames the example on a page, and is no part of the file', fix: 'Delete the lines of three backticks.' };
  switch (parserCode) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { what: 'a second ": ", or a "- ", stands in this line', fix: lookAtQuotes };
    case 'BAD_SCALAR_START':
      return { what: `a text cannot begin with ${quoted(rest.slice(0, 1))}`, fix: 'Put the whole text in quotes: "…".' };
    case 'MULTILINE_IMPLICIT_KEY':
      return { what: 'this line is not a key, a colon, a blank and a value', fix: 'Write "key: value", with a blank after the colon.' };
    default:
      return undefined;
  }
}

function withoutControls(message: string): string {
  return quoted(message).slice(1, -1).replaceAll('\\"', '"');
}

function isEmpty(node: ParsedNode): boolean {
  return isScalar(node) && node.source === '' && node.type === 'PLAIN' && node.tag === undefined && node.anchor === undefined;
}

function plainOf(node: ParsedNode | null, text: string, problems: Problem[]): Plain {
  if (node === null) return '';
  const [offset] = node.range;
  if (isAlias(node)) {
    problems.push({ offset, code: 'alias', message: 'an alias (*) stands for a text somewhere else', fix: 'Write the value itself.' });
    return '';
  }
  if (node.anchor !== undefined)
    problems.push({ offset, code: 'anchor', message: 'an anchor (&) names this value', fix: 'Delete it: values cannot be referred to.' });
  if (node.tag !== undefined) problems.push({ offset, ...tagged });
  if (isScalar(node)) return textOf(node.value, text, offset, problems);
  return isSeq(node) ? node.items.map((item) => plainOf(item, text, problems)) : mapOf(node, text, problems);
}

function textOf(value: unknown, text: string, offset: number, problems: Problem[]): string {
  if (typeof value !== 'string') return '';
  // Only a double-quoted text knows escapes.
  if (text[offset] === '"' && hides(value))
    problems.push({
      offset,
      code: 'hidden-character',
      message: 'an escape makes a character that people do not see',
      fix: 'Write the text without escapes.',
    });
  return value;
}

function mapOf(map: Extract<ParsedNode, { items: unknown[] }>, text: string, problems: Problem[]): Plain {
  const result: Record<string, Plain> = Object.create(null);
  if (!isMap(map)) return result;
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? plainOf(key, text, problems) : undefined;
    const problem = typeof name === 'string' ? keyProblem(name, result) : strangeKey;
    if (problem) problems.push({ offset: key.range[0], ...problem });
    else if (typeof name === 'string') {
      result[name] = plainOf(value, text, problems);
      problems.push(...droppedText(name, value, key.range[1], text));
    }
  }
  return result;
}

/** What people write in their own words. Behind other values a comment is a comment. */
const ownWords: ReadonlySet<string> = new Set(['reason', 'contact', 'purpose']);

/** A comment behind such a text without quotes is the rest of the sentence, and would be dropped without a word. */
function droppedText(name: string, value: ParsedNode | null, keyEnd: number, text: string): readonly Problem[] {
  const isEmptyValue = value === null || (isScalar(value) && isEmpty(value));
  const isPlain = isScalar(value) && value.type === 'PLAIN';
  // Of `ticket: #123` nothing is left at all.
  if (!(ownWords.has(name) && (isPlain || isEmptyValue)) && !(name === 'ticket' && isEmptyValue)) return [];
  const from = isEmptyValue ? keyEnd : value.range[1];
  const [, before] = /^([^\n#]*)#/.exec(text.slice(from)) ?? [];
  if (before === undefined) return [];
  return [
    {
      offset: from + before.length,
      code: 'dropped-text',
      message: `a "#" begins a comment, so this and what follows would be dropped from "${name}"`,
      fix: `Put the whole text in quotes: ${name}: "…".`,
    },
  ];
}

const strangeKey = { code: 'bad-key', message: 'a key is one word', fix: 'Write "key: value".' };

function keyProblem(name: string, before: Readonly<Record<string, Plain>>): Omit<Problem, 'offset'> | undefined {
  if (name === '<<')
    return { code: 'merge-key', message: 'a merge key (<<) copies values from somewhere else', fix: 'Write the values themselves.' };
  if (name === '__proto__' || name === 'constructor' || name === 'prototype')
    return { code: 'unknown-key', message: `"${name}" is not a key and not a name that muster takes`, fix: 'Delete it.' };
  if (name in before) return { code: 'duplicate-key', message: `${quoted(name)} stands here a second time`, fix: 'Keep one of them.' };
  return undefined;
}

/** Follows a path as far as it goes. Paths come from this tree or from rules about it, so a key that is not there is left out. */
function offsetAt(root: ParsedNode, path: KeyPath): { readonly key: number; readonly value: number } {
  let node: ParsedNode | null = root;
  let key = root.range[0];
  for (const step of path) {
    if (isMap(node)) {
      const pair: { key: ParsedNode; value: ParsedNode | null } | undefined = node.items.find(
        (candidate) => isScalar(candidate.key) && candidate.key.value === String(step),
      );
      if (!pair) break;
      key = pair.key.range[0];
      node = pair.value;
    } else if (isSeq(node)) {
      const item: ParsedNode | undefined = node.items[Number(step)];
      if (!item) break;
      key = item.range[0];
      node = item;
    } else break;
  }
  return { key, value: node === null ? key : node.range[0] };
}
