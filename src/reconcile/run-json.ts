// The JSON of `plan` and `reconcile`: the same inputs give the same bytes apart from `at`.
import type { Because } from '../membership/desired.ts';
import type { End } from '../record/grants.ts';
import type { Claim, Unwritten } from '../directory/directory.ts';
import type { Hold } from '../membership/guard.ts';
import type { Addition, Removal, RemovalCause } from '../membership/plan.ts';
import { isPending, withheldFrom, type GroupResult, type RosterStanding, type RunReport } from './run.ts';
import type { Status } from '../status.ts';
import { renderInstant } from '../time.ts';
import { inOrder } from '../names.ts';
import { renderPending, renderRefusal } from '../review/refusals.ts';
import { renderWithheld } from '../text.ts';

export const groupStates = ['in-sync', 'changes', 'changed', 'held', 'frozen', 'failed'] as const;
export type GroupState = (typeof groupStates)[number];

export function groupState({ proposal, outcome, status }: GroupResult): GroupState {
  if (proposal.kind === 'settled') return 'in-sync';
  if (proposal.kind !== 'planned') return proposal.kind;
  if (status) return 'failed';
  if (outcome === 'done') return 'changed';
  if (isPending(proposal)) return 'changes';
  return proposal.guarded.held.length > 0 ? 'held' : 'in-sync';
}

/** `state`: whether this host is the one that may write. */
export function renderRunJson(report: RunReport, status: Status, state: 'active' | 'standby' = 'active'): string {
  const document = {
    muster: 1,
    command: report.command,
    at: renderInstant(report.at),
    mode: report.mode,
    state,
    status,
    policy: policyJson(report),
    rosters: report.rosters.map(rosterJson),
    groups: report.groups.map(groupJson),
    withheld: withheldJson(report),
    ...(report.claims.length > 0 ? { claims: claimsJson(report.claims) } : {}),
    ...(report.problems.length > 0 ? { problems: report.problems } : {}),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function policyJson({ head, start, rules, evidence, policy }: RunReport): unknown {
  return {
    head: head ?? null,
    start,
    rules,
    evidence,
    unlisted: policy?.unlisted ?? 0,
    judged: policy?.judged ?? null,
    refused: (policy?.refused ?? []).map(({ path, commit, mergeRequest, code, detail }) => ({
      path,
      commit,
      mergeRequest,
      code,
      message: renderRefusal({ code, detail }, evidence),
    })),
    pending: (policy?.pending ?? []).map(({ path, commit, code, detail }) => ({
      path,
      commit,
      code,
      message: renderPending({ code, detail }),
    })),
  };
}

function rosterJson({ roster, state, generation }: RosterStanding): unknown {
  return {
    name: roster,
    state: state.kind,
    people: generation?.uids.length ?? null,
    sha256: 'sha256' in state ? (state.sha256 ?? null) : null,
    producedAt: 'producedAt' in state && state.producedAt !== undefined ? renderInstant(state.producedAt) : null,
  };
}

function groupJson(result: GroupResult): unknown {
  const { proposal, members, message } = result;
  const planned = proposal.kind === 'planned' ? proposal : undefined;
  return {
    group: proposal.group,
    dn: proposal.dn,
    state: groupState(result),
    members: members ?? null,
    add: (planned?.guarded.add ?? []).map(additionJson),
    remove: (planned?.guarded.remove ?? []).map(removalJson),
    held: (planned?.guarded.held ?? []).map(holdJson),
    ...(planned && planned.plan.reported.length > 0
      ? { unexplained: planned.plan.reported.map(({ uid, member }) => ({ uid, dn: member.dn })) }
      : {}),
    ...(planned && planned.observed.unwritten.length > 0 ? { unwritten: planned.observed.unwritten.map(unwrittenJson) } : {}),
    message,
  };
}

/** Who is counted in besides, by what muster does not write: another attribute of the entry, or `computed` by the server. */
function unwrittenJson({ where, value }: Unwritten): unknown {
  return { where, value: value.text ?? value.dn, dn: value.dn };
}

/** Entries that carry somebody else's uid: told, without any effect. */
export function claimsJson(claims: readonly Claim[]): unknown {
  return claims
    .map(({ uid, dn, changedAt, changedBy }) => ({ uid, dn, changedAt: changedAt || null, changedBy: changedBy || null }))
    .sort((left, right) => inOrder(left.uid, right.uid) || inOrder(left.dn, right.dn));
}

export function endJson(until: End): string | null {
  return until === 'open' ? null : renderInstant(until);
}

export function becauseJson(because: Because): unknown {
  if (because.kind === 'roster') return because;
  const { kind, path, commit, mergeRequest, approvedBy, signedBy, until } = because;
  return { kind, path, commit, mergeRequest, approvedBy, signedBy, until: endJson(until) };
}

function additionJson({ uid, member, because }: Addition): unknown {
  return { uid, dn: member.dn, because: becauseJson(because) };
}

export function causeJson(cause: RemovalCause): unknown {
  return 'at' in cause && cause.at !== undefined ? { ...cause, at: renderInstant(cause.at) } : cause;
}

function removalJson({ uid, member, because }: Removal): unknown {
  return { uid, dn: member.dn, because: causeJson(because) };
}

function holdJson({ code, message, digest, add, remove }: Hold): unknown {
  return { code, message, digest, add: add.map(additionJson), remove: remove.map(removalJson) };
}

function withheldJson({ groups }: RunReport): unknown {
  const all = groups.flatMap(({ proposal }) => withheldFrom(proposal));
  return all
    .map(({ group, uid, reason }) => ({ group, uid, code: reason.code, message: renderWithheld(reason) }))
    .sort((left, right) => inOrder(left.uid, right.uid) || inOrder(left.group, right.group));
}
