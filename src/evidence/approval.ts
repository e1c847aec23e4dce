// Which approvals of a bound merge request count, for which paths, and whether they are enough.
// GitLab CE lets anybody approve anything at any time, so every condition is checked here, against the rules in force before the landing.
import type { BoundMergeRequest } from './binding.ts';
import type { Account, Approval, Version } from '../record/kept-evidence.ts';
import { inOrder, type GroupName, type TeamName, type Uid } from '../names.ts';
import { leastSigners, membersOf, placeOf, type Approver, type Rules } from '../policy/policy.ts';
import { day } from '../time.ts';
import type {
  ApprovalCount,
  JudgedApproval,
  JudgedSignature,
  NotCountedReason,
  PathQuorum,
  SignatureReason,
} from '../record/approval-count.ts';
import { digestOf, isPusher, isPusherUnknown, versionsShown, type VersionDigests } from './pushers.ts';

/** An approval is worth nothing for a merge that comes later than this. */
export const longestApproval = 14 * day;

/** A path inside the policy folder, and the uids that gain by the change of it. Who gains by a rules change gains in every rules file of it. */
export interface ReviewedPath {
  readonly path: string;
  readonly beneficiaries: readonly Uid[];
}

/** The least number of signatures that the host asks for, whatever the policy says. */
export interface SignedCeilings {
  readonly groups: ReadonlyMap<GroupName, { readonly signed?: number }>;
  readonly rules: number;
  /** No forge is asked (`evidence: signed`): every approval is a signature, and there are two of them at least. */
  readonly only?: true;
}

export const noSignedCeilings: SignedCeilings = { groups: new Map(), rules: 0 };
/** Without a forge that is all that is known of ceilings. */
export const onlySigned: SignedCeilings = { ...noSignedCeilings, only: true };

export interface Requirement {
  readonly teams: readonly TeamName[];
  readonly approvals: number;
  /** So many of the approvals must be signed. */
  readonly signed: number;
}

/** Who must approve a change of this path; undefined where the rules know no such path, and then nobody can. */
export function requirement(rules: Rules, path: string, ceilings = noSignedCeilings): Requirement | undefined {
  const place = placeOf(path);
  if (place.kind === 'other') return undefined;
  if (place.kind !== 'grant') {
    const { approvers, approvals } = rules.rules;
    return { teams: approvers, ...howMany(approvals, signedForRules(rules, ceilings), ceilings) };
  }
  const group = [...rules.groups.values()].find((candidate) => candidate.group === place.group);
  if (!group) return undefined;
  const signed = Math.max(group.signed, ceilings.groups.get(group.group)?.signed ?? 0);
  return { teams: group.approvers, ...howMany(group.approvals, signed, ceilings) };
}

function howMany(approvals: number, signed: number, { only }: SignedCeilings): Omit<Requirement, 'teams'> {
  const all = Math.max(approvals, signed, only ? leastSigners : 0);
  return { approvals: all, signed: only ? all : signed };
}

/** The rules are the way round every group, so a change of them needs as many signatures as the group that needs most. */
function signedForRules({ rules, groups }: Rules, ceilings: SignedCeilings): number {
  const ofGroups = [...groups.values(), ...ceilings.groups.values()].map(({ signed = 0 }) => signed);
  const only = ceilings.only ? [...groups.values()].map(({ approvals }) => approvals) : [];
  return Math.max(rules.signed, ceilings.rules, ...ofGroups, ...only);
}

/** What must be signed, and who signed: a signature is an approval too, and the button adds those of others. */
export interface Signing {
  readonly ceilings: SignedCeilings;
  readonly signatures: readonly JudgedSignature[];
}

export const nothingSigned: Signing = { ceilings: noSignedCeilings, signatures: [] };

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
  takenOut: ReadonlySet<Uid> = new Set(),
  { ceilings, signatures: given }: Signing = nothingSigned,
): ApprovalCount {
  const judged = bound.review.approvals.map((approval) => judge({ approval, bound, rules, changed, landing, digests, takenOut }));
  const signatures = given.map((one) => judgeSigner(one, bound, rules, digests, takenOut));
  return counted(judged, { ceilings, signatures }, rules, changed);
}

/** Where nothing but signatures approves, and nobody knows who opened or pushed it. */
export function countSignatures(
  rules: Rules,
  changed: readonly ReviewedPath[],
  { ceilings, signatures: given }: Signing,
  takenOut: ReadonlySet<Uid>,
): ApprovalCount {
  const signatures = given.map((one) => (takenOut.has(one.person) ? notCounted(one, 'taken-out') : one));
  return counted([], { ceilings, signatures }, rules, changed);
}

function counted(
  approvals: readonly JudgedApproval[],
  { ceilings, signatures }: Signing,
  rules: Rules,
  changed: readonly ReviewedPath[],
): ApprovalCount {
  const paths = changed.map(({ path }) => quorum(path, requirement(rules, path, ceilings), approvals, signatures));
  const enough = paths.length > 0 && !paths.some(isShort) && !paths.some(lacksSignatures);
  return { enough, approvals, ...(signatures.length > 0 && { signatures }), paths };
}

/** Too few people approve it, with a signature or without. */
export function isShort({ needed, by }: PathQuorum): boolean {
  return by.length < needed;
}

export function lacksSignatures({ signed }: PathQuorum): boolean {
  return signed !== undefined && signed.by.length < signed.needed;
}

function quorum(
  path: string,
  needs: Requirement | undefined,
  judged: readonly JudgedApproval[],
  signatures: readonly JudgedSignature[],
): PathQuorum {
  const persons = (of: readonly (JudgedApproval | JudgedSignature)[]) =>
    [...new Set(of.flatMap((one) => (one.kind === 'counted' && one.paths.includes(path) ? [one.person] : [])))].sort(inOrder);
  return {
    path,
    teams: needs?.teams ?? [],
    // A change that needs no approval at all does not exist, and a path that the rules do not know has nobody who could count.
    needed: Math.max(1, needs?.approvals ?? 1),
    by: persons([...judged, ...signatures]),
    ...(needs && needs.signed > 0 && { signed: { needed: needs.signed, by: persons(signatures) } }),
  };
}

/** A statement says who signs it; who opened and pushed the merge request is GitLab's word. */
function judgeSigner(
  one: JudgedSignature,
  bound: BoundMergeRequest,
  rules: Rules,
  digests: VersionDigests,
  takenOut: ReadonlySet<Uid>,
): JudgedSignature {
  const approver = rules.people.get(one.person);
  if (one.kind === 'not-counted' || !approver) return one;
  const reason: SignatureReason | undefined =
    whyNotThisPerson(approver, bound, digests) ?? (takenOut.has(one.person) ? 'taken-out' : undefined);
  return reason === undefined ? one : notCounted(one, reason);
}

function notCounted(one: JudgedSignature, reason: SignatureReason): JudgedSignature {
  if (one.kind === 'not-counted') return one;
  const { paths: _, ...rest } = one;
  return { ...rest, kind: 'not-counted', reason };
}

interface Question {
  readonly approval: Approval;
  readonly bound: BoundMergeRequest;
  readonly rules: Rules;
  readonly changed: readonly ReviewedPath[];
  readonly landing: string;
  readonly digests: VersionDigests;
  readonly takenOut: ReadonlySet<Uid>;
}

function judge(question: Question): JudgedApproval {
  const { approval, bound, rules, changed } = question;
  const approver = [...rules.people.values()].find(({ gitlab }) => gitlab.includes(approval.account.id));
  if (!approver) return { kind: 'not-counted', approval, reason: 'not-a-person-in-policy' };
  const person = approver.uid;
  const entitled = changed.filter(({ path }) => membersOf(rules, requirement(rules, path)?.teams ?? []).includes(person));
  const disinterested = entitled.filter(({ beneficiaries }) => !beneficiaries.some((uid) => isSamePerson(approver, uid)));
  const reason =
    (approval.state === 'active' ? undefined : 'inactive') ??
    whyNotThisPerson(approver, bound, question.digests) ??
    (entitled.length === 0 ? 'not-entitled' : undefined) ??
    (question.takenOut.has(person) ? 'taken-out' : undefined) ??
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
  { gitlab }: Approver,
  bound: BoundMergeRequest,
  digests: VersionDigests,
): (NotCountedReason & SignatureReason) | undefined {
  const { author } = bound.mergeRequest;
  // All accounts of the person count: one is for writing, another for approving, and both are the same pair of eyes.
  const isTheirs = (account: Account | null): boolean => account !== null && gitlab.includes(account.id);
  if (isTheirs(author)) return 'author';
  if (isPusher(bound.review, digests, isTheirs)) return 'pushed';
  if (author === null) return 'author-unknown';
  return isPusherUnknown(bound.review, author, digests) ? 'pusher-unknown' : undefined;
}

function whyNotThen({ at }: Approval, { mergedAt, review }: BoundMergeRequest): NotCountedReason | undefined {
  if (at > mergedAt) return 'after-merge';
  if (mergedAt - at > longestApproval) return 'too-old';
  const moves = [...review.retargets, ...review.stateEvents.filter(({ state }) => state === 'closed' || state === 'reopened')];
  return moves.some((move) => move.at >= at) ? 'retargeted-after' : undefined;
}

/** What could be on the screen is the last version that had stood there for a minute, and whatever came in that minute. */
function whyNotThisContent({ approval, bound, landing, digests }: Question): NotCountedReason | undefined {
  const { versions } = bound.review;
  const brings = (version: Version): boolean => digestOf(version, digests) === landing;
  const { settled, fresh } = versionsShown(versions, approval.at);
  if (settled && brings(settled) && fresh.every(brings)) return undefined;
  if ((settled && brings(settled)) || fresh.some(brings)) return 'just-changed';
  if (versions.some((version) => version.createdAt > approval.at && brings(version))) return 'before-last-push';
  const seen = fresh.at(-1) ?? settled;
  if (!seen) return 'before-last-push';
  return digestOf(seen, digests) === 'refused' ? 'version-gone' : 'other-content';
}
