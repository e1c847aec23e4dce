// A report for everybody to see: without reasons, contacts, tickets, the names of approvers, and who is revoked. Who has access, and until when, stays.
import type { Because } from '../membership/desired.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { Attention } from './report-attention.ts';
import type { GroupReport, MemberReason, MemberReport, NotIn, Report } from './report.ts';
import type { Departure, Stay } from '../ledger/stays.ts';
import type { Rules } from '../policy/policy.ts';
import type { RemovalCause } from '../membership/plan.ts';
import type { JudgedLanding, OverrideStory } from '../ledger/replay.ts';

export function publicReport(report: Report): Report {
  return {
    ...report,
    isPublic: true,
    rules: report.rules && publicRules(report.rules),
    groups: report.groups.map(publicGroup),
    refused: report.refused.map(publicRefusal),
    waiting: report.waiting.map((one) => ({ ...one, pending: undefined })),
    revocations: [],
    overrides: report.overrides.map(publicOverride),
    distrusted: [],
    attention: report.attention.flatMap(publicAttention),
    changes: publicChanges(report.changes),
    stays: report.stays.map(publicStay),
  };
}

function publicRules(rules: Rules): Rules {
  return { ...rules, people: new Map(), teams: new Map([...rules.teams.keys()].map((team) => [team, []])) };
}

function publicBecause<Of extends Because | RemovalCause | null>(because: Of): Of {
  return because?.kind === 'grant' ? { ...because, approvedBy: [], signedBy: undefined } : because;
}

function publicGroup(group: GroupReport): GroupReport {
  return { ...group, members: group.members.map(publicMember), withheld: group.withheld.flatMap(publicNotIn) };
}

function publicMember(member: MemberReport): MemberReport {
  return { ...member, words: undefined, reason: publicReason(member.reason) };
}

function publicReason(reason: MemberReason): MemberReason {
  switch (reason.kind) {
    case 'none':
      return reason;
    case 'held':
    case 'frozen':
      return { ...reason, because: publicBecause(reason.because) };
    default:
      return { ...reason, because: publicBecause(reason.because) };
  }
}

/** Whom a revocation keeps out is not told. */
function publicNotIn({ uid, reason, because }: NotIn): readonly NotIn[] {
  return reason.code === 'revoked' ? [] : [{ uid, because: publicBecause(because), reason }];
}

function publicDeparture({ at, because }: Departure): Departure {
  return { at, because: because?.kind === 'revoked' ? { kind: 'untold' } : because };
}

/** The detail of a refusal may name approvers; in its place stands the path, which says nothing new. */
function publicRefusal(refusal: Refusal): Refusal {
  return { ...refusal, detail: refusal.path };
}

function publicOverride(one: OverrideStory): OverrideStory {
  return { ...one, record: withoutWords(one.record) };
}

/** Why, and by whom. */
function withoutWords<Act extends { readonly reason: string; readonly by?: string }>({ by: _, ...act }: Act): Omit<Act, 'by'> {
  return { ...act, reason: '' };
}

function publicAttention(one: Attention): readonly Attention[] {
  switch (one.kind) {
    case 'refused':
      return [{ ...one, refusal: publicRefusal(one.refusal) }];
    // One tells who is revoked, the other names an approver.
    case 'revocation':
    case 'distrusted':
      return [];
    case 'not-in':
      return publicNotIn(one.notIn).map((notIn) => ({ ...one, notIn }));
    case 'waiting':
      return [{ ...one, waiting: { ...one.waiting, pending: undefined } }];
    default:
      return [one];
  }
}

function publicLanding(landing: JudgedLanding): JudgedLanding {
  const { verdict } = landing;
  return {
    ...landing,
    verdict: verdict.kind === 'endorsed' ? { ...verdict, approvedBy: [], signedBy: undefined } : { ...verdict, detail: '' },
  };
}

function publicStay(stay: Stay): Stay {
  const { departure } = stay;
  return {
    ...stay,
    departure: departure && publicDeparture(departure),
    reasons: stay.reasons.map(({ at, because }) => ({ at, because: publicBecause(because) })),
  };
}

function publicChanges(changes: Report['changes']): Report['changes'] {
  return {
    ...changes,
    joined: changes.joined.map((one) => ({ ...one, because: publicBecause(one.because) })),
    renewed: changes.renewed.map((one) => ({ ...one, because: publicBecause(one.because) })),
    landings: changes.landings.map(publicLanding),
    left: changes.left.map((one) => ({ ...one, departure: publicDeparture(one.departure) })),
    revocations: [],
    overrides: changes.overrides.map(publicOverride),
  };
}
