// `muster doctor`: asks everybody what the tables of checks want to know, and changes nothing.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Invocation } from '../cli.ts';
import { checkupStatuses, examine, known, unknown, type Answer, type CheckupFinding } from './doctor.ts';
import { groupsArea, readingArea, writingArea } from './doctor-directory.ts';
import { gitlabArea } from './doctor-gitlab.ts';
import { configurationArea, stateArea } from './doctor-host.ts';
import { peopleArea } from './doctor-people.ts';
import { repositoryArea, type RepositoryFacts } from './doctor-repository.ts';
import { serverArea } from './doctor-server.ts';
import { clockArea, rosterArea, timerArea } from './doctor-runs.ts';
import { judgeClock } from '../membership/clock.ts';
import { statusOf } from '../status.ts';
import { withPrivateMirror } from '../history/branch.ts';
import { asked } from './asked.ts';
import { configurationFacts, rosterFacts, stateFacts, timerFacts } from './host-facts.ts';
import { directoryView, forgeView, repositoryFacts, type ForgeView } from './remote-facts.ts';
import { hostConfiguration, type Printed } from '../command.ts';
import { surroundingsOf, type Caller, type HostConfiguration } from '../host.ts';
import { rosterSources } from '../reconcile/sources.ts';
import { makeTemporary } from '../kept-files.ts';
import { fetchRoster } from '../judge/fetch-rosters.ts';
import { readRosterFile } from '../roster/roster-file.ts';
import type { RosterReading } from '../roster/roster.ts';
import { openStateToRead, type State } from '../ledger/state.ts';

export async function runDoctor(invocation: Invocation, caller: Caller): Promise<Printed> {
  const configuration = await hostConfiguration(invocation, caller);
  const findings = await checkup(configuration, caller);
  const status = statusOf(checkupStatuses(findings));
  const { renderCheckup, renderCheckupJson } = await import('./doctor-text.ts');
  return { text: invocation.options['json'] === true ? renderCheckupJson(findings, status) : renderCheckup(findings), status };
}

async function checkup(configuration: HostConfiguration, caller: Caller): Promise<readonly CheckupFinding[]> {
  const state = await asked(() => openStateToRead(configuration.state));
  caller.progress('asking the repository');
  const repository = await withPrivateMirror(caller, configuration.judged, (folder) =>
    asked(() => repositoryFacts(configuration, folder, caller)),
  );
  caller.progress('asking GitLab');
  const forge = await lookAtForge(configuration, state, caller);
  return [
    ...(await hostFindings(configuration, state, caller)),
    ...clockFindings(state, forge, caller),
    ...examine(repositoryArea, repository),
    ...forgeFindings(forge),
    ...(await directoryFindings(configuration, repository, forge, caller)),
  ];
}

type Forge = Answer<ForgeView> | 'none';

async function lookAtForge(configuration: HostConfiguration, state: Answer<State>, caller: Caller): Promise<Forge> {
  const { gitlab } = configuration;
  if (!gitlab) return 'none';
  const knownId = state.kind === 'known' ? state.value.memory.judged.project : undefined;
  return asked(() => forgeView({ ...configuration, gitlab }, knownId, caller));
}

async function hostFindings(configuration: HostConfiguration, state: Answer<State>, caller: Caller): Promise<readonly CheckupFinding[]> {
  const { path } = surroundingsOf(caller);
  const facts = await configurationFacts(configuration);
  const isActiveHost = facts.standing.kind === 'known' && facts.standing.value.state === 'active';
  const timers = await timerFacts(isActiveHost, state, path);
  return [
    ...examine(configurationArea, known(facts)),
    ...examine(stateArea, await stateFacts(configuration, state, isActiveHost, caller.now())),
    ...(timers.length > 0
      ? timers.flatMap((one) => examine(timerArea, known(one)))
      : timerArea.checks.map(({ code }) => ({ code, area: timerArea.area, ...unknown('systemd does not answer on this host') }))),
    ...examine(rosterArea, known(await rosterFacts(fetchedAnew(configuration, path), caller.now()))),
  ];
}

/** Whether a list can be fetched shows by fetching it, into a folder that is gone afterwards. */
function fetchedAnew(configuration: HostConfiguration, path: string): ReturnType<typeof rosterSources> {
  const sources = rosterSources(configuration, configuration.state);
  const remote = [...configuration.rosters].filter(([, { from }]) => from.startsWith('rsync://'));
  const anew = remote.flatMap(([name, { from, checksum }]) => {
    const source = sources.get(name);
    return source ? [[name, { ...source, read: () => readByRsync(from, checksum, path, configuration.state) }] as const] : [];
  });
  return new Map([...sources, ...anew]);
}

async function readByRsync(url: string, checksum: 'none' | 'required', path: string, state: string): Promise<RosterReading> {
  const folder = makeTemporary('muster-roster-', state);
  try {
    const place = join(folder, 'list');
    return (await fetchRoster(url, place, { checksum, path })) ?? (await readRosterFile(place, { checksum, called: url }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function clockFindings(state: Answer<State>, forge: Forge, caller: Caller): readonly CheckupFinding[] {
  const gitlab = forge !== 'none' && forge.kind === 'known' ? forge.value.clock : undefined;
  const { lastRun, lastBoot } = state.kind === 'known' ? state.value : {};
  const verdict = judgeClock({ now: caller.now(), boot: caller.boot(), lastRun, lastBoot, gitlab });
  const witness = gitlab !== undefined ? 'told' : forge === 'none' ? 'nobody' : 'silent';
  return examine(clockArea, known({ verdict, witness }));
}

function forgeFindings(forge: Forge): readonly CheckupFinding[] {
  if (forge === 'none') return [];
  return examine(gitlabArea, forge.kind === 'known' ? known(forge.value.facts) : forge);
}

async function directoryFindings(
  configuration: HostConfiguration,
  repository: Answer<RepositoryFacts>,
  forge: Forge,
  caller: Caller,
): Promise<readonly CheckupFinding[]> {
  caller.progress('asking the directory');
  const view = await directoryView(configuration, caller.now());
  try {
    const rules = repository.kind === 'known' ? repository.value.rules : undefined;
    const approvers = [...(rules?.people.values() ?? [])];
    const ids = approvers.flatMap(({ gitlab }) => gitlab);
    const accounts = forge !== 'none' && forge.kind === 'known' ? await forge.value.accounts(ids) : forge;
    const people = rules
      ? examine(peopleArea, known({ approvers, directory: await view.people(rules), evidence: configuration.evidence, accounts }))
      : peopleArea.checks.map(({ code }) => ({ code, area: peopleArea.area, ...unknown('there is no policy to take the people from') }));
    return toldOnce([
      ...people,
      ...examine(writingArea, view.writing),
      ...(view.reading ? examine(readingArea, view.reading) : []),
      ...examine(serverArea, view.server),
      ...examine(groupsArea, view.groups),
    ]);
  } finally {
    await view.close();
  }
}

/** What keeps a server from being asked is told where its connection is, and not for each thing that it would have been asked. */
function toldOnce(findings: readonly CheckupFinding[]): readonly CheckupFinding[] {
  const reasons = findings.filter(({ code, severity }) => /^(?:directory|directory-read|controls)$/.test(code) && severity !== 'ok');
  return findings.map((one) => {
    const reason = reasons.find(({ message }) => message === one.message);
    if (!reason || reason === one) return one;
    return { code: one.code, area: one.area, ...unknown(`not looked at, because of "${reason.code}"`, one.subject) };
  });
}
