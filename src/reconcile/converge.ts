// One group from plan to record: what will be done is on disk before it is done, and what was done is read back before it is believed.
import type { ChangeOutcome, GroupChange, ObservedGroup } from '../directory/directory.ts';
import { knownGroup } from '../ledger/group-memory.ts';
import type { Memory } from '../ledger/memory.ts';
import type { GroupName, Instant, Uid } from '../names.ts';
import type { IntentRecord, LedgerRecord, OutcomeRecord, OverrideUsedRecord, RecordedChanges } from '../ledger/record.ts';
import { goneMeanwhile, intentOf, membersWhere, namesOf, newsOf, settleIntent, takenOutBeside, type Names } from './recording.ts';
import { asProposed, isPending, noLongerActive, type GroupResult, type PlannedGroup } from './run.ts';
import type { StatusName } from '../status.ts';
import { DirectoryUnusable, isDiskFull, Unavailable, problemOf } from '../errors.ts';
import type { RemovalCause } from '../membership/plan.ts';
import type { Directory } from '../membership/proposal.ts';
import type { RunPorts } from './ports.ts';
import { isUndecided } from '../record/effective-policy.ts';
import { surveyAgain, type Sources, type Survey, type SurveySettings } from './survey.ts';

/** Never throws for anything that the directory or the disk does: one bad group holds up no other. */
export async function converge(proposal: PlannedGroup, ports: RunPorts, settings: SurveySettings, seen: Survey): Promise<GroupResult> {
  try {
    const changed: Changed = isPending(proposal)
      ? await change(proposal, ports, settings, seen, 2)
      : { proposal, result: asProposed(proposal) };
    const { result } = changed;
    const { doubt } = changed.proposal;
    // What the server refuses for good keeps no group from being taken over; what became of a change that was cut off shows later.
    const isSettled = result.members !== undefined && (result.status ?? 'directory') === 'directory';
    if (isSettled && !ports.journal.diskFull) await recordMembership(changed.proposal, ports, seen);
    if (doubt === undefined || result.message === doubt.message) return result;
    const message = result.message === undefined ? doubt.message : `${result.message}; ${doubt.message}`;
    return { ...result, status: result.status ?? 'directory', message };
  } catch (error) {
    const { status, message } = problemOf(error, 'directory');
    return { proposal, outcome: 'not-done', members: undefined, status, message };
  }
}

interface Changed {
  readonly proposal: PlannedGroup;
  readonly result: GroupResult;
}

/** Why a change is planned again: what it was under way to is settled with this. */
interface Anew {
  readonly message: string;
}

/**
 * One group's change, of the entry that was read. On a lost race, and where the connection broke: read, plan and guard again, once more; what
 * was begun is part of it still (guard.ts).
 */
async function change(
  proposal: PlannedGroup,
  ports: RunPorts,
  settings: SurveySettings,
  seen: Survey,
  attempts: number,
  anew?: Anew,
): Promise<Changed> {
  const { group, observed, guarded } = proposal;
  const { reader, writer } = await ports.openToWrite();
  const again = async (message: string): Promise<Changed> => {
    const surveyed = await surveyAgain(seen, ports.sources, settings, () => Promise.resolve(reader));
    const next = surveyed.groups.find((one) => one.group === group);
    if (next?.kind !== 'planned') throw new Unavailable('directory', `${group} could not be read again`);
    if (isPending(next)) return change(next, ports, settings, surveyed, attempts - 1, { message });
    await ports.journal.append(recovery(next, ports.memory, seen.now, { message }));
    return { proposal: next, result: asProposed(next) };
  };
  if (attempts > 1 && (await revokedMeanwhile(proposal, ports.sources))) return again('somebody was revoked at the same time');
  const intent = intentOf(group, observed, guarded, seen.now);
  // In one append: what was begun is settled only together with the intent that goes on with it.
  const settled = recovery(proposal, ports.memory, seen.now, anew);
  const out = new Set(
    settled.flatMap((one) => (one.type === 'outcome' ? one.remove.flatMap(({ members }) => members) : [])).map(({ uid }) => uid),
  );
  const gone = goneMeanwhile(group, knownGroup(ports.memory, group), out, guarded, observed.members.length, seen.now);
  const unrecorded = await recordIntent([...settled, ...gone], intent, ports);
  if (!(await ports.isActive())) return stopped(proposal, intent, ports, seen.now);
  const values: GroupChange = {
    group: observed,
    add: guarded.add.map(({ member, uid }) => ({ ...member, uid })),
    remove: guarded.remove.map(({ member }) => member),
  };
  const outcome = await writer.apply(values, async (done, total) => {
    ports.progress(`${group}: ${done} of ${total} changes`);
    return ports.isActive();
  });
  if (attempts > 1 && outcome.kind === 'lost-race') return again('somebody else changed the group at the same time');
  if (attempts > 1 && outcome.kind === 'unknown') return again(outcome.message);
  const done = await readBack(proposal, intent, outcome, reader, ports, seen.now);
  return unrecorded && done.result.status === undefined ? { ...done, result: { ...done.result, ...unrecorded } } : done;
}

/** Whom no limit binds, for limits count what is on record; and whose grant was deleted by a landing that is in force. */
export function isDue({ limited, because }: { readonly limited: boolean; readonly because: RemovalCause }): boolean {
  return !limited || because.kind === 'deleted';
}

/** What ends, ends also where that cannot be recorded any more, and is told as that. Nothing else does. */
async function recordIntent(before: readonly LedgerRecord[], intent: IntentRecord, { journal }: RunPorts) {
  const ends = intent.add.length === 0 && intent.remove.every(isDue);
  try {
    await journal.append([...before, intent], ends ? 'reserve' : undefined);
    return undefined;
  } catch (error) {
    if (!ends || !isDiskFull(error)) throw error;
    return couldNotBeRecorded(error);
  }
}

function couldNotBeRecorded(error: unknown): { readonly status: StatusName; readonly message: string } {
  const { status, message } = problemOf(error, 'ledger');
  return { status, message: `it was done, and could not be recorded: ${message}` };
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
  const revoked = await revokedNow(group, sources);
  return guarded.add.some(({ uid }) => revoked.has(uid));
}

async function revokedNow(group: GroupName, sources: Sources): Promise<ReadonlySet<string>> {
  const { revocations } = await sources.revocations();
  return new Set(revocations.filter((one) => one.group === undefined || one.group === group).map(({ uid }) => uid));
}

/** Those of the additions who are revoked by now and gone again: they came in all the same, and the record has both. */
async function passedThrough({ group, add }: IntentRecord, names: Names, sources: Sources): Promise<ReadonlySet<string>> {
  const gone = add.flatMap(({ members }) => members.flatMap(({ uid }) => (names.has(uid) ? [] : [uid])));
  if (gone.length === 0) return new Set();
  const revoked = await revokedNow(group, sources);
  return new Set(gone.filter((uid) => revoked.has(uid)));
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
  const { names, doubt } = await namesNow(intent, observed, namesOf(observed, desired, plan), reader);
  const passed = outcome.kind === 'done' ? await passedThrough(intent, names, ports.sources) : new Set<string>();
  const arrived = { has: (name: string) => names.has(name) || passed.has(name) };
  const rest = undone(intent, arrived);
  const missing = [...rest.add, ...rest.remove].flatMap(({ members: of }) => of.map(({ uid }) => uid));
  const done = missing.length === 0;
  const message = done ? undefined : messageOf(outcome, missing, doubt);
  const settled = settleIntent(intent, arrived, members, at, done ? 'done' : 'failed', message);
  // The next run goes on with what a broken connection cut off, as with what it was let through as.
  const open = !done && outcome.kind === 'unknown' ? [{ ...intent, ...rest }] : [];
  const told = [settled, ...used(intent, settled, ports.memory), ...open];
  const unrecorded = await ports.journal.append(told, 'reserve').then(() => undefined, whereFull);
  if (message === undefined) return { proposal: after, result: { proposal: after, outcome: 'done', members, ...unrecorded } };
  const status: StatusName = outcome.kind === 'unknown' || outcome.kind === 'stopped' ? 'unavailable' : 'directory';
  return { proposal: after, result: { proposal: after, outcome: 'not-done', members, status, message } };
}

function whereFull(error: unknown): ReturnType<typeof couldNotBeRecorded> {
  if (!isDiskFull(error)) throw error;
  return couldNotBeRecorded(error);
}

/** What the list shows otherwise than was intended, the server is asked for by name: it may know two spellings for one, or hide one. */
async function namesNow({ add, remove }: IntentRecord, { group }: ObservedGroup, names: ReturnType<typeof namesOf>, reader: Directory) {
  let doubt: string | undefined;
  const unlike = [
    ...add.flatMap(({ members }) => members.filter(({ uid }) => !names.has(uid))),
    ...remove.flatMap(({ members }) => members.filter(({ uid }) => names.has(uid))),
  ];
  for (const { uid, dn } of unlike.slice(0, mostAsked)) {
    const isMember = await reader.isMember(group, dn).catch((error: unknown) => {
      if (!(error instanceof DirectoryUnusable)) throw error;
      doubt ??= error.message;
      return names.has(uid);
    });
    if (!isMember) names.delete(uid);
    else if (!names.has(uid)) names.set(uid, undefined);
  }
  return { names, doubt };
}

const mostAsked = 100;

function undone({ add, remove }: IntentRecord, names: Pick<Names, 'has'>): RecordedChanges {
  return { add: membersWhere(add, (uid) => !names.has(uid)), remove: membersWhere(remove, (uid) => names.has(uid)) };
}

function messageOf(outcome: ChangeOutcome, missing: readonly string[], doubt?: string): string {
  const who = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`;
  switch (outcome.kind) {
    case 'refused':
    case 'unknown':
      return outcome.message;
    case 'lost-race':
      return 'somebody else kept changing the group; the next run tries again';
    case 'stopped':
      return noLongerActive.message;
    case 'done':
      if (doubt !== undefined) return doubt;
      return `the directory accepted the change and does not show it (${who}): look at its overlays, memberof-dangling above all`;
  }
}

/** What was begun and never settled (the run was killed, the race was lost) is settled by what the directory shows. */
function recovery({ group, observed, desired, plan }: PlannedGroup, memory: Memory, at: Instant, anew?: Anew): readonly LedgerRecord[] {
  const { openIntent } = knownGroup(memory, group);
  if (!openIntent) return [];
  const names = new Set(namesOf(observed, desired, plan).keys());
  const message = anew?.message ?? 'an earlier run was interrupted before it could record this';
  const outcome = settleIntent(openIntent, names, observed.members.length, at, anew ? 'failed' : 'recovered', message);
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
  const { policy } = judged;
  return policy !== undefined && plan.kept.some(({ uid }) => isUndecided(policy, group, uid));
}

/** The group has a membership on record, or has one from now on. */
function isTakenOver(proposal: PlannedGroup, memory: Memory, seen: Survey): boolean {
  // Where the server that is read did not answer, more is planned than is done.
  const isWhole = proposal.guarded.held.length === 0 && !seen.problems.some(({ code }) => code === 'directory-unavailable');
  return knownGroup(memory, proposal.group).takenOver || (isWhole && !someoneWaits(proposal, seen));
}

/** What the group holds now, as far as it is news. */
async function recordMembership(proposal: PlannedGroup, { journal, memory, sources, openToWrite }: RunPorts, seen: Survey): Promise<void> {
  const { group, observed, desired, plan, doubt } = proposal;
  const at = seen.now;
  const begun = recovery(proposal, memory, at);
  // First: whoever it tells of did not come or go by themselves.
  if (begun.length > 0) await journal.append(begun);
  const names = isTakenOver(proposal, memory, seen) ? namesOf(observed, desired, plan) : undefined;
  // Of whom the server does not tell, the record stays as it is.
  for (const uid of doubt?.uids ?? []) if (knownGroup(memory, group).members.has(uid)) names?.set(uid, undefined);
  if (names && [...knownGroup(memory, group).members.keys()].some((name) => !names.has(name))) {
    // Anew: `revoke` may have come after the survey.
    const { revocations } = await sources.revocations();
    const { reader } = await openToWrite();
    const dnOf = (uid: Uid) => reader.straight(uid).dn;
    await journal.append(takenOutBeside(group, names, knownGroup(memory, group), revocations, observed.members.length, dnOf, at));
  }
  const news = newsOf(proposal, names, knownGroup(memory, group), at);
  if (news.length > 0) await journal.append(news);
}
