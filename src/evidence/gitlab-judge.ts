// `evidence: gitlab`: which merge request brought a landing, and whether people entitled by the rules before it approved exactly its content.
// GitLab and Git are asked in inquiries.ts; what counts is decided in binding.ts and approval.ts.
import { countApprovals, type ApprovalCount } from './approval.ts';
import { renderCount, renderUnbound } from './approval-words.ts';
import { reviewedPaths } from './beneficiaries.ts';
import { bindMergeRequests, isEndOfFastForward, type BoundMergeRequest } from './binding.ts';
import type { PolicyState, Verdict } from '../judge/effective.ts';
import type { LandingEvidence, Review, TargetBranch } from './evidence.ts';
import { asIfNothingHidden } from './pushers.ts';
import type { Readings } from '../judge/form.ts';
import type { Landing } from '../history/landing.ts';
import { inOrder, type CommitId, type Instant } from '../names.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { count, minute } from '../time.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { Inquiries, type Forge, type Versions } from './inquiries.ts';
import type { ContentJudge, Judgement } from '../judge/judging.ts';

/** After this, a landing that GitLab names no merge request for never had one. */
export const bindingTime = 15 * minute;

export interface EvidencePorts {
  readonly forge: Forge;
  readonly versions: Versions;
  readonly branch: string;
  readonly folder: string;
  /** The project's id as the ledger knows it. */
  readonly project: number | undefined;
  readonly firstSeen: (commit: CommitId) => Instant | undefined;
  readonly refusedByHand: (commit: CommitId) => string | undefined;
  readonly now: Instant;
  readonly progress: (text: string) => void;
}

type Trouble = Extract<Judgement, { kind: 'waiting' | 'unusable' }>;

/** The project is known, and its answers are on their way. */
interface Asked {
  readonly kind: 'asked';
  readonly target: TargetBranch;
  readonly inquiries: Inquiries;
}

export function gitlabJudge(ports: EvidencePorts): ContentJudge {
  return new GitLabJudge(ports);
}

class GitLabJudge implements ContentJudge {
  readonly evidence = 'gitlab';
  readonly #ports: EvidencePorts;
  #asked: Asked | Trouble | undefined;

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
  }

  async prepare(landings: readonly Landing[]): Promise<readonly LedgerRecord[]> {
    const { project: known, now, forge, branch, refusedByHand } = this.#ports;
    try {
      const { id: project } = await forge.project();
      const target = { project, branch };
      const queue = landings.filter(({ commit }) => refusedByHand(commit) === undefined);
      this.#asked =
        known === undefined || known === project
          ? { kind: 'asked', target, inquiries: new Inquiries(this.#ports, queue, target) }
          : { kind: 'unusable', code: 'project-changed', detail: otherProject(known, project) };
      return known === undefined ? [{ type: 'project', at: now, project }] : [];
    } catch (error) {
      this.#asked = troubleOf(error, 'gitlab-unusable');
      return [];
    }
  }

  async judge(state: PolicyState, landing: Landing, readings: Readings): Promise<Judgement> {
    const byHand = this.#ports.refusedByHand(landing.commit);
    if (byHand !== undefined) return refused('refused-by-hand', byHand, null, null);
    const asked = this.#asked;
    if (!asked) throw new Error('the judge was not told what there is to judge');
    if (asked.kind !== 'asked') return asked;
    const answer = await asked.inquiries.answerFor(landing);
    if (answer.kind === 'waiting') return { kind: 'waiting', code: answer.code, detail: answer.message };
    if (answer.kind === 'unusable') return { kind: 'unusable', code: 'gitlab-unusable', detail: answer.message };
    try {
      return await this.#decide(state, landing, readings, answer.evidence, asked);
    } catch (error) {
      // What GitLab says is known by now: git cannot read the commits that it names.
      return troubleOf(error, 'commits-unusable');
    }
  }

  async #decide(
    state: PolicyState,
    landing: Landing,
    readings: Readings,
    evidence: LandingEvidence,
    { target, inquiries }: Asked,
  ): Promise<Judgement> {
    const binding = bindMergeRequests(landing, evidence.candidates, target, usedElsewhere(state, landing, evidence));
    if (binding.kind === 'none') {
      const waited = this.#ports.now - (this.#ports.firstSeen(landing.commit) ?? this.#ports.now);
      const detail = renderUnbound(binding.reason);
      if (waited < bindingTime)
        return { kind: 'waiting', code: 'no-merge-request-yet', detail: `${detail}; 15 minutes are given to GitLab to say otherwise` };
      const code = binding.reason === 'no-merge-request' ? 'no-merge-request' : 'not-bound';
      return refused(code, detail, binding.mergeRequest ?? null, evidence, { unbound: binding.reason });
    }
    const paths = reviewedPaths(
      landing,
      state.rules,
      readings.rules?.kind === 'valid' ? readings.rules.value : undefined,
      this.#ports.folder,
    );
    const digest = this.#ports.versions.digestOf(landing);
    // Each merge request is tried by itself: approvals of different ones are never added up.
    const counts: [BoundMergeRequest, ApprovalCount][] = [];
    for (const bound of binding.mergeRequests) {
      const { review, mergeRequest } = bound;
      const digests = await inquiries.digestsOf(review, mergeRequest.author);
      const countIn = (one: Review): ApprovalCount => countApprovals({ ...bound, review: one }, state.rules, paths, digest, digests);
      const count = countIn(review);
      if (count.enough) return endorsed(landing, bound, count, evidence);
      const shown = asIfNothingHidden(review, mergeRequest.author);
      if (shown && countIn(shown).enough)
        return { kind: 'waiting', code: 'pusher-hidden', detail: pusherHidden(mergeRequest.iid, review.hiddenNotes) };
      counts.push([bound, count]);
    }
    const [[bound, count] = [binding.mergeRequests[0], undefined]] = counts;
    const { iid, url: link } = bound.mergeRequest;
    const unbound = isEndOfFastForward(landing, bound) ? ('part-of-fast-forward' as const) : undefined;
    const detail = [count && renderCount(count), unbound && renderUnbound(unbound)].filter((one) => one !== undefined).join('; ');
    return refused('no-approval', detail, iid, evidence, { ...linkTo(link), count, unbound });
  }
}

function pusherHidden(iid: number, notes: number): string {
  return `who pushed a version of !${iid} is not known, for GitLab hides ${count(notes, 'note')} of it from the account of the token: somebody with access to everything that its commits name pushes a new version, and that one is approved`;
}

/** Those of the candidates that endorsed another landing. */
function usedElsewhere({ usedMergeRequests }: PolicyState, { commit }: Landing, { candidates }: LandingEvidence): ReadonlySet<number> {
  const numbers = candidates.map(({ mergeRequest }) => mergeRequest.iid);
  return new Set(numbers.filter((iid) => (usedMergeRequests.get(iid) ?? commit) !== commit));
}

function endorsed(
  { commit }: Landing,
  { mergeRequest, mergedAt }: BoundMergeRequest,
  { paths }: ApprovalCount,
  evidence: LandingEvidence,
): Judgement {
  const approvedBy = [...new Set(paths.flatMap(({ by }) => by))].sort(inOrder);
  const verdict = {
    kind: 'endorsed',
    reviewed: true,
    commit,
    mergeRequest: mergeRequest.iid,
    approvedBy,
    landedAt: mergedAt,
    ...linkTo(mergeRequest.url),
  } as const;
  return { kind: 'judged', verdict, evidence };
}

function refused(
  code: 'no-merge-request' | 'not-bound' | 'no-approval' | 'refused-by-hand',
  detail: string,
  mergeRequest: number | null,
  evidence: LandingEvidence | null,
  more: Pick<Extract<Verdict, { kind: 'refused' }>, 'link' | 'count' | 'unbound'> = {},
): Judgement {
  return { kind: 'judged', evidence, verdict: { kind: 'refused', code, detail, mergeRequest, ...more } };
}

/** GitLab may name no page, or one on another server. */
function linkTo(page = ''): { readonly link?: string } {
  return page === '' ? {} : { link: page };
}

function troubleOf(error: unknown, code: 'gitlab-unusable' | 'commits-unusable'): Trouble {
  if (error instanceof Unavailable) return { kind: 'waiting', code: `${error.system}-unavailable`, detail: error.message };
  if (error instanceof Unusable) return { kind: 'unusable', code, detail: error.message };
  throw error;
}

function otherProject(known: number, now: number): string {
  return `the project in the configuration is number ${now} on GitLab now, and the ledger knows it as number ${known}: it was replaced. Nothing is judged until a person has looked; docs/operating.md says how to go on`;
}
