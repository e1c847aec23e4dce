// What becomes of text for people where it is printed: lines as wide as the terminal, colours where there is one that shows them, and priorities in
// the journal.
import { column, cutShort, inLines } from './text.ts';

export interface Screen {
  readonly columns: number;
  readonly colours: boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where nobody says how wide it is: a file, a pipe, the journal. */
const usual = 100;
/** Nobody reads longer lines with ease, and columns need some room. */
const bounds = { least: 40, most: 120 } as const;

/** https://no-color.org: any text that is not empty. A pipe never gets colours. */
export function screenOf(stream: Stream, environment: Readonly<Record<string, string | undefined>>): Screen {
  const said = /^[1-9]\d{0,4}$/.test(environment['COLUMNS'] ?? '') ? Number(environment['COLUMNS']) : undefined;
  const columns = (stream.isTTY === true ? stream.columns : undefined) ?? said ?? usual;
  const isPlain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return {
    columns: Math.min(bounds.most, Math.max(bounds.least, columns)),
    colours: stream.isTTY === true && !isPlain,
  };
}

/** Every line that `hang` made in as many lines as it needs, or in two where it may be cut short. */
export function laidOut(text: string, columns = usual): string {
  return text.replace(new RegExp(`^([^\\n${column}]*)${column}(.*)\\n`, 'gm'), (_, start: string, words: string) =>
    words.endsWith(cutShort) ? firstLines(inLines(start, words.slice(0, -1), columns), columns) : inLines(start, words, columns),
  );
}

function firstLines(lines: string, columns: number): string {
  const [first = '', second, third] = lines.split('\n');
  const shown = [first, ...(second ? [third ? `${second.slice(0, columns - 2)} …` : second] : [])];
  return shown.map((line) => `${line.length > columns ? `${line.slice(0, columns - 1)}…` : line}\n`).join('');
}

const colours = { red: 31, green: 32, yellow: 33, bold: 1 } as const;

/** Only muster's own words at the beginning of a line, and what a group or a check is said to be: text of others has no part in it. */
const marks: readonly (readonly [RegExp, keyof typeof colours])[] = [
  [/^(?:PROBLEM|REFUSED|refused)\b/, 'red'],
  [/^(?:HELD|ROSTER|WARNING|way back|waits)\b/, 'yellow'],
  [/^ {2}ERROR\b/, 'red'],
  [/^ {2}(?:HELD|advice)\b/, 'yellow'],
  [/^ +! /, 'yellow'],
  [/^ +- /, 'red'],
  [/^ +\+ /, 'green'],
  [/(?<=^group +[a-z0-9._-]+: )(?:FROZEN|FAILED)\b/, 'red'],
  [/(?<=^group +[a-z0-9._-]+: )HELD\b/, 'yellow'],
  [/^\S.*$/, 'bold'],
];

/** `isTitled`: lines that begin at the left are headings. */
export function coloured(text: string, isTitled: boolean): string {
  return text.replace(/^.+$/gm, (line) => {
    const mark = marks.find(([pattern, colour]) => (isTitled || colour !== 'bold') && pattern.test(line));
    return mark ? line.replace(mark[0], (words) => `\u001B[${colours[mark[1]]}m${words}\u001B[0m`) : line;
  });
}

export const priorities = { error: 3, warning: 4, notice: 5, info: 6 } as const;

type Priority = (typeof priorities)[keyof typeof priorities];

const needsPerson = /^ {2}[!?] /;

/** The first that fits; a line that stands by itself and fits none is information. */
const heads: readonly (readonly [RegExp, Priority])[] = [
  [/^PROBLEM |^group +\S+: FAILED|^status (?:2|5|6|70):/, priorities.error],
  [/^(?:WARNING|ROSTER|REFUSED|way back) |^group +\S+: (?:HELD|FROZEN)|^status [34]:/, priorities.warning],
  [needsPerson, priorities.warning],
  [/^(?:NOTE|waits) |^group +\S+: changed|^status 75:/, priorities.notice],
  [/^\S/, priorities.info],
];

/**
 * As the journal takes it (sd-daemon(3)): every line with a priority, so that "journalctl -p warning" shows what needs a person and "-p notice" what
 * was changed as well. A line that goes on below another has its priority.
 */
export function renderForJournal(text: string): string {
  const lines = text.split('\n');
  let priority: Priority = priorities.info;
  const marked = lines.map((line, at) => {
    priority = heads.find(([head]) => head.test(line))?.[1] ?? priority;
    if (line === '') return '';
    // A hold alone does not say of which group it is.
    const isTitle = line.startsWith('group ') && below(lines, at).some((one) => needsPerson.test(one));
    return `<${isTitle ? Math.min(priority, priorities.warning) : priority}>${line}`;
  });
  return marked.join('\n');
}

/** The lines that go on below one. */
function below(lines: readonly string[], at: number): readonly string[] {
  const end = lines.findIndex((line, index) => index > at && !line.startsWith(' '));
  return lines.slice(at + 1, end === -1 ? undefined : end);
}
