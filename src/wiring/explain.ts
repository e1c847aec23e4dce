// `muster explain`: from a name to why it is, or is not, a member; what keeps that from being known is told on stderr.
import type { Invocation } from '../cli.ts';
import { explainGroup, explainPerson } from '../commands/explain.ts';
import { plan } from '../commands/plan.ts';
import type { DirectoryPerson } from '../domain/directory.ts';
import { parseGroupName, parseUid, type Uid } from '../domain/names.ts';
import type { GroupResult, Problem } from '../domain/run.ts';
import { statusOf, type Status } from '../domain/status.ts';
import { Misuse } from '../failures.ts';
import { problemOf } from '../problems.ts';
import { plain } from '../render/words.ts';
import { readGrantsAtTip } from '../tip.ts';
import { hostConfiguration, type Printed } from './commands.ts';
import type { DirectoryAccess } from './directory.ts';
import { withHostToRead, type Caller } from './host.ts';
import { surveySettings } from './sources.ts';

export async function runExplain(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const [subject = ''] = invocation.operands;
  const render = await import('../render/explain.ts');
  const json = invocation.options['json'] === true;
  return withHostToRead(configuration, caller, async ({ sources, directory }, state) => {
    const report = await plan(sources, surveySettings(configuration), directory.openToRead, configuration);
    const name = parseGroupName(subject);
    const group = name && explainGroup(name, report);
    if (group) {
      const status = tellCauses(report.problems, [group.result], caller);
      return { text: json ? render.renderGroupJson(group, status) : render.renderGroupText(group), status };
    }
    const uid = parseUid(subject);
    if (!uid) throw new Misuse(`"${subject}" is neither a uid nor a managed group`);
    const { folder } = configuration.repository;
    const around = { found: await lookUp(uid, directory), files: await readGrantsAtTip(uid, report.head, sources, folder) };
    const person = explainPerson(uid, report, folder, state.records(), around);
    const status = tellCauses(report.problems, report.groups, caller);
    return { text: json ? render.renderPersonJson(person, status) : render.renderPersonText(person), status };
  });
}

/** What is not known, and why: the status is the one that `plan` would end with for it. */
function tellCauses(problems: readonly Problem[], groups: readonly GroupResult[], { warn }: Caller): Status {
  const told = new Set(problems.map(({ message }) => message));
  const failed = groups.filter(({ status }) => status !== undefined);
  for (const message of told) warn(plain(message));
  for (const { proposal, message = '' } of failed) if (!told.has(message)) warn(`${proposal.group}: ${plain(message)}`);
  return statusOf([...problems, ...failed].flatMap(({ status }) => status ?? []));
}

/** Nobody may name the person, and whoever asks wants to know that there is one. A directory that does not answer was told of already. */
async function lookUp(uid: Uid, directory: DirectoryAccess): Promise<DirectoryPerson | 'ambiguous' | 'unanswered' | undefined> {
  try {
    return (await (await directory.openToRead()).people([uid])).get(uid);
  } catch (error) {
    problemOf(error, 'directory');
    return 'unanswered';
  }
}
