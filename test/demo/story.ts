// Tells the demo: for each step what happened, what was typed, what muster printed, what the directory holds, and whether that is as it must be.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Step } from './steps.ts';
import { startWorld, type Told, type World } from './world.ts';

export interface Telling {
  readonly write: (text: string) => void;
  /** Colours, for a terminal. */
  readonly colours: boolean;
  /** Aborted: the step that runs is the last. */
  readonly signal?: AbortSignal;
  /** Where the page of the last run is kept when the world is gone. */
  readonly page: string;
  /** Before the world goes: `muster` is a command that runs in it, at the time of the story. */
  readonly stay?: (muster: string) => Promise<void>;
}

const width = 100;

/** Gives what was not as it must be, one sentence each. The world is gone afterwards, whatever happened. */
export async function tellStory(begins: string, steps: readonly Step[], telling: Telling): Promise<readonly string[]> {
  const world = await startWorld(begins);
  const differences: string[] = [];
  let printed = '';
  try {
    for (const [index, step] of steps.entries()) {
      if (telling.signal?.aborted) break;
      const told = await tellStep(world, step, index + 1, printed, telling);
      differences.push(...told.differences);
      printed = told.printed;
    }
    mkdirSync(dirname(telling.page), { recursive: true });
    copyFileSync(world.page, telling.page);
    if (!telling.signal?.aborted) await telling.stay?.(world.writeCommand());
  } finally {
    await world.stop();
  }
  if (!telling.signal?.aborted) {
    telling.write(`The page that the last run left, for a browser:\n${telling.page}\n\n${renderClosing(steps.length, differences)}\n`);
  }
  return differences;
}

async function tellStep(world: World, step: Step, number: number, before: string, telling: Telling) {
  const { write } = telling;
  const paint = painter(telling.colours);
  const start = `${number}. `;
  write(`${paint('bold', wrapped(`${start}${renderTime(step.at)}. ${step.heading}`, ' '.repeat(start.length)))}\n\n`);
  await letHappen(world, step);
  const args = step.command(before);
  write(`${paint('cyan', renderCommand(args))}\n`);
  const told = await world.muster(args);
  const { stdout, stderr } = told;
  write(stdout + stderr);
  if (step.asked !== undefined) write(`\n${paint('dim', `   Questions that GitLab was asked: ${told.asked}`)}\n`);
  const held = await membersOf(world, Object.keys(step.holds));
  write(`\n${paint('dim', wholeDirectory(held))}\n\n`);
  const differences = compare(step, told, held).map((difference) => `step ${number}: ${difference}`);
  for (const difference of differences) write(`${paint('red', `NOT AS EXPECTED, ${difference}`)}\n\n`);
  return { differences, printed: stdout };
}

/** What happens takes a few minutes; muster is called at the full hour. */
async function letHappen(world: World, { at, happens }: Step): Promise<void> {
  if (happens) {
    world.setTime(new Date(Date.parse(at) - 10 * 60_000).toISOString());
    await happens(world);
  }
  world.setTime(at);
}

type Held = ReadonlyMap<string, readonly string[]>;

const placeholder = '';

/** The values of `member` as they are, with uids in the place of people's DNs. */
async function membersOf({ directory }: World, groups: readonly string[]): Promise<Held> {
  const held = new Map<string, readonly string[]>();
  for (const group of groups) {
    const values = await directory.members(group);
    held.set(group, values.map((value) => (/^uid=([^,]+),ou=people,/.exec(value) ?? [])[1] ?? value).sort());
  }
  return held;
}

function compare(step: Step, { status, stdout, asked }: Told, held: Held): readonly string[] {
  const text = stdout.replace(/\s+/g, ' ');
  const unsaid = (step.says ?? []).filter((words) => !text.includes(words));
  const groups = Object.entries(step.holds).map(([group, expected]) => {
    const wanted = expected.length === 0 ? [placeholder] : [...expected].sort();
    const found = held.get(group) ?? [];
    return wanted.join() === found.join() ? '' : `${group} holds ${renderMembers(found)} instead of ${renderMembers(wanted)}`;
  });
  return [
    status === step.status ? '' : `muster ended with status ${status} instead of ${step.status}`,
    step.asked === undefined || step.asked === asked ? '' : `GitLab was asked ${asked} questions instead of ${step.asked}`,
    ...unsaid.map((words) => `muster did not say "${words}"`),
    ...groups,
  ].filter((difference) => difference !== '');
}

function renderMembers(values: readonly string[]): string {
  return values.map((value) => (value === placeholder ? 'the placeholder' : value)).join(' ') || 'nothing';
}

function wholeDirectory(held: Held): string {
  const longest = Math.max(...[...held.keys()].map((group) => group.length));
  const lines = [...held].map(([group, values]) => {
    const people = values.filter((value) => value !== placeholder);
    const text = people.length === values.length ? people.join(' ') : '(nobody; the empty DN stands in as placeholder)';
    const start = `   ${group.padEnd(longest)} ${String(people.length).padStart(2)}  `;
    return wrapped(start + text, ' '.repeat(start.length));
  });
  return ['   The directory now holds:', ...lines].join('\n');
}

function renderClosing(count: number, differences: readonly string[]): string {
  if (differences.length === 0) return `All ${count} steps went as they must.`;
  return `NOT as it must be:\n${differences.map((difference) => `  ${difference}`).join('\n')}`;
}

function renderTime(at: string): string {
  const day = new Date(at).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });
  return `${day}, ${at.slice(11, 16)}`;
}

/** As it is typed, with a backslash where it is too long for a line. */
function renderCommand(args: readonly string[]): string {
  return filled(['$ muster', ...args.map(quoted)], '    ', ' \\');
}

/** As a shell wants it. */
function quoted(argument: string): string {
  return /^[\w./:=-]+$/.test(argument) ? argument : `"${argument}"`;
}

/** Spaces that stand side by side, as in a table, stay as they are. */
function wrapped(text: string, indent: string): string {
  return filled(text.split(/(?<=\S) (?=\S)/), indent);
}

/** Words in lines of at most 100 columns; later lines begin with `indent`, broken ones end with `end`. */
function filled(words: readonly string[], indent: string, end = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length + end.length > width) {
      lines.push(line + end);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

const codes = { bold: '1', dim: '2', red: '31', cyan: '36' } as const;

function painter(colours: boolean): (colour: keyof typeof codes, text: string) => string {
  return (colour, text) => (colours ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text);
}
