// GitLab in a checkup: what its settings forbid, and what its tokens may. muster relies on none of the settings; each one that is
// missing costs people a surprise, and the message says which.
import rehearsed from './rehearsed.json' with { type: 'json' };
import { advice, error, failed, ok, unknown, type Answer, type Area, type Verdict } from './doctor.ts';
import type { Instant } from '../names.ts';
import { day, renderDuration } from '../time.ts';
import { hasScope, neededScope, type TokenFacts, type TokenName } from '../evidence/tokens.ts';
import { renderMoment } from '../text.ts';

const maintainer = 'a maintainer of the GitLab project';
const administrator = 'the administrator of this host';

/** Undefined: the server does not say, or not to this account. */
export interface MergeSettings {
  readonly method: string | undefined;
  /** GitLab makes other commits of a merge request while it merges it. */
  readonly automaticRebase: boolean | undefined;
  readonly pipelineMustSucceed: boolean | undefined;
  readonly skippedPipelineCounts: boolean | undefined;
  readonly discussionsMustBeResolved: boolean | undefined;
  readonly forkPipelinesRunHere: boolean | undefined;
}

/** 0 nobody, 30 developers, 40 maintainers, 60 administrators. */
export type Protection =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'rule';
      readonly push: readonly number[];
      readonly merge: readonly number[];
      readonly deployKeys: number;
      readonly forcePush: boolean;
    }
  /** What everybody may see of a branch where the rule itself is shown to maintainers only. */
  | { readonly kind: 'summary'; readonly developersPush: boolean; readonly developersMerge: boolean };

export interface GitLabFacts {
  readonly project: { readonly path: string; readonly id: number };
  /** The id in the ledger; undefined before the first run. */
  readonly knownId: number | undefined;
  readonly version: Answer<string>;
  /** `absent`: no token is configured. */
  readonly token: Answer<TokenFacts> | 'absent';
  readonly commentToken: Answer<TokenFacts> | 'absent';
  readonly settings: Answer<MergeSettings>;
  readonly branch: string;
  readonly protection: Answer<Protection>;
  readonly now: Instant;
}

export const gitlabArea: Area<GitLabFacts> = {
  area: 'GitLab',
  fixer: administrator,
  remedy:
    'Correct "gitlab.url" or "gitlab.project", the token in the file that "gitlab.token-file" names, or "ca-file" and "proxy" under "gitlab".',
  checks: [
    { code: 'gitlab', look: (facts) => [projectOf(facts)] },
    { code: 'gitlab-version', look: ({ version }) => [versionOf(version)] },
    { code: 'gitlab-token', look: ({ token, now }) => [tokenOf(token, 'gitlab-token', now)] },
    { code: 'gitlab-comment-token', look: ({ commentToken, now }) => [tokenOf(commentToken, 'gitlab-comment-token', now)] },
    { code: 'merge-method', look: settingsCheck(mergeMethod) },
    { code: 'automatic-rebase', look: settingsCheck(automaticRebase) },
    { code: 'pipelines-must-succeed', look: settingsCheck(pipelines) },
    { code: 'discussions-resolved', look: settingsCheck(discussions) },
    { code: 'fork-pipelines', look: settingsCheck(forks) },
    { code: 'protected-branch', look: (facts) => [protectionOf(facts)] },
  ],
};

function projectOf({ project, knownId }: GitLabFacts): Verdict {
  const said = `project ${project.path} has the id ${project.id}`;
  if (knownId === undefined || knownId === project.id) return ok(said);
  return error(
    `${said}, and the ledger knows it as ${knownId}: it is another project of the same name`,
    administrator,
    'Find out who moved or deleted the project; muster judges nothing by the new one.',
  );
}

/** What muster rests on was read in GitLab's source up to one version, and played on the servers that are named. */
const newest = [rehearsed.source, ...rehearsed.servers].reduce((left, right) => (numberOf(left) < numberOf(right) ? right : left));

/** `18.6.2` as 18006; 0 where it is no version. */
function numberOf(version: string): number {
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/** `approved_at` came with about 18.4 or 18.5. */
function versionOf(version: GitLabFacts['version']): Verdict {
  if (version.kind !== 'known') return withheld(version);
  const number = numberOf(version.value);
  if (number > numberOf(newest))
    return advice(
      `${version.value} is newer than the newest that muster was tried with (${newest})`,
      administrator,
      'Look for a release of muster that knows it, and have an eye on what is refused or waits.',
    );
  if (number >= 18_005)
    return ok(rehearsed.servers.length > 0 ? version.value : `${version.value}; known from its source only, up to ${newest}`);
  const how = 'Update GitLab to 18.5 or later, or run with "evidence: none".';
  const said = `${version.value} may not say when somebody approved`;
  return number >= 18_004 ? advice(said, 'the administrator of GitLab', how) : error(said, 'the administrator of GitLab', how);
}

const soon = 30 * day;

function tokenOf(token: GitLabFacts['token'], name: TokenName, now: Instant): Verdict {
  const scope = neededScope[name];
  if (token === 'absent') return absentToken(scope);
  if (token.kind !== 'known') return failed(token, { who: administrator, how: `Put a token with the scope ${scope} into its file.` });
  const { scopes, expiresAt } = token.value;
  const listed = scopes.join(', ');
  if (!hasScope(token.value, scope))
    return error(
      scopes.includes('granular')
        ? `it is a fine-grained one (granular), of which GitLab does not say what it may do, and it needs the scope ${scope}`
        : `its scopes are ${listed}, and it needs ${scope}`,
      maintainer,
      `Make a token with the scope ${scope} and put it into the file.`,
    );
  const end = expiresAt === undefined ? 'without an end' : `until ${renderMoment(expiresAt)}`;
  if (expiresAt !== undefined && expiresAt <= now)
    return error(`it ended at ${renderMoment(expiresAt)}`, maintainer, 'Make a new one and put it into the file.');
  if (expiresAt !== undefined && expiresAt - now <= soon)
    return advice(`it ends in ${renderDuration(expiresAt - now)}, at ${renderMoment(expiresAt)}`, maintainer, 'Make a new one in time.');
  const more = scopes.filter((one) => one !== scope && one !== 'read_repository');
  if (more.length > 0)
    return advice(
      `its scopes are ${listed}: it can do more than it is for`,
      maintainer,
      `A token with ${scope}${scope === 'read_api' ? ' and read_repository' : ''} is enough.`,
    );
  return ok(`scopes ${listed}, ${end}`);
}

function absentToken(scope: 'read_api' | 'api'): Verdict {
  if (scope === 'api') return ok('none: muster writes no notes on merge requests');
  return error(
    'none: GitLab shows versions, notes and events to nobody without a token, so nothing can ever be judged',
    administrator,
    'Add gitlab.token-file, a token with the scope read_api.',
  );
}

/** What GitLab declines to tell is not known; it is no fault of what was asked about. */
function withheld({ kind, reason }: Exclude<Answer<unknown>, { kind: 'known' }>): Verdict {
  return kind === 'unanswered' ? { ...unknown(reason), unanswered: true } : unknown(reason);
}

function settingsCheck(judge: (settings: MergeSettings) => Verdict): (facts: GitLabFacts) => readonly Verdict[] {
  return ({ settings }) => [settings.kind === 'known' ? judge(settings.value) : withheld(settings)];
}

const unseen = unknown('GitLab does not show this setting to the token’s account; a maintainer sees it under Settings');

function mergeMethod({ method }: MergeSettings): Verdict {
  if (method === undefined) return unseen;
  if (method === 'merge' || method === 'rebase_merge') return ok(`${method}: one merge request, one commit on the branch`);
  return advice(
    `${method}: a merge request whose branch main was merged into is refused`,
    maintainer,
    'Settings, Merge requests, Merge method: "Merge commit" or "Merge commit with semi-linear history".',
  );
}

function automaticRebase({ automaticRebase: isOn, method }: MergeSettings): Verdict {
  if (isOn === undefined) return method === undefined ? unseen : ok('this GitLab has no automatic rebase');
  if (!isOn) return ok('what is merged is what was approved');
  return error(
    'GitLab rebases while it merges: what lands is not what anybody saw, and is refused',
    maintainer,
    'Settings, Merge requests: the automatic rebase off.',
  );
}

function pipelines({ pipelineMustSucceed, skippedPipelineCounts }: MergeSettings): Verdict {
  if (pipelineMustSucceed === undefined) return unseen;
  if (pipelineMustSucceed && skippedPipelineCounts !== true) return ok('pipelines must succeed, and a skipped one does not count');
  return advice(
    pipelineMustSucceed ? 'a skipped pipeline counts as one that succeeded' : 'a merge request can be merged while "muster check" fails',
    maintainer,
    'Settings, Merge requests: "Pipelines must succeed" on, "Skipped pipelines are considered successful" off.',
  );
}

function discussions({ discussionsMustBeResolved }: MergeSettings): Verdict {
  if (discussionsMustBeResolved === undefined) return unseen;
  if (discussionsMustBeResolved) return ok('open threads hold a merge up');
  return advice(
    'a merge request can be merged over an open objection',
    maintainer,
    'Settings, Merge requests: "All threads must be resolved" on.',
  );
}

function forks({ forkPipelinesRunHere }: MergeSettings): Verdict {
  if (forkPipelinesRunHere === undefined) return unseen;
  if (!forkPipelinesRunHere) return ok('pipelines of forks run in the forks');
  return advice(
    'a maintainer can run a fork’s pipeline in this project, with its secrets',
    maintainer,
    'Settings, CI/CD, General pipelines: run pipelines of forks in the parent project off.',
  );
}

function protectionOf({ protection, branch }: GitLabFacts): Verdict {
  if (protection.kind !== 'known') return withheld(protection);
  const how = `Settings, Repository, Protected branches, ${branch}: allowed to push "No one", to merge "Maintainers" or "Developers", no force push, no deploy key.`;
  const flaws = flawsOf(protection.value);
  if (flaws.length > 0) return error(`${branch}: ${flaws.join('; ')}`, maintainer, how);
  if (protection.value.kind === 'summary')
    return unknown(`${branch} is protected and developers cannot push; the rest is shown to maintainers only. ${how}`);
  return ok(`${branch}: nobody pushes, merge requests only, no force push`);
}

/** An unreviewed push gives nobody anything, but takes access away, and rewriting the branch stops all judging. */
function flawsOf(protection: Protection): readonly string[] {
  switch (protection.kind) {
    case 'none':
      return ['it is not protected: whoever can write to the project can rewrite it'];
    case 'summary':
      return protection.developersPush ? ['developers can push to it'] : [];
    case 'rule':
      return [
        ...(protection.push.some((level) => level > 0) ? ['some can push to it without a merge request'] : []),
        ...(protection.deployKeys > 0 ? ['a deploy key can push to it'] : []),
        ...(protection.forcePush ? ['it can be rewritten by a force push'] : []),
        ...(protection.merge.every((level) => level === 0) ? ['nobody can merge into it'] : []),
      ];
  }
}
