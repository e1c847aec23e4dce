// `muster report`, and the page that a run leaves: from the ledger where there is one, from judging the branch alone where there is none.
import type { Invocation } from '../cli.ts';
import { makeReport, nowOf, portsOf, renderPage, settingsOf, type ReportPorts, type Moments } from './page.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Reading } from '../judge/form.ts';
import { landingFiles } from '../judge/landing-files.ts';
import { instant, type Instant } from '../names.ts';
import { Misuse, Unavailable, Unusable, type Problem } from '../errors.ts';
import type { Report } from './report.ts';
import { statusOf } from '../status.ts';
import { day, parseMoment, second } from '../time.ts';
import { effectivePolicy, pathsToRead } from '../judge/waiting.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { judgeBranch } from '../judge/judge-branch.ts';
import { branchOf, openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import type { Printed } from '../command.ts';
import { asIfWaited, openEvidence } from '../evidence/open-evidence.ts';
import { ownRecordInMemory } from '../judge/own-record.ts';
import { goOnAsOwner, readConfiguration, refuseOthers, requireState, surroundingsOf, surveySettings, type Caller } from '../host.ts';
import { openStateToRead, type State } from '../ledger/state.ts';

interface Made {
  readonly report: Report;
  readonly problems: readonly Problem[];
}

export async function runReport({ options }: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await readConfiguration(options['config'], caller);
  await goOnAsOwner(configuration, caller);
  refuseOthers(configuration);
  const format = options['json'] === true ? 'json' : String(options['format']);
  const isPublic = options['public'] === true;
  caller.progress('reading');
  const { report, problems } = await made(configuration, options, isPublic, caller);
  for (const { message } of problems) caller.warn(message);
  const status = statusOf(problems.map((problem) => problem.status));
  return { text: await rendered(report, format, status, configuration), status };
}

async function made(configuration: Configuration, options: Invocation['options'], isPublic: boolean, caller: Caller): Promise<Made> {
  const { state: folder } = configuration;
  if (folder === undefined) {
    if (['at', 'on', 'since'].some((name) => options[name] !== undefined))
      throw new Misuse('--at, --on and --since need the ledger of a host: without one, only the present is known');
    return fromBranch(configuration, isPublic, caller);
  }
  requireState({ state: folder });
  const state = await openStateToRead(folder);
  const report = await fromLedger(configuration, state, momentsOf(options, nowOf(state, caller)), isPublic, caller);
  return { report, problems: [] };
}

function momentsOf(options: Invocation['options'], now: Instant): Moments {
  if (typeof options['on'] === 'string') return dayOf(options['on'], options, now);
  const at = momentOf(options, 'at');
  const since = momentOf(options, 'since');
  if (at !== undefined && at > now) throw new Misuse('--at is in the future');
  if (since !== undefined && since > (at ?? now)) throw new Misuse('--since is after the moment of the report');
  return { at: at === undefined ? now : wholeSecond(at), since: since && wholeSecond(since) };
}

/** A day is a period: from its first instant to its last, or to now. */
function dayOf(text: string, options: Invocation['options'], now: Instant): Moments {
  if (options['at'] !== undefined || options['since'] !== undefined)
    throw new Misuse('--on asks for a whole day: leave out --at and --since');
  const begin = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseMoment(text) : undefined;
  if (begin === undefined) throw new Misuse(`--on "${text}" is no day; write 2026-12-07`);
  if (begin > now) throw new Misuse('--on is in the future');
  const since = wholeSecond(begin);
  return { since, at: instant(Math.max(since, Math.min(now, begin + day - 1))) };
}

/** Nobody reads or types a finer time: what the record tells of a second has happened at that second. */
function wholeSecond(moment: Instant): Instant {
  return instant(Math.floor(moment / second) * second + second - 1);
}

function momentOf(options: Invocation['options'], name: 'at' | 'since'): Instant | undefined {
  const text = options[name];
  if (typeof text !== 'string') return undefined;
  const moment = parseMoment(text);
  if (moment === undefined) throw new Misuse(`--${name} "${text}" is no moment; write 2026-12-07, or 2026-12-07T18:00Z`);
  return moment;
}

async function fromLedger(
  configuration: Configuration,
  state: State,
  moments: Moments,
  isPublic: boolean,
  caller: Caller,
): Promise<Report> {
  const settings = settingsOf(configuration, moments, 'record');
  const readFiles = readerOf(configuration, state, caller);
  const policyOf = async (policy: PolicyState) => effectivePolicy(policy, [], await readFiles(policy), settings.at, settings.folder);
  return makeReport(portsOf(state, policyOf), settings, isPublic);
}

type ReadFiles = (state: PolicyState) => Promise<ReadonlyMap<string, Reading>>;

/** From the mirror as it is; nothing is fetched. Without it, a file that differs from what was endorsed counts as one that says more. */
function readerOf(configuration: Configuration, state: State, caller: Caller): ReadFiles {
  const { folder } = surveySettings(configuration);
  return async (policy) => {
    const wanted = pathsToRead(policy, [], folder);
    if (wanted.size === 0) return new Map();
    try {
      return await withPrivateMirror(caller, configuration.judged ?? state.folder, async (mirror) => {
        const { blobs } = branchOf(await openMirrorOf(configuration, mirror, surroundingsOf(caller)));
        return landingFiles(blobs, folder).readFiles(wanted);
      });
    } catch (error) {
      if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
      caller.warn(`files of the policy could not be read (${error.message}); whether they are refused is told as far as the record goes`);
      return new Map<string, Reading>();
    }
  };
}

/** The policy's side: judged in memory from `start`, by a token that may only read. Nobody looks at the directory. */
async function fromBranch(configuration: Configuration, isPublic: boolean, caller: Caller): Promise<Made> {
  return withPrivateMirror(caller, undefined, async (folder) => {
    const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
    const at = caller.now();
    const record = ownRecordInMemory([], at);
    const { judge } = await openEvidence(configuration, mirror, caller, { ...asIfWaited, now: at });
    const branch = branchOf(mirror);
    const settings = surveySettings(configuration);
    const ports = {
      branch,
      judge,
      record,
      now: at,
    };
    const judged = await judgeBranch(ports, settings);
    const [problem] = judged.problems;
    if (!judged.policy && problem && problem.status !== 'unavailable') throw new Unusable(problem.message);
    if (!judged.policy) throw new Unavailable('git', problem?.message ?? 'the policy could not be read', undefined);
    const { policy } = judged;
    const told: ReportPorts = {
      records: record.records,
      policyOf: () => Promise.resolve(policy),
      rosterPeople: () => Promise.resolve(new Map()),
    };
    const report = await makeReport(told, settingsOf(configuration, { at, since: undefined }, 'policy'), isPublic);
    return { report, problems: judged.problems };
  });
}

async function rendered(report: Report, format: string, status: Printed['status'], configuration: Configuration): Promise<string> {
  switch (format) {
    case 'json':
      return (await import('./report-json.ts')).renderReportJson(report, status);
    case 'csv':
      return (await import('./report-csv.ts')).renderReportCsv(report);
    case 'html':
      return renderPage(report, configuration);
    default:
      return (await import('./report-text.ts')).renderReportText(report);
  }
}
