// One group in a report: its members with their reasons, whom something names without being a member, and what a period saw.
import { groundsOf, type Because } from '../membership/desired.ts';
import { isOver, type GrantInForce } from '../record/grants.ts';
import { inOrder, parseUid, type GroupName, type Instant, type Uid } from '../names.ts';
import type { GroupRules } from '../policy/policy.ts';
import type { KnownGroup, KnownHold, Membership } from '../ledger/group-memory.ts';
import type { Replay, Replayed, JudgedLanding, OverrideStory, RevocationStory } from '../ledger/replay.ts';
import type { GroupReport, MemberReason, MemberReport, NotIn, NotInReason, ReportSettings, ReportSources } from './report.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { isFoundOnly, type Departure } from '../ledger/stays.ts';
import { second } from '../time.ts';

/** What is known of one group at the moment. */
interface GroupFacts {
  readonly group: GroupName;
  readonly at: Instant;
  readonly rules: GroupRules | undefined;
  /** Grants that are not over, by uid; some have not begun. */
  readonly grants: ReadonlyMap<string, Granted>;
  /** The roster's reason, and its people where they are known. */
  readonly roster: { readonly because: Because; readonly people: ReadonlySet<string> | undefined } | undefined;
  readonly held: readonly KnownHold[];
}

interface Granted {
  readonly grant: GrantInForce;
  readonly because: Extract<Because, { readonly kind: 'grant' }>;
}

export function groupReport(
  group: GroupName,
  replayed: Replayed,
  policy: EffectivePolicy | undefined,
  sources: ReportSources,
  settings: ReportSettings,
): GroupReport {
  const { replay } = replayed;
  const rules = policy?.rules.groups.get(group);
  const known = replay.memory.groups.get(group);
  const held = known?.holds ?? [];
  const grants = grantsOf(group, rules, policy, settings);
  const facts: GroupFacts = { group, at: settings.at, rules, grants, roster: rosterOf(rules, replay, sources), held };
  const recorded = known && isOnRecord(known) ? known.members : undefined;
  if (settings.side === 'policy') return { group, rules, recorded: false, members: entitled(facts), withheld: notBegun(facts), held: [] };
  const members = [...(recorded ?? [])].map(([name, membership]) => memberReport(name, membership, facts));
  return {
    group,
    rules,
    recorded: recorded !== undefined,
    members: members.sort((left, right) => inOrder(left.name, right.name)),
    withheld: recorded ? notIn(recorded, facts, replayed) : [],
    held,
  };
}

function grantsOf(
  group: GroupName,
  rules: GroupRules | undefined,
  policy: EffectivePolicy | undefined,
  { at, longest }: ReportSettings,
): ReadonlyMap<string, Granted> {
  if (rules?.members.kind !== 'grants') return new Map();
  const named = (policy?.grants ?? []).filter((grant) => grant.group === group);
  const granted = named.map((grant) => ({ grant, because: groundsOf(grant, longest.get(group)) }));
  return new Map(granted.filter(({ because }) => !isOver(because.until, at)).map((one) => [one.grant.uid, one]));
}

function rosterOf(rules: GroupRules | undefined, { memory }: Replay, { rosterPeople }: ReportSources): GroupFacts['roster'] {
  const generation = rules?.members.kind === 'roster' ? memory.rosters.get(rules.members.roster) : undefined;
  if (!generation) return undefined;
  const { roster, sha256 } = generation;
  return { because: { kind: 'roster', roster, sha256 }, people: rosterPeople.get(roster) };
}

/** Its members are known: it was taken over, or changed. */
export function isOnRecord({ takenOver, lastChange }: KnownGroup): boolean {
  return takenOver || lastChange !== undefined;
}

function hasBegun({ grant }: Granted, at: Instant): boolean {
  return grant.from === undefined || grant.from <= at;
}

function memberReport(name: string, { because, since }: Membership, facts: GroupFacts): MemberReport {
  const reason = reasonOf(name, because, facts);
  const granted = reason.kind === 'grant' ? facts.grants.get(name) : undefined;
  return { name, since, reason, until: granted?.because.until, words: granted && wordsOf(granted.grant) };
}

function wordsOf({ reason, ticket, contact }: GrantInForce): MemberReport['words'] {
  return { reason, ticket, contact };
}

/** The strongest reason first: what names the person now, then what keeps them, then what brought them. */
function reasonOf(name: string, brought: Because | null, { at, rules, grants, roster, held }: GroupFacts): MemberReason {
  if (!rules) return { kind: 'frozen', because: brought };
  const granted = grants.get(name);
  if (granted && hasBegun(granted, at)) return { kind: 'grant', because: granted.because };
  const hold = held.find(({ remove }) => remove.includes(name));
  if (hold) return { kind: 'held', code: hold.code, since: hold.since, because: brought };
  // Without the list itself, whoever a roster brought and nothing took away is on it.
  if (roster && (roster.people ? roster.people.has(name) : brought?.kind === 'roster')) return { kind: 'roster', because: roster.because };
  return brought ? { kind: 'over', because: brought } : { kind: 'none' };
}

/** Everybody the policy grants it to, where nobody looked at the directory. */
function entitled(facts: GroupFacts): readonly MemberReport[] {
  const granted = [...facts.grants.values()].filter((one) => hasBegun(one, facts.at));
  return granted.map(({ grant, because }) => ({
    name: grant.uid,
    since: undefined,
    reason: { kind: 'grant', because },
    until: because.until,
    words: wordsOf(grant),
  }));
}

function notBegun({ grants, at }: GroupFacts): readonly NotIn[] {
  return [...grants.values()].flatMap(({ grant: { uid, from }, because }) =>
    from !== undefined && from > at ? [{ uid, because, reason: { code: 'not-yet', from } as const }] : [],
  );
}

function notIn(members: ReadonlyMap<string, Membership>, facts: GroupFacts, replayed: Replayed): readonly NotIn[] {
  const byGrant = [...facts.grants.values()].map(({ grant, because }) => ({ uid: grant.uid, because, from: grant.from }));
  const { roster } = facts;
  const byRoster = [...(roster?.people ?? [])].flatMap((name) => {
    const uid = parseUid(name);
    return roster && uid !== undefined ? [{ uid, because: roster.because, from: undefined }] : [];
  });
  return [...byGrant, ...byRoster]
    .filter(({ uid }) => !members.has(uid))
    .map(({ uid, because, from }) => ({ uid, because, reason: reasonAgainst(uid, from, facts, replayed) }))
    .sort((left, right) => inOrder(left.uid, right.uid));
}

function reasonAgainst(uid: Uid, from: Instant | undefined, { group, at, held }: GroupFacts, { replay, departed }: Replayed): NotInReason {
  const revoked = replay.revocations.find(
    ({ record, lifted }) => !lifted && record.uid === uid && (record.from === null || record.from === group),
  );
  if (revoked) return { code: 'revoked', at: revoked.record.at, reason: revoked.record.reason };
  if (from !== undefined && at < from) return { code: 'not-yet', from };
  const hold = held.find(({ add }) => add.includes(uid));
  if (hold) return { code: 'held', hold: hold.code, since: hold.since };
  return departed(group, uid)?.because?.kind === 'locked' ? { code: 'locked' } : { code: 'not-told' };
}

interface Arrival {
  readonly group: GroupName;
  readonly name: string;
  readonly at: Instant;
  readonly because: Because | null;
}

export interface ReportChanges {
  readonly since: Instant;
  readonly joined: readonly Arrival[];
  /** Another grant or list for somebody who was in already. */
  readonly renewed: readonly Arrival[];
  readonly left: readonly { readonly group: GroupName; readonly name: string; readonly departure: Departure }[];
  readonly landings: readonly JudgedLanding[];
  readonly revocations: readonly RevocationStory[];
  readonly overrides: readonly OverrideStory[];
  readonly rulesChanged: boolean;
}

export function changesIn({ replay: now, since, stays, policyBefore }: Replayed): ReportChanges {
  // A second that is named means the whole of it.
  const begin = since - (since % second);
  return {
    since,
    joined: stays
      .filter((stay) => stay.from > since && !isFoundOnly(stay))
      .map(({ group, name, from, reasons }) => ({ group, name, at: from, because: reasons[0]?.because ?? null })),
    renewed: stays.flatMap(({ group, name, from, reasons }) =>
      reasons.filter(({ at }) => at > since && at > from).map(({ at, because }) => ({ group, name, at, because })),
    ),
    left: stays.flatMap(({ group, name, departure }) => (departure && departure.at >= begin ? [{ group, name, departure }] : [])),
    landings: now.landings,
    revocations: now.revocations.filter(({ record, lifted }) => record.at > since || (lifted !== undefined && lifted.at > since)),
    overrides: now.overrides.filter(({ record, usedAt }) => record.at > since || (usedAt !== undefined && usedAt > since)),
    rulesChanged: now.landings.length > 0 && policyBefore !== undefined && policyBefore.rules !== now.memory.policy?.rules,
  };
}
