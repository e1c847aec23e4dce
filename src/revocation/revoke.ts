// `muster revoke` and `muster lift`: takes access away at once, with nothing but the directory, and keeps it away until lifted.
// It can never give access (DESIGN, section 6).
import type { Revocation } from '../membership/desired.ts';
import type { DirectoryPerson } from '../directory/directory.ts';
import { isNear } from '../near.ts';
import { inOrder, type GroupName, type Instant, type Uid } from '../names.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { uidSpelledIn } from '../membership/plan.ts';
import { statusOf, type Status, type StatusName } from '../status.ts';
import { DirectoryUnusable, Unavailable, Unusable } from '../errors.ts';
import type { WritableDirectory } from '../reconcile/ports.ts';
import { removalRecords, removeFrom, type Removal, type Revoked } from './removal.ts';

export interface PersonShown {
  readonly name: string;
  readonly mail: string;
}

export interface RevokePorts {
  readonly openToWrite: () => Promise<WritableDirectory>;
  /** Name and mail of an entry, for people to recognise. */
  readonly show: (person: DirectoryPerson) => Promise<PersonShown>;
  /** On disk when the promise is kept. Throws Unavailable. */
  readonly keep: (revocation: Revocation) => Promise<void>;
  /** Where it is kept, for whoever copies it. */
  readonly file: string;
  /** Runs under the lock of the state folder, with what appends to the ledger; after a run that is under way. Whoever waits is told `soFar`. */
  readonly underLock: (
    soFar: string,
    work: (append: (records: readonly LedgerRecord[]) => Promise<void>) => Promise<void>,
  ) => Promise<void>;
  /** Uids worth comparing a mistyped one with: whoever is on record as a member. */
  readonly known: () => Promise<readonly Uid[]>;
  readonly say: (text: string) => void;
  readonly now: Instant;
}

export interface RevokeOrder {
  readonly uid: Uid;
  readonly groups: readonly GroupName[];
  /** Set where only this group is meant. */
  readonly only: GroupName | undefined;
  readonly reason: string;
  readonly by: string;
}

/** Who is meant is not known without the directory, and whom it cannot show it cannot take out either. */
function nothingDone(error: unknown): never {
  const nobody = 'Nobody was revoked, and nothing is recorded: type it again';
  if (error instanceof Unavailable) throw new Unavailable(error.system, `${error.detail}. ${nobody}`, error);
  if (error instanceof DirectoryUnusable) throw new DirectoryUnusable(`${error.message}. ${nobody} once that is mended`, { cause: error });
  throw error;
}

export async function revoke({ uid, groups, only, reason, by }: RevokeOrder, ports: RevokePorts): Promise<Status> {
  const directory = await ports.openToWrite().catch(nothingDone);
  const person = (await directory.reader.people([uid]).catch(nothingDone)).get(uid);
  const revoked: Revoked = { uid, person: person === 'ambiguous' ? undefined : person };
  if (person === undefined && !(await isKnown(uid, groups, directory, ports))) return unknownPerson(uid, ports);
  if (revoked.person) {
    const { person: one } = revoked;
    const show = async () => {
      const { name, mail } = await ports.show(one);
      ports.say(`${uid}  ${name}  ${mail}\n`);
    };
    await attempt(show, ports, `${uid}  name and mail could not be read`);
    ports.say(`${one.dn}\n`);
  } else {
    ports.say(`${uid}  the directory has ${person ? 'several entries' : 'no entry'} with this uid: whatever carries it goes\n`);
  }
  const failures: StatusName[] = [];
  const revocation: Revocation = { uid, at: ports.now, reason, by, ...(only === undefined ? {} : { group: only }) };
  const notKept = await attempt(
    () => ports.keep(revocation),
    ports,
    'the revocation could NOT be kept: the next run may give the access back',
  );
  const kept = notKept === undefined;
  if (!kept) failures.push('directory');
  const removals: Removal[] = [];
  for (const group of groups) removals.push(await takeOut(group, revoked, directory, ports));
  // A run that was under way may have decided before; once it is over, a second look.
  const notRecorded = await attempt(
    () =>
      ports.underLock(standingOf(uid, groups, removals), async (append) => {
        for (const group of groups) removals.push(await takeOut(group, revoked, directory, ports, 'quietly'));
        await append([
          { type: 'revocation', at: ports.now, uid, from: only ?? null, reason, by },
          ...removalRecords(uid, removals, ports.now),
        ]);
      }),
    ports,
    'the ledger has no record of this yet',
    notKept,
  );
  if (removals.slice(-groups.length).some(({ kind }) => kind === 'failed')) failures.push('directory');
  if (notRecorded !== undefined) failures.push(kept ? 'unavailable' : 'directory');
  ports.say('Single sign-on sessions that are open now live on for up to 7 days:\nask whoever runs the identity provider to end them.\n');
  ports.say(
    kept
      ? `It stays so until "muster lift ${uid}". Copy its file to the standby host, to the same place:\n  ${ports.file}\n`
      : 'Nothing keeps it so, for the revocation was not kept. Stop the timer (systemctl stop muster.timer), mend what is said above,\n' +
          'and type the same again, as root or as the account that owns the state folder; then start the timer.\n',
  );
  return statusOf(failures);
}

/** For whoever waits for nothing but the record. */
function standingOf(uid: Uid, groups: readonly GroupName[], removals: readonly Removal[]): string {
  const named = (kind: Removal['kind']) => groups.filter((_, at) => removals[at]?.kind === kind).join(', ');
  const [out, stillIn] = [named('removed'), named('failed')];
  const done = out === '' ? `${uid} was found in no group to be taken out of` : `${uid} is out already, of ${out}`;
  return `${done}.${stillIn === '' ? '' : ` STILL IN, as far as can be told: ${stillIn}.`} Only the record of it waits`;
}

async function takeOut(
  group: GroupName,
  revoked: Revoked,
  directory: WritableDirectory,
  ports: RevokePorts,
  how: 'aloud' | 'quietly' = 'aloud',
): Promise<Removal> {
  const removal = await removeFrom(group, revoked, directory);
  if (removal.kind === 'failed') ports.say(`  ${group}: STILL IN, as far as can be told: ${removal.message}\n`);
  else if (how === 'aloud' || removal.kind === 'removed')
    ports.say(`  ${group}: ${removal.kind === 'removed' ? 'out' : 'was not a member'}\n`);
  return removal;
}

/** What went wrong, if something did; what `wasTold` already is not told twice. */
async function attempt(work: () => Promise<void>, { say }: RevokePorts, otherwise: string, wasTold?: string): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    say(error.message === wasTold ? `${otherwise}, for the same reason\n` : `${otherwise}: ${error.message}\n`);
    return error.message;
  }
}

/** A name that nobody has mistyped: muster put it into a group once, or a member is spelled with it now. */
async function isKnown(uid: Uid, groups: readonly GroupName[], { reader }: WritableDirectory, ports: RevokePorts): Promise<boolean> {
  if ((await ports.known()).includes(uid)) return true;
  for (const group of groups) {
    const observed = await reader.group(group);
    if (observed.kind === 'group' && observed.members.some(({ dn }) => uidSpelledIn(dn) === uid)) return true;
  }
  return false;
}

async function unknownPerson(uid: Uid, ports: RevokePorts): Promise<Status> {
  const near = (await ports.known()).filter((known) => isNear(uid, known)).sort(inOrder);
  ports.say(`The directory has no person ${uid}; nothing was done.${near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''}\n`);
  return statusOf(['findings']);
}
