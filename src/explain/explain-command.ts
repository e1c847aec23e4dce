// `muster explain`: from a name to why it is, or is not, a member; what keeps that from being known is told on stderr.
import { distrustStories } from '../ledger/distrusted.ts';
import type { Invocation } from '../cli.ts';
import { explainPerson, type Around } from './explain.ts';
import { plan } from '../reconcile/run-report.ts';
import type { Claim } from '../directory/directory.ts';
import { parseGroupName, parseUid, type Uid } from '../names.ts';
import type { GroupResult } from '../reconcile/run.ts';
import { statusOf, type Status } from '../status.ts';
import { Misuse, problemOf, type Problem } from '../errors.ts';
import { plain } from '../text.ts';
import { readGrantsAtTip } from '../history/branch.ts';
import { hostConfiguration, type Printed } from '../command.ts';
import type { DirectoryAccess } from '../directory/access.ts';
import { surveySettings, type Caller, type HostConfiguration } from '../host.ts';
import { withHostToRead } from '../look/host-to-read.ts';

export async function runExplain(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const [subject = ''] = invocation.operands;
  const render = await import('./explain-text.ts');
  const json = invocation.options['json'] === true;
  return withHostToRead(configuration, caller, async ({ sources, directory }, state, branch) => {
    const report = await plan(sources, surveySettings(configuration), directory.openToRead, configuration);
    const name = parseGroupName(subject);
    const group = report.groups.find(({ proposal }) => proposal.group === name);
    if (group) {
      const status = tellCauses(report.problems, [group], caller);
      return { text: json ? render.renderGroupJson(group, status) : render.renderGroupText(group, report), status };
    }
    const uid = parseUid(subject);
    if (!uid) throw new Misuse(`"${subject}" is neither a uid nor a managed group`);
    const { folder } = configuration.repository;
    const { found, claims } = await lookUp(uid, directory);
    const files = await readGrantsAtTip(uid, report.head, branch, folder);
    const distrusted = distrustStories(() => state.records(), state.memory.policy);
    const around = { found, files, distrusted, pageOf: pagesOf(configuration.gitlab) };
    const person = explainPerson(uid, report, folder, state.records(), around);
    const status = tellCauses(report.problems, report.groups, caller);
    return { text: json ? render.renderPersonJson(person, status, claims) : render.renderPersonText(person, claims), status };
  });
}

/** Where the project is known by its path. */
function pagesOf(gitlab: HostConfiguration['gitlab']): Around['pageOf'] {
  if (!gitlab || /^\d+$/.test(gitlab.project)) return () => undefined;
  return (number) => `${gitlab.url.replace(/\/+$/, '')}/${gitlab.project}/-/merge_requests/${number}`;
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
async function lookUp(
  uid: Uid,
  directory: DirectoryAccess,
): Promise<{ readonly found: Around['found']; readonly claims: readonly Claim[] }> {
  try {
    const reader = await directory.openToRead();
    return { found: (await reader.people([uid])).get(uid), claims: await reader.claims() };
  } catch (error) {
    problemOf(error, 'directory');
    return { found: 'unanswered', claims: [] };
  }
}
