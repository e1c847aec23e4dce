// The rest of GitLab's entities (the keys of `lib/api/entities` up to 19.x, and of `ee/lib`): keys that muster does not read and must not stumble
// over, those that only whoever administers the project is shown, what EE adds, and times as servers in other zones, or without fractions, write them.
// test/golden/gitlab-keys.txt has all of them, answer by answer.
import type { Json } from './entities.ts';
import type { Answer } from './faults.ts';
import type { MergeRequest, Project, User } from './world.ts';

const none = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, null]));
const no = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, false]));
const yes = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, true]));
const zero = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, 0]));
const empty = (...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, []]));
const words = (value: string, ...keys: readonly string[]): Json => Object.fromEntries(keys.map((key) => [key, value]));

const begun = '2026-01-05T09:00:00.000Z';

/** What everybody sees of a project that they see at all. */
export function moreOfBasicProject({ path }: Project, origin: string): Json {
  const group = path.replace(/\/[^/]+$/, '');
  const name = path.split('/').at(-1);
  return {
    ...none('avatar_url', 'readme_url'),
    ...zero('forks_count', 'star_count'),
    ...empty('tag_list', 'topics'),
    ...{ name_with_namespace: path.replaceAll('/', ' / '), created_at: begun, last_activity_at: '2026-11-20T09:00:00.000Z', name },
    ssh_url_to_repo: `git@localhost:${path}.git`,
    namespace: {
      ...{ id: 2, name: group, path: group.split('/').at(-1), kind: 'group', full_path: group, parent_id: null, avatar_url: null },
      web_url: `${origin}/groups/${group}`,
    },
  };
}

export function moreOfProject(of: Project, origin: string): Json {
  const self = `${origin}/api/v4/projects/${of.id}`;
  const links = ['issues', 'merge_requests', 'labels', 'events', 'members', 'cluster_agents'].map((name) => [name, `${self}/${name}`]);
  const parts = ['issues', 'repository', 'merge_requests', 'forking', 'wiki', 'builds', 'snippets', 'pages', 'analytics', 'releases'];
  const laterParts = ['container_registry', 'security_and_compliance', 'environments', 'feature_flags', 'infrastructure', 'monitor'];
  const newestParts = ['model_experiments', 'model_registry', 'package_registry'];
  return {
    ...moreOfBasicProject(of, origin),
    _links: { self, repo_branches: `${self}/repository/branches`, ...Object.fromEntries(links) },
    ...none('container_expiration_policy', 'ci_config_path', 'suggestion_commit_message', 'issue_branch_template', 'max_artifacts_size'),
    ...none('merge_request_title_regex', 'merge_request_title_regex_description', 'marked_for_deletion_at', 'marked_for_deletion_on'),
    ...no('resolve_outdated_diff_discussions', 'service_desk_enabled', 'emails_disabled', 'container_registry_enabled'),
    ...no('request_access_enabled', 'automatic_rebase_enabled'),
    ...yes('packages_enabled', 'issues_enabled', 'merge_requests_enabled', 'wiki_enabled', 'jobs_enabled', 'snippets_enabled'),
    ...yes('can_create_merge_request_in', 'emails_enabled', 'shared_runners_enabled', 'lfs_enabled', 'public_jobs'),
    ...yes('printing_merge_request_link_enabled', 'enforce_auth_checks_on_uploads', 'warn_about_potentially_unwanted_characters'),
    ...yes('autoclose_referenced_issues'),
    ...words('enabled', ...[...parts, ...laterParts, ...newestParts].map((part) => `${part}_access_level`)),
    ...{ container_registry_image_prefix: `registry.localhost/${of.path}`, repository_object_format: 'sha1', description_html: '' },
    ...{ creator_id: 1, open_issues_count: 0, updated_at: '2026-11-20T09:00:00.000Z', shared_with_groups: [] },
    ...(of.forkOf ? { mr_default_target_self: false } : {}),
    permissions: { project_access: null, group_access: null },
  };
}

/** [A] Notes touch what they stand on, those that GitLab writes of an approval, a push or a retarget too. */
export function updatedAt({ createdAt, mergedAt, notes, stateEvents }: MergeRequest): number {
  return Math.max(createdAt, mergedAt ?? 0, ...notes.map((note) => note.updatedAt), ...stateEvents.map(({ at }) => at));
}

/** [A] Settings of CI and imports are shown to whoever administers the project only. */
export const administered: Json = {
  ...none('service_desk_address', 'import_url', 'import_type', 'import_error', 'runner_token_expiration_interval'),
  ...none('ci_delete_pipelines_in_seconds'),
  ...no('restrict_user_defined_variables', 'auto_devops_enabled', 'ci_push_repository_for_job_token_allowed'),
  ...yes('ci_forward_deployment_enabled', 'ci_forward_deployment_rollback_allowed', 'ci_job_token_scope_enabled', 'ci_separated_caches'),
  ...yes('ci_allow_fork_pipelines_to_run_in_parent_project', 'keep_latest_artifact', 'group_runners_enabled'),
  ...{ ci_default_git_depth: 20, ci_id_token_sub_claim_components: ['project_path', 'ref_type', 'ref'], build_git_strategy: 'fetch' },
  ...{ ci_pipeline_variables_minimum_override_role: 'developer', runners_token: 'GR1348941-of-nobody', build_timeout: 3600 },
  ...{ auto_cancel_pending_pipelines: 'enabled', auto_devops_deploy_strategy: 'continuous' },
};

export function moreOfMergeRequest(of: MergeRequest): Json {
  const { iid, createdAt, project, source } = of;
  const at = new Date(createdAt).toISOString();
  return {
    ...none('closed_by', 'closed_at', 'assignee', 'milestone', 'merge_after', 'discussion_locked', 'should_remove_source_branch'),
    ...no('work_in_progress', 'merge_when_pipeline_succeeds', 'squash_on_merge', 'has_conflicts', 'force_remove_source_branch'),
    ...zero('user_notes_count', 'upvotes', 'downvotes'),
    ...empty('assignees', 'reviewers', 'labels'),
    ...(source === project ? {} : no('allow_collaboration', 'allow_maintainer_to_push')),
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
  ...none('latest_build_started_at', 'latest_build_finished_at', 'first_deployed_to_production_at', 'pipeline', 'head_pipeline'),
  ...{ merge_error: null, subscribed: false, changes_count: '1', first_contribution: false, user: { can_merge: true } },
};

export const moreOfNote: Json = {
  ...none('attachment'),
  ...{ confidential: false, internal: false, imported: false, imported_from: 'none', commands_changes: {} },
};

export const moreOfEvent: Json = {
  ...none('target_id', 'target_iid', 'target_type', 'target_title'),
  ...{ imported: false, imported_from: 'none' },
};

export const moreOfMember: Json = { created_at: begun, created_by: null, expires_at: null };

export const moreOfToken: Json = { description: null, created_at: begun, last_used_at: '2026-11-20T09:00:00.000Z' };

/** In the answer about an account. */
export const moreOfUser: Json = {
  ...words('', 'bio', 'location', 'linkedin', 'twitter', 'discord', 'website_url', 'github', 'organization'),
  ...none('job_title', 'pronouns', 'work_information', 'local_time'),
  ...{ created_at: begun, bot: false, followers: 0, following: 0, is_followed: false },
};

/** In the answer to the account itself. */
export function moreOfOwnUser({ username, isAdministrator }: User): Json {
  const email = `${username}@example.org`;
  return {
    ...moreOfUser,
    ...none('last_sign_in_at', 'current_sign_in_at', 'last_activity_on', 'preferred_language'),
    ...{ confirmed_at: begun, email, commit_email: email, theme_id: 3, color_scheme_id: 1, projects_limit: 100_000, identities: [] },
    ...{ can_create_group: true, can_create_project: true, two_factor_enabled: false, external: false, private_profile: false },
    ...(isAdministrator === true ? { is_admin: true, note: null, namespace_id: 1 } : {}),
  };
}

const projectOfEnterprise: Json = {
  ...no('mirror', 'requirements_enabled', 'security_and_compliance_enabled', 'secret_push_protection_enabled', 'merge_trains_enabled'),
  ...no('pre_receive_secret_detection_enabled', 'merge_pipelines_enabled', 'merge_trains_skip_train_allowed'),
  ...no('only_allow_merge_if_all_status_checks_passed', 'allow_pipeline_trigger_approve_deployment', 'prevent_merge_without_jira_issue'),
  ...none('external_authorization_classification_label', 'issues_template', 'merge_requests_template'),
  ...{ approvals_before_merge: 0, requirements_access_level: 'enabled', compliance_frameworks: [] },
};

/** [A] There approvals are the merge request's, with its rules; `approved` says whether the rules are content. */
export function approvalsOfEnterprise({ id, iid, project, title, description, state, createdAt }: MergeRequest): Json {
  const at = new Date(createdAt).toISOString();
  return {
    ...{ id, iid, project_id: project.id, title, description, state, created_at: at, updated_at: at, merge_status: 'can_be_merged' },
    ...{ approved: true, ...zero('approvals_required', 'approvals_left') },
    ...no('require_password_to_approve', 'has_approval_rules', 'merge_request_approvers_available', 'multiple_approval_rules_available'),
    ...empty('suggested_approvers', 'approvers', 'approver_groups', 'approval_rules_left', 'invalid_approvers_rules'),
  };
}

/** What EE answers besides, by the end of the path. */
const enterprise: readonly (readonly [RegExp, Json])[] = [
  [/\/(?:version|metadata)$/, { enterprise: true }],
  [/\/projects\/[^/]+$/, projectOfEnterprise],
  [/\/merge_requests(?:\/\d+)?$/, none('approvals_before_merge')],
  [/\/members\/all$/, { membership_state: 'active' }],
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
