// The run that converges: survey, then for each group record what will be done, do it, read it back, and record what was done.
import type { ChangeOutcome, GroupChange } from './domain/directory.ts';
import { heldRecord, bindingRecords, intentOf, membershipRecord, namesOf, settleIntent, type Names } from './domain/recording.ts';
import { knownGroup, type Memory } from './domain/memory.ts';
import type { GroupName, Instant } from './domain/names.ts';
import type { IntentRecord, LedgerRecord, OutcomeRecord, OverrideUsedRecord } from './domain/record.ts';
import { isPending, type GroupProposal, type GroupResult, type PlannedGroup, type Problem, type UnplannedGroup } from './domain/run.ts';
import { firstChange, settledGroups, type SettledRun } from './domain/settled.ts';
import type { StatusName } from './domain/status.ts';
import { Unavailable } from './failures.ts';
import { problemOf } from './judging.ts';
import type { Directory } from './proposal.ts';
import { removalRecords, removeFrom, type Removal } from './removal.ts';
import { survey, surveyAgain, type LastSettled, type Sources, type Survey, type SurveySettings } from './survey.ts';

/** What was recorded is remembered at once: later steps of the same run see it. Throws Unavailable when it cannot be written. */
export interface Journal {
  append(records: readonly LedgerRecord[]): Promise<void>;
}

export interface WritableDirectory {
  readonly reader: Directory;
  readonly writer: { apply(change: GroupChange, progress?: (done: number, total: number) => void): Promise<ChangeOutcome> };
}

export interface RunPorts {
  readonly sources: Sources;
  readonly memory: Memory;
  readonly journal: Journal;
  /** Where plans are made. */
  readonly openToRead: () => Promise<Directory>;
  /** Groups that were in order, kept from one run to the next. */
  readonly settled: Settlement;
  /** Where changes are made: the one server that is written. */
  readonly openToWrite: () => Promise<WritableDirectory>;
  /** The two are different servers. */
  readonly readsElsewhere: boolean;
  readonly keepGeneration: (roster: string, sha256: string, bytes: Uint8Array) => Promise<void>;
  /** Looked at again before the first write. */
  readonly isActive: () => Promise<boolean>;
  readonly progress: (text: string) => void;
}

export interface Settlement {
  last(): Promise<LastSettled>;
  /** A failure costs the next run some time and nothing else. */
  keep(run: SettledRun): Promise<void>;
}

export interface RunResult {
  readonly survey: Survey;
  /** The clock was sound, or a person acknowledged it: the high-water mark may move. */
  readonly clockTrusted: boolean;
  readonly groups: readonly GroupResult[];
  readonly problems: readonly Problem[];
}

/** The picture of docs/ARCHITECTURE.md as code. `mode` report: everything but the writing. */
export async function reconcile(ports: RunPorts, settings: SurveySettings, mode: 'enforce' | 'report'): Promise<RunResult> {
  const { sources } = ports;
  ports.progress('reading');
  const recorded = ports.memory.records;
  let seen = await survey(sources, settings, ports.openToRead, await ports.settled.last());
  await record(seen, ports);
  const clockTrusted = seen.clock.kind === 'sound' || seen.groups.some((proposal) => acknowledgesClock(proposal, ports.memory));
  const unwritten = (more: readonly Problem[]): RunResult => ({
    survey: seen,
    clockTrusted,
    groups: seen.groups.map(asProposed),
    problems: [...seen.problems, ...more],
  });
  if (mode === 'report') return unwritten([]);
  if (ports.readsElsewhere && seen.groups.some(isPending)) {
    seen = await surveyAgain(seen, sources, settings, async () => (await ports.openToWrite()).reader);
  }
  if (seen.groups.some(isPending) && !(await ports.isActive())) return unwritten([noLongerActive]);
  const groups: GroupResult[] = [];
  for (const proposal of seen.groups) {
    if (proposal.kind === 'planned') groups.push(await converge(proposal, ports, settings, seen));
    else groups.push(proposal.kind === 'frozen' ? await takeOutRevoked(proposal, ports, settings, seen) : asProposed(proposal));
  }
  const problems = [...seen.problems, ...(await recordAccepted(seen, ports))];
  // What was recorded in this run is not what it was judged by: the next run looks once more.
  if (ports.memory.records === recorded) await keepSettled(seen, ports, settings);
  return { survey: seen, clockTrusted, groups, problems };
}

/** Once everything was found in order. A later run that changes nothing of it does not begin a new period. */
async function keepSettled({ stamp, groups, judged: { policy }, now }: Survey, ports: RunPorts, settings: SurveySettings): Promise<void> {
  const settled = settledGroups(groups);
  if (stamp === undefined || !settled || !policy || groups.some(({ kind }) => kind === 'settled')) return;
  await ports.settled.keep({ stamp, at: now, until: firstChange(policy, settings.longest, now), groups: settled });
}

function acknowledgesClock(proposal: GroupProposal, { overrides }: Memory): boolean {
  if (proposal.kind !== 'planned') return false;
  return overrides.some(
    ({ code, group, digest }) => code === 'clock' && group === proposal.group && proposal.guarded.used.includes(digest),
  );
}

const noLongerActive: Problem = {
  status: 'unavailable',
  code: 'no-longer-active',
  message: 'this host stopped being the active one during the run; from then on nothing was written to the directory',
};

/** A frozen group is left as it is, but nobody stays in it who is revoked. */
async function takeOutRevoked(
  proposal: UnplannedGroup,
  ports: RunPorts,
  { managed }: SurveySettings,
  { now, revocations }: Survey,
): Promise<GroupResult> {
  const { group } = proposal;
  const uids = revocations.filter((one) => one.group === undefined || one.group === group).map(({ uid }) => uid);
  if (uids.length === 0 || !managed.has(group) || !(await ports.isActive())) return asProposed(proposal);
  try {
    const directory = await ports.openToWrite();
    const removals: Removal[] = [];
    for (const [uid, person] of await directory.reader.people(uids)) {
      const removal = person === 'ambiguous' ? undefined : await removeFrom(group, person, directory);
      if (!removal) continue;
      removals.push(removal);
      if (removal.kind === 'removed') await ports.journal.append(removalRecords(uid, [removal], now));
    }
    const failed = removals.find((removal) => removal.kind === 'failed');
    const result = asProposed(proposal);
    return failed ? { ...result, status: 'directory', message: `somebody who is revoked is still in: ${failed.message}` } : result;
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { ...asProposed(proposal), status, message: `somebody who is revoked may still be in: ${message}` };
  }
}

export function asProposed(proposal: GroupProposal): GroupResult {
  if (proposal.kind === 'settled') return { proposal, outcome: 'none', members: proposal.members };
  if (proposal.kind !== 'planned')
    return { proposal, outcome: 'none', members: undefined, status: proposal.status, message: proposal.message };
  return { proposal, outcome: 'none', members: proposal.observed.members.length };
}

/** What the survey found out and every later run must know: on disk before anything is done about it. */
async function record(seen: Survey, { journal, keepGeneration }: RunPorts): Promise<void> {
  const accepted = seen.rosters.flatMap(({ fresh }) => (fresh ? [fresh] : []));
  for (const {
    record: { roster, sha256 },
    bytes,
  } of accepted)
    await keepGeneration(roster, sha256, bytes);
  const records = [...seen.judged.records, ...accepted.map((one) => one.record)];
  if (records.length > 0) await journal.append(records);
}

async function converge(proposal: PlannedGroup, ports: RunPorts, settings: SurveySettings, seen: Survey): Promise<GroupResult> {
  try {
    const changed: Changed = isPending(proposal)
      ? await change(proposal, ports, settings, seen, 2)
      : { proposal, result: asProposed(proposal) };
    if (changed.result.status === undefined) await recordMembership(changed, ports, seen.now);
    return changed.result;
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { proposal, outcome: 'not-done', members: undefined, status, message };
  }
}

interface Changed {
  readonly proposal: PlannedGroup;
  readonly result: GroupResult;
  /** Who the members are, where that was worked out. */
  readonly names?: Names;
}

/** One group's change under an assertion that the entry is the one that was read. On a lost race: read, plan and guard again, once more. */
async function change(proposal: PlannedGroup, ports: RunPorts, settings: SurveySettings, seen: Survey, attempts: number): Promise<Changed> {
  const { group, observed, guarded } = proposal;
  const { reader, writer } = await ports.openToWrite();
  const again = async (): Promise<Changed> => {
    const anew = await surveyAgain(seen, ports.sources, settings, () => Promise.resolve(reader));
    const next = anew.groups.find((one) => one.group === group);
    if (next?.kind !== 'planned') throw new Unavailable('directory', `${group} could not be read again`);
    await ports.journal.append(recovery(next, ports.memory, seen.now, 'failed', 'somebody else changed the group at the same time'));
    return isPending(next) ? change(next, ports, settings, anew, attempts - 1) : { proposal: next, result: asProposed(next) };
  };
  if (attempts > 1 && (await revokedMeanwhile(proposal, ports.sources))) return again();
  const intent = intentOf(group, observed, guarded, seen.now);
  await ports.journal.append([...recovery(proposal, ports.memory, seen.now), intent]);
  if (!(await ports.isActive())) return stopped(proposal, intent, ports, seen.now);
  const values: GroupChange = {
    group: observed,
    add: guarded.add.map(({ member }) => member),
    remove: guarded.remove.map(({ member }) => member),
  };
  const outcome = await writer.apply(values, (done, total) => ports.progress(`${group}: ${done} of ${total} changes`));
  return outcome.kind === 'lost-race' && attempts > 1 ? again() : readBack(proposal, intent, outcome, reader, ports, seen.now);
}

/** The flag went away since the group before, or since the survey: nothing more is written. */
async function stopped(proposal: PlannedGroup, intent: IntentRecord, { journal }: RunPorts, at: Instant): Promise<Changed> {
  const { observed, desired, plan } = proposal;
  const { status, message } = noLongerActive;
  const members = observed.members.length;
  await journal.append([settleIntent(intent, new Set(namesOf(observed, desired, plan).keys()), members, at, 'failed', message)]);
  return { proposal, result: { proposal, outcome: 'not-done', members, status, message } };
}

/** `revoke` waits for no run that is under way: nobody it names comes in through this one. */
async function revokedMeanwhile({ group, guarded }: PlannedGroup, sources: Sources): Promise<boolean> {
  if (guarded.add.length === 0) return false;
  const { revocations } = await sources.revocations();
  const revoked = new Set(revocations.filter((one) => one.group === undefined || one.group === group).map(({ uid }) => uid));
  return guarded.add.some(({ uid }) => revoked.has(uid));
}

/** Success does not prove that a value was stored: the directory is asked what it holds now. */
async function readBack(
  proposal: PlannedGroup,
  intent: IntentRecord,
  outcome: ChangeOutcome,
  reader: Directory,
  ports: RunPorts,
  at: Instant,
): Promise<Changed> {
  const { group, desired, plan } = proposal;
  const observed = await reader.group(group);
  if (observed.kind === 'unusable')
    return { proposal, result: { proposal, outcome: 'not-done', members: undefined, status: 'directory', message: observed.message } };
  const after: PlannedGroup = { ...proposal, observed };
  const names = namesOf(observed, desired, plan);
  const missing = undone(intent, names);
  const done = missing.length === 0;
  const message = done ? undefined : messageOf(outcome, missing);
  const { used, accepted } = proposal.guarded;
  const settled = settleIntent(intent, names, observed.members.length, at, done ? 'done' : 'failed', message);
  await ports.journal.append([settled, ...overridesUsed(group, used, accepted, ports.memory, at)]);
  const members = observed.members.length;
  if (message === undefined) return { proposal: after, result: { proposal: after, outcome: 'done', members }, names };
  const status: StatusName = outcome.kind === 'unknown' ? 'unavailable' : 'directory';
  return { proposal: after, result: { proposal: after, outcome: 'not-done', members, status, message } };
}

function undone(intent: IntentRecord, names: Names): readonly string[] {
  const added = intent.add.flatMap(({ members }) => members.filter(({ uid }) => !names.has(uid)).map(({ uid }) => uid));
  const removed = intent.remove.flatMap(({ members }) => members.filter(({ uid }) => names.has(uid)).map(({ uid }) => uid));
  return [...added, ...removed];
}

function messageOf(outcome: ChangeOutcome, missing: readonly string[]): string {
  const who = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`;
  switch (outcome.kind) {
    case 'refused':
    case 'unknown':
      return outcome.message;
    case 'lost-race':
      return 'somebody else kept changing the group; the next run tries again';
    case 'done':
      return `the directory accepted the change and does not show it (${who}): look at its overlays, memberof-dangling above all`;
  }
}

/** What was begun and never settled (the run was killed, the race was lost) is settled by what the directory shows. */
function recovery(
  { group, observed, desired, plan }: PlannedGroup,
  memory: Memory,
  at: Instant,
  result: OutcomeRecord['result'] = 'recovered',
  message = 'an earlier run was interrupted before it could record this',
): readonly LedgerRecord[] {
  const { openIntent } = knownGroup(memory, group);
  if (!openIntent) return [];
  const names = new Set(namesOf(observed, desired, plan).keys());
  const outcome = settleIntent(openIntent, names, observed.members.length, at, result, message);
  const changed = outcome.add.length + outcome.remove.length > 0;
  return [outcome, ...(changed ? overridesUsed(group, openIntent.allowed, [], memory, at) : [])];
}

/** Nothing of an allowed set is let through twice; what a lost race left undone stays allowed. */
function overridesUsed(
  group: GroupName,
  digests: readonly string[],
  accepted: readonly string[],
  memory: Memory,
  at: Instant,
): readonly OverrideUsedRecord[] {
  return memory.overrides
    .filter((one) => one.group === group && digests.includes(one.digest))
    .map(({ code, digest }) => ({ type: 'override-used', at, group, code, digest, accepted: code === 'new-start' ? accepted : [] }));
}

/** By now groups may have been written: what cannot be recorded is a problem of the run, not the end of it. */
async function recordAccepted(seen: Survey, { journal, memory }: RunPorts): Promise<readonly Problem[]> {
  const accepted = acceptedStarts(seen, memory);
  try {
    if (accepted.length > 0) await journal.append(accepted);
    return [];
  } catch (error) {
    return [problemOf(error, 'ledger')];
  }
}

/** Allowed sets without a change of their own: an acknowledged clock, a lengthened grant of somebody who is a member already. */
function acceptedStarts(seen: Survey, memory: Memory): readonly LedgerRecord[] {
  return seen.groups.flatMap((proposal) =>
    proposal.kind === 'planned' ? overridesUsed(proposal.group, proposal.guarded.used, proposal.guarded.accepted, memory, seen.now) : [],
  );
}

/** What the group holds now, as far as it is news; only a group that was taken over has a membership on record. */
async function recordMembership({ proposal, names: shown }: Changed, { journal, memory }: RunPorts, at: Instant): Promise<void> {
  const { group, guarded, observed, desired, plan } = proposal;
  const begun = recovery(proposal, memory, at);
  // First: whoever it tells of did not come or go by themselves.
  if (begun.length > 0) await journal.append(begun);
  const known = knownGroup(memory, group);
  const held = heldRecord(group, guarded, known, at);
  const takenOver = known.takenOver || guarded.held.length === 0;
  const names = takenOver ? (shown ?? namesOf(observed, desired, plan)) : undefined;
  const records: (LedgerRecord | undefined)[] = [
    held,
    names && membershipRecord(group, names, known, at),
    ...(takenOver ? bindingRecords(group, desired, known.bindings, at) : []),
  ];
  const news = records.filter((one) => one !== undefined);
  if (news.length > 0) await journal.append(news);
}
