// `allow`, `refuse` and `distrust`, as they are typed.
import type { Invocation } from '../cli.ts';
import { hostConfiguration, reasonOf, type Printed } from '../command.ts';
import { distrustStory } from '../ledger/distrusted.ts';
import { Misuse } from '../errors.ts';
import { steadyNow } from '../membership/clock.ts';
import { inOrder, parseExactUid, parseGroupName } from '../names.ts';
import { statusOf } from '../status.ts';
import { parseMoment, renderInstant } from '../time.ts';
import { allow } from './allow.ts';
import { refuseOnStandby, type Caller } from '../host.ts';
import { withHostToWrite, withStateToWrite } from './state-to-write.ts';
import { namesCommit, refuse, writeDistrusted, writeRefusedByHand } from './refuse-distrust.ts';
import { surveySettings } from '../config/survey-settings.ts';
import { survey } from './survey.ts';

export async function runAllow({ operands: [group = '', digest = ''], options, ...rest }: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration({ options, operands: [], ...rest }, caller);
  const name = parseGroupName(group);
  if (!name || !configuration.directory.groups.has(name)) {
    throw new Misuse(
      `"${group}" is not a group of this host; its groups: ${[...configuration.directory.groups.keys()].sort(inOrder).join(', ')}`,
    );
  }
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Misuse('a digest looks like "sha256:" and 64 hex digits; "muster plan" prints it');
  const reason = reasonOf(options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async (ports) => {
    const propose = async () => (await survey(ports.sources, surveySettings(configuration), ports.openToRead)).groups;
    // By the time the next run will judge by, should this clock be behind: or what is allowed would count as over before it began.
    const now = steadyNow(ports.sources.now, ports.sources.lastRun);
    const { kind, message } = await allow(name, digest, reason, ports.memory, ports.journal, now, caller.typedBy(), propose);
    return { text: `${message}\n`, status: statusOf(kind === 'allowed' ? [] : ['findings']) };
  });
}

export async function runRefuse(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const [named = ''] = invocation.operands;
  if (!namesCommit(named)) throw new Misuse('a commit is named by its 40 hex digits, or the first twelve that "muster plan" prints');
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  return withHostToWrite(configuration, caller, async ({ sources, memory, journal }) => {
    const { kind, message } = await refuse(named, memory.judged.firstSeen.keys(), async (commit) => {
      const refused = { at: sources.now, commit, reason, by: caller.typedBy() };
      writeRefusedByHand(configuration.state, refused);
      await journal.append([{ type: 'refuse', ...refused }]);
    });
    return { text: `${message}\n`, status: statusOf(kind === 'refused' ? [] : ['findings']) };
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
  if (since > now) throw new Misuse('--since is when the key was lost, and that lies ahead');
  const reason = reasonOf(invocation.options);
  await refuseOnStandby(configuration);
  return withStateToWrite(configuration, caller, async ({ journal, memory, records }) => {
    const distrusted = { at: now, person, ...(fingerprint !== undefined && { fingerprint }), since, reason, by: caller.typedBy() };
    const file = writeDistrusted(configuration.state, distrusted);
    const record = { type: 'distrust', ...distrusted } as const;
    await journal.append([record]);
    const { grants, rules } = distrustStory(record, records(), memory.policy);
    const whose = fingerprint === undefined ? `${person} made with any key` : `${person} made with the key ${fingerprint}`;
    const text = [
      `Signatures of ${whose} count for nothing where this host first saw them after ${renderInstant(since)}.`,
      'The next run judges by that what waits. Then have the key taken out of policy.yaml.',
      ...(grants.length + rules.length === 0 ? ['Nothing that is in force came in by such a signature.'] : []),
      ...(grants.length > 0 ? ['In force by such a signature, until somebody takes it away ("muster revoke" does so at once):'] : []),
      ...grants.map(({ path }) => `  ${path}`),
      ...rules.map((commit) => `The rules were changed by such a signature, in ${commit}: look at them.`),
      `It stays so as long as this file is there. A standby with muster-standby@.timer has it within two minutes; copy it to any other: ${file}`,
    ];
    return { text: `${text.join('\n')}\n`, status: statusOf([]) };
  });
}
