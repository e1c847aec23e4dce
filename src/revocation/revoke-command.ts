// `revoke`, `revoke --list` and `lift`: wired so that nothing but the directory has to answer.
import { readDetails } from '../directory/details.ts';
import { fileOf, readRevocations, removeRevocation, writeRevocation } from './revocations.ts';
import type { Invocation } from '../cli.ts';
import type { Revocation } from '../membership/desired.ts';
import { revoke, type RevokePorts } from './revoke.ts';
import { inOrder, parseGroupName, parseUid, type GroupName, type Instant, type Uid } from '../names.ts';
import { statusOf } from '../status.ts';
import { renderInstant } from '../time.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import { emptyMemory } from '../ledger/memory.ts';
import { isOnRecord } from '../reconcile/recording.ts';
import { plain, renderBy } from '../text.ts';
import { configurationOf, hostConfiguration, reasonOf, type Printed } from '../commands.ts';
import { directoryAccess } from '../directory/access.ts';
import { goOnAsOwner, refuseOnStandby, requireState, withStateToWrite, type HostConfiguration, type Caller } from '../reconcile/host.ts';
import { openNamesOnRecord } from './names-on-record.ts';
import { renderStillNamed } from './ratification-words.ts';
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
  const directory = directoryAccess(configuration.directory);
  const groups = only ? [only] : [...configuration.directory.groups.keys()].sort(inOrder);
  const lines: string[] = [];
  try {
    const status = await revoke(
      { uid, groups, only, reason, by: caller.typedBy() },
      {
        now,
        openToWrite: directory.openToWrite,
        show: async (person) => readDetails(await directory.connection(), person),
        keep: (revocation) => unless(stuck, () => writeRevocation(configuration.state, { ...revocation, at: now })),
        file: fileOf(configuration.state, { uid, ...(only === undefined ? {} : { group: only }) }),
        underLock: (soFar, work) =>
          unless(stuck, () => withStateToWrite(configuration, caller, (state) => work(unlessOnRecord(state)), plain(soFar))),
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

/** A run that was under way may have found the file of the revocation, and put it on record. */
function unlessOnRecord({ journal, memory }: WritableState): WritableState['journal']['append'] {
  return (records) => journal.append(records.filter((one) => one.type !== 'revocation' || !isOnRecord(one, memory)));
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

function groupOf({ options }: Invocation, { directory }: HostConfiguration): GroupName | undefined {
  if (options['group'] === undefined) return undefined;
  const group = parseGroupName(String(options['group']));
  if (group && directory.groups.has(group)) return group;
  throw new Misuse(
    `"${String(options['group'])}" is not a group of this host; its groups: ${[...directory.groups.keys()].sort(inOrder).join(', ')}`,
  );
}

async function known({ state }: HostConfiguration, uid: Uid): ReturnType<RevokePorts['known']> {
  const { memory } = await openStateToRead(state).catch((error: unknown) => {
    // A ledger that cannot be trusted keeps nobody from revoking; only the spelling is checked less well.
    if (error instanceof Unavailable || error instanceof Unusable) return { memory: emptyMemory() };
    throw error;
  });
  const groups = [...memory.groups.values()];
  const uids = groups.flatMap(({ members }) => [...members.keys()].flatMap((name) => parseUid(name) ?? []));
  const entries = groups.flatMap(({ bindings }) => bindings.get(uid)?.uuid ?? []);
  return { uids: [...new Set(uids)], entries: [...new Set(entries)] };
}

async function list(configuration: HostConfiguration, now: Instant): Promise<Printed> {
  requireState(configuration);
  const { state } = configuration;
  const { revocations, warnings } = await readRevocations(state);
  const onRecord = await openNamesOnRecord(state, now);
  const lines = revocations.map(({ uid, group, at, reason, by }) => {
    const since = at === undefined ? 'time unknown' : renderInstant(at);
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
  return withStateToWrite(configuration, caller, async ({ folder, journal }) => {
    const { revocations } = await readRevocations(folder);
    const ofPerson = revocations.filter((one) => one.uid === uid);
    const ended = ofPerson.filter((one) => one.group === only);
    if (ended.length === 0)
      return {
        text: renderOthers({ uid, ...(only === undefined ? {} : { group: only }) }, ofPerson),
        status: statusOf(['findings']),
      };
    await journal.append([{ type: 'lift', at: caller.now(), uid, from: only ?? null, reason, by: caller.typedBy() }]);
    for (const one of ended) await removeRevocation(folder, one);
    return {
      text: [
        `The revocation of ${uid} has ended. Whatever grants and rosters say of ${uid} counts again, from the next run on.`,
        'Remove its file on the standby host too.',
        '',
      ].join('\n'),
      status: statusOf([]),
    };
  });
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
