// The report of a run: of `muster plan`, which makes the same survey as reconcile and nothing after it, of reconcile, and of one that could not
// be made; and how it is printed.
import type { Invocation } from '../cli.ts';
import type { Printed } from '../command.ts';
import { inOrder } from '../names.ts';
import { problemOf } from '../errors.ts';
import type { Status } from '../status.ts';
import type { Caller, HostConfiguration } from '../host.ts';
import { renderRunJson } from './run-json.ts';
import { renderRunText } from './run-text.ts';
import { asProposed, type RunReport } from './run.ts';
import { survey, type OpenDirectory, type Sources, type Survey, type SurveySettings } from './survey.ts';

type ReportFrame = Pick<RunReport, 'mode' | 'evidence'>;

export async function plan(
  sources: Sources,
  settings: SurveySettings,
  openDirectory: OpenDirectory,
  frame: ReportFrame,
): Promise<RunReport> {
  const seen = await survey(sources, settings, openDirectory);
  return { command: 'plan', ...reportOf(seen, settings, frame), groups: seen.groups.map(asProposed), problems: seen.problems };
}

export function reportOf(
  seen: Survey,
  settings: SurveySettings,
  { mode, evidence }: ReportFrame,
): Omit<RunReport, 'command' | 'groups' | 'problems'> {
  const { now, judged, clock, rosters, claims } = seen;
  const { head, policy, tokens, open } = judged;
  return { at: now, mode, evidence, start: settings.start, head, policy, tokens, open, clock, rosters, claims };
}

export async function printed(
  report: RunReport,
  status: Status,
  { options }: Invocation,
  state: 'active' | 'standby' = 'active',
  notes: readonly string[] = [],
): Promise<Printed> {
  if (options['json'] === true) return { text: renderRunJson(report, status, state), status };
  return { text: renderRunText(report, status, notes), status };
}

/** A run that could not begin or go on: every group is as it was, and the report says what kept it from running. */
export function stopped(command: RunReport['command'], configuration: HostConfiguration, error: unknown, caller: Caller): RunReport {
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

export function nothingRead(
  command: RunReport['command'],
  { mode, evidence, repository }: HostConfiguration,
  caller: Caller,
): Omit<RunReport, 'groups' | 'problems'> {
  const unknown = { head: undefined, policy: undefined, tokens: [], open: [], rosters: [], claims: [], clock: { kind: 'sound' } as const };
  return { command, at: caller.now(), mode, evidence, start: repository.start, ...unknown };
}
