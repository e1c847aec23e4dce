// What `plan` and `reconcile` print, and the report of a run that could not be made.
import type { Invocation } from '../cli.ts';
import type { Printed } from '../command.ts';
import { inOrder } from '../names.ts';
import { problemOf } from '../problems.ts';
import type { Status } from '../status.ts';
import type { Caller, HostConfiguration } from '../host.ts';
import { renderRunJson } from './run-json.ts';
import { renderRunText } from './run-text.ts';
import type { RunReport } from './run.ts';

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
