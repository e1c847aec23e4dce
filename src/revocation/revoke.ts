// `muster revoke` and `muster lift`: takes access away at once, with nothing but the directory, and keeps it away until lifted.
// It can never give access.
import type { Revocation } from '../membership/desired.ts';
import type { DirectoryPerson } from '../directory/directory.ts';
import { isNear } from '../near.ts';
import { inOrder, type EntryUuid, type GroupName, type Instant, type Uid } from '../names.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { WritableState } from '../ledger/state.ts';
import { isOnRecord } from '../reconcile/recording.ts';
import { uidSpelledIn } from '../membership/plan.ts';
import { renderMoment, renderUnwritten, tellingOnce } from '../text.ts';
import { statusOf, type Status, type StatusName } from '../status.ts';
import { Unavailable, Unusable, problemOf } from '../errors.ts';
import { lookFor, removalRecords, removeFrom, type OpenToWrite, type Removal, type Revoked } from './removal.ts';

export interface PersonShown {
  readonly name: string;
  readonly mail: string;
}

export interface RevokePorts {
  readonly openToWrite: OpenToWrite;
  /** Name and mail of an entry, for people to recognise. */
  readonly show: (person: DirectoryPerson) => Promise<PersonShown>;
  /** On disk when the promise is kept; gives where, for whoever copies it. Throws Unavailable or Unusable. */
  readonly keep: (revocation: Revocation) => Promise<string>;
  /** Those of the person that are in force already. */
  readonly standing: () => Promise<readonly Revocation[]>;
  /** Runs under the lock of the state folder; after a run that is under way. Whoever waits is told `soFar`. */
  readonly underLock: (soFar: string, work: (state: WritableState) => Promise<void>) => Promise<void>;
  /** Whoever is on record as a member, to compare a mistyped uid with; and the entries that the record knows this one by. */
  readonly known: (uid: Uid) => Promise<Known>;
  readonly say: (text: string) => void;
  readonly now: Instant;
}

/** What the record knows before anything is done; `records`: how many it has, undefined where it cannot be read. */
export interface Known {
  readonly uids: readonly Uid[];
  readonly entries: readonly EntryUuid[];
  readonly records: number | undefined;
}

export interface RevokeOrder {
  readonly uid: Uid;
  readonly groups: readonly GroupName[];
  /** Set where only this group is meant. */
  readonly only: GroupName | undefined;
  readonly reason: string;
  readonly by: string;
}

export async function revoke({ uid, groups, only, reason, by }: RevokeOrder, ports: RevokePorts): Promise<Status> {
  const { uids, entries, records } = await ports.known(uid);
  const revoked = await lookFor(uid, entries, ports.openToWrite);
  // What keeps somebody from being looked for keeps nobody from being revoked: what is on record acts as soon as that is mended.
  if (revoked.found === undefined && !revoked.doubt && !uids.includes(uid) && !(await isSpelled(uid, groups, ports)))
    return unknownPerson(uid, uids, ports);
  const failures: StatusName[] = [];
  const revocation: Revocation = { uid, at: ports.now, reason, by, group: only };
  const before = await ports.standing().catch(noneKnown);
  let file = '';
  const keep = async () => void (file = await ports.keep(revocation));
  const notKept = await attempt(keep, ports, 'the revocation could NOT be kept: the next run may give the access back');
  const kept = notKept === undefined;
  // Not 75, with which nothing is wrong: somebody has to see to it that it is kept.
  if (!kept) failures.push('input');
  const once = tellingOnce();
  await introduce(revoked, ports, once);
  for (const one of before) ports.say(renderStanding(one));
  const removals: Removal[] = [];
  for (const group of groups) removals.push(await takeOut(group, revoked, ports, once));
  const first = [...removals];
  // A run that was under way may have decided before; once it is over, a second look.
  const lookAgain = async (state: WritableState) => {
    const { journal } = state;
    for (const [at, group] of groups.entries()) removals.push(await takeOut(group, revoked, ports, once, first[at]));
    await journal.append(newsOf(revocation, removals, state, records, ports.now), 'reserve');
    if (!journal.diskFull) return;
    failures.push('input');
    ports.say(`It is recorded, from the reserve: ${journal.diskFull.message}\n`);
  };
  const record = () => ports.underLock(standingOf(uid, groups, removals), lookAgain);
  const notRecorded = await attempt(record, ports, 'the ledger has no record of this yet', notKept);
  for (const removal of removals.slice(-groups.length)) {
    if (removal.kind === 'failed') failures.push(removal.status);
    else if (removal.kind === 'removed' && removal.doubt) failures.push(removal.doubt.status);
    else if (removal.unwritten.length > 0) failures.push('directory');
  }
  if (notRecorded) failures.push(problemOf(notRecorded, 'ledger').status);
  if (kept && removals.slice(-groups.length).some(({ kind }) => kind === 'failed'))
    ports.say(`The revocation is kept: every run takes ${uid} out as soon as the directory lets it.\n`);
  ports.say('Sessions that are open now live on until they end:\nask whoever runs the sign-on to end them.\n');
  ports.say(
    kept
      ? `This lasts until "muster lift ${uid}".\nA standby with muster-standby@.timer copies it within two minutes.\nTo any other host that runs muster, copy this file to the same place:\n  ${file}\n`
      : 'The next run may undo this, for the revocation was not kept. Stop the timer (systemctl stop muster.timer), mend what is said above,\n' +
          'and type the same again, as root or as the account that owns the state folder; then start the timer.\n',
  );
  return statusOf(failures);
}

/** What a run that was under way has told meanwhile is not told again. */
function newsOf(
  one: Revocation,
  removals: readonly Removal[],
  state: WritableState,
  records: number | undefined,
  at: Instant,
): readonly LedgerRecord[] {
  const { uid, group: from = null, reason, by } = one;
  const told = records === undefined ? [] : takenOutSince(uid, state, records);
  const news = removals.filter((removal) => removal.kind !== 'removed' || !told.includes(removal.group));
  const revoked = { type: 'revocation', at, uid, from, reason, by } as const;
  // A run that was under way may have found the file, and put it on record.
  return [...(isOnRecord(one, state.memory) ? [] : [revoked]), ...removalRecords(uid, news, at)];
}

/** The groups that this person was taken out of for being revoked, as records after the first `count` tell. */
function takenOutSince(uid: Uid, state: WritableState, count: number): readonly GroupName[] {
  const groups: GroupName[] = [];
  let place = 0;
  for (const record of state.records()) {
    if (place++ < count || record.type !== 'outcome') continue;
    const takesOut = record.remove.some(({ because, members }) => because.kind === 'revoked' && members.some((one) => one.uid === uid));
    if (takesOut) groups.push(record.group);
  }
  return groups;
}

function renderStanding({ uid, group, at, reason }: Revocation): string {
  const since = at === undefined ? '' : ` since ${renderMoment(at)}`;
  return `${uid} is revoked already${since}, from ${group ?? 'every group'}: ${reason}\n`;
}

/** What this would show keeps nobody from revoking. */
function noneKnown(error: unknown): readonly never[] {
  if (error instanceof Unavailable || error instanceof Unusable) return [];
  throw error;
}

type Once = (reason: string) => string;

/** Whom it hits, before it does. */
async function introduce({ uid, found, doubt }: Revoked, ports: RevokePorts, once: Once): Promise<void> {
  if (found !== undefined && found !== 'ambiguous') {
    const show = async () => {
      const { name, mail } = await ports.show(found);
      ports.say(`${uid}  ${name}  ${mail}\n`);
    };
    await attempt(show, ports, `${uid}  name and mail could not be read`);
    return ports.say(`${found.dn}\n`);
  }
  if (doubt) ports.say(`${uid}  could not be looked for in every way, and whatever carries the uid goes: ${once(doubt.message)}\n`);
  else ports.say(`${uid}  the directory has ${found ? 'several entries' : 'no entry'} with this uid: whatever carries it goes\n`);
}

/** For whoever waits for nothing but the record. */
function standingOf(uid: Uid, groups: readonly GroupName[], removals: readonly Removal[]): string {
  const named = (kind: Removal['kind']) => groups.filter((_, at) => removals[at]?.kind === kind).join(', ');
  const [out, stillIn] = [named('removed'), named('failed')];
  const done = out === '' ? `${uid} was found in no group to be taken out of` : `${uid} is out already, of ${out}`;
  return `${done}.${stillIn === '' ? '' : ` Still in, as far as can be told: ${stillIn}.`} Only the record of it waits`;
}

/** `before`: what a first look came to, which is not told twice. */
async function takeOut(group: GroupName, revoked: Revoked, ports: RevokePorts, once: Once, before?: Removal): Promise<Removal> {
  const removal = await removeFrom(group, revoked, ports.openToWrite, before);
  const isNews = before === undefined || (removal.kind !== 'no-member' && saidOf(removal) !== saidOf(before));
  if (isNews) ports.say(`  ${group}: ${saidOf(removal, once)}\n`);
  return removal;
}

function saidOf(removal: Removal, once: Once = (reason) => reason): string {
  if (removal.kind === 'failed') return `STILL IN, as far as can be told: ${once(removal.message)}`;
  const besides = renderUnwritten(removal.unwritten).map((one) => `; but ${one}`);
  const out = removal.kind === 'no-member' ? 'was not a member' : 'out';
  const doubt =
    removal.kind === 'removed' && removal.doubt ? `; whether under another name too cannot be told: ${once(removal.doubt.message)}` : '';
  return `${out}${doubt}${besides.join('')}`;
}

/** What went wrong, if something did; what `wasTold` already is not told twice. */
async function attempt(
  work: () => Promise<void>,
  { say }: RevokePorts,
  otherwise: string,
  wasTold?: Error,
): Promise<Unavailable | Unusable | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    say(error.message === wasTold?.message ? `${otherwise}, for the same reason\n` : `${otherwise}: ${error.message}\n`);
    return error;
  }
}

/** A member is spelled with the name now: nobody has mistyped it. */
async function isSpelled(uid: Uid, groups: readonly GroupName[], { openToWrite }: RevokePorts): Promise<boolean> {
  const { reader } = await openToWrite();
  const straight = reader.straight(uid);
  for (const group of groups) {
    const observed = await reader.group(group);
    if (observed.kind !== 'group') continue;
    if (observed.members.some(({ dn }) => uidSpelledIn(dn) === uid) || (await reader.isMember(group, straight.dn))) return true;
  }
  return false;
}

function unknownPerson(uid: Uid, known: readonly Uid[], ports: RevokePorts): Status {
  const near = known.filter((one) => isNear(uid, one)).sort(inOrder);
  ports.say(`The directory has no person ${uid}; nothing was done.${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}\n`);
  return statusOf(['findings']);
}
