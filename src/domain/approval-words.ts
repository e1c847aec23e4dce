// Why approvals do not count, in words for whoever opened the merge request: each says what would make it count.
import type { ApprovalCount, JudgedApproval, NotCountedReason } from './approval.ts';
import type { UnboundReason } from './binding.ts';
import { count } from './time.ts';

const reasons: Readonly<Record<NotCountedReason, string>> = {
  'not-a-person-in-policy': 'is not among the people of policy.yaml',
  inactive: 'has an account that is not active',
  author: 'opened the merge request',
  pushed: 'pushed to its branch',
  'not-entitled': 'is on no team that approves this',
  benefits: 'gains by it',
  'after-merge': 'approved after the merge',
  'too-old': 'approved more than 14 days before the merge',
  'retargeted-after': 'approved before the merge request was retargeted, closed or reopened: revoke the approval and approve again',
  'before-last-push': 'approved before the last push: revoke the approval and approve again',
  'other-content': 'approved something else than what the merge brings',
  'version-gone': 'approved a version that the server no longer has',
};

const unbound: Readonly<Record<UnboundReason, string>> = {
  'no-merge-request': 'GitLab names no merge request for the commit',
  'other-project': 'the merge request belongs to another project',
  'other-branch': 'the merge request was for another branch',
  'not-merged': 'the merge request is not merged',
  imported: 'the merge request was imported, with approvals and times that somebody else wrote',
  'not-its-landing': 'the commit is not what GitLab made of the merge request',
  'part-of-fast-forward': 'it is one of several commits that were fast-forwarded: squash them, or merge with a merge commit',
  octopus: 'it has more than two parents',
  'used-before': 'the merge request has already brought another change',
  'merged-elsewhere': 'its commits were pushed or merged in another way than by its own merge button',
  'merge-not-recorded': 'GitLab has no event for its merge',
};

export function renderUnbound(reason: UnboundReason): string {
  return unbound[reason];
}

export function renderNotCounted(reason: NotCountedReason): string {
  return reasons[reason];
}

/** A username is whatever its owner chose: only its plain letters are repeated. */
function nameOf({ approval, person }: JudgedApproval & { kind: 'not-counted' }): string {
  return person ?? (approval.account.username.replaceAll(/[^A-Za-z0-9._-]/g, '') || `user ${approval.account.id}`);
}

/** `1 of 2 approvals for grants/x/y.yaml by sre; bob opened the merge request`. */
export function renderCount({ approvals, paths }: ApprovalCount): string {
  const short = paths.filter(({ by, needed }) => by.length < needed);
  const [first] = short;
  const needs = first
    ? `${first.by.length} of ${count(first.needed, 'approval')} by ${first.teams.join(' or ') || 'nobody'}${short.length > 1 ? ` for ${count(short.length, 'file')}` : ''}`
    : 'no approval';
  const not = approvals.flatMap((one) => (one.kind === 'not-counted' ? [`${nameOf(one)} ${reasons[one.reason]}`] : []));
  return [needs, ...not].join('; ');
}
