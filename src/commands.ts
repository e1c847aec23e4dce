// From an invocation to what is printed: every command gets just what it needs.
import { rmSync } from 'node:fs';
import { isBehind } from './doctor/host-files.ts';
import { ledgerIn } from './ledger/open.ts';
import { allow } from './reconcile/allow.ts';
import { plan } from './reconcile/preview.ts';
import { runReconcile as runReconcileCommand } from './reconcile/run-reconcile.ts';
import { namesCommit, refuse, writeRefusedByHand } from './judge/refuse.ts';
import { grantReaches } from './reconcile/grant-reaches.ts';
import { keepStanding } from './record/standing.ts';
import { renderRunJson } from './reconcile/run-json.ts';
import { renderRunText } from './reconcile/run-text.ts';
import { survey, type Sources } from './reconcile/survey.ts';
import { publishRosterStatuses, rosterStatusIn } from './roster/publish-roster-status.ts';
import type { Invocation } from './cli.ts';
import { steadyNow } from './membership/clock.ts';
import { inOrder, parseGroupName } from './names.ts';
import { runStatus, type RunReport } from './reconcile/run.ts';
import { exitStatus, statusOf, type Status } from './status.ts';
import { errnoOf, Misuse } from './errors.ts';
import { problemOf, type Problem } from './problems.ts';
import {
  goOnAsOwner,
  forHost,
  readConfiguration,
  readOutputs,
  refuseOnStandby,
  withHostToRead,
  standingOf,
  withHostToWrite,
  type HostConfiguration,
  type Caller,
} from './reconcile/host.ts';
import { surveySettings } from './reconcile/sources.ts';
import type { WritableState } from './ledger/state.ts';

export interface Printed {
  readonly text: string;
  readonly status: Status;
}

type Run = (invocation: Invocation, caller: Caller) => Promise<Printed>;

const commands: Readonly<Record<string, Run>> = {
  check: async (invocation, caller) => (await import('./check/check-command.ts')).runCheck(invocation, caller),
  plan: runPlan,
  reconcile: runReconcile,
  judge: async (invocation, caller) => (await import('./judge/judge-command.ts')).runJudge(invocation, caller),
  explain: async (invocation, caller) => (await import('./explain/explain-command.ts')).runExplain(invocation, caller),
  report: async (invocation, caller) => (await import('./report/report-command.ts')).runReport(invocation, caller),
  allow: runAllow,
  refuse: runRefuse,
  revoke: async (invocation, caller) => (await import('./revocation/revoke-command.ts')).runRevoke(invocation, caller),
  lift: async (invocation, caller) => (await import('./revocation/revoke-command.ts')).runLift(invocation, caller),
  review: async (invocation, caller) => (await import('./review/review-command.ts')).runReview(invocation, caller),
  request: async (invocation, caller) => (await import('./request/request-command.ts')).runRequest(invocation, caller),
  doctor: async (invocation, caller) => (await import('./doctor/doctor-command.ts')).runDoctor(invocation, caller),
  adopt: async (invocation, caller) => (await import('./adopt/adopt-command.ts')).runAdopt(invocation, caller),
};

export function run(invocation: Invocation, caller: Caller): Promise<Printed> {
  const command = commands[invocation.command];
  if (!command) throw new Misuse(`there is no command "${invocation.command}"`);
  return command(invocation, caller);
}

export async function hostConfiguration(invocation: Invocation, caller: Caller): Promise<HostConfiguration> {
  const configuration = await configurationOf(invocation, caller);
  await goOnAsOwner(configuration, caller);
  return configuration;
}

/** As whoever typed the command. */
export async function configurationOf({ options }: Invocation, caller: Caller): Promise<HostConfiguration> {
  return forHost(await readConfiguration(typeof options['config'] === 'string' ? options['config'] : undefined, caller));
}

async function runPlan(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const report = await planned(configuration, caller).catch((error: unknown) => stopped('plan', configuration, error, caller));
  const { state } = await standingOf(configuration);
  return printed(report, runStatus(report, invocation.options['exitCode'] === true), invocation, state);
}

async function planned(configuration: HostConfiguration, caller: Caller): Promise<RunReport> {
  caller.progress('reading');
  return withHostToRead(configuration, caller, ({ sources, directory }) =>
    plan(sources, surveySettings(configuration), directory.openToRead, configuration),
  );
}

async function printed(
  report: RunReport,
  status: Status,
  { options }: Invocation,
  state: 'active' | 'standby' = 'active',
  notes: readonly string[] = [],
): Promise<Printed> {
  if (options['json'] === true) return { text: renderRunJson(report, status, state), status };
  return { text: renderRunText(report, status, notes), status };
}

/** Who watches a timer reads metrics, and not what the run printed. */
async function runReconcile(invocation: Invocation, caller: Caller): Promise<Printed> {
  try {
    return await reconciled(invocation, caller);
  } catch (error) {
    if (error instanceof Misuse) await tellMisuse(invocation, caller);
    throw error;
  }
}

async function tellMisuse({ options }: Invocation, caller: Caller): Promise<void> {
  try {
    const { metrics, state } = readOutputs(typeof options['config'] === 'string' ? options['config'] : undefined, caller);
    if (metrics === undefined) return;
    await goOnAsOwner({ state }, caller);
    await (await import('./reconcile/export-metrics.ts')).exportMisuse(metrics, state, caller);
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
  const { report, memory, changed, notes } = await withHostToWrite(configuration, atStart, async (ports, state) => {
    const recorded = state.memory.records;
    const outcome = await runReconcileCommand(ports, surveySettings(configuration), configuration);
    const made = { ...outcome.report, problems: [...toldBefore, ...outcome.report.problems] };
    const report = outcome.clockTrusted ? await keepTime(made, state, ports.sources) : made;
    leaveStanding(report, state, caller);
    return { report, memory: state.memory, changed: state.memory.records > recorded, notes: recorded === 0 ? [newLedger] : [] };
  }).catch((error: unknown) => ({
    ...{ report: stopped('reconcile', configuration, error, caller), memory: undefined, changed: false },
    notes: [],
  }));
  const status = runStatus(report, false);
  if (configuration.metrics !== undefined) {
    const { exportMetrics } = await import('./reconcile/export-metrics.ts');
    await exportMetrics(configuration.metrics, configuration, { report, status, memory, duration: caller.now() - startedAt }, caller);
  }
  if (report.rosters.length > 0) {
    publishRosterStatuses(configuration.state, report, caller);
  }
  // Also one that an earlier run could not write, or that tells nothing yet of what was done by hand since.
  if (configuration.report !== undefined && memory && (changed || isBehind(configuration.report, ledgerIn(configuration.state)))) {
    const { publishPage } = await import('./report/report-command.ts');
    await publishPage(configuration.report, configuration, caller);
  }
  return printed(report, status, invocation, 'active', notes);
}

/** For the notes that judging writes: whatever cannot be left is told there as unknown. */
function leaveStanding({ policy, groups, mode }: RunReport, state: WritableState, { warn }: Caller): void {
  if (!policy || mode !== 'enforce') return;
  try {
    keepStanding(state.folder, grantReaches(policy.grants, groups, state));
  } catch (error) {
    warn(`how far grants have come could not be left for the notes on merge requests (${errnoOf(error)})`);
  }
}

/** Milliseconds that a run waits for judging, which goes on by itself. */
const longestWait = 60_000;

/** What keeps judging from beginning is told by judging itself. */
async function judgeBefore({ file }: HostConfiguration, caller: Caller): Promise<readonly Problem[]> {
  caller.progress('judging');
  const ended = await caller.startAnother(['judge', '--config', file], longestWait);
  if (ended === 'goes-on') caller.warn('judging takes longer than a minute and goes on by itself; this run takes what is there');
  if (ended !== exitStatus.misuse) return [];
  return [
    { status: 'misuse', code: 'judging-misuse', message: 'judging could not begin: what is wrong with the configuration is told above' },
  ];
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

/** A run that could not begin or go on: every group is as it was, and the report says what kept it from running. */
function stopped(command: RunReport['command'], configuration: HostConfiguration, error: unknown, caller: Caller): RunReport {
  const problem = problemOf(error, 'run');
  const groups = [...configuration.directory.groups].map(([group, dn]) => {
    const proposal = {
      kind: 'frozen',
      group,
      dn,
      status: problem.status,
      message: 'the run could not be made; the group is as it was',
    } as const;
    return { proposal, outcome: 'none', members: undefined, status: proposal.status, message: proposal.message } as const;
  });
  groups.sort((left, right) => inOrder(left.proposal.group, right.proposal.group));
  return { ...nothingRead(command, configuration, caller), groups, problems: [problem] };
}

function nothingRead(
  command: RunReport['command'],
  { mode, evidence, repository }: HostConfiguration,
  caller: Caller,
): Omit<RunReport, 'groups' | 'problems'> {
  const unknown = { head: undefined, policy: undefined, tokens: [], rosters: [], claims: [], clock: { kind: 'sound' } as const };
  return { command, at: caller.now(), mode, evidence, start: repository.start, ...unknown };
}

/** It is silent: what it said while it was active would look alive. */
async function standby(why: string, configuration: HostConfiguration, { options }: Invocation, caller: Caller): Promise<Printed> {
  if (configuration.metrics !== undefined) {
    const { exportStandby } = await import('./reconcile/export-metrics.ts');
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

async function runAllow({ operands: [group = '', digest = ''], options, ...rest }: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration({ options, operands: [], ...rest }, caller);
  const name = parseGroupName(group);
  if (!name || !configuration.directory.groups.has(name)) {
    throw new Misuse(
      `"${group}" is not a group of this host; its groups: ${[...configuration.directory.groups.keys()].sort(inOrder).join(', ')}`,
    );
  }
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Misuse('a digest looks like "sha256:" and 64 hex digits; "muster plan" prints it');
  const reason = reasonOf(options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async (ports) => {
    const propose = async () => (await survey(ports.sources, surveySettings(configuration), ports.openToRead)).groups;
    // By the time the next run will judge by, should this clock be behind: or what is allowed would count as over before it began.
    const now = steadyNow(ports.sources.now, ports.sources.lastRun);
    const { kind, message } = await allow(name, digest, reason, ports.memory, ports.journal, now, caller.typedBy(), propose);
    return { text: `${message}\n`, status: statusOf(kind === 'allowed' ? [] : ['findings']) };
  });
}

export function reasonOf(options: Invocation['options']): string {
  const reason = String(options['reason'] ?? '').trim();
  // Help and messages show "…" for what only a person can say.
  if (!/[\p{L}\p{N}]/u.test(reason)) throw new Misuse('--reason must say why, in words: it is kept in the record');
  return reason;
}

async function runRefuse(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const [named = ''] = invocation.operands;
  if (!namesCommit(named)) throw new Misuse('a commit is named by its 40 hex digits, or the first twelve that "muster plan" prints');
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async ({ sources, memory, journal }) => {
    const { kind, message } = await refuse(named, memory.judged.firstSeen.keys(), async (commit) => {
      writeRefusedByHand(configuration.state, { commit, at: sources.now, reason });
      await journal.append([{ type: 'refuse', at: sources.now, commit, reason, by: caller.typedBy() }]);
    });
    return { text: `${message}\n`, status: statusOf(kind === 'refused' ? [] : ['findings']) };
  });
}
