// Routes that only whoever plays needs: projects, forks, accounts and tokens are made and taken away, and commits by the buttons of a commit's page.
import { commit, member, project as projectBody, userBasic, type Json } from './entities.ts';
import { applySuggestion, pick, rebase, unpick } from './merging.ts';
import { text } from './project-routes.ts';
import { push, removeBranch } from './pushing.ts';
import { note as noteBody } from './entities.ts';
import { addNote } from './reviewing.ts';
import { list, one, roleIn, viewer, visibleMergeRequest, visibleProject, type Call, type Reply, type Route } from './routing.ts';
import { Refused, type User } from './world.ts';

export const playRoutes: readonly Route[] = [
  { method: 'GET', pattern: /^\/projects$/, handle: ownProjects },
  { method: 'POST', pattern: /^\/projects$/, handle: createProject },
  { method: 'PUT', pattern: /^\/projects\/([^/]+)$/, handle: editProject },
  { method: 'DELETE', pattern: /^\/projects\/([^/]+)$/, handle: deleteProject },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/fork$/, handle: fork },
  {
    method: 'POST',
    pattern: /^\/projects\/([^/]+)\/issues$/,
    handle: (call) => one({ id: call.forge.nextId(), iid: 1, ...owned(call) }, 201),
  },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/members$/, handle: addMember },
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/repository\/branches$/, handle: branches },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/repository\/branches$/, handle: createBranch },
  { method: 'DELETE', pattern: /^\/projects\/([^/]+)\/repository\/branches\/([^/]+)$/, handle: deleteBranch },
  {
    method: 'POST',
    pattern: /^\/projects\/([^/]+)\/repository\/commits\/([0-9a-f]{40})\/cherry_pick$/,
    handle: (call) => anew(call, pick),
  },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/repository\/commits\/([0-9a-f]{40})\/revert$/, handle: (call) => anew(call, unpick) },
  { method: 'PUT', pattern: /^\/projects\/([^/]+)\/merge_requests\/(\d+)\/rebase$/, handle: rebaseRequest },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/merge_requests\/(\d+)\/discussions$/, handle: discuss },
  { method: 'PUT', pattern: /^\/suggestions\/(\d+)\/apply$/, handle: apply },
  { method: 'GET', pattern: /^\/users$/, handle: searchUsers },
  { method: 'POST', pattern: /^\/users$/, handle: createUser },
  { method: 'POST', pattern: /^\/users\/(\d+)\/personal_access_tokens$/, handle: createToken },
  { method: 'POST', pattern: /^\/users\/(\d+)\/block$/, handle: block },
  { method: 'PUT', pattern: /^\/users\/(\d+)$/, handle: rename },
  { method: 'DELETE', pattern: /^\/users\/(\d+)$/, handle: deleteUser },
];

/** [B] Settings, deletion and members are the owner's; a maintainer has most of them. */
function owned(call: Call): { readonly project_id: number } {
  const project = visibleProject(call);
  if (roleIn(project, call) < 40) throw new Refused(403, '403 Forbidden');
  return { project_id: project.id };
}

function ownProjects(call: Call): Reply {
  viewer(call);
  const found = call.forge.projects.filter((one) => roleIn(one, call) >= 50 && one.path.includes(call.query.get('search') ?? ''));
  return list(found.map((one) => projectBody(one, call.origin, 50)));
}

function searchUsers(call: Call): Reply {
  viewer(call);
  const found = call.forge.users.filter(({ username }) => username.includes(call.query.get('search') ?? ''));
  return list(found.map((user) => userBasic(user, call.origin)));
}

async function createProject(call: Call): Promise<Reply> {
  const owner = viewer(call);
  const made = await call.forge.createProject(`${owner.username}/${text(call.body, 'path')}`, { members: [[owner, 50]], isEmpty: true });
  return one(projectBody(made, call.origin, 50), 201);
}

function editProject(call: Call): Reply {
  owned(call);
  const project = visibleProject(call);
  const { merge_method, visibility, path, automatic_rebase_enabled } = call.body;
  if (merge_method === 'merge' || merge_method === 'rebase_merge' || merge_method === 'ff') project.mergeMethod = merge_method;
  if (visibility === 'public' || visibility === 'private') project.visibility = visibility;
  if (typeof automatic_rebase_enabled === 'boolean') project.settings = { ...project.settings, automatic_rebase_enabled };
  if (typeof path === 'string') call.forge.move(project, project.path.replace(/[^/]+$/, path));
  return one(projectBody(project, call.origin, roleIn(project, call)));
}

/** [A] What was merged from it stays, without a source. */
function deleteProject(call: Call): Reply {
  const project = visibleProject(call);
  if (roleIn(project, call) < 50) throw new Refused(403, '403 Forbidden');
  call.forge.deleteProject(project);
  return one({ message: '202 Accepted' }, 202);
}

async function fork(call: Call): Promise<Reply> {
  const user = viewer(call);
  const made = await call.forge.fork(visibleProject(call), user, `${user.username}/${text(call.body, 'path')}`);
  return one(projectBody(made, call.origin, 50), 201);
}

function addMember(call: Call): Reply {
  owned(call);
  const { user_id, access_level } = call.body;
  const user = call.forge.users.find(({ id }) => id === user_id);
  if (!user) throw new Refused(404, '404 User Not Found');
  visibleProject(call).members.set(user.id, Number(access_level));
  return one(member(user, Number(access_level), call.origin), 201);
}

async function branches(call: Call): Promise<Reply> {
  const project = visibleProject(call);
  const names = (await project.git.git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads'))
    .split('\n')
    .filter((name) => name !== '');
  return list(names.map((name) => ({ name, default: name === 'main', protected: name === 'main', merged: false })));
}

async function createBranch(call: Call): Promise<Reply> {
  const project = visibleProject(call);
  if (roleIn(project, call) < 30) throw new Refused(403, '403 Forbidden');
  const head = await project.git.head(text(call.body, 'ref'));
  await push(call.forge, project, viewer(call), text(call.body, 'branch'), head);
  return one({ name: text(call.body, 'branch'), commit: await commit(project, head, call.origin) }, 201);
}

async function deleteBranch(call: Call): Promise<Reply> {
  const project = visibleProject(call);
  if (roleIn(project, call) < 30) throw new Refused(403, '403 Forbidden');
  await removeBranch(call.forge, project, viewer(call), call.parts[1] ?? '');
  return { kind: 'empty', status: 204 };
}

/** The buttons Cherry-pick and Revert, with a branch to commit to. */
async function anew(call: Call, make: typeof pick): Promise<Reply> {
  const project = visibleProject(call);
  const branch = text(call.body, 'branch');
  if (roleIn(project, call) < 30) throw new Refused(403, '403 Forbidden');
  const made = await make(call.forge, project, call.parts[1] ?? '', await project.git.head(branch));
  await push(call.forge, project, viewer(call), branch, made);
  return one(await commit(project, made, call.origin), 201);
}

/** [A] Done by a worker; here at once. */
async function rebaseRequest(call: Call): Promise<Reply> {
  const mergeRequest = visibleMergeRequest(call);
  if (roleIn(mergeRequest.source, call) < 30) throw new Refused(403, '403 Forbidden');
  await rebase(call.forge, mergeRequest, viewer(call));
  return one({ rebase_in_progress: true }, 202);
}

/** A comment on one line; a suggestion in it is a change that can be applied. */
function discuss(call: Call): Reply {
  const mergeRequest = visibleMergeRequest(call);
  const body = text(call.body, 'body');
  const by = viewer(call);
  const written = addNote(call.forge, mergeRequest, by, body, false);
  const [, content] = /```suggestion:-0\+0\n([^]*?)\n```/.exec(body) ?? [];
  const position = call.body['position'];
  const { new_path: path, new_line: line } = (typeof position === 'object' && position !== null ? position : {}) as Record<string, unknown>;
  const suggestions: Json[] = [];
  if (content !== undefined && typeof path === 'string' && typeof line === 'number') {
    const id = call.forge.nextId();
    call.forge.suggestions.set(id, { mergeRequest, by, path, line, content });
    suggestions.push({ id, from_line: line, to_line: line, appliable: true, applied: false, from_content: '', to_content: `${content}\n` });
  }
  return one(
    { id: String(written.id), individual_note: false, notes: [{ ...noteBody(written, mergeRequest, call.origin), suggestions }] },
    201,
  );
}

async function apply(call: Call): Promise<Reply> {
  const suggestion = call.forge.suggestions.get(Number(call.parts[0]));
  if (!suggestion) throw new Refused(404, 'Suggestion is not applicable as the suggestion was not found.');
  const { mergeRequest, by: suggestedBy, path, line, content } = suggestion;
  const old = (await mergeRequest.project.git.git('show', `${mergeRequest.head}:${path}`)).split('\n');
  old[line - 1] = content;
  await applySuggestion(call.forge, mergeRequest, { by: viewer(call), suggestedBy, changes: { [path]: `${old.join('\n')}\n` } });
  return one({ id: Number(call.parts[0]), appliable: false, applied: true });
}

/** [B] `authenticated_as_admin!` */
function asAdministrator(call: Call): User | undefined {
  if (viewer(call).isAdministrator !== true) throw new Refused(403, '403 Forbidden');
  return call.forge.users.find(({ id }) => String(id) === call.parts[0]);
}

function named(call: Call): User {
  const user = asAdministrator(call);
  if (!user) throw new Refused(404, '404 User Not Found');
  return user;
}

function createUser(call: Call): Reply {
  asAdministrator(call);
  const user = call.forge.createUser(text(call.body, 'username'), { name: text(call.body, 'name') });
  return one(userBasic(user, call.origin), 201);
}

function createToken(call: Call): Reply {
  const scopes = call.body['scopes'];
  const { id, name, value } = call.forge.createToken(named(call), Array.isArray(scopes) ? scopes.map(String) : []);
  return one({ id, name, token: value, scopes, active: true, revoked: false }, 201);
}

function block(call: Call): Reply {
  named(call).state = 'blocked';
  return { kind: 'empty', status: 201 };
}

function rename(call: Call): Reply {
  const user = named(call);
  user.username = text(call.body, 'username');
  return one(userBasic(user, call.origin));
}

function deleteUser(call: Call): Reply {
  call.forge.deleteUser(named(call));
  return { kind: 'empty', status: 204 };
}
