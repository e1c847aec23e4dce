// What a checkup needs to know of this host: files, state folder, rosters, and what systemd tells of the timer (systemctl(1)). Changes nothing.
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freeIn } from '../chain/reserve.ts';
import { readPrivateText, readSecret } from '../config/secret-files.ts';
import { sha256 } from '../digest.ts';
import { errnoOf, makeState } from '../errors.ts';
import { standingOf, type HostConfiguration } from '../host.ts';
import type { State } from '../ledger/state.ts';
import { inOrder, instant, type Instant, type RosterName } from '../names.ts';
import { readRevocations } from '../revocation/revocations.ts';
import { judgeRoster } from '../roster/roster.ts';
import type { RosterSource } from '../roster/rosters.ts';
import { second } from '../time.ts';
import { asked } from './asked.ts';
import type { ConfigurationFacts, PathMode, StateFacts } from './doctor-host.ts';
import type { RosterFacts, TimerFacts } from './doctor-runs.ts';
import { known, type Answer } from './doctor.ts';

const ceilingKeys = ['source', 'members', 'longest', 'additions', 'removals'] as const;
/** Nobody is in by a roster until a day. */
const byRoster: readonly string[] = ['longest'];
/** Judging gives nobody what no approver signed. */
const bySignatures: readonly string[] = ['members', 'longest', 'additions'];

export async function configurationFacts(configuration: HostConfiguration): Promise<ConfigurationFacts> {
  const { file, repository, mode, evidence } = configuration;
  return {
    digest: sha256(readFileSync(file)),
    start: repository.start,
    file: readMode(file),
    files: await neededFiles(configuration),
    outputs: outputs(configuration),
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
  const facts: ConfigurationFacts['files'][number][] = [];
  const look = async (path: string, problem: Promise<string | undefined>, isSecret = true) =>
    void facts.push({ path, isSecret, problem: await problem });
  for (const path of new Set(secrets)) if (path !== undefined) await look(path, problemWith(readSecret(path)));
  if (credentials.kind === 'profile') await look(credentials.file, problemWith(readPrivateText(credentials.file)));
  if (authoritiesFile !== undefined) await look(authoritiesFile, Promise.resolve(readingProblem(authoritiesFile)), false);
  return facts;
}

function outputs({ metrics, report }: HostConfiguration): ConfigurationFacts['outputs'] {
  return [
    ...(metrics === undefined ? [] : [{ key: 'metrics' as const, path: metrics, problem: writingProblem(metrics) }]),
    ...(report === undefined ? [] : [{ key: 'report' as const, path: report, problem: writingProblem(report) }]),
  ];
}

async function problemWith(reading: Promise<string>): Promise<string | undefined> {
  const answer = await asked(() => reading);
  return answer.kind === 'known' ? undefined : answer.reason;
}

/** Refused where there is no such folder: a run makes none. */
export async function stateFacts(
  { state }: HostConfiguration,
  opened: Answer<State>,
  isActiveHost: boolean,
  now: Instant,
): Promise<Answer<StateFacts>> {
  const folder = readMode(state);
  if (folder.kind !== 'known')
    return {
      ...folder,
      reason: `the state folder ${folder.reason}: mount it, or restore it from its backup; on a new host, ${makeState(state)}`,
    };
  const inner = ['revoked', 'rosters'].map((name) => readMode(join(state, name)));
  return known({
    folder: folder.value,
    inner: inner.flatMap((mode) => (mode.kind === 'known' ? [mode.value] : [])),
    writable: isWritable(state),
    freeBytes: freeIn(state),
    ledger: opened.kind === 'known' ? known({ records: opened.value.memory.records, notes: opened.value.notes }) : opened,
    revocations: await asked(async () => {
      const { revocations, warnings } = await readRevocations(state);
      return { count: revocations.length, warnings };
    }),
    lastRun: opened.kind === 'known' ? opened.value.lastRun : undefined,
    isActive: isActiveHost,
    now,
  });
}

/** stat(2), links followed. Refused: it is not there, or this account may not look. */
export function readMode(path: string): Answer<PathMode> {
  try {
    const found = statSync(path);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
    return known({ path, kind, mode: found.mode & 0o7777, owner: found.uid });
  } catch (error) {
    return { kind: 'refused', reason: `${path} cannot be looked at (${errnoOf(error)})` };
  }
}

/** access(2), for this process. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined: this account may read it; otherwise what is wrong, in words. */
export function readingProblem(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return `${path} cannot be read (${errnoOf(error)})`;
  }
}

/** Undefined: this account may put the file in place of the one that is there; otherwise what is wrong, in words. */
function writingProblem(path: string): string | undefined {
  const folder = readMode(dirname(path));
  if (folder.kind !== 'known' || folder.value.kind !== 'folder') return `${dirname(path)} is not there, or no folder`;
  const there = readMode(path);
  if (there.kind === 'known' && there.value.kind !== 'file') return `${path} is no file`;
  return isWritable(dirname(path)) ? undefined : `this account may not write in ${dirname(path)}`;
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

export async function rosterFacts(sources: ReadonlyMap<RosterName, RosterSource>, now: Instant): Promise<RosterFacts> {
  const rosters: RosterFacts['rosters'][number][] = [];
  for (const [roster, source] of sources) rosters.push({ roster, state: judgeRoster(await source.read(), { ...source, now }) });
  return { rosters };
}

type TimerState = Pick<TimerFacts, 'enabled' | 'active' | 'last'>;

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
  const options = { env: { PATH: path, LC_ALL: 'C' }, timeout: 10 * second };
  return new Promise((resolve) => {
    execFile('systemctl', args, options, (error, output) => resolve(error ? undefined : output));
  });
}
