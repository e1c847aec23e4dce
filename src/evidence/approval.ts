// Which approvals of a bound merge request count, for which paths, and whether they are enough (DESIGN, section 3).
// GitLab CE lets anybody approve anything at any time, so every condition is checked here, against the rules in force before the landing.
import type { BoundMergeRequest } from './binding.ts';
import type { Approval, Version } from './evidence.ts';
import { inOrder, type CommitId, type TeamName, type Uid } from '../names.ts';
import { membersOf, placeOf, type Approver, type Rules } from '../policy/policy.ts';
import { day } from '../time.ts';

/** An approval is worth nothing for a merge that comes later than this. */
export const longestApproval = 14 * day;

/** A path inside the policy folder, and the uids that gain by the change of it. Who gains by a rules change gains in every rules file of it. */
export interface ReviewedPath {
  readonly path: string;
  readonly beneficiaries: readonly Uid[];
}

/** Digests of changes D(base→head), by `changeKey`; `refused` where the server no longer gives the commits. */
export type VersionDigests = ReadonlyMap<string, string>;

export function changeKey(base: CommitId, head: CommitId): string {
  return `${base}..${head}`;
}

export const notCountedReasons = [
  'not-a-person-in-policy',
  /** The GitLab account is blocked or deactivated. */
  'inactive',
  'author',
  /** Pushed to the branch, applied a suggestion or rebased it in the browser. */
  'pushed',
  'not-entitled',
  'benefits',
  'after-merge',
  'too-old',
  /** The merge request was retargeted, closed or reopened after the approval. */
  'retargeted-after',
  /** What was merged came only after the approval. */
  'before-last-push',
  /** What was approved is not what landed. */
  'other-content',
  /** The server no longer has the commits that were approved. */
  'version-gone',
] as const;

export type NotCountedReason = (typeof notCountedReasons)[number];

export type JudgedApproval =
  | { readonly kind: 'counted'; readonly approval: Approval; readonly person: Uid; readonly paths: readonly string[] }
  | { readonly kind: 'not-counted'; readonly approval: Approval; readonly person?: Uid; readonly reason: NotCountedReason };

/** What one path needs and has. */
export interface PathQuorum {
  readonly path: string;
  readonly teams: readonly TeamName[];
  readonly needed: number;
  /** Different persons, in order. */
  readonly by: readonly Uid[];
}

export interface ApprovalCount {
  readonly enough: boolean;
  readonly approvals: readonly JudgedApproval[];
  readonly paths: readonly PathQuorum[];
}

/** Who must approve a change of this path; undefined where the rules know no such path, and then nobody can. */
export function requirement(rules: Rules, path: string): { readonly teams: readonly TeamName[]; readonly approvals: number } | undefined {
  const place = placeOf(path);
  if (place.kind === 'other') return undefined;
  if (place.kind !== 'grant') return { teams: rules.rules.approvers, approvals: rules.rules.approvals };
  const group = [...rules.groups.values()].find((candidate) => candidate.group === place.group);
  return group && { teams: group.approvers, approvals: group.approvals };
}

/**
 * @param rules the rules in force before the landing
 * @param landing the digest of what landed, D(P→L)
 */
export function countApprovals(
  bound: BoundMergeRequest,
  rules: Rules,
  changed: readonly ReviewedPath[],
  landing: string,
  digests: VersionDigests,
): ApprovalCount {
  const judged = bound.review.approvals.map((approval) => judge({ approval, bound, rules, changed, landing, digests }));
  const paths = changed.map(({ path }) => quorum(path, rules, judged));
  return { enough: paths.length > 0 && paths.every(({ needed, by }) => by.length >= needed), approvals: judged, paths };
}

function quorum(path: string, rules: Rules, judged: readonly JudgedApproval[]): PathQuorum {
  const needs = requirement(rules, path);
  const persons = judged.flatMap((one) => (one.kind === 'counted' && one.paths.includes(path) ? [one.person] : []));
  // A change that needs no approval at all does not exist, and a path that the rules do not know has nobody who could count.
  return { path, teams: needs?.teams ?? [], needed: Math.max(1, needs?.approvals ?? 1), by: [...new Set(persons)].sort(inOrder) };
}

interface Question {
  readonly approval: Approval;
  readonly bound: BoundMergeRequest;
  readonly rules: Rules;
  readonly changed: readonly ReviewedPath[];
  readonly landing: string;
  readonly digests: VersionDigests;
}

function judge(question: Question): JudgedApproval {
  const { approval, bound, rules, changed } = question;
  const approver = [...rules.people.values()].find(({ gitlab }) => gitlab.includes(approval.account.id));
  if (!approver) return { kind: 'not-counted', approval, reason: 'not-a-person-in-policy' };
  const person = approver.uid;
  const entitled = changed.filter(({ path }) => membersOf(rules, requirement(rules, path)?.teams ?? []).includes(person));
  const disinterested = entitled.filter(({ beneficiaries }) => !beneficiaries.some((uid) => isSamePerson(approver, uid)));
  const reason =
    whyNotThisPerson(approval, approver, bound) ??
    (entitled.length === 0 ? 'not-entitled' : undefined) ??
    (disinterested.length === 0 ? 'benefits' : undefined) ??
    whyNotThen(approval, bound) ??
    whyNotThisContent(question);
  if (reason !== undefined) return { kind: 'not-counted', approval, person, reason };
  return { kind: 'counted', approval, person, paths: disinterested.map(({ path }) => path) };
}

function isSamePerson(approver: Approver, uid: Uid): boolean {
  return approver.uid === uid || approver.also.includes(uid);
}

function whyNotThisPerson(
  approval: Approval,
  approver: Approver,
  { mergeRequest, review }: BoundMergeRequest,
): NotCountedReason | undefined {
  if (approval.state !== 'active') return 'inactive';
  // All accounts of the person count: one is for writing, another for approving, and both are the same pair of eyes.
  if (approver.gitlab.includes(mergeRequest.author.id)) return 'author';
  if (review.pushes.some(({ by }) => approver.gitlab.includes(by.id))) return 'pushed';
  return undefined;
}

function whyNotThen({ at }: Approval, { mergedAt, review }: BoundMergeRequest): NotCountedReason | undefined {
  if (at > mergedAt) return 'after-merge';
  if (mergedAt - at > longestApproval) return 'too-old';
  const moves = [...review.retargets, ...review.stateEvents.filter(({ state }) => state === 'closed' || state === 'reopened')];
  return moves.some((move) => move.at >= at) ? 'retargeted-after' : undefined;
}

/** What was on the screen at the time is the last version before it; a version of the very same millisecond may have come after. */
function whyNotThisContent({ approval, bound, landing, digests }: Question): NotCountedReason | undefined {
  const seen = lastBefore(bound.review.versions, approval.at);
  if (!seen) return 'before-last-push';
  const digest = digestOf(seen, digests);
  if (digest === landing) return undefined;
  const cameLater = bound.review.versions.some((version) => version.createdAt >= approval.at && digestOf(version, digests) === landing);
  if (cameLater) return 'before-last-push';
  return digest === 'refused' ? 'version-gone' : 'other-content';
}

function lastBefore(versions: readonly Version[], at: number): Version | undefined {
  return versions
    .filter(({ createdAt }) => createdAt < at)
    .reduce<Version | undefined>((last, version) => (last && isLater(last, version) ? last : version), undefined);
}

function isLater(left: Version, right: Version): boolean {
  return left.createdAt === right.createdAt ? left.id > right.id : left.createdAt > right.createdAt;
}

function digestOf({ base, head }: Version, digests: VersionDigests): string {
  return base === null || head === null ? 'refused' : (digests.get(changeKey(base, head)) ?? 'refused');
}
