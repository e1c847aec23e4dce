// Routes about merge requests. On CE there are no others for approvals: `approval_state` and `approval_rules` are unknown routes.
import * as body from './entities.ts';
import { merge, type MergeMethod } from './merging.ts';
import { text } from './project-routes.ts';
import { addNote, approve, close, openMergeRequest, reopen, retarget, unapprove } from './reviewing.ts';
import { updatedAt } from './shapes.ts';
import { list, maySee, one, roleIn, viewer, visibleMergeRequest, visibleProject, type Call, type Reply, type Route } from './routing.ts';
import { Refused, type MergeRequest, type Note, type Project } from './world.ts';

const single = '^/projects/([^/]+)/merge_requests/(\\d+)';

export const mergeRequestRoutes: readonly Route[] = [
  { method: 'GET', pattern: /^\/projects\/([^/]+)\/merge_requests$/, handle: search },
  { method: 'POST', pattern: /^\/projects\/([^/]+)\/merge_requests$/, handle: create },
  { method: 'GET', pattern: route(''), handle: (call) => shown(call, visibleMergeRequest(call)) },
  { method: 'PUT', pattern: route(''), handle: edit },
  { method: 'PUT', pattern: route('/merge'), handle: accept },
  { method: 'GET', pattern: route('/approvals'), handle: (call) => shownApprovals(call, 200) },
  { method: 'POST', pattern: route('/approve'), handle: approveAs },
  { method: 'POST', pattern: route('/unapprove'), handle: unapproveAs },
  { method: 'GET', pattern: route('/versions'), handle: versions },
  { method: 'GET', pattern: route('/versions/(\\d+)'), handle: oneVersion },
  { method: 'GET', pattern: route('/notes'), handle: notes },
  { method: 'POST', pattern: route('/notes'), handle: createNote },
  { method: 'PUT', pattern: route('/notes/(\\d+)'), handle: editNote },
  { method: 'DELETE', pattern: route('/notes/(\\d+)'), handle: removeNote },
  { method: 'GET', pattern: route('/resource_state_events'), handle: stateEvents },
  { method: 'GET', pattern: route('/commits'), handle: commits },
];

function route(rest: string): RegExp {
  return new RegExp(`${single}${rest}$`);
}

function shown(call: Call, mergeRequest: MergeRequest, status = 200): Reply {
  const more = call.forge.kind.has('merged-commit-shown') ? { merged_commit_sha: mergeRequest.mergedCommit } : {};
  return one({ ...body.mergeRequest(mergeRequest, call.origin, call.forge.clock.now()), ...more }, status);
}

/** Newest first, as GitLab lists them unless told otherwise. [B] `scope` is `all` unless told; what was updated at the moment itself is among those after it. */
function search(call: Call): Reply {
  const after = Date.parse(call.query.get('updated_after') ?? '') || 0;
  const wanted = {
    state: call.query.get('state') ?? 'all',
    target: call.query.get('target_branch'),
    source: call.query.get('source_branch'),
    author: call.query.get('scope') === 'created_by_me' ? viewer(call) : undefined,
  };
  const found = visibleProject(call).mergeRequests.filter(
    ({ state, targetBranch, sourceBranch, author }) =>
      (wanted.author === undefined || wanted.author === author) &&
      (wanted.state === 'all' || wanted.state === state) &&
      (wanted.target === null || wanted.target === targetBranch) &&
      (wanted.source === null || wanted.source === sourceBranch),
  );
  const listed = found.filter((one_) => updatedAt(one_) >= after).toReversed();
  if (call.query.get('order_by') === 'updated_at') listed.sort((left, right) => updatedAt(right) - updatedAt(left) || right.id - left.id);
  const rows = call.query.get('sort') === 'asc' ? listed.toReversed() : listed;
  return list(rows.map((one_) => body.mergeRequestBasic(one_, call.origin)));
}

/**
 * In the source project's route, with `target_project_id` where that is another one. [A] `create_merge_request_from` needs the role Developer in
 * the source; in the target it is enough to see it. [A] `validate_fork`: both are of one family of forks, otherwise 422.
 */
async function create(call: Call): Promise<Reply> {
  const source = visibleProject(call);
  if (roleIn(source, call) < 30) throw new Refused(403, '403 Forbidden');
  const targetId = call.body['target_project_id'];
  const target = typeof targetId === 'number' ? visibleProject(call, String(targetId)) : source;
  if (rootOf(source).id !== rootOf(target).id) throw new Refused(422, 'Source project is not a fork of the target project');
  const options = {
    author: viewer(call),
    sourceProject: source,
    sourceBranch: text(call.body, 'source_branch'),
    targetBranch: text(call.body, 'target_branch'),
  };
  const description = typeof call.body['description'] === 'string' ? call.body['description'] : '';
  return shown(call, await openMergeRequest(call.forge, target, { ...options, title: text(call.body, 'title'), description }), 201);
}

function rootOf(project: Project): Project {
  return project.forkOf ? rootOf(project.forkOf) : project;
}

async function edit(call: Call): Promise<Reply> {
  const mergeRequest = visibleMergeRequest(call);
  const user = viewer(call);
  const { state_event, target_branch, title, description } = call.body;
  if (state_event === 'close') close(call.forge, mergeRequest, user);
  if (state_event === 'reopen') await reopen(call.forge, mergeRequest, user);
  if (typeof target_branch === 'string') await retarget(call.forge, mergeRequest, user, target_branch);
  if (typeof title === 'string') mergeRequest.title = title;
  if (typeof description === 'string') mergeRequest.description = description;
  return shown(call, mergeRequest);
}

/** [A] The project's merge method decides, and `squash`; with `sha` only that head is merged. */
async function accept(call: Call): Promise<Reply> {
  const mergeRequest = visibleMergeRequest(call);
  const { sha, squash } = call.body;
  if (typeof sha === 'string' && sha !== mergeRequest.head) throw new Refused(409, 'SHA does not match HEAD of source branch');
  const fastForward = mergeRequest.project.mergeMethod === 'ff';
  const rebases = mergeRequest.project.settings['automatic_rebase_enabled'] === true;
  const plain: MergeMethod = fastForward
    ? rebases
      ? 'automatic-rebase'
      : 'ff'
    : mergeRequest.project.mergeMethod === 'rebase_merge'
      ? 'semi-linear'
      : 'merge';
  const method = squash === true ? (fastForward ? 'squash' : 'squash+merge') : plain;
  await merge(call.forge, mergeRequest, viewer(call), { method });
  return shown(call, mergeRequest);
}

function shownApprovals(call: Call, status: number): Reply {
  return one(body.approvals(visibleMergeRequest(call), call.token?.user ?? null, call.origin, call.forge), status);
}

/** [A] With `sha`, only that head is approved: 409 otherwise. */
function approveAs(call: Call): Reply {
  const mergeRequest = visibleMergeRequest(call);
  const { sha } = call.body;
  if (typeof sha === 'string' && sha !== mergeRequest.head) throw new Refused(409, 'SHA does not match HEAD of source branch');
  approve(call.forge, mergeRequest, viewer(call));
  return shownApprovals(call, 201);
}

function unapproveAs(call: Call): Reply {
  unapprove(call.forge, visibleMergeRequest(call), viewer(call));
  return shownApprovals(call, 201);
}

/** [A] Without a token neither versions nor notes nor state events are shown, of a public project either: `before { authenticate! }`. Newest first, twenty to a page. A worker writes them some time after the push. */
function versions(call: Call): Reply {
  signedIn(call);
  const mergeRequest = visibleMergeRequest(call);
  const written = mergeRequest.versions.filter(({ at }) => at <= call.forge.clock.now());
  return list(written.toReversed().map((version) => body.version(version, mergeRequest)));
}

function oneVersion(call: Call): Reply {
  const mergeRequest = visibleMergeRequest(call);
  const found = mergeRequest.versions.find(({ id }) => String(id) === call.parts[2]);
  if (!found) throw new Refused(404, '404 Not found');
  return one({ ...body.version(found, mergeRequest), commits: [], diffs: [] });
}

function notes(call: Call): Reply {
  signedIn(call);
  const mergeRequest = visibleMergeRequest(call);
  const written = mergeRequest.notes.filter(({ at }) => at <= call.forge.clock.now());
  const newestFirst = written.toSorted((left, right) => right.at - left.at || right.id - left.id);
  const ordered = call.query.get('sort') === 'asc' ? newestFirst.toReversed() : newestFirst;
  // [C] `NotesFinder` with `UserPreference::NOTES_FILTERS`: only what GitLab itself wrote, or only what it did not.
  const filter = call.forge.filtersNotes ? call.query.get('activity_filter') : null;
  const shown = ordered.filter(({ system }) => (filter === 'only_activity' ? system : filter !== 'only_comments' || !system));
  // [A] Paginated first, and only then what the reader may not see is dropped.
  const counted = call.forge.kind.has('hidden-notes-not-counted') ? shown.filter((note) => isShown(note, call)) : shown;
  return list(counted.map((note) => () => (isShown(note, call) ? body.note(note, mergeRequest, call.origin) : null)));
}

function signedIn(call: Call): void {
  if (!call.forge.kind.has('notes-without-token')) viewer(call);
}

function isShown({ hidden, names }: Note, call: Call): boolean {
  return call.forge.kind.has('notes-never-hidden') || !(hidden || (names && !maySee(call, names)));
}

function createNote(call: Call): Reply {
  const mergeRequest = visibleMergeRequest(call);
  return one(body.note(addNote(call.forge, mergeRequest, viewer(call), text(call.body, 'body'), false), mergeRequest, call.origin), 201);
}

/** Only one's own, and never what GitLab wrote itself. */
function ownNote(call: Call): Note {
  const found = visibleMergeRequest(call).notes.find(({ id }) => String(id) === call.parts[2]);
  if (!found) throw new Refused(404, '404 Note Not Found');
  if (found.system || found.author !== viewer(call)) throw new Refused(403, '403 Forbidden');
  return found;
}

function editNote(call: Call): Reply {
  const note = ownNote(call);
  note.body = text(call.body, 'body');
  note.updatedAt = call.forge.clock.now();
  return one(body.note(note, visibleMergeRequest(call), call.origin));
}

function removeNote(call: Call): Reply {
  const { notes: all } = visibleMergeRequest(call);
  all.splice(all.indexOf(ownNote(call)), 1);
  return { kind: 'empty', status: 204 };
}

function stateEvents(call: Call): Reply {
  signedIn(call);
  const mergeRequest = visibleMergeRequest(call);
  return list(mergeRequest.stateEvents.map((event) => body.stateEvent(event, mergeRequest, call.origin)));
}

async function commits(call: Call): Promise<Reply> {
  const { project, head, versions: all } = visibleMergeRequest(call);
  const own = await project.git.between(all.at(-1)?.base, head);
  return list(await Promise.all(own.map(async (id) => body.commit(project, id, call.origin))));
}
