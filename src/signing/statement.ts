// What an approver signs: a text that says one change of the policy whole, byte for byte the same for everybody.
// There is one way to write it: what is read and printed again is the same bytes, or it is no statement.
import { inOrder, isBranchName, parseCommitId, parseExactUid, type CommitId, type Instant, type Uid } from '../names.ts';
import { day, parseMoment, renderInstant } from '../time.ts';

/** A mode of git and the SHA-256 of the content, as `sha256:<hex>`. */
export interface StatedFile {
  readonly mode: string;
  readonly sha256: string;
}

/** No `before` is an addition, no `after` a deletion. */
export interface StatedChange {
  /** From the root of the repository. */
  readonly path: string;
  readonly before?: StatedFile;
  readonly after?: StatedFile;
}

/** Where a statement counts: a project, a branch, and one installation. */
export interface Place {
  /** Its number on GitLab; where there is no forge, the URL of the repository. */
  readonly project: string;
  /** With `refs/heads/`. */
  readonly branch: string;
  readonly start: CommitId;
}

export interface Statement extends Place {
  /** `rulesDigest` of the rules files in force before the change. */
  readonly rules: string;
  readonly changes: readonly StatedChange[];
  /** Each without the word `effect` before it. */
  readonly effects: readonly string[];
  readonly signer: Uid;
  readonly at: Instant;
  readonly until: Instant;
}

/** `line` is from 1. */
export type ReadStatement =
  | { readonly kind: 'valid'; readonly statement: Statement; /** The bytes that were signed, as text. */ readonly text: string }
  | { readonly kind: 'invalid'; readonly line: number; readonly message: string };

export const firstLine = 'muster-approval v1';
export const largestStatement = 64 * 1024;
/** Between `at` and `until`. */
export const longestValidity = 14 * day;

export function printStatement(statement: Statement): string {
  const { project, branch, start, rules, changes, effects, signer, at, until } = statement;
  const lines = [
    firstLine,
    `project ${project}`,
    `branch ${branch}`,
    `start ${start}`,
    `rules ${rules}`,
    ...changeLines(changes),
    ...effects.map((effect) => `effect ${effect}`).sort(inOrder),
    `signer ${signer}`,
    `at ${renderInstant(at)}`,
    `until ${renderInstant(until)}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `+ MODE SHA PATH`, `~ MODE SHA MODE SHA PATH`, `- MODE SHA PATH`, sorted: what two landings that bring the same have in common. */
export function changeLines(changes: readonly StatedChange[]): readonly string[] {
  // All is ASCII, so that the order of code units is that of bytes.
  return changes.map(changeLine).sort(inOrder);
}

function changeLine({ path, before, after }: StatedChange): string {
  const files = [before, after].flatMap((file) => (file ? [`${file.mode} ${file.sha256}`] : []));
  return [before ? (after ? '~' : '-') : '+', ...files, quotePath(path)].join(' ');
}

/** SHA-256 over the sorted lines `MODE SHA PATH` of the rules files, each with its LF. `hash` gives `sha256:<hex>`. */
export function rulesDigest(files: readonly (StatedFile & { readonly path: string })[], hash: (text: string) => string): string {
  const lines = files.map(({ mode, sha256, path }) => `${mode} ${sha256} ${quotePath(path)}\n`);
  return hash(lines.sort(inOrder).join(''));
}

/** The URL of a repository as one word, without the account by which whoever asks for it is known. */
export function projectOf(url: string): string {
  const shared = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/:@]*@(?=[^/]+[/:])/i, '$1');
  return shared.replaceAll(/[^!-~]/gu, encodeURIComponent);
}

const escapes: readonly (readonly [string, string])[] = [
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\v', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['"', '"'],
  ['\\', '\\'],
];
const letterOf = new Map(escapes);
const characterOf = new Map(escapes.map(([character, letter]) => [letter, character]));

/** As git prints paths where `core.quotePath` is on: in double quotes with escapes, if it has anything but printable ASCII. */
export function quotePath(path: string): string {
  if (/^[ !#-[\]-~]*$/.test(path)) return path;
  const bytes = Buffer.from(path, 'utf8').toString('latin1');
  const quoted = bytes.replaceAll(/[^ !#-[\]-~]/g, (byte) => {
    const letter = letterOf.get(byte);
    return `\\${letter ?? byte.charCodeAt(0).toString(8).padStart(3, '0')}`;
  });
  return `"${quoted}"`;
}

/** Undefined for what `quotePath` does not write. */
function parsePath(text: string): string | undefined {
  const path = text.startsWith('"') ? unquoted(text) : text;
  return path !== '' && quotePath(path) === text ? path : undefined;
}

function unquoted(text: string): string {
  const bytes = text
    .slice(1, -1)
    .replaceAll(/\\([0-7]{3}|.)/g, (_, escape: string) =>
      escape.length === 3 ? String.fromCharCode(Number.parseInt(escape, 8) % 256) : (characterOf.get(escape) ?? ''),
    );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** CR before LF is taken off: browsers put it there. */
export function parseStatement(bytes: Uint8Array): ReadStatement {
  if (bytes.length > largestStatement) return { kind: 'invalid', line: 1, message: `a statement has at most ${largestStatement} bytes` };
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n');
  const lines = new Lines(text);
  const statement = readStatement(lines);
  if (!statement) return lines.invalid();
  return printStatement(statement) === text ? { kind: 'valid', statement, text } : lines.differsFrom(printStatement(statement));
}

/** Line by line; the first that is not what it should be ends it. */
class Lines {
  readonly #lines: readonly string[];
  #at = 0;
  #message = '';

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** The next line, if it is of this form. */
  next<Value>(what: string, read: (line: string) => Value | undefined): Value | undefined {
    const value = this.#message === '' ? read(this.#lines[this.#at] ?? '') : undefined;
    if (value === undefined) this.#message ||= `${what} is expected here`;
    else this.#at++;
    return value;
  }

  /** As many of this form as there are. */
  many<Value>(pattern: RegExp, what: string, read: (line: string) => Value | undefined): readonly Value[] {
    const values: Value[] = [];
    while (this.#message === '' && pattern.test(this.#lines[this.#at] ?? '')) {
      const value = this.next(what, read);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  /** Nothing is left but the newline before. */
  end(): boolean {
    const isEnd = this.#at === this.#lines.length - 1 && this.#lines[this.#at] === '';
    if (!isEnd) this.fail('the end is expected here, and a newline before it');
    return isEnd;
  }

  fail(message: string): undefined {
    this.#message ||= message;
    return undefined;
  }

  invalid(): ReadStatement {
    return { kind: 'invalid', line: Math.min(this.#at + 1, this.#lines.length), message: this.#message };
  }

  differsFrom(text: string): ReadStatement {
    const lines = text.split('\n');
    const line = this.#lines.findIndex((one, place) => one !== lines[place]);
    const message = 'this line is not written, or does not stand, as muster prints it';
    return { kind: 'invalid', line: (line === -1 ? this.#lines.length : line) + 1, message };
  }
}

function readStatement(lines: Lines): Statement | undefined {
  const header = lines.next(`"${firstLine}"`, (line) => line === firstLine || undefined);
  const project = lines.next('"project", and its number or the URL', (line) => /^project ([!-~]{1,2000})$/.exec(line)?.[1]);
  const branch = lines.next('"branch refs/heads/…"', parseBranch);
  const start = lines.next('"start", and a commit', (line) => parseCommitId(afterWord('start', line)));
  const rules = lines.next('"rules sha256:…"', (line) => /^rules (sha256:[0-9a-f]{64})$/.exec(line)?.[1]);
  const changes = lines.many(/^[+~-]/, '"+", "-" or "~", with mode, SHA-256 and path,', parseChange);
  const effects = lines.many(/^effect /, '"effect …" in plain words', (line) => /^effect ([!-~]+(?: [!-~]+)*)$/.exec(line)?.[1]);
  const signer = lines.next('a change, an effect, or "signer" and a uid,', (line) => parseExactUid(afterWord('signer', line)));
  const at = lines.next('"at", and a time such as 2026-12-01T10:02:00Z,', (line) => parseMoment(afterWord('at', line)));
  if (changes.length === 0) lines.fail('the statement names no change');
  if (new Set(changes.map(({ path }) => path)).size < changes.length) lines.fail('a path stands in the statement twice');
  const until = lines.next('"until", a time after "at" and at most 14 days after it,', (line) => {
    const end = parseMoment(afterWord('until', line));
    return end !== undefined && at !== undefined && end > at && end - at <= longestValidity ? end : undefined;
  });
  const isEnded = lines.end();
  if (!header || project === undefined || branch === undefined || start === undefined || rules === undefined) return undefined;
  if (signer === undefined || at === undefined || until === undefined || !isEnded) return undefined;
  return { project, branch, start, rules, changes, effects, signer, at, until };
}

function afterWord(word: string, line: string): string {
  return line.startsWith(`${word} `) ? line.slice(word.length + 1) : '';
}

function parseBranch(line: string): string | undefined {
  const branch = afterWord('branch', line);
  return branch.startsWith('refs/heads/') && /^[!-~]+$/.test(branch) && isBranchName(branch.slice('refs/heads/'.length))
    ? branch
    : undefined;
}

const file = '(100644|100755|120000|160000) (sha256:[0-9a-f]{64})';
const oneFile = new RegExp(`^[+-] ${file} (.+)$`);
const twoFiles = new RegExp(`^~ ${file} ${file} (.+)$`);

function parseChange(line: string): StatedChange | undefined {
  const [, oldMode = '', oldSha = '', newMode = '', newSha = '', both] = twoFiles.exec(line) ?? [];
  const [, mode = '', sha256 = '', one] = oneFile.exec(line) ?? [];
  const path = parsePath(both ?? one ?? '');
  if (path === undefined) return undefined;
  if (both !== undefined) return { path, before: { mode: oldMode, sha256: oldSha }, after: { mode: newMode, sha256: newSha } };
  return line.startsWith('+') ? { path, after: { mode, sha256 } } : { path, before: { mode, sha256 } };
}
