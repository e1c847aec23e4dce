// `allow` and `refuse`, as they are typed.
import type { Invocation } from '../cli.ts';
import { hostConfiguration, reasonOf, type Printed } from '../command.ts';
import { Misuse } from '../errors.ts';
import { steadyNow } from '../membership/clock.ts';
import { inOrder, parseGroupName } from '../names.ts';
import { statusOf } from '../status.ts';
import { allow } from './allow.ts';
import { refuseOnStandby, type Caller } from '../host.ts';
import { withHostToWrite } from './state-to-write.ts';
import { namesCommit, refuse, writeRefusedByHand } from './refuse.ts';
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
