// What a checkup needs to know of the others: the repository, GitLab and the directory. Each is asked by itself, so that one that is
// down hides nothing about the rest.
import { noToken } from '../evidence/tokens.ts';
import { Unusable } from '../errors.ts';
import { readServer, readGroupFacts, readOtherRights } from './directory-facts.ts';
import type { DirectoryConnection } from '../directory/connection.ts';
import { directoryReader } from '../directory/reader.ts';
import { placeOf } from '../directory/transport.ts';
import { readSecret } from '../config/secret-files.ts';
import { known, type Answer } from './doctor.ts';
import type { ConnectionFacts, GroupsFacts } from './doctor-directory.ts';
import type { ServerFacts } from './doctor-server.ts';
import type { GitLabFacts } from './doctor-gitlab.ts';
import type { PeopleFacts } from './doctor-people.ts';
import type { RepositoryFacts } from './doctor-repository.ts';
import type { Instant } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import { rulesObjections } from '../policy/policy-rules.ts';
import { asked } from './asked.ts';
import { branchOf, openMirrorOf, readTip } from '../history/branch.ts';
import { layoutOf, openConnection } from '../directory/access.ts';
import { surroundingsOf, type Caller, type HostConfiguration } from '../host.ts';

export async function repositoryFacts(configuration: HostConfiguration, mirrorFolder: string, caller: Caller): Promise<RepositoryFacts> {
  const { repository, directory, rosters } = configuration;
  const mirror = await openMirrorOf(configuration, mirrorFolder, surroundingsOf(caller));
  const branch = branchOf(mirror);
  const { head, reading } = await readTip(branch, repository.folder);
  const rules = reading.rules?.rules;
  const errors = [
    ...reading.findings.filter(({ severity }) => severity === 'error').map(({ path, line, message }) => `${path}:${line}: ${message}`),
    ...(rules ? rulesObjections(rules, configuration.signed.only).map(({ message }) => message) : []),
  ];
  return {
    url: repository.url,
    branch: repository.branch,
    head,
    start: repository.start,
    ancestry: await branch.ancestry(repository.start, head),
    errors: errors.length,
    firstError: errors[0],
    rules,
    managed: new Set(directory.groups.keys()),
    rosters: new Set(rosters.keys()),
    ceilings: configuration.signed,
    requireTouch: configuration.requireTouch,
  };
}

export interface ForgeView {
  readonly facts: GitLabFacts;
  readonly clock: { readonly date: Instant; readonly receivedAt: Instant } | undefined;
  readonly accounts: (ids: readonly number[]) => Promise<PeopleFacts['accounts']>;
}

/** Throws what the first question throws: whether there is such a project at all. */
export async function forgeView(
  configuration: HostConfiguration & { readonly gitlab: NonNullable<HostConfiguration['gitlab']> },
  knownId: number | undefined,
  caller: Caller,
): Promise<ForgeView> {
  const { gitlab, repository } = configuration;
  const [{ forgeSettings, openGitLab }, { openSettings }] = await Promise.all([
    import('../gitlab/gitlab.ts'),
    import('../gitlab/settings.ts'),
  ]);
  const terms = forgeSettings(gitlab, caller.now);
  const withToken = async (file: string | undefined) => ({ ...terms, token: file === undefined ? undefined : await readSecret(file) });
  if (gitlab.tokenFile === undefined) throw new Unusable(noToken);
  const own = await withToken(gitlab.tokenFile);
  const forge = openGitLab(own);
  const project = await forge.project();
  const settings = openSettings(own);
  const tokenOf = async (file: string | undefined): Promise<GitLabFacts['token']> =>
    file === undefined ? 'absent' : asked(async () => openSettings(await withToken(file)).token());
  const reading = forge.clock();
  return {
    clock: reading && { date: reading.server, receivedAt: reading.here },
    accounts: (ids) => asked(() => settings.accounts(ids)),
    facts: {
      project,
      knownId,
      version: await asked(settings.version),
      token: await tokenOf(gitlab.tokenFile),
      commentToken: await tokenOf(gitlab.commentTokenFile),
      settings: await asked(settings.mergeSettings),
      branch: repository.branch,
      protection: await asked(() => settings.protection(repository.branch)),
      now: caller.now(),
    },
  };
}

export interface DirectoryView {
  readonly writing: Answer<ConnectionFacts>;
  /** Undefined where it is the same server. */
  readonly reading: Answer<ConnectionFacts> | undefined;
  readonly server: Answer<ServerFacts>;
  readonly groups: Answer<GroupsFacts>;
  readonly people: (rules: Rules | undefined) => Promise<PeopleFacts['directory']>;
  readonly close: () => Promise<void>;
}

export async function directoryView({ directory }: HostConfiguration, now: Instant): Promise<DirectoryView> {
  const layout = layoutOf(directory, now);
  const open = (url: string) => asked(() => openConnection(url, directory));
  const writing = await open(directory.url);
  const elsewhere = directory.readUrl !== undefined && directory.readUrl !== directory.url ? await open(directory.readUrl) : undefined;
  const reading = elsewhere ?? writing;
  const onReading = <Value>(ask: (connection: DirectoryConnection) => Promise<Value>): Promise<Answer<Value>> =>
    reading.kind === 'known' ? asked(() => ask(reading.value)) : Promise.resolve(reading);
  const writer = writing.kind === 'known' ? writing.value : undefined;
  return {
    writing: connectionFacts(writing, directory.url, directory.startTls),
    reading: elsewhere && connectionFacts(elsewhere, directory.readUrl ?? directory.url, directory.startTls),
    server: await onReading((connection) => readServer(connection, layout)),
    groups: await onReading(async (connection) => {
      const groups: GroupsFacts['groups'][number][] = [];
      for (const group of [...layout.groups.keys()].sort()) groups.push(await readGroupFacts(connection, writer, layout, group));
      return { groups, emptyGroup: layout.emptyGroup, others: writer ? await readOtherRights(writer, layout) : [] };
    }),
    people: (rules) =>
      onReading((connection) =>
        directoryReader(connection, layout).people([...(rules?.people.values() ?? [])].flatMap(({ uid, also }) => [uid, ...also])),
      ),
    close: async () => {
      for (const one of [writing, elsewhere]) if (one?.kind === 'known') await one.value.close();
    },
  };
}

function connectionFacts(answer: Answer<DirectoryConnection>, url: string, startTls: boolean): Answer<ConnectionFacts> {
  if (answer.kind !== 'known') return answer;
  const place = placeOf({ url, startTls });
  return known({ url, encryption: place.kind === 'socket' ? 'socket' : place.encryption, identity: answer.value.identity });
}
