// The run that converges: survey, then for each group record what will be done, do it, read it back, and record what was done.
import { converge, isDue, overridesUsed } from './converge.ts';
import { knownGroup } from '../ledger/group-memory.ts';
import type { Memory } from '../ledger/memory.ts';
import { capped } from '../membership/desired.ts';
import type { Removal as Removed, RemovalCause } from '../membership/plan.ts';
import { noEntry, parseUid, type GroupName, type Instant, type Uid } from '../names.ts';
import { isOver, latest, type GrantInForce } from '../record/grants.ts';
import { revocationsNotOnRecord } from './recording.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { asProposed, isPending, noLongerActive, type GroupProposal, type GroupResult, type UnplannedGroup } from './run.ts';
import { firstChange, settledGroups } from '../membership/settled.ts';
import { problemOf, isDiskFull, type Problem } from '../errors.ts';
import type { RunPorts } from './ports.ts';
import { lookFor, removalRecords, removeFrom, type Removal } from '../revocation/removal.ts';
import { survey, surveyAgain, type Survey, type SurveySettings } from './survey.ts';

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
  const last = ports.settled.last();
  let seen = await survey(sources, settings, ports.openToRead, last);
  const full = await record(seen, ports);
  if (full) seen = whatEnds(seen, full);
  // What is only GitLab's word against this host's takes nothing from this host's.
  const ownWord = seen.clock.kind === 'sound' || seen.clock.kind === 'skewed';
  const clockTrusted = ownWord || seen.groups.some((proposal) => acknowledgesClock(proposal, ports.memory));
  const unwritten = (more: readonly Problem[]): RunResult => ({
    survey: seen,
    clockTrusted,
    groups: seen.groups.map(asProposed),
    problems: [...seen.problems, ...more],
  });
  if (mode === 'report') return unwritten([]);
  const unread = ports.readsElsewhere && seen.problems.some(({ code }) => code === 'directory-unavailable');
  if (ports.readsElsewhere && (unread || seen.groups.some(isPending))) {
    const written = await surveyAgain(seen, sources, settings, async () => (await ports.openToWrite()).reader);
    const again = unread ? narrowing(written, seen, ports.memory) : written;
    seen = full ? whatEnds(again) : again;
  }
  if (seen.groups.some(isPending) && !(await ports.isActive())) return unwritten([noLongerActive]);
  const groups: GroupResult[] = [];
  if (seen.groups.some(isPending)) ports.settled.wrote(seen.mark);
  for (const proposal of seen.groups) {
    if (proposal.kind === 'planned') groups.push(await converge(proposal, ports, settings, seen));
    else groups.push(proposal.kind === 'frozen' ? await takeOutDue(proposal, ports, settings, seen) : asProposed(proposal));
  }
  const problems = [...seen.problems, ...(await recordAccepted(seen, ports))];
  // What was recorded in this run is not what it was judged by: the next run looks once more.
  if (ports.memory.records === recorded) keepSettled(seen, ports, settings);
  return { survey: seen, clockTrusted, groups, problems };
}

/** The server that is read does not answer. What must end does so by the one that is written; nobody comes in, and no group is taken over (converge.ts). */
function narrowing(written: Survey, seen: Survey, memory: Memory): Survey {
  const unanswered = seen.problems.filter(({ code }) => code === 'directory-unavailable');
  const groups = written.groups.map((proposal) => {
    if (proposal.kind !== 'planned') return seen.groups.find(({ group }) => group === proposal.group) ?? proposal;
    const { plan, guarded } = proposal;
    if (guarded.add.length === 0) return proposal;
    // What a person allowed waits whole, and stays allowed: of a group that is not taken over that is all but what ends.
    const { takenOver } = knownGroup(memory, proposal.group);
    const goes = (removal: Removed) => (takenOver ? plan.remove.includes(removal) : ['expired', 'revoked'].includes(removal.because.kind));
    return { ...proposal, guarded: { ...guarded, add: [], remove: guarded.remove.filter(goes), used: [], accepted: [] } };
  });
  return { ...written, groups, problems: [...unanswered, ...written.problems.filter(({ code }) => code !== 'directory-unavailable')] };
}

/** Once everything was found in order. A later run that changes nothing of it does not begin a new period. */
function keepSettled({ stamp, groups, claims, judged: { policy }, now }: Survey, ports: RunPorts, settings: SurveySettings): void {
  const settled = settledGroups(groups);
  if (stamp === undefined || !settled || claims.length > 0 || !policy || groups.some(({ kind }) => kind === 'settled')) return;
  ports.settled.keep({ stamp, at: now, until: firstChange(policy, settings.longest, now), groups: settled });
}

function acknowledgesClock(proposal: GroupProposal, { overrides }: Memory): boolean {
  if (proposal.kind !== 'planned') return false;
  return overrides.some(
    ({ code, group, digest }) => code === 'clock' && group === proposal.group && proposal.guarded.used.includes(digest),
  );
}

/** Members by a grant whose end is on record and has come, and whom no other grant covers: whatever a policy says of the group now. */
function endedIn(group: GroupName, { managed }: SurveySettings, { judged: { policy }, clock, now }: Survey, memory: Memory) {
  if (!policy || (clock.kind !== 'sound' && clock.kind !== 'skewed')) return [];
  const longest = managed.get(group)?.longest;
  const runs = ({ until, endorsedUntil, landedAt }: GrantInForce) => !isOver(capped(latest(until, endorsedUntil), landedAt, longest), now);
  const grants = [...policy.grants, ...[...policy.ended.values()].map(({ grant }) => grant)];
  const covered = new Set(grants.filter((grant) => grant.group === group && runs(grant)).map(({ uid }) => uid));
  return [...knownGroup(memory, group).members].flatMap(([name, { because }]): (readonly [Uid, RemovalCause])[] => {
    const uid = parseUid(name);
    if (!uid || covered.has(uid) || because?.kind !== 'grant' || because.until === 'open' || !isOver(because.until, now)) return [];
    return [[uid, { kind: 'expired', path: because.path, at: because.until }]];
  });
}

/** A frozen group is left as it is, but nobody stays in it who is revoked, or past the end that is on record. */
async function takeOutDue(proposal: UnplannedGroup, ports: RunPorts, settings: SurveySettings, seen: Survey): Promise<GroupResult> {
  const { group } = proposal;
  const { now } = seen;
  const revocations = seen.revocations.filter((one) => one.group === undefined || one.group === group);
  const due = new Map<Uid, RemovalCause>([
    ...endedIn(group, settings, seen, ports.memory),
    ...revocations.map(({ uid }) => [uid, { kind: 'revoked', at: now }] as const),
  ]);
  const result = asProposed(proposal);
  if (due.size === 0 || !settings.managed.has(group)) return result;
  const removals: (readonly [Uid, Removal, RemovalCause])[] = [];
  try {
    if (!(await ports.isActive())) return result;
    for (const [uid, because] of due) {
      const bound = knownGroup(ports.memory, group).bindings.get(uid);
      const revoked = await lookFor(uid, bound && bound.uuid !== noEntry ? [bound.uuid] : [], ports.openToWrite);
      removals.push([uid, await removeFrom(group, revoked, ports.openToWrite), because]);
    }
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { ...result, status, message: `somebody who is revoked, or whose end has come, may still be in: ${message}` };
  }
  const [, failed] = removals.find(([, { kind }]) => kind === 'failed') ?? [];
  const unrecorded = await recordRemovals(removals, ports, now);
  if (failed?.kind === 'failed')
    return { ...result, status: failed.status, message: `somebody who is revoked, or whose end has come, is still in: ${failed.message}` };
  return unrecorded ? { ...result, ...unrecorded } : result;
}

/** They are out of the group by now: what cannot be recorded of it is told as that. */
async function recordRemovals(removals: readonly (readonly [Uid, Removal, RemovalCause])[], { journal }: RunPorts, now: Instant) {
  try {
    const records = removals.flatMap(([uid, removal, because]) => removalRecords(uid, [removal], now, because));
    if (records.length > 0) await journal.append(records, 'reserve');
    return undefined;
  } catch (error) {
    const { status, message } = problemOf(error, 'ledger');
    return { status, message: `whoever had to go is out, and that could not be recorded: ${message}` };
  }
}

/** What the survey found out and every later run must know: on disk before anything is done about it. */
async function record(seen: Survey, ports: RunPorts): Promise<Problem | undefined> {
  const { journal, keepGeneration, memory } = ports;
  const revoked = revocationsNotOnRecord(seen.revocations, memory, seen.now);
  const accepted = seen.rosters.flatMap(({ fresh }) => (fresh ? [fresh] : []));
  try {
    await journal.append(revoked, 'reserve');
    if (journal.diskFull) throw journal.diskFull;
    for (const {
      record: { roster, sha256 },
      bytes,
    } of accepted)
      await keepGeneration(roster, sha256, bytes);
    for (const part of journal.inParts([...seen.judged.records, ...accepted.map((one) => one.record)])) await journal.append(part);
    return undefined;
  } catch (error) {
    if (isDiskFull(error)) return problemOf(error, 'ledger');
    throw error;
  }
}

/** The disk is full: nobody comes in, and only what is due to end does. */
function whatEnds(seen: Survey, full?: Problem): Survey {
  const groups = seen.groups.map((proposal) => {
    if (proposal.kind !== 'planned') return proposal;
    const { guarded } = proposal;
    return { ...proposal, guarded: { ...guarded, add: [], remove: guarded.remove.filter(isDue) } };
  });
  return { ...seen, groups, problems: full ? [...seen.problems, full] : seen.problems };
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
  return seen.groups.flatMap((proposal) => {
    // Where there is a change, its outcome says whether they were used.
    if (proposal.kind !== 'planned' || isPending(proposal)) return [];
    const { used, accepted } = proposal.guarded;
    return overridesUsed(proposal.group, used, accepted, memory, seen.now);
  });
}
