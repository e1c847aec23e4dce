// `allow` lets exactly one held set through, once, at whichever run it comes up within 24 hours. `refuse` turns a landing that waits into a refused
// one, `distrust` makes signatures count for nothing: by files in the state folder, which judging reads. Both judge nothing, and can only narrow.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Invocation } from '../cli.ts';
import { groupOfHost, hostConfiguration, reasonOf, type Printed } from '../command.ts';
import { distrustStory } from '../ledger/distrusted.ts';
import { Misuse, stateFailure } from '../errors.ts';
import { steadyNow } from '../membership/clock.ts';
import { parseExactUid } from '../names.ts';
import { statusOf, type StatusName } from '../status.ts';
import { parseMoment } from '../time.ts';
import { refuseOnStandby, surveySettings, type Caller } from '../host.ts';
import { withHostToWrite, withStateToWrite } from './state-to-write.ts';
import { survey } from './survey.ts';
import { renderMoment } from '../text.ts';
import { knownGroup } from '../ledger/group-memory.ts';
import { makeFolder, publishFile } from '../kept-files.ts';
import type { Distrusted } from '../record/approval-count.ts';
import { folderOfDistrusted, folderOfRefused, renderByHand, type DistrustedByHand, type RefusedByHand } from '../record/by-hand.ts';

export async function runAllow({ operands: [named = '', digest = ''], options, ...rest }: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration({ options, operands: [], ...rest }, caller);
  const group = groupOfHost(named, configuration);
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Misuse('a digest looks like "sha256:" and 64 hex digits; "muster plan" prints it');
  const reason = reasonOf(options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async ({ sources, memory, journal, openToRead }) => {
    const { groups } = await survey(sources, surveySettings(configuration), openToRead);
    const proposal = groups.find((one) => one.group === group);
    if (proposal?.kind === 'planned' && proposal.guarded.used.includes(digest))
      return said(`${group}: exactly this set is allowed already; the run that makes it lets it through.`);
    // What the last run held counts only where no plan can be made now.
    const held = proposal?.kind === 'planned' ? proposal.guarded.held : knownGroup(memory, group).holds;
    const code = held.find((hold) => hold.digest === digest)?.code;
    if (!code)
      return said(
        `${group} holds no set with the digest ${digest} now. "muster plan" shows what is held; a digest stands for exactly one set of changes.`,
        'findings',
      );
    if (code === 'ceiling')
      return said(`the ceiling on ${group} is set in this host's configuration (directory.ceilings); raise it there.`, 'findings');
    // By the time the next run will judge by, should this clock be behind: or what is allowed would count as over before it began.
    const now = steadyNow(sources.now, sources.lastRun);
    await journal.append([{ type: 'override', at: now, group, code, digest, reason, by: caller.typedBy() }]);
    return said(
      `${group}: allowed (${code}): exactly this set, once, at any run within 24 hours.\nNo command takes it back: it ends by itself.`,
    );
  });
}

function said(message: string, ...names: readonly StatusName[]): Printed {
  return { text: `${message}\n`, status: statusOf(names) };
}

/** So many digits name a commit where "muster plan" prints it. */
const fewestDigits = 12;

export async function runRefuse(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const [named = ''] = invocation.operands;
  if (!new RegExp(`^[0-9a-f]{${fewestDigits},40}$`).test(named))
    throw new Misuse('a commit is named by its 40 hex digits, or the first twelve that "muster plan" prints');
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async ({ sources, memory, journal }) => {
    // What waits, as of the last run.
    const [commit, ...more] = [...memory.judged.firstSeen.keys()].filter((one) => one.startsWith(named));
    if (commit === undefined)
      return said(`${named} did not wait for a verdict at the last run; "muster plan" shows what does.`, 'findings');
    if (more.length > 0) return said(`${named} may be any of these: ${[commit, ...more].join(', ')}. Write more digits.`, 'findings');
    const refused = { at: sources.now, commit, reason, by: caller.typedBy() };
    writeRefusedByHand(configuration.state, refused);
    await journal.append([{ type: 'refuse', ...refused }]);
    return said(`${commit} will be refused at the next run. Nobody gains by it then or later.`);
  });
}

export async function runDistrust(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const person = parseExactUid(invocation.operands[0] ?? '');
  if (!person) throw new Misuse('name the person as policy.yaml does: a uid, in lower case');
  const { key } = invocation.options;
  const fingerprint = typeof key === 'string' ? key : undefined;
  if (fingerprint !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(fingerprint))
    throw new Misuse('--key is a fingerprint as "ssh-keygen -l" prints it: SHA256: and 43 letters');
  const since = parseMoment(String(invocation.options['since'] ?? ''));
  const now = caller.now();
  if (since === undefined)
    throw new Misuse('--since is when the key was lost: 2026-12-01 (its first instant, UTC), or a time with its zone');
  if (since > now) throw new Misuse('--since is when the key was lost; this time is in the future');
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  return withStateToWrite(configuration, caller, async ({ journal, memory, records }) => {
    const distrusted = { at: now, person, fingerprint, since, reason, by: caller.typedBy() };
    const file = writeDistrusted(configuration.state, distrusted);
    const record = { type: 'distrust', ...distrusted } as const;
    await journal.append([record]);
    const { grants, rules } = distrustStory(record, records(), memory.policy);
    const whose = fingerprint === undefined ? person : `${person} with the key ${fingerprint}`;
    const people = memory.policy?.rules.people;
    const text = [
      `Signatures by ${whose} do not count if this host first sees them after ${renderMoment(since)}.`,
      ...(people && !people.has(person)
        ? [`The rules in force name nobody ${person}. If you mistyped the name, type it again: ${[...people.keys()].join(', ')}.`]
        : []),
      'What waits is judged by that in the next run. Have the key taken out of policy.yaml.',
      ...(grants.length + rules.length === 0 ? ['Nothing that is in force came in by such a signature.'] : []),
      ...(grants.length > 0 ? ['In force by such a signature, until somebody takes it away ("muster revoke" does so at once):'] : []),
      ...grants.map(({ path }) => `  ${path}`),
      ...rules.map((commit) => `The rules were changed by such a signature, in ${commit}: look at them.`),
      `This lasts as long as this file is there. A standby with muster-standby@.timer copies it within two minutes; copy it to any other: ${file}`,
    ];
    return said(text.join('\n'));
  });
}

/** Which of two of one person it is. */
function nameOf({ person, fingerprint = '', since }: Distrusted): string {
  return `${person}+${createHash('sha256').update(`${fingerprint} ${since}`).digest('hex').slice(0, 16)}`;
}

export function writeRefusedByHand(state: string, refused: RefusedByHand): void {
  write(state, folderOfRefused(state), refused.commit, refused);
}

/** Gives the path. */
export function writeDistrusted(state: string, distrusted: DistrustedByHand): string {
  return write(state, folderOfDistrusted(state), nameOf(distrusted), distrusted);
}

/** For everybody to read, like the folder it lies in: judging is another account. Throws as the state folder does. */
function write(state: string, folder: string, name: string, said: RefusedByHand | DistrustedByHand): string {
  const file = join(folder, `${name}.json`);
  try {
    makeFolder(folder, 0o755);
    publishFile(file, renderByHand(said), `${file}.new`);
  } catch (error) {
    throw stateFailure('ledger', state, `${file} cannot be written`, error);
  }
  return file;
}
