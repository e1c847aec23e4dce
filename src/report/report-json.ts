// A report as JSON: the same facts, for programs. Sorted; the same record gives the same bytes for the same moment.
import type { Because } from '../membership/desired.ts';
import type { GroupReport, MemberReason, MemberReport, NotIn, Report } from './report.ts';
import { isRatified } from '../revocation/ratification.ts';
import { inOrder, type Instant } from '../names.ts';
import type { Status } from '../status.ts';
import { renderInstant } from '../time.ts';
import { renderRefusalBriefly } from '../review/refusals.ts';
import { renderAttention, renderMemberReason, renderNotIn } from './report-words.ts';
import type { Departure } from '../ledger/stays.ts';
import { becauseJson, causeJson, endJson } from '../reconcile/run-json.ts';

export function renderReportJson(report: Report, status: Status): string {
  const { at, side, isPublic, evidence, begins, start, judged } = report;
  const document = {
    muster: 1,
    command: 'report',
    at: renderInstant(at),
    since: report.isPeriod ? renderInstant(report.changes.since) : null,
    status,
    side,
    public: isPublic,
    evidence,
    begins: orNull(begins),
    start: start ?? null,
    judged: judged ?? null,
    heads: report.heads ? { ledger: report.heads.ledger, record: report.heads.record ?? null } : null,
    attention: report.attention.map((one) => ({ kind: one.kind, message: renderAttention(one, report.evidence) })),
    groups: report.groups.map(groupJson),
    ...decisionsJson(report),
    rules: rulesJson(report),
    ...(report.isPeriod ? { changes: changesJson(report) } : {}),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function orNull(at: Instant | undefined): string | null {
  return at === undefined ? null : renderInstant(at);
}

function decisionsJson({ refused, waiting, rosters, revocations, overrides, ending, evidence }: Report): object {
  return {
    refused: refusedJson(refused, evidence),
    waiting: waiting.map(({ commit, since, pending }) => ({ commit, since: orNull(since), path: pending?.path ?? null })),
    rosters: rosters.map(({ roster, sha256, people, producedAt, at }) => ({
      name: roster,
      sha256,
      people,
      producedAt: renderInstant(producedAt),
      acceptedAt: renderInstant(at),
    })),
    revocations: revocations.map((one) => ({
      ...one,
      at: renderInstant(one.at),
      by: one.by ?? null,
      lifted: one.lifted ? { ...one.lifted, at: renderInstant(one.lifted.at), by: one.lifted.by ?? null } : null,
      ratified: one.lifted ? null : isRatified(one),
    })),
    overrides: overrides.map(({ record, usedAt }) => ({
      at: renderInstant(record.at),
      group: record.group,
      code: record.code,
      digest: record.digest,
      reason: record.reason,
      by: record.by ?? null,
      usedAt: orNull(usedAt),
    })),
    ending: ending.map((one) => ({ ...one, until: renderInstant(one.until) })),
  };
}

export function refusedJson(refused: Report['refused'], evidence: Report['evidence']): readonly object[] {
  return refused.map((one) => ({
    path: one.path,
    commit: one.commit,
    mergeRequest: one.mergeRequest,
    code: one.code,
    message: renderRefusalBriefly(one, evidence),
  }));
}

function groupJson({ group, rules, recorded, members, withheld, held }: GroupReport): object {
  return {
    group,
    purpose: rules?.purpose ?? null,
    recorded,
    members: members.map(memberJson),
    withheld: withheld.map(notInJson),
    held: held.map((one) => ({ ...one, since: renderInstant(one.since) })),
  };
}

function memberJson({ name, since, reason, until, words }: MemberReport): object {
  return {
    uid: name,
    since: orNull(since),
    kind: reason.kind,
    because: reasonJson(reason),
    until: until === undefined ? null : endJson(until),
    ...words,
    message: renderMemberReason(reason),
  };
}

function linked(because: Because): unknown {
  const told = becauseJson(because);
  if (because.kind === 'roster' || typeof told !== 'object') return told;
  return { ...told, link: because.link ?? null, landedAt: orNull(because.landedAt) };
}

function reasonJson(reason: MemberReason): unknown {
  if (reason.kind === 'none') return null;
  return reason.because && linked(reason.because);
}

function notInJson({ uid, reason, because }: NotIn): object {
  return { uid, code: reason.code, message: renderNotIn(reason), because: linked(because) };
}

function rulesJson({ rules }: Report): unknown {
  if (!rules) return null;
  return {
    teams: Object.fromEntries([...rules.teams].sort(([left], [right]) => inOrder(left, right))),
    approvers: rules.rules.approvers,
    approvals: rules.rules.approvals,
    groups: [...rules.groups.values()].sort((left, right) => inOrder(left.group, right.group)),
  };
}

function departureJson({ because }: Departure): unknown {
  return because && because.kind !== 'untold' ? causeJson(because) : null;
}

function changesJson({ stays, changes: { joined, renewed, left, landings, rulesChanged } }: Report): object {
  const arrived = (one: (typeof joined)[number]) => ({ ...one, at: renderInstant(one.at), because: one.because && linked(one.because) });
  return {
    access: stays.map(({ group, name, from, departure, reasons }) => ({
      group,
      uid: name,
      from: renderInstant(from),
      left: orNull(departure?.at),
      leftBecause: departure ? departureJson(departure) : null,
      because: reasons.map(({ at, because }) => ({ since: renderInstant(at), grounds: because && linked(because) })),
    })),
    joined: joined.map(arrived),
    renewed: renewed.map(arrived),
    left: left.map(({ group, name, departure }) => ({
      group,
      name,
      at: renderInstant(departure.at),
      because: departureJson(departure),
    })),
    landings: landings.map(({ at, commit, verdict, paths }) => ({
      at: renderInstant(at),
      commit,
      verdict: verdict.kind,
      mergeRequest: verdict.mergeRequest,
      paths,
    })),
    rulesChanged,
  };
}
