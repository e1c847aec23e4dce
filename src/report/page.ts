// The page that a run leaves, from the ledger and from what judging saw last.
import { createHash } from 'node:crypto';
import type { Configuration } from '../config/configuration.ts';
import { Unavailable, Unusable, unwritten } from '../errors.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { headsOf, openStateToRead, type State } from '../ledger/state.ts';
import { steadyNow } from '../membership/clock.ts';
import { instant, type Instant } from '../names.ts';
import { publishFile } from '../kept-files.ts';
import { surveySettings, type Caller, type HostConfiguration } from '../host.ts';
import { peopleOfGeneration } from '../revocation/names-on-record.ts';
import { makeReport } from './make-report.ts';
import type { Report, ReportSettings } from './report.ts';

export type Moments = Pick<ReportSettings, 'at' | 'since'>;

/** Never before what is on record. */
export function nowOf({ memory, lastRun }: State, caller: Caller): Instant {
  return instant(Math.max(steadyNow(caller.now(), lastRun), memory.latest));
}

export function settingsOf(configuration: Configuration, moments: Moments, side: Report['side']): ReportSettings {
  const { folder, longest, managed } = surveySettings(configuration);
  const { evidence, mode } = configuration;
  return { ...moments, folder, side, longest: longest ?? new Map(), groups: [...managed.keys()], evidence, mode };
}

export async function renderPage(report: Report, { gitlab }: Configuration): Promise<string> {
  const { renderReportHtml } = await import('./report-html.ts');
  const digest = (text: string) => createHash('sha256').update(text).digest('base64');
  return renderReportHtml(report, { forge: gitlab?.url, digest });
}

/** Replaced in one step. `policy`: what is in force after the run. One that cannot be written holds up nothing. */
export async function publishPage(file: string, policy: EffectivePolicy, configuration: HostConfiguration, caller: Caller): Promise<void> {
  try {
    const state = await openStateToRead(configuration.state);
    const settings = settingsOf(configuration, { at: nowOf(state, caller), since: undefined }, 'record');
    const ports = {
      records: () => state.records(),
      policyOf: () => Promise.resolve(policy),
      rosterPeople: (generation: Parameters<typeof peopleOfGeneration>[0]) => peopleOfGeneration(generation, state.folder),
      heads: headsOf(state),
    };
    publishFile(file, await renderPage(await makeReport(ports, settings, false), configuration), `${file}.${caller.pid}.new`);
  } catch (error) {
    const known = error instanceof Unavailable || error instanceof Unusable ? error : unwritten(`the page ${file}`, error);
    caller.warn(known.message);
  }
}
