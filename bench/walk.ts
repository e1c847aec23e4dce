// A long history of which hardly anything is policy: how long it takes until what it changed in the policy folder is known.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRepository } from '../test/support/repositories.ts';
import { startSlapd, type Slapd } from '../test/support/slapd.ts';
import { importHistory } from './history.ts';
import { medianOf, musterCommand, run, type Command } from './measure.ts';
import { renderSeconds } from './reconcile.ts';
import type { Scenario } from './scenarios.ts';
import { directoryLines } from '../test/support/configuration-lines.ts';

const group = 'klaxon-users';
const uids = ['hoo', 'h2o', 'melos', 'radimer', 'urbanecm'];

const grantFile = 'reason: Needed for the measurement.\ncontact: irc somebody on libera.chat\nuntil: 2099-12-07\n';

const policyFiles = {
  'policy/policy.yaml':
    'version: 1\npeople: { alice: { gitlab: 42 }, bob: { gitlab: 51 } }\nteams: { sre: [alice, bob] }\nrules: { approvers: [sre], approvals: 1 }\n',
  [`policy/groups/${group}.yaml`]: 'purpose: To be measured.\nowner: sre\nmembers: grants\nlongest: none\nrequires: [contact]\n',
};

/** The whole of `muster plan`, from its start to its end, with an empty ledger and a mirror that is up to date; beside git's own list. */
export function walk(name: string, landings: number, mostSeconds: number): Scenario {
  return {
    name,
    what: `${landings.toLocaleString('en')} landings, ${uids.length} of them of the policy, in a plan; native: git log of the folder`,
    measure: async (rounds) => {
      const folder = mkdtempSync(join(tmpdir(), 'muster-bench-'));
      const slapd = await startSlapd({ people: uids, groups: { [group]: [] }, log: 'none' });
      try {
        const { start, head } = makeHistory(join(folder, 'policy.git'), landings);
        const configuration = layOut(folder, slapd, start);
        const plan = musterCommand(['plan', '--json'], configuration);
        const native = gitLog(join(folder, 'state', 'judged', 'mirror.git'), start, head);
        // Fetches, judges and records: what is planned next has nothing to walk.
        await run(musterCommand(['reconcile'], configuration));
        const idle = medianOf(await timesOf(plan, rounds, additionsIn));
        forgetAllBut('judged', join(folder, 'state'));
        forgetAllBut('mirror.git', join(folder, 'state', 'judged'));
        const seconds = medianOf(await timesOf(plan, rounds, additionsIn));
        const floor = medianOf(await timesOf(native, rounds, entriesIn));
        return {
          muster: renderSeconds(seconds),
          native: renderSeconds(floor),
          ratio: (seconds / floor).toFixed(2),
          target: `< ${mostSeconds} s`,
          isMet: seconds < mostSeconds,
          remark: `with nothing to walk the plan takes ${renderSeconds(idle)}`,
        };
      } finally {
        await slapd.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A run that does not find all of the changes has no speed. */
async function timesOf(command: Command, rounds: number, changesIn: (stdout: string) => number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { seconds, stdout } = await run(command);
    if (changesIn(stdout) !== uids.length)
      throw new Error(`${command.program} found ${changesIn(stdout)} changes instead of ${uids.length}`);
    times.push(seconds);
  }
  return times;
}

function additionsIn(plan: string): number {
  return JSON.parse(plan).groups[0].add.length;
}

function entriesIn(log: string): number {
  return log.split('\n').filter((line) => line.startsWith(':')).length;
}

function forgetAllBut(kept: string, state: string): void {
  for (const name of readdirSync(state)) if (name !== kept) rmSync(join(state, name), { recursive: true });
}

/** Every other landing is a merge. The ones of the policy are spread over all. */
function makeHistory(path: string, landings: number): { readonly start: string; readonly head: string } {
  const repository = makeRepository({ path });
  const others = Array.from({ length: 300 }, (_, number) => [`modules/module-${number % 20}/file-${number}`, `${number}\n`] as const);
  const start = repository.commit('main', { ...policyFiles, ...Object.fromEntries(others) }, { message: 'Begin' });
  const each = Math.floor(landings / uids.length);
  const who = { author: 'Alice <alice@example.org>', message: 'Change' };
  const seconds = Math.floor(Date.now() / 1000) - landings * 60;
  // Two commits for a landing: `:2n - 1` on a branch, and `:2n` on main.
  const commits = Array.from({ length: landings }, (_, index) => {
    const uid = index % each === each - 1 ? uids[(index + 1) / each - 1] : undefined;
    const [path = '', text = ''] = others[index % others.length] ?? [];
    const files = uid === undefined ? { [path]: `${text}${index}\n` } : { [`policy/grants/${group}/${uid}.yaml`]: grantFile };
    const before = index === 0 ? start : `:${2 * index}`;
    const change = { ...who, files, seconds: seconds + index * 60 };
    return [
      { ...change, ref: 'refs/heads/topic', parents: [before] },
      { ...change, ref: 'refs/heads/main', parents: index % 2 === 0 ? [before] : [before, `:${2 * index + 1}`] },
    ];
  });
  return { start, head: importHistory(path, commits.flat()).at(-1) ?? start };
}

function gitLog(mirror: string, start: string, head: string): Command {
  const args = ['-C', mirror, 'log', '--first-parent', '-m', '--raw', '--no-renames', '--no-abbrev', `${start}..${head}`, '--', 'policy'];
  return { program: 'git', args, environment: { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' } };
}

function layOut(folder: string, slapd: Slapd, start: string): string {
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'password'), `${slapd.writerPassword}\n`, { mode: 0o600 });
  const lines = [
    `repository: { url: policy.git, start: ${start} }`,
    'evidence: none',
    ...directoryLines(slapd, group),
    'state: state',
    'mode: report',
  ];
  const configuration = join(folder, 'muster.yaml');
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  return configuration;
}
