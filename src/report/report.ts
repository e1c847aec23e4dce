// Who has access at a moment, when it ends, and why; who should have it and has not; and what needs a person. Made of a replay of the ledger.
import type { EvidenceKind } from '../evidence/evidence.ts';
import type { Because, WithheldReason } from '../membership/desired.ts';
import type { Chronicle } from '../ledger/chronicle.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { End } from '../record/grants.ts';
import type { DistrustStory } from '../ledger/distrusted.ts';
import { attentionOf, type Attention } from './report-attention.ts';
import { changesIn, groupReport, isOnRecord, type ReportChanges } from './report-groups.ts';
import type { HoldCode } from '../membership/guard.ts';
import { inOrder, type CommitId, type GroupName, type Instant, type RosterName, type Uid } from '../names.ts';
import type { GroupRules, Rules } from '../policy/policy.ts';
import type { KnownHold } from '../ledger/group-memory.ts';
import type { Heads } from '../ledger/state.ts';
import type { LiftRecord, RevocationRecord, RosterRecord } from '../ledger/record.ts';
import type { OverrideStory, Replayed, Replay, ReplaySettings, RevocationStory } from '../ledger/replay.ts';
import type { Stay } from '../ledger/stays.ts';
import { stillNamed, type StillNamed } from '../revocation/ratification.ts';
import { day } from '../time.ts';
import type { EffectivePolicy, Pending } from '../record/effective-policy.ts';

export type MemberReason =
  | { readonly kind: 'grant'; readonly because: Because }
  | { readonly kind: 'roster'; readonly because: Because }
  /** Nothing names the person any more, and a person has to look before the removal is made. */
  | { readonly kind: 'held'; readonly code: HoldCode; readonly since: Instant; readonly because: Because | null }
  /** The reason is over; the next run takes the person out. */
  | { readonly kind: 'over'; readonly because: Because }
  /** The rules in force do not know the group, and it is left as it is. */
  | { readonly kind: 'frozen'; readonly because: Because | null }
  | { readonly kind: 'none' };

export interface MemberReport {
  /** A uid, or a DN where no person can be told. */
  readonly name: string;
  /** Undefined where nobody looked at the directory. */
  readonly since: Instant | undefined;
  readonly reason: MemberReason;
  readonly until: End | undefined;
  /** What the grant's file says for people. */
  readonly words: GrantWords | undefined;
}

export interface GrantWords {
  readonly reason: string;
  readonly ticket?: string;
  readonly contact?: string;
}

/** Why somebody who is named is no member, as far as the record tells. */
export type NotInReason =
  WithheldReason | { readonly code: 'held'; readonly hold: HoldCode; readonly since: Instant } | { readonly code: 'not-told' };

export interface NotIn {
  readonly uid: Uid;
  readonly reason: NotInReason;
  readonly because: Because;
}

export interface GroupReport {
  readonly group: GroupName;
  /** Undefined where the rules in force do not know the group. */
  readonly rules: GroupRules | undefined;
  /** Whether the members are on record; otherwise nobody's membership is told. */
  readonly recorded: boolean;
  readonly members: readonly MemberReport[];
  readonly withheld: readonly NotIn[];
  readonly held: readonly KnownHold[];
}

/** Whether the policy and the rosters have followed it: with nothing that names the person, it is ratified. */
export interface RevocationReport
  extends Pick<RevocationRecord, 'uid' | 'from' | 'at' | 'reason' | 'by'>, Pick<StillNamed, 'namedBy' | 'unread'> {
  readonly lifted: Pick<LiftRecord, 'at' | 'reason' | 'by'> | undefined;
}

export interface EndingGrant {
  readonly group: GroupName;
  readonly uid: Uid;
  readonly path: string;
  readonly until: Instant;
}

export interface Report {
  readonly at: Instant;
  /** `record`: what the directory held, from the ledger. `policy`: what the policy grants; nobody looked at the directory. */
  readonly side: 'record' | 'policy';
  readonly isPublic: boolean;
  readonly evidence: EvidenceKind;
  readonly mode: 'enforce' | 'report';
  /** When the record begins. */
  readonly begins: Instant | undefined;
  /** When the last of what is told was recorded: quiet runs record nothing. */
  readonly written: Instant;
  readonly start: CommitId | undefined;
  readonly judged: CommitId | undefined;
  readonly rules: Rules | undefined;
  readonly groups: readonly GroupReport[];
  readonly refused: readonly Refusal[];
  /** Paths of which judging says more than signatures give. */
  readonly unsigned: readonly string[];
  /** Landings without a verdict yet. */
  readonly waiting: readonly { readonly commit: CommitId; readonly since: Instant | undefined; readonly pending: Pending | undefined }[];
  readonly rosters: readonly RosterRecord[];
  readonly revocations: readonly RevocationReport[];
  readonly overrides: readonly OverrideStory[];
  readonly distrusted: readonly DistrustStory[];
  readonly ending: readonly EndingGrant[];
  readonly attention: readonly Attention[];
  /** A period was asked for, and not a moment. */
  readonly isPeriod: boolean;
  /** Of the period that was asked for, or of the last 30 days. */
  readonly changes: ReportChanges;
  /** Who was in at any time of the period; otherwise of the last year, and of each person the latest. */
  readonly stays: readonly Stay[];
  readonly chronicle: Chronicle;
  /** Of both chains, as they are now; undefined without a ledger. */
  readonly heads: Heads | undefined;
}

export interface ReportSources {
  /** What was in force, refused and waiting at the moment of the report; undefined where nothing was judged yet. */
  readonly policy: EffectivePolicy | undefined;
  /** The people of the generations that counted; absent where they are no longer on disk. */
  readonly rosterPeople: ReadonlyMap<RosterName, ReadonlySet<string>>;
  readonly distrusted?: readonly DistrustStory[];
  readonly heads?: Heads;
}

export type ReportSettings = ReplaySettings & Pick<Report, 'side' | 'evidence' | 'mode'>;

export function reportOf(replayed: Replayed, sources: ReportSources, settings: ReportSettings): Report {
  const { at } = settings;
  const { replay } = replayed;
  const { memory } = replay;
  const { policy } = sources;
  const groups = groupsOf(replay, settings).map((group) => groupReport(group, replayed, policy, sources, settings));
  const facts = {
    at,
    side: settings.side,
    isPublic: false,
    evidence: settings.evidence,
    mode: settings.mode,
    begins: replay.begins,
    written: memory.latest,
    start: memory.policy?.start,
    judged: memory.policy?.judged,
    rules: memory.policy?.rules,
    groups,
    refused: policy?.refused ?? [],
    unsigned: policy?.unsigned ?? [],
    waiting: waitingOf(replay, policy?.pending ?? []),
    rosters: [...memory.rosters.values()].sort((left, right) => inOrder(left.roster, right.roster)),
    revocations: replay.revocations.map((story) => revocationReport(story, sources, at)),
    overrides: replay.overrides,
    distrusted: sources.distrusted ?? [],
    ending: endingSoon(policy, at),
    isPeriod: settings.since !== undefined,
    changes: changesIn(replayed),
    stays: replayed.stays,
    chronicle: replay.chronicle,
    heads: sources.heads,
  };
  return { ...facts, attention: attentionOf(facts) };
}

/** The host's groups, and every other that the record or the rules of then know. */
function groupsOf({ memory }: Replay, { groups }: ReportSettings): readonly GroupName[] {
  const recorded = [...memory.groups].flatMap(([group, known]) => (isOnRecord(known) ? [group] : []));
  return [...new Set([...groups, ...recorded, ...(memory.policy?.rules.groups.keys() ?? [])])].sort(inOrder);
}

function revocationReport({ record, lifted }: RevocationStory, { policy, rosterPeople }: ReportSources, now: Instant): RevocationReport {
  const { uid, from, at, reason, by } = record;
  const { namedBy = [], unread = [] } = policy ? stillNamed({ uid, group: from ?? undefined }, policy, rosterPeople, now) : {};
  const ended = lifted && { at: lifted.at, reason: lifted.reason, by: lifted.by };
  return { uid, from, at, reason, by, lifted: ended, namedBy, unread };
}

function waitingOf({ memory }: Replay, pending: readonly Pending[]): Report['waiting'] {
  const commits = new Set([...memory.judged.firstSeen.keys(), ...pending.map(({ commit }) => commit)]);
  return [...commits].map((commit) => ({
    commit,
    since: memory.judged.firstSeen.get(commit),
    pending: pending.find((one) => one.commit === commit),
  }));
}

export const soon = 14 * day;

/** Grants that end within two weeks, the next end first. */
function endingSoon(policy: EffectivePolicy | undefined, at: Instant): readonly EndingGrant[] {
  return (policy?.grants ?? [])
    .flatMap(({ group, uid, path, until }) => (until !== 'open' && until > at && until - at <= soon ? [{ group, uid, path, until }] : []))
    .sort((left, right) => left.until - right.until || inOrder(left.path, right.path));
}
