// `npm run rehearse`: plays the scenes on a real GitLab, in an empty project made for it, and says whether that server is as the code assumes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NotDone } from './account.ts';
import { openHouse, type OpenHouse } from './house.ts';
import { shippedJudge } from './judges.ts';
import { renderFixture, renderJunit, renderOutcome, renderSummary, withServer, type Rehearsed } from './outcomes.ts';
import { playAll, type Outcome } from './play.ts';
import { scenes } from './scenes.ts';

const usage = `Usage: npm run rehearse -- --url URL --project PATH --token-file FILE [options]

Plays some forty scenes on a GitLab: approves, pushes, merges, reverts. It says
of each whether the server answered as muster assumes, and whether
"muster judge" judged as it must. It takes about a quarter of an hour.

It needs
  --url URL                   of the server: https, or http on this machine
  --project PATH              an empty project, made for this alone; any other
                              is refused. Delete it when you are done
  --token-file FILE           a token with the scope api of an account that owns
                              the project
  --second-token-file FILE    the same of another account, who approves. Without
                              it few scenes can be played
  --admin-token-file FILE     of an administrator of a server for trials: for
                              the scenes in which accounts are made, blocked,
                              renamed and deleted

Options
  --only WORDS                the scenes whose name has these words
  --side-by-side N            so many at a time (default: 6)
  --junit FILE                writes the result for CI
  --fixtures DIR              writes the raw answers, without tokens, mail
                              addresses and names

Where the server has a private CA, name it in NODE_EXTRA_CA_CERTS.
Statuses: 0 as assumed, 1 not as assumed, 2 misuse or not begun, 130 stopped.
`;

interface Told {
  readonly url: string;
  readonly project: string;
  readonly token: string;
  readonly secondToken: string | undefined;
  readonly adminToken: string | undefined;
  readonly only: string;
  readonly sideBySide: number;
  readonly junit: string | undefined;
  readonly fixtures: string | undefined;
}

const text = { type: 'string' } as const;
const known = {
  ...{ url: text, project: text, only: text, junit: text, fixtures: text, help: { type: 'boolean' } as const, 'side-by-side': text },
  ...{ 'token-file': text, 'second-token-file': text, 'admin-token-file': text },
};

function read(args: readonly string[]): Told | undefined {
  const { values } = parseArgs({ args: [...args], options: known, allowPositionals: false });
  const { url, project, 'token-file': file } = values;
  if (values.help === true || args.length === 0) return undefined;
  const missing = Object.entries({ '--url': url, '--project': project, '--token-file': file }).filter(([, given]) => given === undefined);
  if (missing.length > 0) throw new NotDone(`${missing.map(([name]) => name).join(' and ')} must be given`);
  const tokenIn = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, 'utf8').replace(/\n$/, ''));
  const sideBySide = Number(values['side-by-side'] ?? 6);
  if (!Number.isInteger(sideBySide) || sideBySide < 1) throw new NotDone('--side-by-side must be a number');
  return {
    ...{ url: url ?? '', project: project ?? '', token: tokenIn(file) ?? '', sideBySide },
    ...{ secondToken: tokenIn(values['second-token-file']), adminToken: tokenIn(values['admin-token-file']) },
    ...{ only: values.only ?? '', junit: values.junit, fixtures: values.fixtures },
  };
}

async function rehearse(told: Told): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  // It holds a token.
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = (milliseconds: number) =>
    wait(milliseconds, undefined, { signal }).catch(() => {
      throw new NotDone('stopped');
    });
  let open: OpenHouse | undefined;
  const stop = (): void => {
    if (signal.aborted) process.exit(130);
    stopping.abort();
    process.stderr.write('What was made is taken away; once more, and it stays until the next rehearsal in this project.\n');
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    open = await openHouse({ server: told.url, ...told }, { time: { now: Date.now, pause }, judge: shippedJudge(false), folder });
    const chosen = scenes.filter(({ name }) => name.includes(told.only));
    const print = (outcome: Outcome) => void process.stdout.write(renderOutcome(outcome));
    const outcomes = await playAll(chosen, open.house, { sideBySide: told.sideBySide, told: print, goOn: () => !signal.aborted });
    keep(told, open, outcomes);
    process.stdout.write(`${renderSummary(open.version, outcomes)}\n`);
    if (signal.aborted) return 130;
    const isAsAssumed =
      outcomes.some(({ kind }) => kind === 'as-assumed') && outcomes.every(({ kind }) => kind === 'as-assumed' || kind === 'skipped');
    if (isAsAssumed && outcomes.length === scenes.length && open.house.second) extend(open);
    return isAsAssumed ? 0 : 1;
  } finally {
    await open?.clean();
  }
}

function keep({ junit, fixtures, url, ...rest }: Told, { version, house }: OpenHouse, outcomes: readonly Outcome[]): void {
  if (junit !== undefined) writeFileSync(junit, renderJunit(version, outcomes));
  if (fixtures === undefined) return;
  mkdirSync(fixtures, { recursive: true });
  const tokens = [rest.token, rest.secondToken, rest.adminToken].filter((token) => token !== undefined);
  const usernames = [house.first, house.second, house.admin].flatMap((account) => account?.username ?? []);
  const secrets = { server: url.replace(/\/+$/, ''), projectPath: house.project.path, usernames, tokens };
  for (const outcome of outcomes)
    writeFileSync(join(fixtures, `${outcome.scene.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`), renderFixture(outcome, secrets));
}

const rehearsedFile = fileURLToPath(new URL('../../src/doctor/rehearsed.json', import.meta.url));

/** What `doctor` knows of: the versions on which everything that could be played was as assumed. */
function extend({ version }: OpenHouse): void {
  const rehearsed = JSON.parse(readFileSync(rehearsedFile, 'utf8')) as Rehearsed;
  if (rehearsed.servers.includes(version)) return;
  writeFileSync(rehearsedFile, `${JSON.stringify(withServer(rehearsed, version), null, 2)}\n`);
  process.stdout.write(
    `${version} is written into src/doctor/rehearsed.json: commit it, and "muster doctor" knows that it was rehearsed.\n`,
  );
}

try {
  const told = read(process.argv.slice(2));
  if (told) process.exitCode = await rehearse(told);
  else process.stdout.write(usage);
  if (!told && process.argv.length === 2) process.exitCode = 2;
} catch (error) {
  const words = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  process.stderr.write(`rehearse: ${words}${cause}\n"npm run rehearse" without options says what it needs.\n`);
  process.exitCode = 2;
}
