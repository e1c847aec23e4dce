// `muster report`, and the page that a run leaves: from the ledger where there is one, from judging the branch alone where there is none.
import { createHash } from 'node:crypto';
import { publishFile } from '../published-file.ts';
import type { Invocation } from '../cli.ts';
import { makeReport, type ReportPorts } from './make-report.ts';
import type { Configuration } from '../config/configuration.ts';
import { steadyNow } from '../membership/clock.ts';
import type { Reading } from '../judge/form.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import type { Problem } from '../problems.ts';
import type { Report, ReportSettings } from './report.ts';
import { statusOf } from '../status.ts';
import { parseMoment, second } from '../time.ts';
import { pathsToRead } from '../judge/waiting.ts';
import { Misuse, Unavailable, Unusable, unwritten } from '../errors.ts';
import { judgeBranch } from '../judge/judging.ts';
import { landingFiles } from '../judge/landing-files.ts';
import { branchOf, openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import type { Printed } from '../commands.ts';
import { asIfWaited, openEvidence } from '../evidence/open-evidence.ts';
import { ownRecordInMemory } from '../judge/own-record.ts';
import { goOnAsOwner, readConfiguration, requireState, surroundingsOf, type Caller, type HostConfiguration } from '../reconcile/host.ts';
import { peopleOfGeneration } from '../revocation/names-on-record.ts';
import { surveySettings } from '../reconcile/sources.ts';
import { openStateToRead, type State } from '../ledger/state.ts';

type Moments = Pick<ReportSettings, 'at' | 'since'>;

interface Made {
  readonly report: Report;
  readonly problems: readonly Problem[];
}

const loadParser = () => import('../policy/parser.ts');

export async function runReport({ options }: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await readConfiguration(typeof options['config'] === 'string' ? options['config'] : undefined, caller);
  await goOnAsOwner(configuration, caller);
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
    if (options['at'] !== undefined || options['since'] !== undefined)
      throw new Misuse('--at and --since need the ledger of a host: without one there is nothing but now');
    return fromBranch(configuration, isPublic, caller);
  }
  requireState({ state: folder });
  const state = await openStateToRead(folder);
  const report = await fromLedger(configuration, state, momentsOf(options, nowOf(state, caller)), isPublic, caller);
  return { report, problems: [] };
}

/** Never before what is on record. */
function nowOf({ memory, lastRun }: State, caller: Caller): Instant {
  return instant(Math.max(steadyNow(caller.now(), lastRun), memory.latest));
}

function momentsOf(options: Invocation['options'], now: Instant): Moments {
  const at = momentOf(options, 'at');
  const since = momentOf(options, 'since');
  if (at !== undefined && at > now) throw new Misuse('--at is in the future');
  if (since !== undefined && since > (at ?? now)) throw new Misuse('--since is after the moment of the report');
  return { at: at === undefined ? now : wholeSecond(at), since: since && wholeSecond(since) };
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

function settingsOf(configuration: Configuration, moments: Moments, side: Report['side']): ReportSettings {
  const { folder, longest, managed } = surveySettings(configuration);
  const { evidence, mode } = configuration;
  return { ...moments, folder, side, longest: longest ?? new Map(), groups: [...managed.keys()], evidence, mode };
}

async function fromLedger(
  configuration: Configuration,
  state: State,
  moments: Moments,
  isPublic: boolean,
  caller: Caller,
): Promise<Report> {
  const ports: ReportPorts = {
    records: () => state.records(),
    readFiles: readerOf(configuration, state, caller),
    rosterPeople: (generation) => peopleOfGeneration(generation, state.folder),
    pending: [],
  };
  return makeReport(ports, settingsOf(configuration, moments, 'record'), isPublic);
}

/** From the mirror as it is; nothing is fetched. Without it, a file that differs from what was endorsed counts as one that says more. */
function readerOf(configuration: Configuration, state: State, caller: Caller): ReportPorts['readFiles'] {
  const { folder } = surveySettings(configuration);
  return async (policy) => {
    const wanted = pathsToRead(policy, [], folder);
    if (wanted.size === 0) return new Map();
    try {
      return await withPrivateMirror(caller, configuration.judged ?? state.folder, async (mirror) => {
        const { blobs } = branchOf(await openMirrorOf(configuration, mirror, surroundingsOf(caller)));
        return landingFiles(blobs, loadParser, folder).readFiles(wanted);
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
    const { begin, append } = record;
    const ports = {
      branch,
      loadParser,
      judge,
      remembered: undefined,
      wasSeen: (commit: CommitId) => record.state().firstSeen.has(commit),
      begin,
      toCatchUp: () => undefined,
      append,
      now: at,
    };
    const judged = await judgeBranch(ports, settings);
    const [problem] = judged.problems;
    if (!judged.policy) throw new Unavailable('git', problem?.message ?? 'the policy could not be read', undefined);
    const files = landingFiles(branch.blobs, loadParser, settings.folder);
    const told: ReportPorts = {
      records: record.records,
      readFiles: (policy) => files.readFiles(pathsToRead(policy, [], settings.folder)),
      rosterPeople: () => Promise.resolve(undefined),
      pending: judged.policy.pending,
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
      return page(report, configuration);
    default:
      return (await import('./report-text.ts')).renderReportText(report);
  }
}

async function page(report: Report, { gitlab }: Configuration): Promise<string> {
  const { renderReportHtml } = await import('./report-html.ts');
  const digest = (text: string) => createHash('sha256').update(text).digest('base64');
  return renderReportHtml(report, { forge: gitlab?.url, digest });
}

/** The page, replaced in one step. One that cannot be written holds up nothing. */
export async function publishPage(file: string, configuration: HostConfiguration, caller: Caller): Promise<void> {
  try {
    const state = await openStateToRead(configuration.state);
    const moments = { at: nowOf(state, caller), since: undefined };
    const report = await fromLedger(configuration, state, moments, false, caller);
    publishFile(file, await page(report, configuration), `${file}.${caller.pid}.new`);
  } catch (error) {
    const known = error instanceof Unavailable || error instanceof Unusable ? error : unwritten(`the page ${file}`, error);
    caller.warn(known.message);
  }
}
