// `muster reconcile`: judging as a limited child, then the run, and what it leaves for others: metrics, the page, roster statuses.
import { accessSync, constants, rmSync } from 'node:fs';
import type { Invocation } from '../cli.ts';
import { configurationOf, type Printed } from '../command.ts';
import { isBehind } from '../kept-files.ts';
import { errnoOf, Misuse, problemOf, type Problem } from '../errors.ts';
import type { DirectoryPerson } from '../directory/directory.ts';
import { ledgerIn } from '../chain/open.ts';
import { headsOf, type WritableState } from '../ledger/state.ts';
import { inOrder, type Uid } from '../names.ts';
import { keepStanding, type PersonPresence } from '../record/standing.ts';
import { publishRosterStatuses, rosterStatusIn } from '../roster/publish-roster-status.ts';
import { exitStatus, statusOf, type Status } from '../status.ts';
import { grantReaches, runStatus, type RunReport } from './run.ts';
import { goOnAsOwner, readOutputs, standingOf, surveySettings, type Caller, type HostConfiguration } from '../host.ts';
import { withHostToWrite } from './state-to-write.ts';
import type { RunPorts } from './ports.ts';
import { nothingRead, printed, reportOf, stopped } from './run-report.ts';
import { renderRunJson } from './run-json.ts';
import { keepEnd, runEnd } from './run-end.ts';
import { reconcile } from './reconcile.ts';
import type { Sources } from './survey.ts';

/** Who watches a timer reads metrics, and not what the run printed. */
export async function runReconcile(invocation: Invocation, caller: Caller): Promise<Printed> {
  try {
    return await reconciled(invocation, caller);
  } catch (error) {
    if (error instanceof Misuse) await tellMisuse(invocation, caller);
    throw error;
  }
}

async function tellMisuse({ options }: Invocation, caller: Caller): Promise<void> {
  try {
    const { metrics, state } = readOutputs(options['config'], caller);
    if (metrics === undefined) return;
    await goOnAsOwner({ state }, caller);
    await (await import('./export-metrics.ts')).exportMisuse(metrics, state, caller);
  } catch (error) {
    // No file to read, or no way to go on as its owner: that is the misuse, and it is told.
    if (!(error instanceof Misuse)) throw error;
  }
}

async function reconciled(invocation: Invocation, caller: Caller): Promise<Printed> {
  // The moment by which the run decides: however long judging takes, a later run is later.
  const [startedAt, boot] = [caller.now(), caller.boot()];
  const configuration = await configurationOf(invocation, caller);
  const { state: standing, why } = await standingOf(configuration);
  // Before this process may become another account: judging becomes its own. Whoever goes on as another one has done that already.
  const toldBefore = standing === 'active' && invocation.options['judged'] !== true ? await judgeBefore(configuration, caller) : [];
  await goOnAsOwner(configuration, caller, ['--judged']);
  if (standing === 'standby') return standby(why, configuration, invocation, caller);
  const atStart = { ...caller, now: () => startedAt, boot: () => boot };
  const { report, memory, heads, changed, notes } = await withHostToWrite(configuration, atStart, async (ports, state) => {
    const recorded = state.memory.records;
    const settings = surveySettings(configuration);
    const { survey: seen, groups, problems, clockTrusted } = await reconcile(ports, settings, configuration.mode);
    const found = reportOf(seen, settings, configuration);
    const made = { command: 'reconcile', ...found, groups, problems: [...toldBefore, ...problems] } as const;
    const report = clockTrusted ? await keepTime(made, state, ports.sources) : made;
    await leaveStanding(report, state, ports.openToRead, caller);
    const [changed, notes] = [state.memory.records > recorded, recorded === 0 ? [newLedger] : []];
    return { report, memory: state.memory, heads: headsOf(state), changed, notes };
  }).catch((error: unknown) => ({
    ...{ report: stopped('reconcile', configuration, error, caller), memory: undefined, heads: undefined, changed: false },
    notes: [],
  }));
  const status = runStatus(report, false);
  leaveEnd(report, status, configuration, caller);
  if (configuration.metrics !== undefined) {
    const { exportMetrics } = await import('./export-metrics.ts');
    await exportMetrics(
      configuration.metrics,
      configuration,
      { report, status, memory, heads, duration: caller.now() - startedAt },
      caller,
    );
  }
  publishRosterStatuses(configuration.state, report, caller);
  // Also one that an earlier run could not write, or that tells nothing yet of what was done by hand since.
  if (
    configuration.report !== undefined &&
    report.policy &&
    memory &&
    (changed || isBehind(configuration.report, ledgerIn(configuration.state)))
  ) {
    const { publishPage } = await import('../report/page.ts');
    await publishPage(configuration.report, report.policy, configuration, caller);
  }
  return printed(report, status, invocation, 'active', notes);
}

/** For the notes that judging writes: whatever cannot be left is told there as unknown. */
async function leaveStanding(
  { policy, groups, mode, open }: RunReport,
  state: WritableState,
  openToRead: RunPorts['openToRead'],
  { warn }: Caller,
): Promise<void> {
  if (!policy || mode !== 'enforce') return;
  const people = await presences(new Set(open.map(({ uid }) => uid)), openToRead);
  try {
    keepStanding(state.folder, grantReaches(policy.grants, groups, state.memory), people);
  } catch (error) {
    warn(`how far grants have come could not be left for the notes on merge requests (${errnoOf(error)})`);
  }
}

/** People of open merge requests, as far as the directory answers: one that does not was told of already. */
async function presences(uids: ReadonlySet<Uid>, openToRead: RunPorts['openToRead']): Promise<readonly PersonPresence[]> {
  if (uids.size === 0) return [];
  try {
    const people = await (await openToRead()).people([...uids]);
    return [...uids].sort(inOrder).map((uid) => ({ uid, is: presenceOf(people.get(uid)) }));
  } catch (error) {
    problemOf(error, 'directory');
    return [];
  }
}

function presenceOf(found: DirectoryPerson | 'ambiguous' | undefined): PersonPresence['is'] {
  if (!found) return 'unknown-person';
  if (found === 'ambiguous') return 'ambiguous-person';
  return found.locked ? 'locked' : 'known';
}

/** For `muster status`: it shows that the file is an old one. */
function leaveEnd(report: RunReport, status: Status, { state }: HostConfiguration, { pid, warn }: Caller): void {
  try {
    keepEnd(state, runEnd(report, status), pid);
  } catch (error) {
    warn(`how this run ended could not be left for "muster status" (${errnoOf(error)})`);
  }
}

/** Milliseconds that a run waits for judging, which goes on by itself. */
const longestWait = 60_000;

/** What keeps judging from beginning is told by judging itself. */
async function judgeBefore({ file, judged }: HostConfiguration, caller: Caller): Promise<readonly Problem[]> {
  if (isOfAnother(judged)) return [];
  caller.progress('judging');
  const ended = await caller.startAnother(['judge', '--config', file], longestWait);
  if (ended === 'goes-on') caller.warn('judging takes longer than a minute and goes on by itself; this run takes what is there');
  if (ended !== exitStatus.misuse) return [];
  return [
    { status: 'misuse', code: 'judging-misuse', message: 'judging could not begin: what is wrong with the configuration is told above' },
  ];
}

/** Root may write everywhere, and has judging become the owner of its folder; any other account that may not write there takes what is there. */
function isOfAnother(judged: string): boolean {
  try {
    accessSync(judged, constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EACCES';
  }
}

const newLedger =
  'new ledger: nothing is known of earlier runs or of revocations. If this host ran before, restore the state folder from its backup.';

/** The high-water mark of time. By now groups may have been written: what cannot be kept is a problem of the run, not the end of it. */
async function keepTime(report: RunReport, state: WritableState, { now, boot }: Sources): Promise<RunReport> {
  try {
    await state.keepTime(now, boot);
    return report;
  } catch (error) {
    return { ...report, problems: [...report.problems, problemOf(error, 'state')] };
  }
}

/** It is silent: what it said while it was active would look alive. */
async function standby(why: string, configuration: HostConfiguration, { options }: Invocation, caller: Caller): Promise<Printed> {
  if (configuration.metrics !== undefined) {
    const { exportStandby } = await import('./export-metrics.ts');
    await exportStandby(configuration.metrics, caller);
  }
  if (configuration.report !== undefined) withdraw(configuration.report, caller);
  withdraw(rosterStatusIn(configuration.state), caller);
  const status = statusOf([]);
  const report = { ...nothingRead('reconcile', configuration, caller), groups: [], problems: [] };
  if (options['json'] === true) return { text: renderRunJson(report, status, 'standby'), status };
  return { text: `This host is the standby, for ${why}: it looks at nothing and changes nothing.\n`, status };
}

function withdraw(path: string, { warn }: Caller): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    warn(`${path} is of the time when this host was active, and could not be taken away (${errnoOf(error)}). Remove it by hand`);
  }
}
