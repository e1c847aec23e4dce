// One group from plan to record: what will be done is on disk before it is done, and what was done is read back before it is believed.
import type { ChangeOutcome, GroupChange } from '../directory/directory.ts';
import { knownGroup, type Memory } from '../ledger/memory.ts';
import type { GroupName, Instant } from '../names.ts';
import type { IntentRecord, LedgerRecord, OutcomeRecord, OverrideUsedRecord } from '../ledger/record.ts';
import { goneMeanwhile, intentOf, namesOf, newsOf, settleIntent, type Names } from './recording.ts';
import { asProposed, isPending, noLongerActive, type GroupResult, type PlannedGroup } from './run.ts';
import type { StatusName } from '../status.ts';
import { Unavailable } from '../errors.ts';
import { problemOf } from '../problems.ts';
import type { Directory } from '../membership/proposal.ts';
import type { RunPorts } from './ports.ts';
import { surveyAgain, type Sources, type Survey, type SurveySettings } from './survey.ts';

/** Never throws for anything that the directory or the disk does: one bad group holds up no other. */
export async function converge(proposal: PlannedGroup, ports: RunPorts, settings: SurveySettings, seen: Survey): Promise<GroupResult> {
  try {
    const changed: Changed = isPending(proposal)
      ? await change(proposal, ports, settings, seen, 2)
      : { proposal, result: asProposed(proposal) };
    if (changed.result.status === undefined) await recordMembership(changed.proposal, ports, seen);
    return changed.result;
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { proposal, outcome: 'not-done', members: undefined, status, message };
  }
}

interface Changed {
  readonly proposal: PlannedGroup;
  readonly result: GroupResult;
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
  const settled = recovery(proposal, ports.memory, seen.now);
  if (settled.length > 0) await ports.journal.append(settled);
  const gone = goneMeanwhile(group, knownGroup(ports.memory, group), guarded, observed.members.length, seen.now);
  await ports.journal.append([...gone, intent]);
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
  const members = observed.members.length;
  const names = namesOf(observed, desired, plan);
  const missing = undone(intent, names);
  const done = missing.length === 0;
  const message = done ? undefined : messageOf(outcome, missing);
  const settled = settleIntent(intent, names, members, at, done ? 'done' : 'failed', message);
  await ports.journal.append([settled, ...used(intent, settled, ports.memory)]);
  if (message === undefined) return { proposal: after, result: { proposal: after, outcome: 'done', members } };
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
  return [outcome, ...used(openIntent, outcome, memory)];
}

/** Nothing of an allowed set is let through twice; where nothing of it was done, it stays allowed. */
function used({ group, allowed, accepted = [] }: IntentRecord, { at, add, remove }: OutcomeRecord, memory: Memory) {
  return add.length + remove.length > 0 ? overridesUsed(group, allowed, accepted, memory, at) : [];
}

/** What these allowed sets are used up by. `accepted`: grants that a new start had proposed. */
export function overridesUsed(
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

/** The plan is not empty yet: what it will be for a member depends on a verdict that is still to come. */
function someoneWaits({ group, plan }: PlannedGroup, { judged }: Survey): boolean {
  const undecided = new Set<string>(judged.policy?.undecided.flatMap((one) => (one.group === group ? [one.uid] : [])));
  return plan.kept.some(({ uid }) => undecided.has(uid));
}

/** The group has a membership on record, or has one from now on. */
function isTakenOver(proposal: PlannedGroup, memory: Memory, seen: Survey): boolean {
  return knownGroup(memory, proposal.group).takenOver || (proposal.guarded.held.length === 0 && !someoneWaits(proposal, seen));
}

/** What the group holds now, as far as it is news. */
async function recordMembership(proposal: PlannedGroup, { journal, memory }: RunPorts, seen: Survey): Promise<void> {
  const { group, observed, desired, plan } = proposal;
  const at = seen.now;
  const begun = recovery(proposal, memory, at);
  // First: whoever it tells of did not come or go by themselves.
  if (begun.length > 0) await journal.append(begun);
  const names = isTakenOver(proposal, memory, seen) ? namesOf(observed, desired, plan) : undefined;
  const news = newsOf(proposal, names, knownGroup(memory, group), at);
  if (news.length > 0) await journal.append(news);
}
