// `npm run bench [-- --rounds N] [SCENARIO…]`: muster's speed beside that of the native pipeline on the same slapd, in the same run.
// Medians; wall time, but for the runs with nothing to do. It says whether the figures of docs are reached, and ends with status 1 when they are not.
import { parseArgs } from 'node:util';
import { against } from './against.ts';
import { scenarios, type Result } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, against: { type: 'string' }, help: { type: 'boolean', default: false } },
});
const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.some((one) => name.startsWith(one)));

if (values.help || chosen.length === 0) {
  process.stdout.write(
    'npm run bench -- [--rounds N] [SCENARIO…]\nnpm run bench -- [--rounds N] --against DIST     the idle run, beside another build\n\nA scenario may be named by how its name begins:\n',
  );
  for (const { name, what } of scenarios) process.stdout.write(`  ${name.padEnd(18)}${what}\n`);
  process.exitCode = values.help ? 0 : 2;
} else if (values.against !== undefined) {
  process.stdout.write(`idle-60   ${await against(values.against, { groups: 1, members: 60 }, Number(values.rounds))}\n`);
} else {
  await measureAll(Number(values.rounds));
}

async function measureAll(rounds: number): Promise<void> {
  process.stdout.write(`${line('scenario', 'muster', 'native', 'ratio', 'target', '')}\n`);
  let [missed, failed] = [0, 0];
  for (const { name, what, measure } of chosen) {
    try {
      const result = await measure(rounds);
      if (result.isMet === false) missed += 1;
      process.stdout.write(`${renderResult(name, result)}   ${what}${result.remark === undefined ? '' : ` (${result.remark})`}\n`);
    } catch (error) {
      // What could not be measured is no figure, and keeps none of the others from being taken.
      failed += 1;
      process.stdout.write(`${line(name, 'FAILED')}   ${what}\n`);
      process.stderr.write(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
  }
  const said = [...(missed > 0 ? [`${missed} targets are missed`] : []), ...(failed > 0 ? [`${failed} scenarios failed`] : [])];
  process.stdout.write(`${said.length > 0 ? said.join(', ') : 'every target is met'}\n`);
  process.exitCode = said.length > 0 ? 1 : 0;
}

function renderResult(name: string, { muster, native = '', ratio = '', target = '', isMet }: Result): string {
  return line(name, muster, native, ratio, target, isMet === undefined ? '' : isMet ? 'met' : 'MISSED');
}

function line(name: string, ...columns: readonly string[]): string {
  return name.padEnd(18) + columns.map((column) => column.padStart(12)).join('');
}
