// `muster plan`: the survey, and nothing after it.
import { rulesAtStart } from '../judge/starting.ts';
import type { Invocation } from '../cli.ts';
import { hostConfiguration, type Printed } from '../command.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { standingOf, surveySettings, type Caller, type HostConfiguration } from '../host.ts';
import { plan, printed, stopped } from '../reconcile/run-report.ts';
import { runStatus, type RunReport } from '../reconcile/run.ts';
import { withHostToRead } from './host-to-read.ts';

export async function runPlan(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const report = await planned(configuration, caller).catch((error: unknown) => stopped('plan', configuration, error, caller));
  const { state } = await standingOf(configuration);
  return printed(report, runStatus(report, invocation.options['exitCode'] === true), invocation, state);
}

async function planned(configuration: HostConfiguration, caller: Caller): Promise<RunReport> {
  caller.progress('reading');
  return withHostToRead(configuration, caller, async ({ sources, directory }, _, branch) => {
    const report = await plan(sources, surveySettings(configuration), directory.openToRead, configuration);
    const { start, folder } = configuration.repository;
    const rules = await rulesAtStart(branch, start, folder).catch(missing);
    return rules === undefined ? report : { ...report, rules };
  });
}

/** Where the start cannot be read, the report says why. */
function missing(error: unknown): undefined {
  if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
  return undefined;
}
