// Routes about the server, the token, and a project with its branches and commits.
import { commit, member, mergeRequestBasic, project as projectBody, protectedBranch, pushEvent, userBasic, type Json } from './entities.ts';
import type { FileChange } from './repository.ts';
import { push } from './pushing.ts';
import { list, maySee, one, roleIn, viewer, visibleProject, type Call, type Reply, type Route } from './routing.ts';
import { moreOfOwnUser, moreOfToken, moreOfUser } from './shapes.ts';
import { Refused, type MergeRequest, type Project } from './world.ts';

const sha = '([0-9a-zA-Z._-]+)';

export const projectRoutes: readonly Route[] = [
  { method: 'GET', pattern: /^\/(?:version|metadata)$/, handle: version },
  {
    method: 'GET',
    pattern: /^\/user$/,
    handle: (call) => one({ ...userBasic(viewer(call), call.origin), ...moreOfOwnUser(viewer(call)) }),
  },
  { method: 'GET', pattern: /^\/users\/(\d+)$/, handle: account },
  { method: 'GET', pattern: /^\/personal_access_tokens\/self$/, handle: ownToken },
  {
    method: 'GET',
    pattern: /^\/projects\/([^/]+)$/,
    handle: (call) => one(shownProject(call, visibleProject(call))),
  },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/forks$/, handle: forks },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/members\/all$/, handle: members },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/events$/, handle: events },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/repository\/branches\/([^/]+)$/, handle: branch },
  {
    method: 'GET',
    pattern: /^\/projects\/([^/]+)\/protected_branches$/,
    handle: protectedBranches,
  },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/protected_branches\/([^/]+)$/, handle: oneProtectedBranch },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/repository\/commits$/, handle: createCommit },
  { method: 'GET', pattern: new RegExp(`^/projects/([^/]+)/repository/commits/${sha}$`), handle: showCommit },
  { method: 'GET', pattern: new RegExp(`^/projects/([^/]+)/repository/commits/${sha}/merge_requests$`), handle: mergeRequestsOfCommit },
];

function version(call: Call) {
  viewer(call);
  const kas = { enabled: false, externalUrl: null, externalK8sProxyUrl: null, version: null };
  return one({ version: call.forge.version, revision: 'f00ba4', kas, enterprise: false });
}

function shownProject(call: Call, of: Project): Json {
  return projectBody(of, call.origin, call.token === null ? null : roleIn(of, call));
}

/** [A] Those that the account may see. With `owned`, those in its own namespace and those it is an owner of (50), not all it may push to. */
function forks(call: Call) {
  const of = visibleProject(call);
  const seen = call.forge.projects.filter((candidate) => candidate.forkOf?.id === of.id && maySee(call, candidate));
  const wanted = call.query.get('owned') === 'true' ? seen.filter((candidate) => roleIn(candidate, call) >= 50) : seen;
  return list(wanted.map((candidate) => shownProject(call, candidate)));
}

/** [A] Newer servers show the rules to whoever reads the code, older ones to maintainers. */
function protectedBranches(call: Call) {
  const of = visibleProject(call);
  if (!call.forge.showsProtection && roleIn(of, call) < 40) throw new Refused(403, '403 Forbidden');
  return list(of.protectedBranches.map(protectedBranch));
}

/** [B] Of one account, in ten minutes. */
const mostLookUps = 300;

/** [B] Any signed-in account may look up another by id. [A] Not too often, and `check_rate_limit!` does not say when to come again. */
function account(call: Call): Reply {
  const { id: asking } = viewer(call);
  const now = call.forge.clock.now();
  const lately = (call.forge.lookUps.get(asking) ?? []).filter((at) => at > now - 600_000);
  call.forge.lookUps.set(asking, [...lately, now]);
  if (lately.length >= mostLookUps) {
    const headers: Record<string, string> = call.forge.kind.has('limits-say-when') ? { 'retry-after': '60' } : {};
    return { ...one({ message: { error: 'This was asked too often. Ask again later.' } }, 429), headers };
  }
  const user = call.forge.users.find(({ id }) => String(id) === call.parts[0]);
  if (!user) throw new Refused(404, '404 User Not Found');
  return one({ ...userBasic(user, call.origin), ...moreOfUser });
}

function ownToken(call: Call) {
  viewer(call);
  const { id = 0, name = '', scopes = [], revoked = false, expiresAt = null } = call.token ?? {};
  return one({ ...moreOfToken, id, name, scopes, revoked, active: !revoked, user_id: call.token?.user.id, expires_at: expiresAt });
}

/** [C] Newest first unless told; `after` and `before` are days, and leave these days out. Kept for about three years. */
function events(call: Call) {
  viewer(call);
  const project = visibleProject(call);
  if (!call.forge.showsEvents) throw new Refused(403, '403 Forbidden');
  const [after, before] = ['after', 'before'].map((name) => call.query.get(name) ?? undefined);
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
  const within = project.pushes.filter(
    ({ at }) => (after === undefined || dayOf(at) > after) && (before === undefined || dayOf(at) < before),
  );
  const sorted = call.query.get('sort') === 'asc' ? within : within.toReversed();
  return list(sorted.map((one) => pushEvent(one, project, call.origin)));
}

function members(call: Call) {
  const { members: roles } = visibleProject(call);
  const users = call.forge.users.filter(({ id }) => roles.has(id));
  return list(users.map((user) => member(user, roles.get(user.id) ?? 0, call.origin)));
}

async function branch(call: Call) {
  const project = visibleProject(call);
  const name = call.parts[1] ?? '';
  const head = await project.git.find(`refs/heads/${name}`);
  if (head === undefined) throw new Refused(404, '404 Branch Not Found');
  const rule = project.protectedBranches.find((candidate) => candidate.name === name);
  const protection = {
    protected: rule !== undefined,
    developers_can_push: rule?.push === 30,
    developers_can_merge: rule?.merge === 30,
    can_push: false,
  };
  const web_url = `${call.origin}/${project.path}/-/tree/${name}`;
  return one({ name, web_url, commit: await commit(project, head, call.origin), merged: false, default: name === 'main', ...protection });
}

function oneProtectedBranch(call: Call) {
  const rule = visibleProject(call).protectedBranches.find(({ name }) => name === call.parts[1]);
  if (!rule) throw new Refused(404, '404 Not found');
  return one(protectedBranch(rule));
}

async function knownCommit(call: Call, project: Project): Promise<string> {
  const id = await project.git.find(call.parts[1] ?? '');
  if (id === undefined) throw new Refused(404, '404 Commit Not Found');
  return id;
}

async function showCommit(call: Call) {
  const project = visibleProject(call);
  const more = { status: null, project_id: project.id, last_pipeline: null, stats: { additions: 1, deletions: 0, total: 1 } };
  return one({ ...(await commit(project, await knownCommit(call, project), call.origin)), ...more });
}

/**
 * [A] Every merge request, in any state and for any branch, whose latest diff has the commit, or that was told it as merge or squash commit:
 * so a stacked or a closed one is named too.
 */
async function mergeRequestsOfCommit(call: Call) {
  const project = visibleProject(call);
  const id = await knownCommit(call, project);
  const found: MergeRequest[] = [];
  for (const candidate of project.mergeRequests) {
    const own = await project.git.between(candidate.versions.at(-1)?.base, candidate.head);
    if (own.includes(id) || candidate.mergeCommit === id || candidate.squashCommit === id || candidate.mergedCommit === id)
      found.push(candidate);
  }
  return list(found.map((candidate) => mergeRequestBasic(candidate, call.origin)));
}

/**
 * Several file actions in one commit, on a branch that is there or on a new one made from `start_branch`. [A] Where `start_project` says so that
 * branch is another project's, and of the same moment: it need not be in the fork, which may lie far behind.
 */
async function createCommit(call: Call) {
  const project = visibleProject(call);
  const user = viewer(call);
  const name = text(call.body, 'branch');
  const start = startProject(call, project);
  const rule = project.protectedBranches.find((candidate) => candidate.name === name);
  const role = roleIn(project, call);
  // [A] `authorize_push_to_branch!`
  if (role < 30 || (rule && (rule.push === 0 || role < rule.push)))
    throw new Refused(403, '403 Forbidden - You are not allowed to push into this branch');
  const existing = await project.git.find(`refs/heads/${name}`);
  if (existing !== undefined && 'start_branch' in call.body) throw new Refused(400, `A branch called '${name}' already exists.`);
  const isFirst = existing === undefined && project.git.isEmpty();
  const parent = existing ?? (isFirst ? undefined : await start.git.head(text(call.body, 'start_branch')));
  if (start !== project && parent !== undefined) await project.git.fetch(start.git, parent);
  const present = parent === undefined ? new Set<string>() : await project.git.files(parent);
  const changes = await actions(call.body['actions'], present);
  const author = { name: user.name, email: `${user.username}@users.noreply.localhost` };
  const made = await project.git.commit({
    parents: parent === undefined ? [] : [parent],
    changes,
    message: text(call.body, 'commit_message'),
    author,
    at: call.forge.clock.now(),
  });
  await push(call.forge, project, user, name, made);
  return one(await commit(project, made, call.origin), 201);
}

/** [A] Only from the project that this one is a fork of, at first hand. */
function startProject(call: Call, project: Project): Project {
  const given = call.body['start_project'];
  if (typeof given !== 'number' && typeof given !== 'string') return project;
  const start = visibleProject(call, String(given));
  if (project.forkOf?.id !== start.id)
    throw new Refused(403, `403 Forbidden - Project is not included in the fork network for ${start.path}`);
  return start;
}

async function actions(given: unknown, present: ReadonlySet<string>): Promise<Record<string, FileChange>> {
  const changes: Record<string, FileChange> = {};
  for (const action of Array.isArray(given) ? given : []) {
    const kind = text(action, 'action');
    const path = text(action, 'file_path');
    if (kind === 'create' && present.has(path)) throw new Refused(400, 'A file with this name already exists');
    if (kind !== 'create' && !present.has(path)) throw new Refused(400, "A file with this name doesn't exist");
    changes[path] = kind === 'delete' ? null : decoded(text(action, 'content'), action);
  }
  return changes;
}

function decoded(content: string, action: Json): string {
  return action['encoding'] === 'base64' ? Buffer.from(content, 'base64').toString('utf8') : content;
}

export function text(body: Json, key: string): string {
  const value = body[key];
  if (typeof value !== 'string') throw new Refused(400, `${key} is missing`);
  return value;
}
