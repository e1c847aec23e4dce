// What a checkup needs to know of this host: files, state folder, rosters, and what systemd tells of the timer (systemctl(1)). Changes nothing.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { freeBytes, isWritable, readingProblem, readMode, writingProblem } from './host-files.ts';
import { readRevocations } from '../revocation/revocations.ts';
import { readPrivateText, readSecret } from '../config/secret-files.ts';
import type { Answer } from './doctor.ts';
import type { ConfigurationFacts, StateFacts } from './doctor-host.ts';
import type { RosterFacts, TimerFacts } from './doctor-runs.ts';
import { inOrder, instant, type Instant } from '../names.ts';
import { judgeRoster } from '../roster/roster.ts';
import type { RosterSource } from '../roster/rosters.ts';
import { makeState, Unavailable } from '../errors.ts';
import { asked } from './asked.ts';
import { standingOf, type HostConfiguration } from '../host.ts';
import type { State } from '../ledger/state.ts';
import { second } from '../time.ts';

const ceilingKeys = ['source', 'members', 'longest', 'additions', 'removals'] as const;
/** Nobody is in by a roster until a day. */
const byRoster: readonly string[] = ['longest'];
/** Judging gives nobody what no approver signed. */
const bySignatures: readonly string[] = ['members', 'longest', 'additions'];

export async function configurationFacts(configuration: HostConfiguration): Promise<ConfigurationFacts> {
  const { file, repository, mode, evidence } = configuration;
  const digest = `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
  return {
    digest,
    start: repository.start,
    file: await readMode(file),
    files: await neededFiles(configuration),
    outputs: await outputs(configuration),
    standing: await asked(() => standingOf(configuration)),
    mode,
    evidence,
    ceilings: [...configuration.directory.groups.keys()].sort(inOrder).map((group) => {
      const ceilings = configuration.directory.ceilings.get(group);
      const source = ceilings?.source;
      const roster = typeof source === 'object' ? source.roster : undefined;
      const isSigned = (configuration.signed.groups.get(group)?.signed ?? 0) > 0;
      const needless = roster !== undefined ? byRoster : isSigned ? bySignatures : [];
      const wanted = ceilingKeys.filter((key) => !needless.includes(key));
      return { group, roster, missing: wanted.filter((key) => ceilings?.[key] === undefined) };
    }),
  };
}

async function neededFiles({ repository, gitlab, directory }: HostConfiguration): Promise<ConfigurationFacts['files']> {
  const { credentials, authoritiesFile } = directory;
  const secrets = [
    repository.tokenFile,
    gitlab?.tokenFile,
    gitlab?.commentTokenFile,
    credentials.kind === 'password' ? credentials.file : undefined,
  ];
  const files = new Map<string, () => Promise<string | undefined>>();
  for (const path of secrets) if (path !== undefined) files.set(path, () => problemWith(() => readSecret(path)));
  if (credentials.kind === 'profile') files.set(credentials.file, () => problemWith(() => readPrivateText(credentials.file)));
  if (authoritiesFile !== undefined) files.set(authoritiesFile, () => readingProblem(authoritiesFile));
  const facts: ConfigurationFacts['files'][number][] = [];
  for (const [path, look] of files) {
    const problem = await look();
    facts.push({ path, isSecret: path !== authoritiesFile, ...(problem !== undefined && { problem }) });
  }
  return facts;
}

async function outputs({ metrics, report }: HostConfiguration): Promise<ConfigurationFacts['outputs']> {
  const facts: ConfigurationFacts['outputs'][number][] = [];
  for (const [key, path] of [
    ['metrics', metrics],
    ['report', report],
  ] as const) {
    if (path === undefined) continue;
    const problem = await writingProblem(path);
    facts.push(problem === undefined ? { key, path } : { key, path, problem });
  }
  return facts;
}

async function problemWith(read: () => Promise<string>): Promise<string | undefined> {
  const answer = await asked(read);
  return answer.kind === 'known' ? undefined : answer.reason;
}

/** Refused where there is no such folder: a run makes none. */
export async function stateFacts(
  { state }: HostConfiguration,
  opened: Answer<State>,
  isActiveHost: boolean,
  now: Instant,
): Promise<Answer<StateFacts>> {
  const folder = await readMode(state);
  if (folder.kind !== 'known')
    return {
      ...folder,
      reason: `the state folder ${folder.reason}: mount it, or restore it from its backup; on a new host, ${makeState(state)}`,
    };
  const ledger: StateFacts['ledger'] =
    opened.kind === 'known' ? { kind: 'known', value: { records: opened.value.memory.records, notes: opened.value.notes } } : opened;
  return {
    kind: 'known',
    value: {
      folder: folder.value,
      inner: await innerFolders(state),
      writable: await isWritable(state),
      freeBytes: await freeBytes(state),
      ledger,
      revocations: await asked(async () => {
        const { revocations, warnings } = await readRevocations(state);
        return { count: revocations.length, warnings };
      }),
      lastRun: opened.kind === 'known' ? opened.value.lastRun : undefined,
      isActive: isActiveHost,
      now,
    },
  };
}

async function innerFolders(state: string): Promise<StateFacts['inner']> {
  const modes = await Promise.all(['revoked', 'rosters'].map((name) => readMode(join(state, name))));
  return modes.flatMap((mode) => (mode.kind === 'known' ? [mode.value] : []));
}

/** None where systemd does not answer. Where judging has no unit of its own, runs start it. */
export async function timerFacts(isActiveHost: boolean, opened: Answer<State>, path: string): Promise<readonly TimerFacts[]> {
  const terms = { isActive: isActiveHost, isNew: opened.kind === 'known' && opened.value.lastRun === undefined };
  const units = ['muster-judge', 'muster'] as const;
  const states = await Promise.all(units.map(async (unit) => ({ unit, state: await readTimer(`${unit}.timer`, `${unit}.service`, path) })));
  return states.flatMap(({ unit, state }) =>
    state && (unit === 'muster' || state.enabled !== 'not-found') ? [{ ...state, ...terms, unit }] : [],
  );
}

export async function rosterFacts(
  sources: ReadonlyMap<string, RosterSource>,
  rosters: HostConfiguration['rosters'],
  now: Instant,
): Promise<RosterFacts> {
  const facts: { roster: RosterFacts['rosters'][number]['roster']; state: RosterFacts['rosters'][number]['state'] }[] = [];
  for (const roster of rosters.keys()) {
    const source = sources.get(roster);
    if (!source) throw new Unavailable('roster', `${roster} has no source`);
    facts.push({ roster, state: judgeRoster(await source.read(), { now, olderThan: source.olderThan, checksum: source.checksum }) });
  }
  return { rosters: facts };
}

interface TimerState {
  /** As in systemctl(1), is-enabled: `enabled`, `disabled`, `not-found`, … */
  readonly enabled: string;
  readonly active: string;
  readonly last: { readonly result: string; readonly status: number; readonly at: Instant } | undefined;
}

/** `path` as in PATH. Undefined where systemd does not run, or does not answer within ten seconds. */
export async function readTimer(timer: string, service: string, path: string): Promise<TimerState | undefined> {
  const [unit, run] = await Promise.all([
    show(timer, ['LoadState', 'UnitFileState', 'ActiveState'], path),
    show(service, ['Result', 'ExecMainStatus', 'ExecMainExitTimestamp'], path),
  ]);
  if (!unit || !run) return undefined;
  const isThere = unit.get('LoadState') === 'loaded';
  const enabled = isThere ? unit.get('UnitFileState') || 'not enabled' : 'not-found';
  // `--timestamp=unix`: `@` and seconds; empty before the first time.
  const endedAt = /^@(\d+)$/.exec(run.get('ExecMainExitTimestamp') ?? '')?.[1];
  const status = Number(run.get('ExecMainStatus') ?? 0);
  const result = run.get('Result') ?? '';
  return {
    enabled,
    active: unit.get('ActiveState') ?? 'unknown',
    last: endedAt === undefined || Number(endedAt) === 0 ? undefined : { result, status, at: instant(Number(endedAt) * second) },
  };
}

async function show(unit: string, properties: readonly string[], path: string): Promise<ReadonlyMap<string, string> | undefined> {
  const output = await systemctl(['show', '--timestamp=unix', `--property=${properties.join(',')}`, '--', unit], path);
  if (output === undefined) return undefined;
  return new Map(
    output.split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function systemctl(args: readonly string[], path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('systemctl', args, { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: path, LC_ALL: 'C' }, timeout: 10 * second });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 10_000) output += text;
    });
    child.once('error', () => resolve(undefined));
    child.once('close', (status) => resolve(status === 0 ? output : undefined));
  });
}
