// Runs a command in this process, with its clock, its environment and its streams handed in: what the three programs do, without starting Node
// for it. Journeys whose point is the process itself (signals, streams, accounts, memory, two at once) run the built command (command.ts).

import { setTimeout as pause } from 'node:timers/promises';
import { carryOut } from '../../src/carry-out.ts';
import { screenOf } from '../../src/terminal.ts';
import type { Commands } from '../../src/command.ts';
import { converging } from '../../src/converging-commands.ts';
import type { Caller } from '../../src/host.ts';
import { runJudge } from '../../src/judge/judge-command.ts';
import { looking } from '../../src/looking-commands.ts';
import { duration, instant } from '../../src/names.ts';
import { answerQuestion } from '../../src/signing/verify-answer.ts';
import { statusOf } from '../../src/status.ts';
import { typedBy } from '../../src/step-down.ts';
import { parseDocument, type CommandOptions, type CommandResult } from './command.ts';

/** The moment at which the command believes to start, and what else of its surroundings can be handed in. */
export type Surroundings = Pick<CommandOptions, 'config' | 'boot' | 'cwd' | 'env'> & {
  readonly at: string | Date;
  /** Who types it, by number, as far as the command asks; otherwise whoever runs the tests. */
  readonly account?: number;
};

/** Of all three programs. */
const commands: Commands = { judge: runJudge, ...converging, ...looking };

/** As clock.cjs has it: the kernel started then, and calls this boot so. */
const bootedAt = Date.UTC(2000, 0, 1);
const thisBoot = '11111111-1111-4111-8111-111111111111';

/** `muster ARGS`. An exit status other than 0 is a result, not an error. */
export async function runHere(args: readonly string[], surroundings: Surroundings): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  const tell = (text: string) => void (stderr += `muster: ${text}\n`);
  const perform = async (typed: readonly string[], print: (text: string) => void): Promise<number> => {
    const outlet = {
      print,
      tell: (_: number, text: string) => tell(text),
      screen: screenOf({}, surroundings.env ?? {}),
      isForJournal: () => false,
      version: 'muster, not built',
    };
    return statusOf(await carryOut(typed, commands, caller, outlet)).code;
  };
  const caller: Caller = {
    ...known(surroundings),
    warn: tell,
    // What another process prints for programs is nobody's, and what it warns of is told.
    askVerifier: (question) => Promise.resolve(answerQuestion(question, String(surroundings.env?.['PATH'] ?? process.env['PATH']))),
    startAnother: (typed, patience) => Promise.race([perform(typed, () => undefined), pause(patience, 'goes-on' as const, { ref: false })]),
  };
  const status = await perform(args, (text) => void (stdout += text));
  return { status, signal: null, stdout, stderr, json: () => parseDocument(stdout, stderr) as never };
}

function known({
  at,
  boot = {},
  config,
  cwd,
  env,
  account = process.geteuid?.() ?? 0,
}: Surroundings): Omit<Caller, 'warn' | 'startAnother' | 'askVerifier'> {
  const [now, uptime] = [instant(new Date(at).getTime()), duration(new Date(boot.at ?? at).getTime() - bootedAt)];
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], MUSTER_CONFIG: config, ...env };
  return {
    pid: process.pid,
    environment,
    folder: () => cwd ?? process.cwd(),
    // It stands still: however busy the machine is, the next command is not earlier than the end of this one.
    now: () => now,
    boot: () => ({ id: boot.id ?? thisBoot, uptime }),
    progress: () => undefined,
    onInterrupt: () => () => undefined,
    typedBy: () => typedBy(environment, account),
    goOnAs:
      account === 0 ? () => Promise.reject(new Error('another account needs a process of its own: run the built command')) : undefined,
  };
}
