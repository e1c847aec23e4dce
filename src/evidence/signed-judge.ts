// `evidence: signed`: no forge is asked. A landing counts where enough people signed exactly its change. Who wrote it is not known, so two of them
// must, at least; when it landed is when this host first saw it.
import type { Landing } from '../history/landing.ts';
import type { Readings } from '../judge/form.ts';
import type { ContentJudge, Judgement } from '../judge/judge-branch.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import type { JudgedSignature } from '../record/approval-count.ts';
import type { PolicyState } from '../record/policy-state.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { minute, renderInstant } from '../time.ts';
import { countSignatures } from './approval.ts';
import { approversOf, renderCount } from './approval-words.ts';
import { reviewedPaths } from './beneficiaries.ts';
import { refused, type SigningPorts } from './gitlab-judge.ts';

/** Notes of git may come a little later than the branch, or not be there when they are asked for: until then a landing waits for them. */
const longestWait = 15 * minute;

export interface SignedPorts {
  readonly folder: string;
  /** The repository, as statements name it. */
  readonly project: string;
  readonly firstSeen: (commit: CommitId) => Instant | undefined;
  /** False for landings from before a record that began anew: when those landed, nobody saw. */
  readonly caughtUp: () => boolean;
  readonly refusedByHand: (commit: CommitId) => string | undefined;
  readonly signing: SigningPorts;
  readonly now: Instant;
}

export function signedJudge(ports: SignedPorts): ContentJudge {
  return {
    evidence: 'signed',
    prepare: () => Promise.resolve([]),
    keep: (...asked) => ports.signing.keep(...asked),
    judge: async (state, landing, readings) => {
      const byHand = ports.refusedByHand(landing.commit);
      if (byHand !== undefined) return refused('refused-by-hand', byHand, null, null);
      try {
        const signatures = await ports.signing.signaturesFor(state, landing, { project: ports.project, mergeRequests: [] });
        return decide(state, landing, readings, signatures, ports);
      } catch (error) {
        if (error instanceof Unavailable) return { kind: 'waiting', code: `${error.system}-unavailable`, detail: error.message };
        if (error instanceof Unusable) return { kind: 'unusable', code: 'commits-unusable', detail: error.message };
        throw error;
      }
    },
  };
}

function decide(
  state: PolicyState,
  landing: Landing,
  readings: Readings,
  signatures: readonly JudgedSignature[],
  { folder, firstSeen, caughtUp, signing, now }: SignedPorts,
): Judgement {
  const rulesAfter = readings.rules?.kind === 'valid' ? readings.rules.value : undefined;
  const paths = reviewedPaths(landing, state.rules, rulesAfter, folder);
  const count = countSignatures(state.rules, paths, { ceilings: signing.ceilings, signatures }, state.takenOut);
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
  const detail = renderCount(count);
  if (now - seen >= longestWait) return refused('not-signed', detail, null, null, { count });
  const until = renderInstant(instant(seen + longestWait));
  return { kind: 'waiting', code: 'not-signed-yet', detail: `${detail}; muster waits for signatures until ${until}` };
}

/** It landed after that: whoever signed saw that it kept the rules then. Committer times are whatever somebody wrote. */
function lastSigned(signatures: readonly JudgedSignature[], now: Instant): Instant {
  const times = signatures.flatMap(({ kind, at }) => (kind === 'counted' ? [at] : []));
  return instant(Math.min(now, Math.max(...times)));
}
