// `evidence: gitlab`: which merge request brought a landing, and whether people entitled by the rules before it approved exactly its content.
// GitLab and Git are asked in inquiries.ts; what counts is decided in binding.ts and approval.ts.
import { countApprovals, isShort, requirement, type ReviewedPath, type SignedCeilings, type Signing } from './approval.ts';
import type { ApprovalCount, JudgedSignature } from '../record/approval-count.ts';
import { approversOf, renderCount, renderUnbound } from './approval-words.ts';
import { reviewedPaths } from './beneficiaries.ts';
import { bindMergeRequests, isEndOfFastForward, type Binding, type BoundMergeRequest } from './binding.ts';
import type { UnboundReason } from '../record/approval-count.ts';
import { findForward, mayBePart, NotAnswered } from './forward.ts';
import type { PolicyState, Verdict } from '../record/policy-state.ts';
import type { EvidenceAnswer, TargetBranch } from './evidence.ts';
import type { LandingEvidence, MergeRequest, Review } from '../record/kept-evidence.ts';
import { asIfNothingHidden } from './pushers.ts';
import { noToken } from './tokens.ts';
import {
  longestUnanswered,
  longMerge,
  prolonged,
  renderUnanswered,
  unansweredRecord,
  type OthersAnswered,
  type Unanswered,
} from '../record/waits.ts';
import { understood, type Readings } from '../judge/form.ts';
import { digestOfChanges } from '../history/changes.ts';
import type { Landing } from '../history/landing.ts';
import type { Versions } from '../history/versions.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { count, minute } from '../time.ts';
import { Unavailable, Unusable } from '../errors.ts';
import type { Unreadable } from '../signing/carried.ts';
import { Inquiries, type Forge } from './inquiries.ts';
import type { Branch } from '../history/branch.ts';
import type { ContentJudge, Forward, Judgement, Trouble } from '../judge/judge-branch.ts';
import { renderMoment } from '../text.ts';

/** After this, a landing that GitLab names no merge request for never had one. */
export const bindingTime = 15 * minute;

export interface OpenRequest {
  readonly project: number;
  readonly mergeRequest: MergeRequest;
  /** Its commits are not in the mirror. */
  readonly blobs: Branch['blobs'];
}

export interface OpenSigning {
  readonly signatures: readonly JudgedSignature[];
  /** What looks like a signed statement and is none. */
  readonly unreadable: readonly Unreadable[];
  /** What is signed, but for the name of whoever signs, which is NAME; undefined where nobody could sign it. */
  readonly statement: string | undefined;
}

/** Asked only where a signature is needed. */
export interface SigningPorts {
  readonly ceilings: SignedCeilings;
  /** Each signed statement for this landing, judged under the rules before it. Throws Unavailable. */
  readonly signaturesFor: (
    state: PolicyState,
    landing: Landing,
    /** `project`, as statements name it; without a forge there are no merge requests. */
    of: { readonly project: string; readonly mergeRequests: readonly MergeRequest[] },
  ) => Promise<readonly JudgedSignature[]>;
  /** Of a merge request that is open, before it is merged. When a signature that would count was first seen is recorded. Throws Unavailable. */
  readonly openRequest: (state: PolicyState, landing: Landing, of: OpenRequest) => Promise<OpenSigning>;
  /** What stands in the record before the verdict on a landing. */
  readonly keep: (state: PolicyState, landing: Landing) => Promise<readonly JudgingRecord[]>;
}

/** What a host knows of landings that nobody but itself could tell. */
export interface Remembered {
  /** When this host first saw a landing. */
  readonly firstSeen: (commit: CommitId) => Instant | undefined;
  /** A host saw the branch stand there while something waited. */
  readonly wasHead: (commit: CommitId) => boolean;
  /** For how long GitLab did not answer about a landing. */
  readonly unanswered: (commit: CommitId) => Unanswered | undefined;
  readonly refusedByHand: (commit: CommitId) => string | undefined;
  /** False for landings from before a record that began anew: when those landed, nobody saw. */
  readonly caughtUp: () => boolean;
  readonly now: Instant;
}

export interface EvidencePorts extends Omit<Remembered, 'caughtUp'> {
  readonly forge: Forge;
  /** Without a token GitLab shows nothing that a verdict could rest on. */
  readonly hasToken: boolean;
  readonly versions: Versions;
  readonly branch: string;
  readonly folder: string;
  /** The project's id as the ledger knows it. */
  readonly project: number | undefined;
  readonly signing: SigningPorts;
  readonly progress: (text: string) => void;
}

/** The project is known, and its answers are on their way. */
interface Asked {
  readonly kind: 'asked';
  readonly target: TargetBranch;
  readonly inquiries: Inquiries;
  /** The server of the branch answered in this run. */
  readonly fetched: boolean;
}

export function gitlabJudge(ports: EvidencePorts): ContentJudge {
  return new GitLabJudge(ports);
}

class GitLabJudge implements ContentJudge {
  readonly evidence = 'gitlab';
  readonly #ports: EvidencePorts;
  #asked: Asked | Trouble | undefined;
  /** The commits on the branch. */
  #chain: ReadonlySet<CommitId> = new Set();

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
  }

  async prepare(landings: readonly Landing[], fetched: boolean): Promise<readonly JudgingRecord[]> {
    const { project: known, now, forge, hasToken, branch, refusedByHand, unanswered } = this.#ports;
    if (!hasToken) {
      this.#asked = { kind: 'unusable', code: 'no-token', detail: noToken };
      return [];
    }
    try {
      const { id: project } = await forge.project();
      const target = { project, branch };
      const queue = landings.filter(({ commit, changes, cut }) => (changes.length > 0 || cut) && refusedByHand(commit) === undefined);
      this.#chain = new Set(landings.map(({ commit }) => commit));
      const isStuck = queue.slice(0, 1).some(({ commit }) => unanswered(commit) !== undefined);
      this.#asked =
        known === undefined || known === project
          ? { kind: 'asked', target, inquiries: new Inquiries(this.#ports, queue, target, isStuck), fetched }
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
    if (asked.kind !== 'asked') return this.#wait(landing, asked, 'silent');
    const answer = await asked.inquiries.answerFor(landing);
    if (answer.kind === 'unusable') return { kind: 'unusable', code: 'gitlab-unusable', detail: answer.message };
    if (answer.kind === 'too-much') return refused('unanswered', answer.message, null, null);
    if (answer.kind === 'waiting') return this.#waitForGitLab(state, landing, answer, asked);
    try {
      return await this.#decide(state, landing, readings, answer.evidence, asked);
    } catch (error) {
      const trouble = troubleOf(error, 'commits-unusable');
      // What is wrong on this host is never the landing's.
      if (error instanceof Unavailable && error.system === 'ssh-keygen') return this.#waiting(landing, trouble, 'silent');
      // What GitLab says is known by now: git cannot read the commits that it names.
      return this.#wait(landing, trouble, asked.fetched ? 'answered' : 'silent');
    }
  }

  keep(state: PolicyState, landing: Landing): Promise<readonly JudgingRecord[]> {
    return this.#ports.signing.keep(state, landing);
  }

  async forwardOf(state: PolicyState, landings: readonly Landing[], place: number, judged: number): Promise<Forward | Trouble | undefined> {
    const asked = this.#asked;
    const landing = landings[place];
    if (!asked || !landing || this.#ports.refusedByHand(landing.commit) !== undefined || !mayBePart({ landings, judged }, place))
      return undefined;
    // Whether it is part of one cannot be known now.
    if (asked.kind !== 'asked') return this.#waiting(landing, asked, 'silent');
    try {
      return await findForward(
        {
          landings,
          judged,
          target: asked.target,
          answerFor: (one) => asked.inquiries.answerFor(one),
          stoodBefore: (commit, at) => this.#ports.forge.stoodBefore(commit, asked.target, at),
          wasHead: this.#ports.wasHead,
          used: (one, evidence) => usedElsewhere(state, one, evidence),
        },
        place,
      );
    } catch (error) {
      if (error instanceof NotAnswered) {
        const judgement = await this.#waitForGitLab(state, error.landing, error.answer, asked);
        // One of its commits is not answered about for good: each is judged by itself, and that one refused.
        return judgement.kind === 'judged' ? undefined : judgement;
      }
      return this.#waiting(landing, troubleOf(error, 'gitlab-unusable'), 'silent');
    }
  }

  async #waitForGitLab(
    { usedMergeRequests }: PolicyState,
    landing: Landing,
    { code, message: detail }: Extract<EvidenceAnswer, { kind: 'waiting' }>,
    { inquiries }: Asked,
  ): Promise<Judgement> {
    const { now, firstSeen } = this.#ports;
    if (code === 'merge-in-progress') return mergeInProgress(detail, firstSeen(landing.commit) ?? now, now);
    // Whoever may not ask is answered nothing, whatever it is about.
    const isBarred = code === 'token-refused' || code === 'project-unknown';
    const [iid, commit] = [...usedMergeRequests].at(-1) ?? [];
    const judged = iid === undefined || commit === undefined ? undefined : { iid, commit };
    const others = isBarred ? 'silent' : await inquiries.othersAnswered(landing, judged);
    return this.#wait(landing, { kind: 'waiting', code, detail }, others);
  }

  /** Where the head is nowhere on the branch, GitLab made other commits of it. */
  #reasonOf({ reason, mergeRequest }: Extract<Binding, { kind: 'none' }>, { candidates }: LandingEvidence): UnboundReason {
    const head = candidates.find((one) => one.mergeRequest.iid === mergeRequest)?.mergeRequest.head;
    return reason === 'part-of-fast-forward' && head && !this.#chain.has(head) ? 'rebased-while-merging' : reason;
  }

  /** `others`: the same is answered about other landings. */
  #wait(landing: Landing, trouble: Trouble, others: OthersAnswered): Judgement {
    const { now, unanswered } = this.#ports;
    const { total, since } = prolonged(unanswered(landing.commit), now, others === 'answered');
    if (others === 'answered' && total >= longestUnanswered)
      return refused('unanswered', `since ${renderMoment(since ?? now)}: ${trouble.detail}`, null, null);
    return this.#waiting(landing, trouble, others);
  }

  #waiting({ commit }: Landing, trouble: Trouble, others: OthersAnswered): Trouble {
    const { now, unanswered, firstSeen } = this.#ports;
    const known = unanswered(commit);
    const isAnswered = others === 'answered';
    const waited = prolonged(known, now, isAnswered);
    const detail = renderUnanswered(commit, trouble.detail, waited, now, others, firstSeen(commit) ?? now);
    const record = unansweredRecord(commit, now, isAnswered, known);
    return { ...trouble, detail, ...(record && { record }) };
  }

  async #decide(
    state: PolicyState,
    landing: Landing,
    readings: Readings,
    evidence: LandingEvidence,
    { target, inquiries }: Asked,
  ): Promise<Judgement> {
    const seen = this.#ports.firstSeen(landing.commit) ?? this.#ports.now;
    const waited = this.#ports.now - seen;
    // GitLab writes the time and the event of a merge last: only where they do not come is the commit's own time taken.
    const { committedAt, ...undated } = landing;
    const dated = waited < bindingTime ? undated : { ...undated, committedAt };
    const binding = bindMergeRequests(dated, evidence.candidates, target, usedElsewhere(state, landing, evidence));
    if (binding.kind === 'none') {
      const reason = this.#reasonOf(binding, evidence);
      const detail = renderUnbound(reason);
      if (waited < bindingTime)
        return {
          kind: 'waiting',
          code: 'no-merge-request-yet',
          detail: `${detail}; muster waits for GitLab until ${renderMoment(instant(seen + bindingTime))}`,
        };
      const code = reason === 'no-merge-request' ? 'no-merge-request' : 'not-bound';
      return refused(code, detail, binding.mergeRequest ?? null, evidence, { unbound: reason });
    }
    const paths = reviewedPaths(landing, state.rules, understood(readings).rules, this.#ports.folder);
    // It changes nothing outside the policy folder.
    const digest = digestOfChanges(landing.changes);
    const signing = await this.#signingOf(state, landing, paths, {
      project: String(target.project),
      mergeRequests: binding.mergeRequests.map(({ mergeRequest }) => mergeRequest),
    });
    // Each merge request is tried by itself: approvals of different ones are never added up.
    const counts: [BoundMergeRequest, ApprovalCount][] = [];
    for (const bound of binding.mergeRequests) {
      const { review, mergeRequest } = bound;
      const digests = await inquiries.digestsOf(review, mergeRequest.author);
      const countIn = (one: Review): ApprovalCount =>
        countApprovals({ ...bound, review: one }, state.rules, paths, digest, digests, state.takenOut, signing);
      const count = countIn(review);
      if (count.enough) return endorsed(landing, bound, count, evidence);
      const shown = asIfNothingHidden(review, mergeRequest.author);
      if (shown && countIn(shown).enough)
        return this.#wait(
          landing,
          { kind: 'waiting', code: 'pusher-hidden', detail: pusherHidden(mergeRequest.iid, review.hiddenNotes) },
          'answered',
        );
      counts.push([bound, count]);
    }
    const [[bound, count] = [binding.mergeRequests[0], undefined]] = counts;
    const { iid, url: link } = bound.mergeRequest;
    const unbound = isEndOfFastForward(landing, bound) ? ('part-of-fast-forward' as const) : undefined;
    const detail = [count && renderCount(count), unbound && renderUnbound(unbound)].filter((one) => one !== undefined).join('; ');
    const onlyUnsigned = count !== undefined && count.paths.length > 0 && !count.paths.some(isShort);
    return refused(onlyUnsigned ? 'not-signed' : 'no-approval', detail, iid, evidence, { ...linkTo(link), count, unbound });
  }

  async #signingOf(
    state: PolicyState,
    landing: Landing,
    paths: readonly ReviewedPath[],
    of: Parameters<SigningPorts['signaturesFor']>[2],
  ): Promise<Signing> {
    const { ceilings, signaturesFor } = this.#ports.signing;
    const isAsked = paths.some(({ path }) => (requirement(state.rules, path, ceilings)?.signed ?? 0) > 0);
    return { ceilings, signatures: isAsked ? await signaturesFor(state, landing, of) : [] };
  }
}

/** GitLab answers that it is still merging: that has an end by the clock. */
function mergeInProgress(detail: string, seen: Instant, now: Instant): Judgement {
  if (now - seen < longMerge) return { kind: 'waiting', code: 'merge-in-progress', detail };
  const since = `${detail}, and has said so since ${renderMoment(seen)}`;
  if (now - seen >= longestUnanswered) return refused('unanswered', since, null, null);
  const end = renderMoment(instant(seen + longestUnanswered));
  return {
    kind: 'waiting',
    code: 'merge-in-progress',
    detail: `${since}: the administrator of GitLab looks at what holds it up; at ${end} it is refused`,
  };
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
  count: ApprovalCount,
  evidence: LandingEvidence,
): Judgement {
  const verdict = {
    kind: 'endorsed',
    reviewed: true,
    commit,
    mergeRequest: mergeRequest.iid,
    ...approversOf(count),
    landedAt: mergedAt,
    ...linkTo(mergeRequest.url),
  } as const;
  return { kind: 'judged', verdict, evidence };
}

export function refused(
  code: 'no-merge-request' | 'not-bound' | 'no-approval' | 'not-signed' | 'unanswered' | 'refused-by-hand',
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
