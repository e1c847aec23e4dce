// One look of judging: fetch, judge what is new, and write down the verdicts as they are made. What converging takes from here is `record.jsonl`,
// `now.json` and `fetched/`, in the folder `judged`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../config/configuration.ts';
import { errnoOf, Misuse, stateFailure, together, Unavailable, Unusable } from '../errors.ts';
import { openEvidence, type NoMirror, type OpenEvidence } from '../evidence/open-evidence.ts';
import { tokenStandings } from '../evidence/token-standings.ts';
import type { TokenStanding } from '../evidence/tokens.ts';
import { withLock } from '../flock.ts';
import type { SigningPorts } from '../evidence/gitlab-judge.ts';
import { absentBranch, branchOf, openMirrorOf, withPrivateMirror, type Branch } from '../history/branch.ts';
import { setAside, withReserve } from '../chain/reserve.ts';
import type { Mirror } from '../history/mirror.ts';
import type { Instant } from '../names.ts';
import { publishFile } from '../kept-files.ts';
import { surroundingsOf, surveySettings, type Caller } from '../host.ts';
import { nowOf, openNow, type Now } from '../record/now.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { parseNow, renderNow } from '../record/now-file.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { openNotedIn, tellMergeRequests } from '../review/tell-merge-requests.ts';
import { fetchRosters } from './fetch-rosters.ts';
import { judgeBranch, type Judged } from './judge-branch.ts';
import { openOwnRecord, type OwnRecord } from './own-record.ts';
import { readDistrusted, readRefusedByHand } from '../record/by-hand.ts';

export type JudgeConfiguration = Configuration & { readonly judged: string; readonly state: string };

export function forJudging(configuration: Configuration): JudgeConfiguration {
  const { judged, state, file } = configuration;
  if (state === undefined || judged === undefined) throw new Misuse(`${file}: the key "state" is missing`);
  return { ...configuration, judged, state };
}

export interface Looked {
  readonly judged: Judged;
  /** What it was judged to. */
  readonly state: PolicyState | undefined;
  readonly mirror: Mirror | NoMirror;
  readonly now: Now;
  readonly branch: Branch;
  readonly signing?: SigningPorts;
  /** The whole record, with what this look added. */
  readonly records: () => readonly JudgingRecord[];
}

export async function judgeOnce(configuration: JudgeConfiguration, caller: Caller): Promise<Looked> {
  const { judged: folder } = configuration;
  // Another look that is under way comes to verdicts as good as ours: it is waited for as long as a look mostly takes, and no longer.
  return withLock(folder, { pid: caller.pid, waitMs: 10_000 }, async () => {
    const record = openOwnRecord(folder, caller.now());
    for (const note of record.notes) caller.warn(note);
    const before = record.records().length;
    const fetching = fetchRosters(configuration, folder, surroundingsOf(caller).path, caller.now());
    const tokens = configuration.metrics === undefined ? [] : await tokenStandings(configuration.gitlab, folder, caller.now());
    const [looked] = await together(lookOnDisk(configuration, record, caller, tokens), fetching);
    await withReserve(folder, async () => {
      publishNow(looked.now, folder);
      // What starts converging at once (muster.path). It comes last: a line of the record brings nobody in before the now.json that goes with it.
      if (record.records().length > before) writeFileSync(join(folder, 'grown'), '');
    });
    const open = openNow(await tellMergeRequests({ ...looked, news: record.records().slice(before) }, configuration, caller));
    if (JSON.stringify(open) !== JSON.stringify(looked.now.open)) publishNow({ ...looked.now, open }, folder);
    return looked;
  });
}

function publishNow(now: Now, folder: string): void {
  publishFile(join(folder, 'now.json'), renderNow(now), join(folder, 'now.json.new'), 0o640);
}

/** Where the disk is full, nothing can be fetched but elsewhere, and what is decided is recorded from the reserve. */
async function lookOnDisk(
  configuration: JudgeConfiguration,
  record: OwnRecord,
  caller: Caller,
  tokens: readonly TokenStanding[],
): Promise<Looked> {
  if (!setAside(configuration.judged)) return look(configuration, record, caller, { tokens });
  return withPrivateMirror(caller, configuration.judged, async (mirrorFolder) => {
    const looked = await look(configuration, record, caller, { tokens, mirrorFolder });
    return { ...looked, mirror: { reason: new Unavailable('git', 'the disk is full') } };
  });
}

interface LookTerms {
  readonly mirrorFolder?: string;
  readonly tokens?: readonly TokenStanding[];
}

/** Judges what the record does not have yet. `record` may be one that keeps nothing: `plan` looks so. */
export async function look(
  configuration: JudgeConfiguration,
  record: OwnRecord,
  caller: Caller,
  { mirrorFolder = join(configuration.judged, 'mirror.git'), tokens = [] }: LookTerms,
): Promise<Looked> {
  const at = caller.now();
  const refused = readRefusedByHand(configuration.state);
  const mirror = await openMirrorOrNot(configuration, mirrorFolder, caller);
  const { project } = record.state();
  const { judge, signing, forgeClock } = await openEvidence(configuration, mirror, caller, {
    now: at,
    project,
    firstSeen: (commit) => record.state().firstSeen.get(commit),
    wasHead: (commit) => record.state().heads.has(commit),
    unanswered: (commit) => record.state().unanswered.get(commit),
    refusedByHand: (commit) => refused.get(commit),
    caughtUp: () => record.state().caughtUp,
    records: record.records,
    append: record.append,
    distrusted: readDistrusted(configuration.state),
    patience: longestLook,
  });
  const branch = 'history' in mirror ? branchOf(mirror) : absentBranch(mirror.reason);
  const judged = await judgeBranch(
    { branch, judge, record, now: at },
    { ...surveySettings(configuration), rules: configuration.repository.rules, onlySigned: configuration.signed.only },
  );
  const state = record.state().policy;
  const now = nowOf({
    at,
    record: record.place(),
    head: judged.head,
    clock: await clockOf(configuration.judged, at, forgeClock),
    tokens,
    problems: judged.problems,
    judged: state && judged.policy ? { state, policy: judged.policy } : undefined,
    open: openNotedIn(configuration.judged),
  });
  return { judged, state, mirror, now, branch, records: record.records, signing };
}

/** Milliseconds. Where more than that lies between two looks, judging did not run or the clock jumped: GitLab is asked for its `Date` alone. */
const longestGap = 5 * 60 * 1000;

async function clockOf(folder: string, at: Instant, forgeClock: OpenEvidence['forgeClock']): Promise<Now['clock']> {
  const last = readOwnNow(folder);
  const isDue = !last || Math.abs(at - last.at) > longestGap;
  return (await forgeClock(isDue)) ?? (isDue ? null : last.clock);
}

function readOwnNow(folder: string): Now | undefined {
  try {
    return parseNow(readFileSync(join(folder, 'now.json'), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw stateFailure('ledger', folder, `${join(folder, 'now.json')} cannot be read`, error);
  }
}

/** Milliseconds in which GitLab may be asked: what was not asked by then waits for the next look, which finds the verdicts of this one. */
const longestLook = 50 * 60 * 1000;

/** A mirror that cannot be opened holds up the judging, and nothing else. */
async function openMirrorOrNot(configuration: Configuration, folder: string, caller: Caller): Promise<Mirror | NoMirror> {
  try {
    const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller), caller.warn);
    for (const note of mirror.notes) caller.warn(note);
    return mirror;
  } catch (error) {
    if (error instanceof Unavailable || error instanceof Unusable) return { reason: error };
    throw error;
  }
}
