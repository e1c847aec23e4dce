// What `doctor` asks of GitLab: settings, protection, tokens, members, accounts. Every answer may be withheld from a small role, and says so.
// https://docs.gitlab.com/api/projects/, /protected_branches/, /personal_access_tokens/, /members/, /users/
import * as v from 'valibot';
import type { MergeSettings, Protection } from '../doctor/doctor-gitlab.ts';
import type { ForgeAccount } from '../doctor/doctor-people.ts';
import { parseStart } from '../time.ts';
import type { TokenFacts } from '../evidence/tokens.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { understand } from './answers.ts';
import { clientFor } from './api.ts';
import { pages, whole } from './lists.ts';
import { Declined, Malformed } from './failure.ts';
import { requesterSettings, type GitLabSettings } from './gitlab.ts';

export type Settings = ReturnType<typeof openSettings>;

const flag = v.nullish(v.boolean());
const versionShape = v.object({ version: v.string() });
const tokenShape = v.object({ scopes: v.array(v.string()), expires_at: v.nullish(v.string()) });
const projectShape = v.object({
  merge_method: v.nullish(v.string()),
  automatic_rebase_enabled: flag,
  only_allow_merge_if_pipeline_succeeds: flag,
  allow_merge_on_skipped_pipeline: flag,
  only_allow_merge_if_all_discussions_are_resolved: flag,
  ci_allow_fork_pipelines_to_run_in_parent_project: flag,
});
const levelShape = v.object({ access_level: v.nullish(v.number()), deploy_key_id: v.nullish(v.number()) });
const ruleShape = v.object({
  name: v.string(),
  push_access_levels: v.array(levelShape),
  merge_access_levels: v.array(levelShape),
  allow_force_push: v.boolean(),
});
const branchShape = v.object({ protected: v.boolean(), developers_can_push: v.boolean(), developers_can_merge: v.boolean() });
const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const userShape = v.object({ id: number, username: v.string(), state: v.string() });
const memberShape = v.object({ ...userShape.entries, access_level: v.number() });

type Client = ReturnType<typeof clientFor>;

/** All throw Unavailable without an answer, and Unusable where GitLab does not tell. */
export function openSettings(settings: GitLabSettings) {
  const gitlab = clientFor(requesterSettings(settings));
  const { project } = settings;
  return {
    version: () => told('its version', async () => understand(versionShape, await gitlab.Metadata.show(), 'the version').version),
    /** The token that is asked with. */
    token: () => told('anything about the token', async () => tokenFacts(await gitlab.PersonalAccessTokens.show())),
    mergeSettings: () => told('the settings of the project', async () => mergeSettings(await gitlab.Projects.show(project))),
    protection: (branch: string) => told(`the protection of ${branch}`, () => protection(gitlab, project, branch)),
    /** Of these ids; an id that nobody has is not in the answer. */
    accounts: (ids: readonly number[]) => told('the accounts of those who approve', () => accounts(gitlab, project, ids)),
    /** Of the project, with those it inherits. */
    members: (): Promise<ReadonlyMap<number, ForgeAccount>> => told('the members of the project', () => membersOf(gitlab, project)),
  };
}

async function told<Value>(what: string, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Malformed) throw new Unavailable('gitlab', error.message);
    if (error instanceof Declined && error.status === 401)
      throw new Unusable('GitLab does not accept the token: it is wrong, revoked or expired');
    if (error instanceof Declined) throw new Unusable(`GitLab does not tell this account ${what} (${error.message})`);
    throw error;
  }
}

function tokenFacts(answer: unknown): TokenFacts {
  const { scopes, expires_at } = understand(tokenShape, answer, 'the token');
  // It is good before that day begins, UTC.
  return { scopes, expiresAt: expires_at ? parseStart(expires_at) : undefined };
}

function mergeSettings(answer: unknown): MergeSettings {
  const one = understand(projectShape, answer, 'the project');
  return {
    method: one.merge_method ?? undefined,
    automaticRebase: one.automatic_rebase_enabled ?? undefined,
    pipelineMustSucceed: one.only_allow_merge_if_pipeline_succeeds ?? undefined,
    skippedPipelineCounts: one.allow_merge_on_skipped_pipeline ?? undefined,
    discussionsMustBeResolved: one.only_allow_merge_if_all_discussions_are_resolved ?? undefined,
    forkPipelinesRunHere: one.ci_allow_fork_pipelines_to_run_in_parent_project ?? undefined,
  };
}

async function protection(gitlab: Client, project: string, branch: string): Promise<Protection> {
  const rules = await whole(ruleShape, gitlab.ProtectedBranches.all(project, pages), 'the protected branches').catch((error: unknown) => {
    // Older servers show the rules to maintainers only.
    if (error instanceof Declined && error.status === 403) return undefined;
    throw error;
  });
  if (rules === undefined) return summary(await gitlab.Branches.show(project, branch));
  const matching = rules.filter(({ name }) => covers(name, branch));
  if (matching.length === 0) return { kind: 'none' };
  // Of several rules that match, the most permissive counts (docs.gitlab.com/user/project/repository/branches/protected).
  const push = matching.flatMap((rule) => rule.push_access_levels);
  return {
    kind: 'rule',
    push: push.flatMap(({ access_level, deploy_key_id }) => (deploy_key_id ? [] : [access_level ?? 0])),
    merge: matching.flatMap((rule) => rule.merge_access_levels.map(({ access_level }) => access_level ?? 0)),
    deployKeys: push.filter(({ deploy_key_id }) => deploy_key_id).length,
    forcePush: matching.some((rule) => rule.allow_force_push),
  };
}

function summary(answer: unknown): Protection {
  const one = understand(branchShape, answer, 'the branch');
  return one.protected
    ? { kind: 'summary', developersPush: one.developers_can_push, developersMerge: one.developers_can_merge }
    : { kind: 'none' };
}

/** `*` stands for any letters in the name of a rule. */
function covers(rule: string, branch: string): boolean {
  const pattern = rule.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${pattern.join('.*')}$`).test(branch);
}

async function membersOf(gitlab: Client, project: string): Promise<Map<number, ForgeAccount>> {
  const members = await whole(memberShape, gitlab.ProjectMembers.all(project, { includeInherited: true, ...pages }), 'the members');
  const found = new Map<number, ForgeAccount>();
  for (const { id, username, state, access_level } of members) {
    // Somebody may be a member by several ways: the highest role counts.
    const role = Math.max(access_level, found.get(id)?.role ?? 0);
    found.set(id, { username, state, role });
  }
  return found;
}

async function accounts(gitlab: Client, project: string, ids: readonly number[]): Promise<ReadonlyMap<number, ForgeAccount>> {
  const found = await membersOf(gitlab, project);
  const strangers = ids.filter((id) => !found.has(id));
  for (const id of strangers) {
    const answer = await gitlab.Users.show(id).catch((error: unknown) => {
      if (error instanceof Declined && error.status === 404) return undefined;
      throw error;
    });
    if (answer === undefined) continue;
    const { username, state } = understand(userShape, answer, 'an account');
    found.set(id, { username, state, role: undefined });
  }
  return new Map(
    ids.flatMap((id) => {
      const one = found.get(id);
      return one ? [[id, one] as const] : [];
    }),
  );
}
