// The bodies of GitLab CE's answers, field by field as its API entities show them.
import { looseRef } from '../repositories.ts';
import { renderTime } from './clock.ts';
import { lines } from './repository.ts';
import {
  administered,
  approvalsOfEnterprise,
  moreOfBasicProject,
  moreOfEvent,
  moreOfMember,
  moreOfMergeRequest,
  moreOfNote,
  moreOfProject,
  moreOfSingle,
} from './shapes.ts';
import type { Forge } from './forge.ts';
import type { MergeRequest, Note, Project, ProtectedBranch, PushEvent, StateEvent, User, Version } from './world.ts';

export type Json = Readonly<Record<string, unknown>>;

export function userBasic({ id, username, name, state }: User, origin: string): Json {
  return { id, username, public_email: null, name, state, locked: false, avatar_url: null, web_url: `${origin}/${username}` };
}

/** [A] Anonymous visitors get a part of it only: no settings. `role`: of whoever asks; null for anonymous. */
export function project(of: Project, origin: string, role: number | null): Json {
  const basic = {
    ...moreOfBasicProject(of, origin),
    id: of.id,
    description: null,
    name: of.path.split('/').at(-1),
    path: of.path.split('/').at(-1),
    path_with_namespace: of.path,
    default_branch: 'main',
    web_url: `${origin}/${of.path}`,
    http_url_to_repo: `${origin}/${of.path}.git`,
  };
  if (role === null) return basic;
  return {
    ...(role >= 40 ? administered : {}),
    ...moreOfProject(of, origin),
    ...basic,
    visibility: of.visibility,
    merge_method: of.mergeMethod,
    squash_option: of.squash,
    only_allow_merge_if_pipeline_succeeds: true,
    allow_merge_on_skipped_pipeline: false,
    only_allow_merge_if_all_discussions_are_resolved: true,
    merge_commit_template: null,
    squash_commit_template: null,
    remove_source_branch_after_merge: true,
    archived: false,
    empty_repo: looseRef(of.git.path, 'refs/heads/main') === undefined,
    import_status: 'finished',
    ...(of.forkOf ? { forked_from_project: project(of.forkOf, origin, null) } : {}),
    ...of.settings,
  };
}

/** [A] What lists show; `diff_refs` is in the answer about a single one only. */
export function mergeRequestBasic(of: MergeRequest, origin: string): Json {
  return {
    ...moreOfMergeRequest(of),
    id: of.id,
    iid: of.iid,
    project_id: of.project.id,
    title: of.title,
    description: of.description,
    state: of.state,
    created_at: renderTime(of.createdAt),
    merged_by: of.mergedBy && userBasic(of.mergedBy, origin),
    merge_user: of.mergedBy && userBasic(of.mergedBy, origin),
    merged_at: renderTime(of.mergedAt),
    target_branch: of.targetBranch,
    source_branch: of.sourceBranch,
    author: userBasic(of.author, origin),
    source_project_id: of.source.isDeleted ? null : of.source.id,
    target_project_id: of.project.id,
    draft: of.title.startsWith('Draft:'),
    imported: of.imported,
    imported_from: of.imported ? 'gitlab_project' : 'none',
    detailed_merge_status: of.state === 'opened' ? 'mergeable' : 'not_open',
    sha: of.head,
    merge_commit_sha: of.mergeCommit,
    squash_commit_sha: of.squashCommit,
    squash: of.squashCommit !== null,
    web_url: `${origin}/${of.project.path}/-/merge_requests/${of.iid}`,
  };
}

export function mergeRequest(of: MergeRequest, origin: string, now: number): Json {
  // [A] Until the first version is written there is nothing to refer to.
  const latest = of.versions.findLast(({ at }) => at <= now);
  return {
    ...mergeRequestBasic(of, origin),
    ...moreOfSingle,
    diff_refs: latest ? { base_sha: latest.base, head_sha: latest.head, start_sha: latest.start } : null,
  };
}

/** [A] Four keys on CE, and `approved` merely says that there is a row. */
export function approvals(of: MergeRequest, viewer: User | null, origin: string, { tellsApprovalTimes, style }: Forge): Json {
  return {
    user_has_approved: of.approvals.some(({ user }) => user === viewer),
    user_can_approve: viewer !== null && of.state === 'opened' && !of.approvals.some(({ user }) => user === viewer),
    approved: of.approvals.length > 0,
    approved_by: of.approvals.map(({ user, at }) => ({
      user: userBasic(user, origin),
      ...(tellsApprovalTimes ? { approved_at: renderTime(at) } : {}),
    })),
    ...(style.edition === 'ee' ? approvalsOfEnterprise(of) : {}),
  };
}

export function version({ id, head, base, start, at }: Version, of: MergeRequest): Json {
  return {
    id,
    head_commit_sha: head,
    base_commit_sha: base,
    start_commit_sha: start,
    created_at: renderTime(at),
    merge_request_id: of.id,
    state: 'collected',
    real_size: '1',
    patch_id_sha: null,
  };
}

export function note(of: Note, on: MergeRequest, origin: string): Json {
  return {
    ...moreOfNote,
    id: of.id,
    type: null,
    body: of.body,
    author: userBasic(of.author, origin),
    created_at: renderTime(of.at),
    updated_at: renderTime(of.updatedAt),
    system: of.system,
    noteable_id: on.id,
    noteable_type: 'MergeRequest',
    noteable_iid: on.iid,
    project_id: on.project.id,
    resolvable: false,
  };
}

export function stateEvent(of: StateEvent, on: MergeRequest, origin: string): Json {
  return {
    id: of.id,
    user: userBasic(of.user, origin),
    created_at: renderTime(of.at),
    resource_type: 'MergeRequest',
    resource_id: on.id,
    source_commit: of.sourceCommit,
    source_merge_request_id: of.sourceMergeRequest,
    state: of.state,
  };
}

/** [C] `commit_title` is what the pusher wrote. */
export function pushEvent({ id, user, branch, branches = 4, action, from, to, at }: PushEvent, on: Project, origin: string): Json {
  const name = { created: 'pushed new', pushed: 'pushed to', removed: 'deleted' }[action];
  return {
    ...moreOfEvent,
    id,
    project_id: on.id,
    action_name: name,
    author_id: user.id,
    author_username: user.username,
    author: userBasic(user, origin),
    created_at: new Date(at).toISOString(),
    push_data: {
      commit_count: branch === null ? 0 : 1,
      action,
      ref_type: 'branch',
      commit_from: branch === null ? null : (from ?? null),
      commit_to: branch === null ? null : (to ?? null),
      ref: branch,
      commit_title: branch === null ? null : 'a title that its author chose',
      ref_count: branch === null ? branches : null,
    },
  };
}

export function protectedBranch({ name, push, merge, allowForcePush }: ProtectedBranch): Json {
  const level = (access_level: number): Json => ({
    id: 1,
    access_level,
    access_level_description: words[access_level],
    deploy_key_id: null,
    user_id: null,
    group_id: null,
  });
  return { id: 1, name, push_access_levels: [level(push)], merge_access_levels: [level(merge)], allow_force_push: allowForcePush };
}

const words: Readonly<Record<number, string>> = { 0: 'No one', 30: 'Developers + Maintainers', 40: 'Maintainers', 60: 'Admins' };

/** [A] `access_level` besides what everybody sees of an account. */
export function member(user: User, accessLevel: number, origin: string): Json {
  return { ...userBasic(user, origin), ...moreOfMember, access_level: accessLevel };
}

export async function commit(of: Project, id: string, origin: string): Promise<Json> {
  const { parents, author, committer, message } = await of.git.details(id);
  return {
    id,
    short_id: id.slice(0, 8),
    parent_ids: parents,
    title: lines(message)[0] ?? '',
    message,
    author_name: author.name,
    author_email: author.email,
    authored_date: author.date,
    committer_name: committer.name,
    committer_email: committer.email,
    committed_date: committer.date,
    created_at: committer.date,
    trailers: {},
    extended_trailers: {},
    web_url: `${origin}/${of.path}/-/commit/${id}`,
  };
}
