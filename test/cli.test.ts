import { describe, expect, it } from 'vitest';
import { commandTree, parseCommandLine, type Invocation } from '../src/cli.ts';
import { Misuse } from '../src/errors.ts';

interface Answer {
  readonly invocation: Invocation | undefined;
  readonly written: string;
}

function answer(...args: readonly string[]): Answer {
  let written = '';
  const invocation = parseCommandLine(args, (text) => (written += text));
  return { invocation, written };
}

function misuse(...args: readonly string[]): string {
  try {
    parseCommandLine(args, () => {});
  } catch (error) {
    if (error instanceof Misuse) return error.message;
    throw error;
  }
  throw new Error(`nothing was said against ${args.join(' ')}`);
}

const commands = commandTree(() => () => {}).commands.map((one) => one.name());
const digest = 'sha256:5f1c';

describe('help', () => {
  it('given --help, then the page is the one that was written', async () => {
    await expect(answer('--help').written).toMatchFileSnapshot('golden/help.txt');
  });

  it.each(commands)('given %s --help, then the page is the one that was written', async (command) => {
    await expect(answer(command, '--help').written).toMatchFileSnapshot(`golden/help-${command}.txt`);
  });

  it.each([['--help'], ['-h'], ['plan', '--help'], ['allow', '-h'], ['--config', 'x', 'plan', '--help']])(
    'given %s, then there is nothing to run, and that is no error',
    (...args) => {
      expect(answer(...args).invocation).toBeUndefined();
      expect(answer(...args).written).toMatch(/^Usage: muster /);
    },
  );

  it('given help, or help of a command, as if it were one, then it is the same page', () => {
    expect(answer('help').written).toBe(answer('--help').written);
    expect(answer('help', 'plan')).toEqual(answer('plan', '--help'));
    expect(misuse('help', 'plann')).toContain("unknown command 'plann'\n(Did you mean plan?)");
  });

  it('given a command that reads the configuration, then its page has --config', () => {
    const without = commands.filter((command) => !answer(command, '--help').written.includes('--config <file>'));
    expect(without).toEqual(['check', 'init']);
  });

  it('every line fits on a terminal of 132 columns', () => {
    const pages = [answer('--help').written, ...commands.map((command) => answer(command, '--help').written)];
    expect(pages.flatMap((page) => page.split('\n')).filter((line) => line.length > 132)).toEqual([]);
  });
});

describe('commands, options and operands', () => {
  it.each<{ args: readonly string[]; gives: Invocation }>([
    { args: ['check'], gives: { command: 'check', operands: ['policy'], options: { format: 'text' } } },
    {
      args: ['check', 'elsewhere', '--format', 'junit'],
      gives: { command: 'check', operands: ['elsewhere'], options: { format: 'junit' } },
    },
    { args: ['plan', '--exit-code', '--json'], gives: { command: 'plan', operands: [], options: { exitCode: true, json: true } } },
    { args: ['reconcile'], gives: { command: 'reconcile', operands: [], options: {} } },
    { args: ['explain', 'urbanecm'], gives: { command: 'explain', operands: ['urbanecm'], options: {} } },
    {
      args: ['allow', 'stewards', digest, '--reason', 'Election.'],
      gives: { command: 'allow', operands: ['stewards', digest], options: { reason: 'Election.' } },
    },
  ])('given $args, then it is $gives.command', ({ args, gives }) => {
    expect(answer(...args).invocation).toMatchObject(gives);
  });

  const allow = { command: 'allow', operands: ['stewards', digest], options: { reason: 'Election.', config: 'x.yaml' } };
  it.each([
    { args: ['--config', 'x.yaml', 'allow', 'stewards', digest, '--reason', 'Election.'] },
    { args: ['allow', '--reason', 'Election.', 'stewards', digest, '--config', 'x.yaml'] },
    { args: ['allow', 'stewards', '--config=x.yaml', '--reason=Election.', digest] },
  ])('given options before, after and between the operands ($args), then it is the same', ({ args }) => {
    expect(answer(...args).invocation).toEqual(allow);
  });

  it('given --, then what follows is an operand, whatever it looks like', () => {
    expect(answer('explain', '--', '--json').invocation).toMatchObject({ operands: ['--json'], options: {} });
  });
});

describe('what cannot be understood', () => {
  it.each([
    { args: ['plan', '--jsn'], says: "unknown option '--jsn'\n(Did you mean --json?)" },
    {
      args: ['plan', '--dry-run'],
      says: 'there is no --dry-run: "muster plan" shows what would change, and never writes to the directory',
    },
    { args: ['plan', '--exit-cod'], says: '(Did you mean --exit-code?)' },
    { args: ['--confg', 'x', 'plan'], says: '(Did you mean --config?)' },
    { args: ['reconcil'], says: "unknown command 'reconcil'\n(Did you mean reconcile?)" },
    { args: ['plan', 'klaxon-users'], says: 'too many arguments' },
    { args: ['explain'], says: "missing required argument 'uid-or-group'" },
    { args: ['allow'], says: "missing required argument 'group'" },
    { args: ['lift'], says: "missing required argument 'uid'" },
    { args: ['lift', 'mallory'], says: 'say why: muster lift … --reason "…"' },
    { args: ['allow', 'stewards', digest], says: 'say why: muster allow … --reason "…"' },
    { args: ['allow', 'stewards', digest, '--reason'], says: 'argument missing' },
    { args: ['check', '--format', 'yaml'], says: 'Allowed choices are text, json, junit, codequality' },
  ])('given $args, then it says so', ({ args, says }) => {
    expect(misuse(...args)).toContain(says);
    expect(misuse(...args)).not.toMatch(/^error/);
  });

  it('given nothing at all, then it is the help page, and a misuse', () => {
    expect(misuse()).toBe(`say what to do\n\n${answer('--help').written.trim()}`);
  });

  it('given what cannot be understood, then nothing is written to standard output', () => {
    let written = '';
    expect(() => parseCommandLine(['plan', '--jsn'], (text) => (written += text))).toThrow(Misuse);
    expect(written).toBe('');
  });
});
