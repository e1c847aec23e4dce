// A report from the ledger, or from the branch judged without one; and the page that a run leaves of it.
import { createHash } from 'node:crypto';
import type { Configuration } from '../config/configuration.ts';
import { Unavailable, Unusable, unwritten, Misuse } from '../errors.ts';
import { withinSignatures, type EffectivePolicy } from '../record/effective-policy.ts';
import { headsOf, openStateToRead, type State, type Heads } from '../ledger/state.ts';
import { steadyNow } from '../membership/clock.ts';
import { instant, type Instant, type RosterName } from '../names.ts';
import { publishFile } from '../kept-files.ts';
import { surveySettings, type Caller, type HostConfiguration } from '../host.ts';
import { rosterPeople } from '../revocation/names-on-record.ts';
import { reportOf, type Report, type ReportSettings } from './report.ts';
import type { PolicyState } from '../record/policy-state.ts';
import type { Memory } from '../ledger/memory.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { distrustStory } from '../ledger/distrusted.ts';
import { replayTo } from '../ledger/replay.ts';
import { publicReport } from './report-public.ts';
import { renderMoment } from '../text.ts';

export type Moments = Pick<ReportSettings, 'at' | 'since'>;

/** Never before what is on record. */
export function nowOf({ memory, lastRun }: State, caller: Caller): Instant {
  return instant(Math.max(steadyNow(caller.now(), lastRun), memory.latest));
}

export function settingsOf(configuration: Configuration, moments: Moments, side: Report['side']): ReportSettings {
  const { folder, longest, managed } = surveySettings(configuration);
  const { evidence, mode } = configuration;
  return { ...moments, folder, side, longest, groups: [...managed.keys()], evidence, mode };
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
    const ports = portsOf(state, () => Promise.resolve(policy));
    publishFile(file, await renderPage(await makeReport(ports, settings, false), configuration), `${file}.${caller.pid}.new`);
  } catch (error) {
    const known = error instanceof Unavailable || error instanceof Unusable ? error : unwritten(`the page ${file}`, error);
    caller.warn(known.message);
  }
}

export interface ReportPorts {
  readonly records: () => Iterable<LedgerRecord>;
  /** What is in force by that state, and what is refused or waits. */
  readonly policyOf: (state: PolicyState) => Promise<EffectivePolicy>;
  /** The people of the lists that were accepted last, as far as these are known. */
  readonly rosterPeople: (memory: Memory) => Promise<ReadonlyMap<RosterName, ReadonlySet<string>>>;
  /** Of the ledger and of what it took; left out without one. */
  readonly heads?: Heads;
}

export function portsOf(state: State, policyOf: ReportPorts['policyOf']): ReportPorts {
  const { folder } = state;
  return { records: () => state.records(), policyOf, rosterPeople: (memory) => rosterPeople(memory, folder), heads: headsOf(state) };
}

/** Throws Misuse where the record does not reach back to the moment that is asked for. */
export async function makeReport(ports: ReportPorts, settings: ReportSettings, isPublic: boolean): Promise<Report> {
  const replayed = replayTo(ports.records(), settings);
  const { memory, begins } = replayed.replay;
  // What changed since a time before that is everything on record; the report says when the record begins.
  checkReach(settings.at, begins);
  const people = await ports.rosterPeople(memory);
  const judged = memory.policy && (await ports.policyOf(memory.policy));
  const policy = judged && memory.verified ? withinSignatures(judged, memory.verified, memory.allowed) : judged;
  const distrusted = replayed.replay.distrusts.map((record) => distrustStory(record, ports.records(), memory.policy));
  const report = reportOf(replayed, { policy, rosterPeople: people, distrusted, heads: ports.heads }, settings);
  return isPublic ? publicReport(report) : report;
}

function checkReach(moment: Instant, begins: Instant | undefined): void {
  if (begins !== undefined && moment >= begins) return;
  throw new Misuse(
    begins === undefined
      ? 'the record of this host is empty: no run has come by yet'
      : `the record begins at ${renderMoment(begins)}; ${renderMoment(moment)} is before that`,
  );
}
