// `muster review MR`: what there is to say about one merge request, judged in memory by what is in force. Writes nothing.
import { requirement, type SignedCeilings } from '../evidence/approval.ts';
import type { SigningPorts } from '../evidence/gitlab-judge.ts';
import { digestsOf } from '../evidence/inquiries.ts';
import { landingCommit } from '../evidence/binding.ts';
import type { PolicyState } from '../record/policy-state.ts';
import type { MergeRequest, Review } from '../record/kept-evidence.ts';
import type { History } from '../history/history.ts';
import type { Landing } from '../history/landing.ts';
import type { Mirror } from '../history/mirror.ts';
import { digestOfChanges } from '../history/changes.ts';
import type { MergeRequests } from '../gitlab/merge-requests.ts';
import type { CommitId, Instant } from '../names.ts';
import { readProposed } from '../check/proposed-change.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import type { Reviewed as MergeRequestReview } from './note.ts';
import { reviewOpen, type Proposal } from './review.ts';
import type { Configuration } from '../config/configuration.ts';
import { Misuse, Unavailable, Unusable, type Problem } from '../errors.ts';
import { forgeSettingsWith } from '../gitlab/gitlab.ts';
import { surveySettings, type Caller } from '../host.ts';
import type { ReachOf, Standing } from '../record/standing.ts';
import { judgedLandings } from './landed.ts';
import { settledReview } from './settled-review.ts';
import { judgeBranch, type Judged, type JudgingPorts, type JudgingSettings } from '../judge/judge-branch.ts';
import { landingFiles } from '../judge/landing-files.ts';

/** What a review is made from, beside the branch as it was judged. */
export interface ReadPorts {
  readonly forge: Pick<MergeRequests, 'project' | 'read'>;
  readonly commits: Pick<Mirror, 'proposal' | 'versions'>;
  readonly records: () => Iterable<JudgingRecord>;
  readonly reachOf: ReachOf;
  readonly presenceOf: Standing['presenceOf'];
  readonly signing?: SigningPorts;
  readonly now: Instant;
}

export interface ReviewPorts extends JudgingPorts, ReadPorts {}

export interface ReviewSettings extends JudgingSettings {
  readonly branch: string;
  readonly ceilings: SignedCeilings;
}

/** The branch, with the state that it was judged to. */
export interface JudgedBranch {
  readonly judged: Judged;
  readonly state: PolicyState | undefined;
}

export interface Reviewed {
  readonly mergeRequest: MergeRequest;
  readonly review: MergeRequestReview;
  readonly problems: readonly Problem[];
}

/** Throws Misuse where there is no such merge request, and Unavailable where too little is known to say anything. */
export async function reviewMergeRequest(iid: number, ports: ReviewPorts, settings: ReviewSettings): Promise<Reviewed> {
  return reviewBy(iid, async () => ({ judged: await judgeBranch(ports, settings), state: ports.record.state().policy }), ports, settings);
}

/** The same, by a branch that is judged when it is needed. */
export async function reviewBy(
  iid: number,
  branch: () => Promise<JudgedBranch>,
  ports: ReadPorts,
  settings: ReviewSettings,
): Promise<Reviewed> {
  const project = await ports.forge.project();
  const { mergeRequest, review } = await ports.forge.read(project, iid);
  const known = (what: MergeRequestReview, problems: readonly Problem[] = []): Reviewed => ({ mergeRequest, review: what, problems });
  if (mergeRequest.targetProject !== project || mergeRequest.targetBranch !== settings.branch)
    return known({ kind: 'unmerged', why: 'other-branch' });
  if (mergeRequest.state === 'closed') return known({ kind: 'unmerged', why: 'closed' });
  if (mergeRequest.state === 'locked') return known({ kind: 'unmerged', why: 'merging' });
  const { judged, state } = await branch();
  const { policy, head, problems } = judged;
  if (!policy) throw judgingProblem(judged);
  if (mergeRequest.state === 'merged') {
    const commit = landingCommit(mergeRequest);
    const [landing] = judgedLandings(ports.records(), (record) => record.commit === commit);
    return known(settledReview(commit, landing, policy, ports.reachOf, settings.folder, ports.now), problems);
  }
  if (!state || !head) throw judgingProblem(judged);
  const proposal = await propose(mergeRequest, review, head, state, ports, settings);
  return known(reviewOpen(proposal, state, policy, settings, ports.now, ports.presenceOf), problems);
}

function judgingProblem({ problems: [first] }: Judged): Error {
  if (first && first.status !== 'unavailable') return new Unusable(first.message);
  return new Unavailable('git', first?.message ?? 'the branch is not known');
}

/** The landing that merging now would make, without merging anything. */
async function propose(
  mergeRequest: MergeRequest,
  review: Review,
  tip: CommitId,
  state: PolicyState,
  ports: ReadPorts,
  { folder, ceilings }: ReviewSettings,
): Promise<Proposal> {
  const { commits } = ports;
  const { head } = mergeRequest;
  const history = head === null ? undefined : await commits.proposal(head, tip);
  if (head === null || !history)
    throw new Unavailable('git', `the commits of !${mergeRequest.iid} are not there; GitLab may still be at work on the last push`);
  const proposed = await readProposed(history, head, tip, folder);
  if (!proposed) throw new Unusable(`!${mergeRequest.iid} has no history in common with the branch`);
  const { own, changes, inside, overlaps, hiddenBy } = proposed;
  const landing: Landing = {
    commit: head,
    parent: tip,
    parents: 2,
    committedAt: ports.now,
    changes: inside,
    outside: changes.length - inside.length,
    hiddenBy,
  };
  const files = landingFiles(history.blobs, folder);
  return {
    mergeRequest,
    review,
    landing,
    readings: await files.readingsOf(state, landing, await files.contentsOf([landing])),
    own,
    overlaps,
    digest: overlaps.length > 0 ? undefined : digestOfChanges(changes),
    ...(await signingOf(state, landing, mergeRequest, history.blobs, ports, ceilings)),
    digests: await digestsOf(commits.versions, review, mergeRequest.author),
  };
}

/** Where nothing has to be signed, nothing is asked for. */
async function signingOf(
  state: PolicyState,
  landing: Landing,
  mergeRequest: MergeRequest,
  blobs: History['blobs'],
  { signing }: ReadPorts,
  ceilings: SignedCeilings,
): Promise<Pick<Proposal, 'signing' | 'statement' | 'unreadable'>> {
  const isAsked = (requirement(state.rules, 'policy.yaml', ceilings)?.signed ?? 0) > 0;
  if (!signing || !isAsked || landing.changes.length === 0) return { signing: { ceilings, signatures: [] } };
  const of = { project: mergeRequest.targetProject, mergeRequest, blobs };
  const { signatures, statement, unreadable } = await signing.openRequest(state, landing, of);
  return { signing: { ceilings, signatures }, unreadable, statement };
}

/** What the commands about merge requests cannot do without. */
export type ForgeConfiguration = Configuration & { readonly gitlab: NonNullable<Configuration['gitlab']> };

export async function openComments({ gitlab, file }: ForgeConfiguration, caller: Caller) {
  if (gitlab.commentTokenFile === undefined)
    throw new Misuse(`${file}: the key "gitlab.comment-token-file" is missing; notes are written with that token`);
  const { openNotes } = await import('../gitlab/notes.ts');
  return openNotes(await forgeSettingsWith(gitlab.commentTokenFile, gitlab, caller.now));
}

export async function openForge({ gitlab }: ForgeConfiguration, caller: Caller): Promise<ReviewPorts['forge']> {
  const { openMergeRequests } = await import('../gitlab/merge-requests.ts');
  return openMergeRequests(await forgeSettingsWith(gitlab.tokenFile, gitlab, caller.now));
}

export function reviewSettings(configuration: Configuration): ReviewSettings {
  const { start, folder, longest } = surveySettings(configuration);
  const { rules, branch } = configuration.repository;
  return { start, folder, longest, rules, branch, ceilings: configuration.signed };
}
