// The rest of GitLab's entities (the keys of `lib/api/entities`, read in the OpenAPI description of 19.x): keys that muster does not read and must
// not stumble over; what EE adds; and times as servers in other zones, or without fractions, write them.
import type { Json } from './entities.ts';
import type { Answer } from './faults.ts';
import type { MergeRequest, Project } from './world.ts';

const none = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, null]));
const no = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, false]));
const zero = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, 0]));
const empty = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, []]));

export function moreOfProject({ id, path }: Project, origin: string): Json {
  const name = path.split('/').at(-1) ?? '';
  return {
    ...none('avatar_url', 'readme_url', 'import_url', 'import_type', 'import_error', 'suggestion_commit_message', 'issue_branch_template'),
    ...none(
      'service_desk_address',
      'merge_request_title_regex',
      'merge_request_title_regex_description',
      'runner_token_expiration_interval',
    ),
    ...no('emails_disabled', 'service_desk_enabled', 'resolve_outdated_diff_discussions', 'enforce_auth_checks_on_uploads'),
    ...no('auto_devops_enabled', 'restrict_user_defined_variables', 'request_access_enabled'),
    ...zero('forks_count', 'star_count', 'open_issues_count'),
    ...empty('tag_list', 'topics', 'shared_with_groups'),
    ...{ name_with_namespace: path.replaceAll('/', ' / '), created_at: '2026-01-05T09:00:00.000Z', updated_at: '2026-11-20T09:00:00.000Z' },
    ...{ last_activity_at: '2026-11-20T09:00:00.000Z', ssh_url_to_repo: `git@localhost:${path}.git`, creator_id: 1, emails_enabled: true },
    namespace: { id: 2, name, path: path.split('/')[0], kind: 'group', full_path: path.replace(/\/[^/]+$/, ''), parent_id: null },
    ...{ issues_enabled: true, merge_requests_enabled: true, wiki_enabled: true, jobs_enabled: true, lfs_enabled: true, public_jobs: true },
    ...{
      repository_access_level: 'enabled',
      merge_requests_access_level: 'enabled',
      repository_object_format: 'sha1',
      build_timeout: 3600,
    },
    ...{ printing_merge_request_link_enabled: true, autoclose_referenced_issues: true, can_create_merge_request_in: true },
    _links: { self: `${origin}/api/v4/projects/${id}`, merge_requests: `${origin}/api/v4/projects/${id}/merge_requests` },
    permissions: { project_access: null, group_access: null },
  };
}

/** [A] Notes touch what they stand on, those that GitLab writes of an approval, a push or a retarget too. */
export function updatedAt({ createdAt, mergedAt, notes, stateEvents }: MergeRequest): number {
  return Math.max(createdAt, mergedAt ?? 0, ...notes.map((note) => note.updatedAt), ...stateEvents.map(({ at }) => at));
}

export function moreOfMergeRequest(of: MergeRequest): Json {
  const { iid, createdAt, project } = of;
  const at = new Date(createdAt).toISOString();
  return {
    ...none('closed_by', 'closed_at', 'assignee', 'milestone', 'merge_after', 'discussion_locked', 'should_remove_source_branch'),
    ...no('work_in_progress', 'merge_when_pipeline_succeeds', 'squash_on_merge', 'has_conflicts', 'force_remove_source_branch'),
    ...zero('user_notes_count', 'upvotes', 'downvotes'),
    ...empty('assignees', 'reviewers', 'labels'),
    ...{
      updated_at: new Date(updatedAt(of)).toISOString(),
      prepared_at: at,
      merge_status: 'can_be_merged',
      blocking_discussions_resolved: true,
      reference: `!${iid}`,
    },
    references: { short: `!${iid}`, relative: `!${iid}`, full: `${project.path}!${iid}` },
    time_stats: { time_estimate: 0, total_time_spent: 0, human_time_estimate: null, human_total_time_spent: null },
    task_completion_status: { count: 0, completed_count: 0 },
  };
}

/** In the answer about a single one. */
export const moreOfSingle: Json = {
  ...none(
    'latest_build_started_at',
    'latest_build_finished_at',
    'first_deployed_to_production_at',
    'pipeline',
    'head_pipeline',
    'merge_error',
  ),
  ...{ subscribed: false, changes_count: '1', first_contribution: false, user: { can_merge: true } },
};

export const moreOfNote: Json = {
  ...none('attachment', 'commit_id'),
  ...{ confidential: false, internal: false, imported: false, imported_from: 'none', commands_changes: {}, suggestions: [] },
};

export const moreOfEvent: Json = {
  ...none('target_id', 'target_iid', 'target_type', 'target_title'),
  imported: false,
  imported_from: 'none',
};

/** What EE answers besides, by the end of the path. */
const enterprise: readonly (readonly [RegExp, Json])[] = [
  [/\/(?:version|metadata)$/, { enterprise: true }],
  [/\/projects\/[^/]+$/, { ...no('mirror', 'merge_trains_enabled'), ...zero('approvals_before_merge'), ...empty('compliance_frameworks') }],
  [/\/merge_requests(?:\/\d+)?$/, none('approvals_before_merge')],
  [
    /\/approvals$/,
    {
      ...zero('approvals_required', 'approvals_left'),
      ...no('require_password_to_approve', 'has_approval_rules', 'merge_request_approvers_available', 'multiple_approval_rules_available'),
      ...empty('suggested_approvers', 'approvers', 'approver_groups', 'approval_rules_left', 'invalid_approvers_rules'),
      ...{ id: 1, iid: 1, project_id: 1, title: 'A title', description: '', state: 'opened', merge_status: 'can_be_merged' },
    },
  ],
  [/\/protected_branches(?:\/[^/]+)?$/, { code_owner_approval_required: false, inherited: false, ...empty('unprotect_access_levels') }],
];

export interface Style {
  edition: 'ce' | 'ee';
  /** As the server's time zone and version have it. */
  times: 'fractions' | 'whole-seconds' | 'offset';
}

export function styled(answer: Answer, path: string, { edition, times }: Style): Answer {
  if (answer.status >= 300 || !answer.headers['content-type']?.startsWith('application/json')) return answer;
  const more = edition === 'ee' ? enterprise.find(([pattern]) => pattern.test(path))?.[1] : undefined;
  const body = more === undefined ? answer.body : JSON.stringify(withMore(JSON.parse(answer.body), more));
  return {
    ...answer,
    body: times === 'fractions' ? body : body.replaceAll(/"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{3})Z"/g, written(times)),
  };
}

function withMore(body: unknown, more: Json): unknown {
  if (Array.isArray(body)) return body.map((one) => withMore(one, more));
  return typeof body === 'object' && body !== null ? { ...body, ...more } : body;
}

function written(times: 'whole-seconds' | 'offset'): (match: string, whole: string, fraction: string) => string {
  if (times === 'whole-seconds') return (_match, whole) => `"${whole}Z"`;
  return (_match, whole, fraction) => `"${new Date(Date.parse(`${whole}Z`) + 3_600_000).toISOString().slice(0, 19)}${fraction}+01:00"`;
}
