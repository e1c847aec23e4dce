// `muster init`: reads the directory, and GitLab where there is one, and writes a first configuration and a policy project. A second run writes
// only what is muster's own. It asks nobody: what it could not find it names.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { adoptMembers } from '../adopt/adoption.ts';
import { check } from '../check/check.ts';
import { renderFindings } from '../check/findings.ts';
import type { Invocation } from '../cli.ts';
import type { Printed } from '../command.ts';
import { parseConfiguration, type Configuration } from '../config/configuration.ts';
import { Misuse } from '../errors.ts';
import { openMirrorOf, withPrivateMirror } from '../history/branch.ts';
import { writeMissing, type NewFile } from '../kept-files.ts';
import { pathFrom, surroundingsOf, type Caller } from '../host.ts';
import { dn, instant, parseGroupName, parseUid, type Dn, type GroupName, type Instant, type Uid } from '../names.ts';
import { readPolicyFolder } from '../policy/folder.ts';
import { renderGrantText } from '../policy/grant-text.ts';
import { parseRules, readPolicy } from '../policy/parser.ts';
import type { PolicyFile, Rules } from '../policy/policy.ts';
import { statusOf } from '../status.ts';
import {
  renderConfiguration,
  renderFirstPage,
  renderGroup,
  renderPolicy,
  spreadEnds,
  withStandIns,
  type FoundApprover,
  type Typed,
} from './beginning.ts';
import { lookIntoDirectory, lookIntoGitLab, type DirectoryFound } from './found.ts';
import { ownersOf, renderBegun, renderRefreshed, type Owners, type Written } from './init-text.ts';
import { makeFolder, projectFiles, projectRepository, refreshProgram } from './project-folder.ts';

export async function runInit({ operands: [place = ''], options }: Invocation, caller: Caller): Promise<Printed> {
  const folder = pathFrom(caller, place);
  const places = { folder, project: join(folder, 'policy-project'), file: join(folder, 'muster.yaml') };
  if (existsSync(places.file)) return refresh(places, caller.now());
  const typed = typedIn(options, caller);
  const wanted = new Map(pairs(options['group'], '--group', 'deployers=cn=deployers,ou=groups,dc=example,dc=org', groupWanted));
  const approvers = new Map(pairs(options['approver'], '--approver', 'alice=42', approverGiven));
  const { directory, gitlab } = configurationOf(places.file, typed);
  if (!directory) throw new Error('what was rendered has a section directory');
  caller.progress('reading');
  const forge = gitlab && (await lookIntoGitLab(gitlab, caller.now));
  const asked = [...new Set([...approvers.keys(), ...(forge?.members.keys() ?? [])])];
  const known = forge && typed.gitlab ? { ...typed, gitlab: { ...typed.gitlab, project: String(forge.id), path: forge.path } } : typed;
  if (known.gitlab) await expectEmpty(places, known, caller);
  const found = await lookIntoDirectory(directory, typed, wanted, asked, caller.now());
  if (found.groups.length === 0) throw new Misuse(nothingFound(directory.people, found));
  const members = [...(forge?.members ?? [])].filter(([uid]) => found.known.has(uid));
  const people = withStandIns([...new Map([...members, ...approvers])].map(([uid, id]) => ({ uid, gitlab: id })));
  const written = await begin(places, known, found, people, caller);
  const strangers = asked.filter((uid) => !found.known.has(uid));
  const result = checked(places.project, caller.now());
  const begun = { ...written, ...places, typed: known, found, people, strangers, notUids: forge?.notUids ?? [] };
  const plan = await firstPlan(places, known, caller);
  const text = renderBegun(begun, { check: renderFindings(result), owners: ownersIn(places.project), plan });
  return { text, status: statusOf(result.status.code === 0 ? [] : ['findings']) };
}

/** What is pushed later must go on from what is there. Throws as every read of the repository does, where git is refused with this token. */
async function expectEmpty({ project, file }: Places, typed: Typed, caller: Caller): Promise<void> {
  const configuration = configurationOf(file, typed);
  const { url, branch } = configuration.repository;
  const head = await withPrivateMirror(caller, undefined, async (folder) => {
    const mirror = await openMirrorOf(configuration, folder, surroundingsOf(caller));
    return mirror.refOnServer(`refs/heads/${branch}`);
  });
  if (head !== undefined && !existsSync(join(project, '.git')))
    throw new Misuse(
      `${url} has commits already. Clone it, and type the same again: what is there stays, and init writes beside it\n  git clone ${url} ${project}`,
    );
}

/** What `muster plan` says of all that; or why there can be none yet. */
async function firstPlan({ file, project }: Places, { bind, gitlab }: Typed, caller: Caller): Promise<string> {
  if (!bind) return noPlan('muster.yaml does not say yet which account muster binds as');
  if (gitlab) return noPlan(`${project} is not on GitLab yet, and the plan is made of what is there`);
  const { runPlan } = await import('../look/plan-command.ts');
  return (await runPlan({ command: 'plan', operands: [], options: { config: file } }, caller)).text;
}

function noPlan(why: string): string {
  return `There is no plan yet: ${why}. "Next" says what to do first.\n`;
}

function ownersIn(project: string): readonly Owners[] {
  return ownersOf(rulesOf(policyOnDisk(project).files), policyFolder);
}

function nothingFound(people: Dn, { leftOut }: DirectoryFound): string {
  const why = leftOut.slice(0, 10).map((one) => `\n${one.dn}: ${one.why}`);
  return `the directory shows no group that has people below ${people} in it: name one with --group NAME=DN, or bind as an account that may read groups${why.join('')}`;
}

type Options = Invocation['options'];

function typedIn(options: Options, caller: Caller): Typed {
  const text = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined);
  const file = (name: string) => {
    const given = text(name);
    return given === undefined ? undefined : pathFrom(caller, given);
  };
  const [bindDn, passwordFile] = [text('bindDn'), file('passwordFile')];
  if ((bindDn === undefined) !== (passwordFile === undefined)) throw new Misuse('--bind-dn and --password-file belong together');
  const [url, project] = [text('gitlab'), text('project')];
  if ((url === undefined) !== (project === undefined)) throw new Misuse('--gitlab and --project belong together');
  const environment = caller.environment['MUSTER_GITLAB_TOKEN_FILE'];
  const tokenFile = file('tokenFile') ?? (environment === undefined ? undefined : pathFrom(caller, environment));
  if (url !== undefined && tokenFile === undefined)
    throw new Misuse(
      '--gitlab needs a token with the scopes read_api and read_repository: name its file with --token-file, or in MUSTER_GITLAB_TOKEN_FILE',
    );
  const directory = text('directory') ?? '';
  return {
    url: directory,
    people: text('people') ?? '',
    startTls: options['startTls'] === true,
    authoritiesFile: file('caFile'),
    bind:
      bindDn !== undefined && passwordFile !== undefined
        ? { dn: bindDn, passwordFile }
        : directory.startsWith('ldapi:')
          ? 'external'
          : undefined,
    gitlab:
      url !== undefined && project !== undefined && tokenFile !== undefined
        ? { url, project, path: project, tokenFile, authoritiesFile: file('gitlabCaFile') }
        : undefined,
  };
}

/** Of an option that was given several times: one `NAME=VALUE` a line. */
function pairs<Key, Value>(
  given: string | boolean | undefined,
  option: string,
  example: string,
  parse: (name: string, value: string) => readonly [Key, Value] | undefined,
): readonly (readonly [Key, Value])[] {
  return (typeof given === 'string' ? given.split('\n') : []).map((one) => {
    const at = one.indexOf('=');
    const parsed = at < 0 ? undefined : parse(one.slice(0, at).trim(), one.slice(at + 1).trim());
    if (!parsed) throw new Misuse(`${option} ${JSON.stringify(one)} is not understood; write it as in ${option} ${example}`);
    return parsed;
  });
}

function groupWanted(name: string, value: string): readonly [GroupName, Dn] | undefined {
  const group = parseGroupName(name);
  return group && value.includes('=') ? [group, dn(value)] : undefined;
}

function approverGiven(name: string, value: string): readonly [Uid, number] | undefined {
  const uid = parseUid(name);
  return uid && /^[1-9]\d{0,8}$/.test(value) ? [uid, Number(value)] : undefined;
}

/** What was typed, looked at by the same rules as the file that comes of it. */
function configurationOf(file: string, typed: Typed): Configuration {
  const text = renderConfiguration(
    { ...typed, bind: typed.bind ?? { dn: 'cn=nobody', passwordFile: '/dev/null' } },
    { namedBy: 'uid', groups: [], locks: [] },
    { start: '0'.repeat(40), now: instant(0) },
  );
  try {
    return parseConfiguration(file, new TextEncoder().encode(text));
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    throw new Misuse(inOptions(error.message.replaceAll(/^.*?muster\.yaml:\d+:\d+: /gm, '')));
  }
}

/** What the file calls by its keys, by the options that were typed. */
function inOptions(message: string): string {
  const options: readonly (readonly [string, string])[] = [
    ['directory.url: ', '--directory: '],
    ['directory.people: ', '--people: '],
    ['directory.bind-dn: ', '--bind-dn: '],
    ['gitlab.url: ', '--gitlab: '],
    ['gitlab.project: ', '--project: '],
    ['set start-tls: true', 'add --start-tls'],
    ['with start-tls,', 'with --start-tls,'],
  ];
  return options.reduce((text, [key, option]) => text.replaceAll(key, option), message);
}

interface Places {
  readonly folder: string;
  readonly project: string;
  readonly file: string;
}

const policyFolder = 'policy';

function policyOnDisk(project: string) {
  const folder = join(project, policyFolder);
  return existsSync(folder) ? readPolicyFolder(folder, project) : { files: [], findings: [] };
}

function checked(project: string, now: Instant) {
  const { files, findings } = policyOnDisk(project);
  return check(readPolicy(files, policyFolder), { now, found: findings });
}

/** Everything is decided before anything is written; the configuration comes last, so that what broke off goes on with the next run. */
async function begin(
  { folder, project, file }: Places,
  typed: Typed,
  found: DirectoryFound,
  people: readonly FoundApprover[],
  caller: Caller,
): Promise<Written> {
  const { files, adopted } = startingPolicy(project, found, people, caller.now());
  makeFolder(project);
  const repository = projectRepository(project, surroundingsOf(caller));
  await repository.make();
  const page = { path: 'README.md', text: renderFirstPage(found.groups, typed, caller.now()) };
  const written = writeMissing(project, [...files, page, ...projectFiles()]);
  const hasProgram = refreshProgram(project);
  const start = await repository.commit('start', [...written, ...(hasProgram ? ['.muster'] : [])]);
  makeFolder(join(folder, 'state'), 0o711);
  writeMissing(folder, [{ path: basename(file), text: renderConfiguration(typed, found, { start, now: caller.now() }) }]);
  return { start, adopted, hasProgram };
}

/** The files that are missing: grants before the group that they are for, which is taken over once. */
function startingPolicy(project: string, { groups }: DirectoryFound, people: readonly FoundApprover[], now: Instant) {
  const onDisk = policyOnDisk(project).files;
  const isThere = new Set(onDisk.map(({ path }) => path));
  const policy: NewFile = { path: `${policyFolder}/policy.yaml`, text: renderPolicy(people) };
  const owner = ownerIn(isThere.has(policy.path) ? onDisk : [fileOf(policy)]);
  const pathOf = (group: GroupName) => `${policyFolder}/groups/${group}.yaml`;
  const fresh = groups.filter(({ group }) => !isThere.has(pathOf(group)));
  const rulesFiles = [policy, ...fresh.map((one) => ({ path: pathOf(one.group), text: renderGroup(one, owner) }))];
  const rules = rulesOf([...onDisk, ...rulesFiles.filter(({ path }) => !isThere.has(path)).map(fileOf)]);
  const adopted = fresh.flatMap(({ group, observed, behind }) => {
    const ofGroup = rules.groups.get(group);
    if (!ofGroup) throw new Error('every group that was rendered is in the rules');
    const adoption = adoptMembers({ rules: ofGroup, observed, behind, revocations: [], granted: new Set(), ceiling: undefined, now });
    if (adoption.kind === 'roster') return [];
    const ends = spreadEnds([...adoption.grants.keys()], ofGroup.longest, now);
    const grants = [...adoption.grants].map(([uid, grant]) => ({
      path: `${policyFolder}/grants/${group}/${uid}.yaml`,
      text: grantHead + renderGrantText({ ...grant, ...(ends.has(uid) ? { until: ends.get(uid) } : {}) }),
    }));
    return [{ group, grants, leftOut: adoption.leftOut }];
  });
  return { files: [...adopted.flatMap(({ grants }) => grants), ...rulesFiles], adopted };
}

const grantHead = '# yaml-language-server: $schema=../../../.muster/schema/grant.schema.json\n';

function fileOf({ path, text }: NewFile): PolicyFile {
  return { path, bytes: new TextEncoder().encode(text) };
}

function rulesOf(files: readonly PolicyFile[]): Rules {
  const rules = parseRules(files, policyFolder);
  if (rules.kind === 'valid') return rules.value;
  const [{ path, line, message }] = rules.findings;
  throw new Misuse(`the policy that is there already cannot be read: ${path}:${line}: ${message}; "muster check" says more`);
}

function ownerIn(files: readonly PolicyFile[]): string {
  const isRules = ({ path }: PolicyFile) => path === `${policyFolder}/policy.yaml`;
  return rulesOf(files.filter(isRules)).rules.approvers[0];
}

/** The configuration stands: its start is fixed, and only what is muster's own, or not there, is written. */
function refresh({ project, file }: Places, now: Instant): Printed {
  if (!existsSync(join(project, '.git')))
    throw new Misuse(
      `${file} is there already, and ${project} is not: clone the policy project there, or take that file away to begin anew`,
    );
  const written = writeMissing(project, projectFiles());
  const hasProgram = refreshProgram(project);
  const result = checked(project, now);
  return {
    text: renderRefreshed({ project, file, written, hasProgram, owners: ownersIn(project) }) + renderFindings(result),
    status: statusOf(result.status.code === 0 ? [] : ['findings']),
  };
}
