// `evidence: gitlab`: which merge request brought a landing, and whether people entitled by the rules before it approved exactly its content.
// GitLab and Git are asked here; what counts is decided in domain/binding.ts and domain/approval.ts.
import { changeKey, countApprovals, type ApprovalCount, type VersionDigests } from './domain/approval.ts';
import { renderCount, renderUnbound } from './domain/approval-words.ts';
import { reviewedPaths } from './domain/beneficiaries.ts';
import { bindMergeRequests, isEndOfFastForward, type BoundMergeRequest } from './domain/binding.ts';
import type { PolicyState, Verdict } from './domain/effective.ts';
import type { EvidenceAnswer, LandingEvidence, TargetBranch, Version } from './domain/evidence.ts';
import type { Readings } from './domain/form.ts';
import type { Landing } from './domain/history.ts';
import { inOrder, type CommitId, type Instant } from './domain/names.ts';
import type { LedgerRecord } from './domain/record.ts';
import { minute } from './domain/time.ts';
import { Unavailable, Unusable } from './failures.ts';
import type { ContentJudge, Judgement } from './judging.ts';

/** After this, a landing that GitLab names no merge request for never had one. */
export const bindingTime = 15 * minute;

export interface Forge {
  project(): Promise<{ readonly id: number }>;
  evidenceFor(commit: CommitId, target: TargetBranch): Promise<EvidenceAnswer>;
}

export interface Versions {
  /** Commits of merge requests, fetched where the mirror lacks them. */
  ensureCommits(commits: Iterable<CommitId>): Promise<ReadonlyMap<CommitId, 'present' | 'refused'>>;
  changeDigest(from: CommitId, to: CommitId): Promise<string>;
  /** The digest of a landing that changes nothing outside the policy folder. */
  digestOf(landing: Landing): string;
}

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

/** Landings whose evidence is gathered ahead of the judging: enough to keep all connections busy, few enough to stop soon in an outage. */
const ahead = 64;

type Trouble = Extract<Judgement, { kind: 'waiting' | 'unusable' }>;

export function gitlabJudge(ports: EvidencePorts): ContentJudge {
  return new GitLabJudge(ports);
}

class GitLabJudge implements ContentJudge {
  readonly evidence = 'gitlab';
  readonly #ports: EvidencePorts;
  readonly #answers = new Map<CommitId, EvidenceAnswer>();
  #queue: readonly Landing[] = [];
  #trouble: Trouble | undefined;
  #project = 0;
  #judged = 0;

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
  }

  async prepare(landings: readonly Landing[]): Promise<readonly LedgerRecord[]> {
    this.#queue = landings.filter(({ commit }) => this.#ports.refusedByHand(commit) === undefined);
    const { project, now, forge } = this.#ports;
    try {
      this.#project = (await forge.project()).id;
    } catch (error) {
      this.#trouble = troubleOf(error);
      return [];
    }
    if (project === undefined) return [{ type: 'project', at: now, project: this.#project }];
    if (project !== this.#project)
      this.#trouble = { kind: 'unusable', code: 'project-changed', detail: otherProject(project, this.#project) };
    return [];
  }

  async judge(state: PolicyState, landing: Landing, readings: Readings): Promise<Judgement> {
    const byHand = this.#ports.refusedByHand(landing.commit);
    if (byHand !== undefined) return refused('refused-by-hand', byHand, null, null);
    if (this.#trouble) return this.#trouble;
    const answer = await this.#answerFor(landing);
    if (answer.kind === 'waiting') return { kind: 'waiting', code: answer.code, detail: answer.message };
    if (answer.kind === 'unusable') return { kind: 'unusable', code: 'gitlab-unusable', detail: answer.message };
    try {
      return await this.#decide(state, landing, readings, answer.evidence);
    } catch (error) {
      return troubleOf(error);
    }
  }

  /** Evidence is gathered for a row of landings at once; the forge's adapter bounds how many questions are under way. */
  async #answerFor(landing: Landing): Promise<EvidenceAnswer> {
    const known = this.#answers.get(landing.commit);
    if (known) return known;
    const at = this.#queue.indexOf(landing);
    const row = at === -1 ? [landing] : this.#queue.slice(at, at + ahead);
    const target = { project: this.#project, branch: this.#ports.branch };
    this.#ports.progress(`asking GitLab about ${this.#judged + row.length} of ${Math.max(this.#queue.length, row.length)} changes`);
    const answers = await Promise.all(row.map(({ commit }) => this.#ports.forge.evidenceFor(commit, target)));
    this.#judged += row.length;
    for (const [index, one] of row.entries()) {
      const answer = answers[index];
      if (answer) this.#answers.set(one.commit, answer);
    }
    await this.#fetchVersions(answers);
    return this.#answers.get(landing.commit) ?? { kind: 'waiting', code: 'gitlab-unavailable', message: 'no answer' };
  }

  /** One fetch for the versions of many merge requests. */
  async #fetchVersions(answers: readonly EvidenceAnswer[]): Promise<void> {
    const wanted = answers.flatMap((answer) =>
      answer.kind === 'known' ? answer.evidence.candidates.flatMap(({ review }) => (review ? versionsToCompare(review) : [])) : [],
    );
    const commits = wanted.flatMap(({ base, head }) => (base && head ? [base, head] : []));
    if (commits.length === 0) return;
    // What the server cannot be asked for now is asked for again when its landing is judged.
    await this.#ports.versions.ensureCommits(commits).catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
    });
  }

  async #decide(state: PolicyState, landing: Landing, readings: Readings, evidence: LandingEvidence): Promise<Judgement> {
    const binding = bindMergeRequests(
      landing,
      evidence.candidates,
      { project: this.#project, branch: this.#ports.branch },
      usedElsewhere(state, landing),
    );
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
      const count = countApprovals(bound, state.rules, paths, digest, await this.#digestsOf(bound));
      if (count.enough) return endorsed(landing, bound, count, evidence);
      counts.push([bound, count]);
    }
    const [[bound, count] = [binding.mergeRequests[0], undefined]] = counts;
    const { iid, url: link } = bound.mergeRequest;
    const unbound = isEndOfFastForward(landing, bound) ? ('part-of-fast-forward' as const) : undefined;
    const detail = [count && renderCount(count), unbound && renderUnbound(unbound)].filter((one) => one !== undefined).join('; ');
    return refused('no-approval', detail, iid, evidence, { ...linkTo(link), ...(count && { count }), ...(unbound && { unbound }) });
  }

  async #digestsOf({ review }: BoundMergeRequest): Promise<VersionDigests> {
    const digests = new Map<string, string>();
    const pairs = versionsToCompare(review).flatMap(({ base, head }) => (base && head ? [{ base, head }] : []));
    const presence = await this.#ports.versions.ensureCommits(pairs.flatMap(({ base, head }) => [base, head]));
    for (const { base, head } of pairs) {
      const there = presence.get(base) === 'present' && presence.get(head) === 'present';
      digests.set(changeKey(base, head), there ? await this.#ports.versions.changeDigest(base, head) : 'refused');
    }
    return digests;
  }
}

/** Merge requests that endorsed another landing. */
function usedElsewhere({ usedMergeRequests }: PolicyState, { commit }: Landing): ReadonlySet<number> {
  return new Set([...usedMergeRequests].flatMap(([iid, endorsed]) => (endorsed === commit ? [] : [iid])));
}

/** The versions that approvals may have seen, and the last one: what the others contained proves nothing. */
function versionsToCompare({ versions, approvals }: BoundMergeRequest['review']): readonly Version[] {
  const inTime = [...versions].sort((left, right) => left.createdAt - right.createdAt || left.id - right.id);
  const seen = approvals.flatMap(({ at }) => inTime.filter(({ createdAt }) => createdAt < at).slice(-1));
  return [...new Set([...seen, ...inTime.slice(-1)])];
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
  evidence: unknown,
  more: Pick<Extract<Verdict, { kind: 'refused' }>, 'link' | 'count' | 'unbound'> = {},
): Judgement {
  return { kind: 'judged', evidence, verdict: { kind: 'refused', code, detail, mergeRequest, ...more } };
}

/** GitLab may name no page, or one on another server. */
function linkTo(page = ''): { readonly link?: string } {
  return page === '' ? {} : { link: page };
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Unavailable) return { kind: 'waiting', code: `${error.system}-unavailable`, detail: error.message };
  if (error instanceof Unusable) return { kind: 'unusable', code: 'gitlab-unusable', detail: error.message };
  throw error;
}

function otherProject(known: number, now: number): string {
  return `the project in the configuration is number ${now} on GitLab now, and the ledger knows it as number ${known}: it was replaced. Nothing is judged until a person has looked; docs/operating.md says how to go on`;
}
