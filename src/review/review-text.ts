// A review as JSON, with the facts of the note.
import { isShort, lacksSignatures } from '../evidence/approval.ts';
import type { JudgedApproval, PathQuorum } from '../record/approval-count.ts';
import type { End } from '../record/grants.ts';
import type { Effect, Need } from '../check/proposed-change.ts';
import type { Status } from '../status.ts';
import { renderInstant } from '../time.ts';
import type { Reviewed } from './note.ts';

/** The `change` of `check --against` and of `review`. */
export function changeJson(effects: readonly Effect[], needs: readonly Need[]): unknown {
  return {
    effects: effects.map(({ group, uid, effect, until, from }) => ({
      group,
      uid,
      effect,
      until: endJson(until),
      from: from === undefined ? undefined : renderInstant(from),
    })),
    needs: needs.map(({ paths, teams, approvals, signed, notCounted }) => ({ paths, teams, approvals, signed, notCounted })),
  };
}

function endJson(until: End | null): string | null {
  return until === null || until === 'open' ? null : renderInstant(until);
}

export function renderReviewJson(iid: number, review: Reviewed, posted: string, status: Status): string {
  const document = { muster: 1, command: 'review', status, mergeRequest: iid, ...reviewJson(review), note: posted };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function reviewJson(review: Reviewed): object {
  switch (review.kind) {
    case 'open': {
      const { effects, needs, people, obstacles, overlaps, slippedIn, waiting, approvals, quorum, enough } = review;
      return {
        state: 'open',
        change: changeJson(effects, needs),
        findings: [
          ...obstacles,
          ...overlaps.map((path) => ({ code: 'overlap', path })),
          ...people.flatMap(({ uid, is }) => (is === 'known' || is === 'not-told' ? [] : [{ code: is, uid }])),
        ],
        unapprovedBefore: slippedIn.map(({ path, commit, code }) => ({ path, commit, code })),
        earlierWaiting: waiting,
        approvals: approvals.map(approvalJson),
        missing: missingJson(quorum),
        enough,
      };
    }
    case 'endorsed':
      return {
        state: 'in-force',
        approvedBy: review.approvedBy,
        signedBy: review.signedBy,
        mergedAt: renderInstant(review.landedAt),
        grants: review.grants.map(({ path, group, uid, standing }) => ({
          path,
          group,
          uid,
          standing: standing.kind,
          until: 'until' in standing ? endJson(standing.until) : null,
        })),
      };
    case 'refused':
      return {
        ...{ state: 'refused', code: review.code, paths: review.paths, settled: review.healed, locked: review.locked },
        tookAway: review.took.map(({ path, group, uid, left, approved }) => ({
          ...{ path, group, uid },
          ...{ until: endJson(left), approvedUntil: endJson(approved) },
        })),
        ...{ approvals: review.approvals.map(approvalJson), missing: missingJson(review.quorum) },
      };
    case 'waiting':
      return { state: 'waiting', code: review.code };
    case 'unmerged':
      return { state: review.why };
    case 'nothing':
      return { state: 'nothing' };
  }
}

function missingJson(quorum: readonly PathQuorum[]): readonly object[] {
  return quorum.flatMap((one) => {
    const { path, needed, by, teams, signed } = one;
    const missing = {
      approvals: Math.max(0, needed - by.length),
      ...(signed && { signed: Math.max(0, signed.needed - signed.by.length) }),
    };
    return isShort(one) || lacksSignatures(one) ? [{ path, teams, ...missing }] : [];
  });
}

function approvalJson(one: JudgedApproval): object {
  const { account, at } = one.approval;
  const shared = { account: account.id, uid: one.person ?? null, at: renderInstant(at) };
  return one.kind === 'counted' ? { ...shared, counted: true } : { ...shared, counted: false, reason: one.reason };
}
