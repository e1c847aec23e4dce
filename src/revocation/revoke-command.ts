// `revoke`, `revoke --list` and `lift`: wired so that nothing but the directory has to answer.
import { isDeepStrictEqual } from 'node:util';
import { withReserve } from '../chain/reserve.ts';
import { readDetails } from '../directory/people.ts';
import { readRevocations, removeRevocation, writeRevocation, type KeptRevocation } from './revocations.ts';
import type { Invocation } from '../cli.ts';
import type { Revocation } from '../membership/desired.ts';
import { revoke, type RevokePorts } from './revoke.ts';
import { inOrder, noEntry, parseUid, type GroupName, type Instant, type Uid } from '../names.ts';
import { statusOf } from '../status.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { plain, renderBy, renderMoment } from '../text.ts';
import { configurationOf, groupOfHost, hostConfiguration, reasonOf, type Printed } from '../command.ts';
import { directoryAccess } from '../directory/access.ts';
import { goOnAsOwner, refuseOnStandby, requireState, type HostConfiguration, type Caller } from '../host.ts';
import { withStateToWrite } from '../reconcile/state-to-write.ts';
import { openNamesOnRecord } from './names-on-record.ts';
import { renderStillNamed } from './ratification.ts';
import { openStateToRead, type WritableState } from '../ledger/state.ts';

export async function runRevoke(invocation: Invocation, caller: Caller): Promise<Printed> {
  if (invocation.options['list'] === true) return list(await hostConfiguration(invocation, caller), caller.now());
  const configuration = await configurationOf(invocation, caller);
  // Somebody who must go at once goes, also where nothing can be kept.
  const stuck = await goOnAsOwner(configuration, caller).then(() => undefined, asUnusable);
  const uid = uidOf(invocation);
  const only = groupOf(invocation, configuration);
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  const now = caller.now();
  const directory = directoryAccess(configuration.directory, now);
  const groups = only ? [only] : [...configuration.directory.groups.keys()].sort(inOrder);
  const lines: string[] = [];
  try {
    const status = await revoke(
      { uid, groups, only, reason, by: caller.typedBy() },
      {
        now,
        openToWrite: directory.openToWrite,
        show: async (person) => readDetails(await directory.connection(), person),
        keep: (revocation) =>
          unless(stuck, () => withReserve(configuration.state, () => writeRevocation(configuration.state, { ...revocation, at: now }))),
        standing: async () => (await readRevocations(configuration.state)).revocations.filter((one) => one.uid === uid),
        underLock: (soFar, work) => unless(stuck, () => withStateToWrite(configuration, caller, work, plain(soFar))),
        known: (one) => known(configuration, one),
        say: (text) => void lines.push(plainLines(text)),
      },
    );
    if (stuck) return { text: lines.join(''), status: statusOf([...status.all, 'misuse']) };
    if (status.name === 'findings') return { text: lines.join(''), status };
    const onRecord = await openNamesOnRecord(configuration.state, now);
    const left = renderStillNamed(uid, onRecord?.({ uid, only }), configuration.gitlab !== undefined);
    return { text: `${lines.join('')}${plainLines(left)}`, status };
  } finally {
    await directory.close();
  }
}

/** What root would leave in the state folder, its owner could not read. */
function asUnusable(error: unknown): Unusable {
  if (error instanceof Misuse) return new Unusable(error.message, { cause: error });
  throw error;
}

async function unless<Result>(stuck: Unusable | undefined, work: () => Promise<Result>): Promise<Result> {
  if (stuck) throw stuck;
  return work();
}

function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}

function uidOf({ operands, command }: Invocation): Uid {
  const [given = ''] = operands;
  const uid = parseUid(given);
  if (!uid) throw new Misuse(given === '' ? `say whose: muster ${command} UID --reason "…"` : `${JSON.stringify(given)} cannot be a uid`);
  return uid;
}

function groupOf({ options }: Invocation, configuration: HostConfiguration): GroupName | undefined {
  return options['group'] === undefined ? undefined : groupOfHost(String(options['group']), configuration);
}

async function known({ state }: HostConfiguration, uid: Uid): ReturnType<RevokePorts['known']> {
  const { memory } = await openStateToRead(state).catch((error: unknown) => {
    // A ledger that cannot be trusted keeps nobody from revoking; only the spelling is checked less well.
    if (error instanceof Unavailable || error instanceof Unusable) return { memory: undefined };
    throw error;
  });
  if (!memory) return { uids: [], entries: [], records: undefined };
  const groups = [...memory.groups.values()];
  const uids = groups.flatMap(({ members }) => [...members.keys()].flatMap((name) => parseUid(name) ?? []));
  const entries = groups.flatMap(({ bindings }) => bindings.get(uid)?.uuid ?? []).filter((uuid) => uuid !== noEntry);
  return { uids: [...new Set(uids)], entries: [...new Set(entries)], records: memory.records };
}

async function list(configuration: HostConfiguration, now: Instant): Promise<Printed> {
  requireState(configuration);
  const { state } = configuration;
  const { revocations, warnings } = await readRevocations(state);
  const onRecord = await openNamesOnRecord(state, now);
  const lines = revocations.map(({ uid, group, at, reason, by }) => {
    const since = at === undefined ? 'time unknown' : renderMoment(at);
    const named = onRecord?.({ uid, only: group }).namedBy ?? [];
    const still = named.length > 0 ? `  still named by ${named.map(plain).join(', ')}\n` : '';
    return `${uid.padEnd(20)} ${(group ?? 'every group').padEnd(20)} ${since}  ${plain(reason)}${renderBy(by)}\n${still}`;
  });
  const text = [...(lines.length === 0 ? ['Nobody is revoked on this host.\n'] : lines), ...warnings.map((one) => `${plain(one)}\n`)].join(
    '',
  );
  return { text, status: statusOf(warnings.length > 0 ? ['input'] : []) };
}

export async function runLift(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const uid = uidOf(invocation);
  const only = groupOf(invocation, configuration);
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  requireState(configuration);
  const { state } = configuration;
  const ofPerson = (await readRevocations(state)).revocations.filter((one) => one.uid === uid);
  const shown = ofPerson.filter((one) => one.group === only);
  if (shown.length === 0)
    return {
      text: renderOthers({ uid, group: only }, ofPerson),
      status: statusOf(['findings']),
    };
  const order = { uid, only, reason, by: caller.typedBy(), shown };
  const work = ({ journal }: WritableState) => lift(order, state, journal, caller.now());
  const soFar = `to be lifted: ${shown.map(renderShown).join('; ')}`;
  const { ended, newer } = await withStateToWrite(configuration, caller, work, plain(soFar));
  const lines = ended.map((one) => `Ended: ${renderShown(one)}\n`).join('');
  const rest = newer.length > 0 ? stillRevoked(uid, newer) : whatFollows(uid);
  const none = `Somebody else lifted meanwhile what there was to lift.\n${newer.length > 0 ? rest : ''}`;
  return { text: plainLines(ended.length > 0 ? lines + rest : none), status: statusOf(ended.length > 0 ? [] : ['findings']) };
}

interface Lift {
  readonly uid: Uid;
  readonly only: GroupName | undefined;
  readonly reason: string;
  readonly by: string;
  /** What the person who lifts was shown. */
  readonly shown: readonly KeptRevocation[];
}

/** Ends what was shown and nothing that came meanwhile. */
async function lift(
  { uid, only, reason, by, shown }: Lift,
  folder: string,
  journal: WritableState['journal'],
  at: Instant,
): Promise<{ readonly ended: readonly KeptRevocation[]; readonly newer: readonly KeptRevocation[] }> {
  const { revocations } = await readRevocations(folder);
  const now = revocations.filter((one) => one.uid === uid && one.group === only);
  const isShown = (one: KeptRevocation) => shown.some((other) => isDeepStrictEqual(one, other));
  const [ended, newer] = [now.filter(isShown), now.filter((one) => !isShown(one))];
  if (ended.length === 0) return { ended, newer };
  const standing = newer.map((one) => ({ at: one.at ?? at, reason: one.reason }));
  await journal.append([{ type: 'lift', at, uid, from: only ?? null, reason, by, ...(standing.length > 0 && { standing }) }]);
  for (const one of ended) await removeRevocation(folder, one);
  return { ended, newer };
}

function renderShown({ uid, group, at, reason, by }: Revocation): string {
  const since = at === undefined ? '' : ` of ${renderMoment(at)}`;
  return `the revocation of ${uid} from ${group ?? 'every group'}${since}: ${reason}${renderBy(by)}`;
}

function stillRevoked(uid: Uid, newer: readonly KeptRevocation[]): string {
  const lines = newer.map(({ at, reason }) => `  ${at === undefined ? 'time unknown' : renderMoment(at)}  ${reason}\n`);
  return `${uid} stays revoked: meanwhile somebody revoked ${uid} again, and that was not lifted:\n${lines.join('')}`;
}

function whatFollows(uid: Uid): string {
  return [
    `The revocation of ${uid} has ended. Whatever grants and rosters say of ${uid} counts again, from the next run on.`,
    'A standby with muster-standby@.timer forgets it within two minutes. On any other remove its file.',
    '',
  ].join('\n');
}

/** What was not lifted, and how what there is would be. */
function renderOthers({ uid, group }: Pick<Revocation, 'uid' | 'group'>, others: readonly Revocation[]): string {
  const commands = others
    .map((one) => `  muster lift ${uid}${one.group === undefined ? '' : ` --group ${one.group}`} --reason "…"\n`)
    .join('');
  if (others.length === 0)
    return `${uid} is not revoked${group ? ` from ${group}` : ''} on this host; "muster revoke --list" shows who is.\n`;
  if (others.some((one) => one.group === undefined))
    return `${uid} is revoked from every group, not from ${group} alone, and nothing was lifted. To end that:\n${commands}`;
  return group === undefined
    ? `${uid} is revoked from single groups only, and nothing was lifted. Name the group:\n${commands}`
    : `${uid} is not revoked from ${group}, and nothing was lifted, but from others:\n${commands}`;
}
