// Who should be in a group now, and for everybody who is named and should not: why not.
import type { DirectoryPerson, People } from '../directory/directory.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { earlier, isOver, type End, type GrantInForce } from '../record/grants.ts';
import {
  inOrder,
  instant,
  noEntry,
  type CommitId,
  type DnKey,
  type Duration,
  type EntryUuid,
  type GroupName,
  type Instant,
  type RosterName,
  type Uid,
} from '../names.ts';
import { minute } from '../time.ts';
import type { SignedBy } from '../record/approval-count.ts';
import type { GroupRules } from '../policy/policy.ts';

export type Because =
  | {
      readonly kind: 'grant';
      readonly path: string;
      readonly commit: CommitId;
      readonly mergeRequest: number | null;
      readonly approvedBy: readonly Uid[];
      /** Those of them who signed it. */
      readonly signedBy?: readonly SignedBy[];
      readonly until: End;
      /** When it was merged; unknown where an older record tells of it. */
      readonly landedAt?: Instant;
      /** The merge request's page. */
      readonly link?: string;
    }
  | { readonly kind: 'roster'; readonly roster: RosterName; readonly sha256: string };

export type WithheldReason =
  /** `narrowedBy`: nobody approved this end, and the approved one has not come yet. */
  | { readonly code: 'expired'; readonly at: Instant; readonly narrowedBy?: CommitId }
  | { readonly code: 'revoked'; readonly at?: Instant; readonly reason: string }
  | { readonly code: 'not-yet'; readonly from: Instant; readonly narrowedBy?: CommitId }
  | { readonly code: 'unknown-person' }
  | { readonly code: 'ambiguous-person' }
  | { readonly code: 'identity-changed' }
  | { readonly code: 'locked' };

export interface Withheld {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly reason: WithheldReason;
  readonly because: Because;
}

export interface DesiredMember {
  readonly person: DirectoryPerson;
  readonly because: Because;
  /** A new `start` brought it: it waits until a person allows it. */
  readonly newStart: boolean;
  readonly newPerson?: true;
}

export interface Desired {
  readonly members: ReadonlyMap<DnKey, DesiredMember>;
  /** Entitled already; a new `start` would lengthen the grant. */
  readonly lengthened: readonly DesiredMember[];
  readonly withheld: readonly Withheld[];
}

/** The generation of a roster that counts: the last that was accepted. */
export interface RosterGeneration {
  readonly roster: RosterName;
  readonly sha256: string;
  readonly uids: readonly Uid[];
}

export interface Revocation {
  readonly uid: Uid;
  /** Without it, from every managed group. */
  readonly group?: GroupName;
  /** Unknown where the file of the revocation is damaged: it still revokes. */
  readonly at?: Instant;
  readonly reason: string;
  /** Who typed it. */
  readonly by?: string;
}

/** Which entry a uid meant when its reason for being a member began; `noEntry` where there was none. */
export interface Binding {
  readonly uuid: EntryUuid;
  /** The landing of the grant, or the roster's name: a new reason binds anew. */
  readonly basis: string;
}

export interface Circumstances {
  readonly people: People;
  readonly revocations: readonly Revocation[];
  readonly bindings: ReadonlyMap<Uid, Binding>;
  /** The host's ceiling on the length of grants in this group. */
  readonly longest?: Duration;
  readonly now: Instant;
}

interface Candidate {
  readonly uid: Uid;
  readonly because: Because;
  readonly from: Instant | undefined;
  readonly until: End;
  readonly approvedEnd: End;
  readonly narrowedBy: CommitId | undefined;
  readonly newStart: boolean;
}

export function basisOf(because: Because): string {
  return because.kind === 'grant' ? because.commit : because.roster;
}

/** `longest`: the host's ceiling, from the merge on. */
export function capped(end: End, landedAt: Instant, longest: Duration | undefined): End {
  return longest === undefined ? end : earlier(end, instant(landedAt + longest));
}

/** A grant as the reason for somebody being a member. */
export function groundsOf(grant: GrantInForce, longest?: Duration): Extract<Because, { readonly kind: 'grant' }> {
  const { path, commit, mergeRequest, approvedBy, signedBy, landedAt, link } = grant;
  const until = capped(grant.until, landedAt, longest);
  return { kind: 'grant', path, commit, mergeRequest, approvedBy, signedBy, until, landedAt, link };
}

function candidateOf(grant: GrantInForce, longest: Duration | undefined, newStart: boolean): Candidate {
  const { uid, landedAt, from, narrowedBy } = grant;
  const because = groundsOf(grant, longest);
  const approvedEnd = capped(grant.endorsedUntil, landedAt, longest);
  return { uid, because, from, until: because.until, approvedEnd, narrowedBy, newStart };
}

/** Everybody the policy names for a group, entitled now or not; one after the other, because a roster may hold a hundred thousand. */
function eachCandidate(
  group: GroupRules,
  policy: EffectivePolicy,
  roster: RosterGeneration | undefined,
  longest: Duration | undefined,
  take: (candidate: Candidate) => void,
): void {
  if (group.members.kind === 'roster') {
    if (!roster) return;
    const because = { kind: 'roster', roster: roster.roster, sha256: roster.sha256 } as const;
    for (const uid of roster.uids)
      take({ uid, because, from: undefined, until: 'open', approvedEnd: 'open', narrowedBy: undefined, newStart: false });
    return;
  }
  for (const grant of policy.grants) if (grant.group === group.group) take(candidateOf(grant, longest, false));
  for (const grant of policy.proposed) if (grant.group === group.group) take(candidateOf(grant, longest, true));
}

/** Whom the directory must be asked about: nobody whose grant is over. */
export function namedPeople(
  group: GroupRules,
  policy: EffectivePolicy,
  roster: RosterGeneration | undefined,
  now: Instant,
): readonly Uid[] {
  const named: Uid[] = [];
  eachCandidate(group, policy, roster, undefined, ({ uid, until }) => {
    if (!isOver(until, now)) named.push(uid);
  });
  return named;
}

export function decide(
  group: GroupRules,
  policy: EffectivePolicy,
  roster: RosterGeneration | undefined,
  circumstances: Circumstances,
): Desired {
  const members = new Map<DnKey, DesiredMember>();
  const lengthened: DesiredMember[] = [];
  const withheld: Withheld[] = [];
  const told = new Set<Uid>();
  eachCandidate(group, policy, roster, circumstances.longest, (candidate) => {
    const { uid, because, newStart } = candidate;
    const found = circumstances.people.get(uid);
    const reason = reasonToWithhold(candidate, found, group.group, circumstances);
    if (reason) {
      // What is in force comes before what a new start proposes, and says why the person goes.
      if (!told.has(uid)) withheld.push({ group: group.group, uid, reason, because });
      told.add(uid);
    } else if (found && found !== 'ambiguous') {
      const isNew = isNewPerson(found, because, circumstances.bindings.get(uid));
      const member: DesiredMember = { person: found, because, newStart, ...(isNew && { newPerson: true }) };
      if (newStart && members.has(found.key)) lengthened.push(member);
      else members.set(found.key, member);
    }
  });
  return { members, lengthened, withheld: withheld.sort((left, right) => inOrder(left.uid, right.uid)) };
}

/** The most final reason first. */
function reasonToWithhold(
  candidate: Candidate,
  found: DirectoryPerson | 'ambiguous' | undefined,
  group: GroupName,
  at: Circumstances,
): WithheldReason | undefined {
  const { uid, until, from } = candidate;
  if (isOver(until, at.now)) return { code: 'expired', at: until === 'open' ? at.now : until, ...unreviewed(candidate, at.now) };
  const revocation = at.revocations.find((one) => one.uid === uid && (one.group === undefined || one.group === group));
  if (revocation) return { code: 'revoked', at: revocation.at, reason: revocation.reason };
  if (!found) return { code: 'unknown-person' };
  if (found === 'ambiguous') return { code: 'ambiguous-person' };
  const bound = at.bindings.get(uid);
  if (bound && bound.uuid !== noEntry && bound.uuid !== found.uuid && bound.basis === basisOf(candidate.because))
    return { code: 'identity-changed' };
  if (found.locked) return { code: 'locked' };
  if (from !== undefined && at.now < from) return { code: 'not-yet', from, ...unreviewed(candidate, at.now) };
  return undefined;
}

/** The clocks of GitLab and of the directory may differ by so much. In doubt somebody looks. */
const skew = 5 * minute;

/** Made after the grant landed, or not there yet when a grant or a roster first named the uid. */
function isNewPerson({ uuid, madeAt }: DirectoryPerson, because: Because, bound: Binding | undefined): boolean {
  if (bound?.uuid === uuid) return false;
  if (bound?.uuid === noEntry && bound.basis === basisOf(because)) return true;
  return because.kind === 'grant' && because.landedAt !== undefined && madeAt !== undefined && madeAt > because.landedAt - skew;
}

/** Nobody approved this end, and the approved one has not come yet. */
function unreviewed({ narrowedBy, approvedEnd }: Candidate, now: Instant): { readonly narrowedBy?: CommitId } {
  return narrowedBy === undefined || isOver(approvedEnd, now) ? {} : { narrowedBy };
}
