// A fast-forward of several commits by one merge request is one landing: from where the branch really stood to its head.
// The base in a version never decides: a merge request that is stacked on another shows the other's changes as if they had been there.
import type { Landing } from '../history/landing.ts';
import { longestForward, type Forward } from '../judge/judge-branch.ts';
import type { CommitId, Instant } from '../names.ts';
import { bindMergeRequests, isFastForward, ruledOut } from './binding.ts';
import type { EvidenceAnswer, TargetBranch } from './evidence.ts';
import type { LandingEvidence } from '../record/kept-evidence.ts';

/** What must be known of one of its commits is not. */
export class NotAnswered extends Error {
  override readonly name = 'NotAnswered';
  readonly landing: Landing;
  readonly answer: Extract<EvidenceAnswer, { kind: 'waiting' }>;

  constructor(landing: Landing, answer: Extract<EvidenceAnswer, { kind: 'waiting' }>) {
    super(answer.message);
    this.landing = landing;
    this.answer = answer;
  }
}

export interface Branch {
  readonly landings: readonly Landing[];
  /** The place of the last that was judged; -1 before the first. */
  readonly judged: number;
  readonly target: TargetBranch;
  readonly answerFor: (landing: Landing) => Promise<EvidenceAnswer>;
  readonly stoodBefore: (commit: CommitId, at: Instant) => Promise<CommitId | undefined>;
  readonly wasHead: (commit: CommitId) => boolean;
  /** Merge requests that brought another landing. */
  readonly used: (landing: Landing, evidence: LandingEvidence) => ReadonlySet<number>;
}

/** The fast-forward that the landing at `place` is part of; undefined where it is a landing by itself. Throws NotAnswered. */
export async function findForward(branch: Branch, place: number): Promise<Forward | undefined> {
  const evidence = await evidenceAt(branch, place);
  for (const { mergeRequest } of evidence?.candidates ?? []) {
    const to = branch.landings.findIndex(({ commit }, at) => at >= place && commit === mergeRequest.head);
    if (to === -1 || !isFastForward(mergeRequest, branch.target)) continue;
    const mergedAt = await boundAt(branch, to, mergeRequest.iid);
    const from = mergedAt === undefined ? undefined : await whereItStood(branch, to, mergeRequest.iid, mergedAt);
    if (from === undefined || from >= place || from === to - 1) continue;
    const own = branch.landings.slice(from + 1, to + 1);
    // A branch that another was merged into does not begin where the branch stood.
    if (own.length <= longestForward && own.every(({ parents }) => parents === 1)) return { kind: 'forward', from, to };
  }
  return undefined;
}

/** Before anybody is asked: a merge is part of none, and neither is what stands alone between what was judged and a merge, or the end of the branch. */
export function mayBePart({ landings, judged }: Pick<Branch, 'landings' | 'judged'>, place: number): boolean {
  return landings[place]?.parents === 1 && (place > judged + 1 || landings[place + 1]?.parents === 1);
}

async function evidenceAt({ landings, answerFor }: Branch, place: number): Promise<LandingEvidence | undefined> {
  const landing = landings[place];
  if (!landing) return undefined;
  const answer = await answerFor(landing);
  if (answer.kind === 'waiting') throw new NotAnswered(landing, answer);
  return answer.kind === 'known' ? answer.evidence : undefined;
}

/** When it was merged as exactly the landing at `to`; undefined where it was not. */
async function boundAt(branch: Branch, to: number, iid: number): Promise<Instant | undefined> {
  const landing = branch.landings[to];
  const evidence = await evidenceAt(branch, to);
  if (!landing || !evidence) return undefined;
  const binding = bindMergeRequests(landing, evidence.candidates, branch.target, branch.used(landing, evidence));
  return binding.kind === 'bound' ? binding.mergeRequests.find(({ mergeRequest }) => mergeRequest.iid === iid)?.mergedAt : undefined;
}

/** The latest place before `to` of which anything tells that the branch stood there; undefined where it stood somewhere else. */
async function whereItStood(branch: Branch, to: number, iid: number, mergedAt: Instant): Promise<number | undefined> {
  const { landings, judged, wasHead, stoodBefore } = branch;
  const end = landings[to];
  if (!end) return undefined;
  const seen = landings.findLastIndex(({ commit }, place) => place < to && wasHead(commit));
  const told = await stoodBefore(end.commit, mergedAt);
  if (told !== undefined) {
    const place = told === landings[0]?.parent ? -1 : landings.findIndex(({ commit }) => commit === told);
    return place === -1 && told !== landings[0]?.parent ? undefined : Math.max(place, seen, judged);
  }
  const known = Math.max(seen, judged);
  for (let place = to - 1; place > known && to - place <= longestForward; place -= 1) {
    if (await isHeadOfAnother(branch, place, iid)) return place;
  }
  return known;
}

async function isHeadOfAnother(branch: Branch, place: number, iid: number): Promise<boolean> {
  const landing = branch.landings[place];
  const evidence = await evidenceAt(branch, place);
  return (evidence?.candidates ?? []).some(
    ({ mergeRequest, review }) =>
      mergeRequest.iid !== iid && review !== null && landing && ruledOut(mergeRequest, landing.commit, branch.target) === undefined,
  );
}
