// From what was typed to what is printed and the status: the only place that catches everything.
import { parseCommandLine, type Invocation } from './cli.ts';
import type { Commands } from './command.ts';
import { DirectoryUnusable, Misuse, Unavailable, Unusable } from './errors.ts';
import type { Caller } from './host.ts';
import { priorities, renderForJournal, coloured, laidOut, type Screen } from './terminal.ts';
import { statusOf, type StatusName } from './status.ts';
import { plain } from './text.ts';

/** Where what is said goes. */
export interface Outlet {
  /** Standard output. */
  readonly print: (text: string) => void;
  /** Lines on standard error. */
  readonly tell: (priority: number, text: string) => void;
  /** How standard output shows it. */
  readonly screen: Screen;
  /** Is standard output the journal? */
  readonly isForJournal: () => boolean;
  /** What --version says. */
  readonly version: string;
}

function nameOf(error: unknown): StatusName {
  if (error instanceof Misuse) return 'misuse';
  if (error instanceof Unavailable) return 'unavailable';
  if (error instanceof DirectoryUnusable) return 'directory';
  return error instanceof Unusable ? 'input' : 'bug';
}

/** JSON may hold any character as it is (RFC 8259, section 7); a terminal that shows it must not obey it. */
function escapeInvisible(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** The others print files, or a few sentences. */
const coloursOf: ReadonlySet<string> = new Set(['plan', 'reconcile', 'status', 'explain', 'report', 'doctor']);
const titled: ReadonlySet<string> = new Set(['explain', 'report', 'doctor']);

function renderFor({ command, options }: Invocation, text: string, { screen, isForJournal }: Outlet): string {
  if (options['json'] === true) return escapeInvisible(text);
  const laid = laidOut(text, screen.columns);
  if (command === 'reconcile' && isForJournal()) return renderForJournal(laid);
  const isForPeople = (options['format'] ?? 'text') === 'text';
  return screen.colours && isForPeople && coloursOf.has(command) ? coloured(laid, titled.has(command)) : laid;
}

/** Carries out the command that was typed, which is one of these, and gives how it ended. */
export async function carryOut(
  args: readonly string[],
  commands: Commands,
  caller: Caller,
  outlet: Outlet,
): Promise<readonly StatusName[]> {
  try {
    const invocation = parseCommandLine(args, outlet.print, outlet.version);
    if (!invocation) return [];
    const run = commands[invocation.command];
    if (!run) throw new Misuse(`this part of muster has no command "${invocation.command}"`);
    const { text, status } = await run(invocation, caller);
    outlet.print(renderFor(invocation, text, outlet));
    return status.all;
  } catch (error) {
    const name = nameOf(error);
    outlet.tell(
      priorities.error,
      name === 'bug'
        ? `a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
        : (error instanceof Error ? error.message : '').split('\n').map(plain).join('\n'),
    );
    if (args.includes('--json')) outlet.print(`${JSON.stringify({ muster: 1, status: statusOf([name]) }, null, 2)}\n`);
    return [name];
  }
}
