// A report for everybody to see: without reasons, contacts, tickets and the names of approvers. Who has access, and until when, stays.
import type { Because } from '../membership/desired.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { Attention } from './report-attention.ts';
import type { RevocationReport } from './report-revocations.ts';
import type { GroupReport, MemberReason, MemberReport, NotIn, Report } from './report.ts';
import type { Stay } from '../ledger/stays.ts';
import type { Rules } from '../policy/policy.ts';
import type { RemovalCause } from '../membership/plan.ts';
import type { JudgedLanding, OverrideStory, RevocationStory } from '../ledger/replay.ts';

export function publicReport(report: Report): Report {
  return {
    ...report,
    isPublic: true,
    rules: report.rules && publicRules(report.rules),
    groups: report.groups.map(publicGroup),
    refused: report.refused.map(publicRefusal),
    waiting: report.waiting.map((one) => ({ ...one, pending: undefined })),
    revocations: report.revocations.map(publicRevocation),
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
  return { ...group, members: group.members.map(publicMember), withheld: group.withheld.map(publicNotIn) };
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

function publicNotIn({ uid, reason, because }: NotIn): NotIn {
  return { uid, because: publicBecause(because), reason: reason.code === 'revoked' ? { ...reason, reason: '' } : reason };
}

/** The detail of a refusal may name approvers; in its place stands the path, which says nothing new. */
function publicRefusal(refusal: Refusal): Refusal {
  return { ...refusal, detail: refusal.path };
}

function publicRevocation(one: RevocationReport): RevocationReport {
  return { ...one, reason: '', by: undefined, lifted: one.lifted && { ...one.lifted, reason: '', by: undefined } };
}

function publicOverride(one: OverrideStory): OverrideStory {
  return { ...one, record: withoutWords(one.record) };
}

function publicStory({ record, lifted }: RevocationStory): RevocationStory {
  return { record: withoutWords(record), lifted: lifted && withoutWords(lifted) };
}

/** Why, and by whom. */
function withoutWords<Act extends { readonly reason: string; readonly by?: string }>({ by: _, ...act }: Act): Omit<Act, 'by'> {
  return { ...act, reason: '' };
}

function publicAttention(one: Attention): readonly Attention[] {
  switch (one.kind) {
    case 'refused':
      return [{ ...one, refusal: publicRefusal(one.refusal) }];
    case 'revocation':
      return [{ ...one, revocation: publicRevocation(one.revocation) }];
    // It names an approver.
    case 'distrusted':
      return [];
    case 'not-in':
      return [{ ...one, notIn: publicNotIn(one.notIn) }];
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
  return { ...stay, reasons: stay.reasons.map(({ at, because }) => ({ at, because: publicBecause(because) })) };
}

function publicChanges(changes: Report['changes']): Report['changes'] {
  return {
    ...changes,
    joined: changes.joined.map((one) => ({ ...one, because: publicBecause(one.because) })),
    renewed: changes.renewed.map((one) => ({ ...one, because: publicBecause(one.because) })),
    landings: changes.landings.map(publicLanding),
    revocations: changes.revocations.map(publicStory),
    overrides: changes.overrides.map(publicOverride),
  };
}
