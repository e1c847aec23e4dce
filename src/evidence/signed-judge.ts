// `evidence: signed`: no forge is asked. A landing counts where enough people signed exactly its change. Who wrote it is not known, so two of them
// must, at least; when it landed is when this host first saw it.
import type { Landing } from '../history/landing.ts';
import { understood, type Readings } from '../judge/form.ts';
import type { ContentJudge, Forward, Judgement, Trouble } from '../judge/judge-branch.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import type { ApprovalCount, JudgedSignature } from '../record/approval-count.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { minute } from '../time.ts';
import { renderMoment } from '../text.ts';
import { countSignatures } from './approval.ts';
import { approversOf, renderCount } from './approval-words.ts';
import { reviewedPaths } from './beneficiaries.ts';
import { refused, type Remembered, type SigningPorts } from './gitlab-judge.ts';

/** Notes of git may come a little later than the branch, or not be there when they are asked for: until then a landing waits for them. */
const longestWait = 15 * minute;

export interface SignedPorts extends Omit<Remembered, 'unanswered'> {
  readonly folder: string;
  /** The repository, as statements name it. */
  readonly project: string;
  /** Whether anything that may be signed stands on one of these commits, or lies on this host. */
  readonly hasStatements: (commits: readonly CommitId[]) => Promise<boolean>;
  /** Why notes of git may be missing. */
  readonly notesFailure: () => string | undefined;
  /** All between two commits as one landing. */
  readonly jump: (from: CommitId, to: CommitId) => Promise<Landing>;
  readonly signing: SigningPorts;
}

export function signedJudge(ports: SignedPorts): ContentJudge {
  return {
    evidence: 'signed',
    prepare: () => Promise.resolve([]),
    keep: (...asked) => ports.signing.keep(...asked),
    forwardOf: (state, landings, place) => rowSigned(state, landings, place, ports).catch(troubleOf),
    judge: async (state, landing, readings) => {
      const byHand = ports.refusedByHand(landing.commit);
      if (byHand !== undefined) return refused('refused-by-hand', byHand, null, null);
      return signaturesFor(state, landing, ports).then((signatures) => decide(state, landing, readings, signatures, ports), troubleOf);
    },
  };
}

function signaturesFor(state: PolicyState, landing: Landing, { signing, project }: SignedPorts): Promise<readonly JudgedSignature[]> {
  return signing.signaturesFor(state, landing, { project, mergeRequests: [] });
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Unavailable) return { kind: 'waiting', code: `${error.system}-unavailable`, detail: error.message };
  if (error instanceof Unusable) return { kind: 'unusable', code: 'commits-unusable', detail: error.message };
  throw error;
}

/**
 * A branch of several commits that was fast-forwarded is one landing where somebody signed all of it: their statement stands on its last commit.
 * What is signed by itself stays by itself, whatever somebody puts on commits behind it.
 */
async function rowSigned(
  state: PolicyState,
  landings: readonly Landing[],
  place: number,
  ports: SignedPorts,
): Promise<Forward | undefined> {
  const row = rowFrom(landings, place, ports);
  const [first] = row;
  if (!first || row.length < 2 || !(await ports.hasStatements(row.map(({ commit }) => commit)))) return undefined;
  if (countOf(state, first, await signaturesFor(state, first, ports), ports).enough) return undefined;
  for (const { commit } of row.slice(1)) {
    const signatures = await signaturesFor(state, await ports.jump(first.parent, commit), ports);
    const to = landings.findIndex((landing) => landing.commit === commit);
    if (signatures.some(({ kind }) => kind === 'counted')) return { kind: 'forward', from: place - 1, to };
  }
  return undefined;
}

/** Each is looked at as if it were the last of one: whoever pushes many could make that last. */
const longestRow = 20;

/** What can have come as one push: no merges, and nothing behind where a host saw the branch stand. */
function rowFrom(landings: readonly Landing[], place: number, { wasHead, refusedByHand }: SignedPorts): readonly Landing[] {
  const row: Landing[] = [];
  for (const landing of landings.slice(place, place + longestRow)) {
    if (landing.parents !== 1 || refusedByHand(landing.commit) !== undefined) break;
    row.push(landing);
    if (wasHead(landing.commit)) break;
  }
  return row;
}

function countOf(
  { rules, takenOut }: PolicyState,
  landing: Landing,
  signatures: readonly JudgedSignature[],
  { folder, signing: { ceilings } }: SignedPorts,
  rulesAfter?: Rules,
): ApprovalCount {
  return countSignatures(rules, reviewedPaths(landing, rules, rulesAfter, folder), { ceilings, signatures }, takenOut);
}

function decide(
  state: PolicyState,
  landing: Landing,
  readings: Readings,
  signatures: readonly JudgedSignature[],
  ports: SignedPorts,
): Judgement {
  const { firstSeen, caughtUp, now } = ports;
  const count = countOf(state, landing, signatures, ports, understood(readings).rules);
  const seen = firstSeen(landing.commit) ?? now;
  if (count.enough) {
    const landedAt = caughtUp() ? seen : lastSigned(signatures, now);
    const verdict = {
      kind: 'endorsed',
      reviewed: true,
      commit: landing.commit,
      mergeRequest: null,
      ...approversOf(count),
      landedAt,
    } as const;
    return { kind: 'judged', verdict, evidence: null };
  }
  const failure = ports.notesFailure();
  const detail = `${renderCount(count)}${failure === undefined ? '' : `; notes of git could not be had: ${failure}`}`;
  if (now - seen >= longestWait) return refused('not-signed', detail, null, null, { count });
  const until = renderMoment(instant(seen + longestWait));
  return { kind: 'waiting', code: 'not-signed-yet', detail: `${detail}; muster waits for signatures until ${until}` };
}

/** It landed after that: whoever signed saw that it kept the rules then. Committer times are whatever somebody wrote. */
function lastSigned(signatures: readonly JudgedSignature[], now: Instant): Instant {
  const times = signatures.flatMap(({ kind, at }) => (kind === 'counted' ? [at] : []));
  return instant(Math.min(now, Math.max(...times)));
}
