// What the judge makes of a scene: the built command as it is shipped, or the same code in this process, which is quicker. It looks once, and
// where something waits once more later, by its own clock.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptRecords } from '../../src/judge/own-record.ts';
import { runMuster } from '../support/command.ts';
import { runHere } from '../support/in-process.ts';
import { NotDone } from './account.ts';
import type { Stage } from './stage.ts';

export interface Judged {
  /** Of every landing that changes the policy, oldest first: `endorsed by alice`, `refused no-approval (pushed)`. */
  readonly verdicts: readonly string[];
  readonly waits: readonly string[];
  readonly problems: readonly string[];
  /** In the judge's words. */
  readonly told: readonly string[];
}

export type Judge = (terms: { readonly stage: Stage; readonly folder: string; readonly later: number }) => Promise<Judged>;

interface JudgeDocument {
  readonly head: string | null;
  readonly judged: string | null;
  readonly pending: readonly { readonly code: string }[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

/** @returns what it prints */
type Look = (config: string, at: Date, isLater: boolean) => Promise<string>;

function judgeBy(look: Look): Judge {
  return async ({ stage, folder, later }) => {
    const config = configure(stage, folder);
    const now = stage.house.time.now();
    const first = JSON.parse(await look(config, new Date(now), false)) as JudgeDocument;
    if (first.pending.length === 0) return judgedIn(folder, first);
    return judgedIn(folder, JSON.parse(await look(config, new Date(now + later), true)) as JudgeDocument);
  };
}

/** The command of dist/main.js; `hasOwnTime`: the server's clock is not this machine's. */
export function shippedJudge(hasOwnTime: boolean): Judge {
  return judgeBy(async (config, at, isLater) => {
    const { stdout, stderr, status } = await runMuster(['judge', '--json'], { config, at: hasOwnTime || isLater ? at : undefined });
    if (status === 2 || status === 70 || stdout === '') throw new NotDone(`muster judge ended with ${status}: ${stderr}`);
    return stdout;
  });
}

export const judgeHere: Judge = judgeBy(async (config, at) => (await runHere(['judge', '--json'], { config, at })).stdout);

/** A host's configuration without a directory: nothing is written there. Its files belong to this rehearsal alone. */
function configure({ house: { project }, target, start, reader }: Stage, folder: string): string {
  mkdirSync(join(folder, 'state'), { recursive: true });
  writeFileSync(join(folder, 'token'), `${reader.token ?? ''}\n`, { mode: 0o600 });
  const authority = process.env['NODE_EXTRA_CA_CERTS'];
  const trust = authority === undefined || !reader.server.startsWith('https:') ? [] : [`  ca-file: ${JSON.stringify(authority)}`];
  const lines = [
    'repository:',
    `  url: ${project.gitUrl}`,
    `  branch: ${target}`,
    `  start: ${start}`,
    '  token-file: token',
    ...trust,
    'gitlab:',
    `  url: ${reader.server}`,
    `  project: ${project.path}`,
    '  token-file: token',
    ...trust,
    'state: state',
  ];
  const file = join(folder, 'muster.yaml');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function judgedIn(folder: string, { pending, problems }: JudgeDocument): Judged {
  const records = keptRecords(join(folder, 'state', 'judged'));
  const verdicts = records.flatMap((record) => {
    if (record.type !== 'verdict') return [];
    const { verdict } = record;
    if (verdict.kind === 'endorsed') return [`endorsed by ${verdict.approvedBy?.join(', ') ?? 'nobody'}`];
    const reasons = (verdict.count?.approvals ?? []).flatMap((one) => (one.kind === 'not-counted' ? [one.reason] : []));
    const why = [verdict.unbound, ...reasons].filter((one) => one !== undefined && one !== verdict.code);
    return [`refused ${verdict.code}${why.length > 0 ? ` (${why.join(', ')})` : ''}`];
  });
  const codes = (of: readonly { readonly code: string }[]) => [...new Set(of.map(({ code }) => code))];
  return { verdicts, waits: codes(pending), problems: codes(problems), told: problems.map(({ message }) => message) };
}
