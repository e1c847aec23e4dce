// Who judges what landings contain: GitLab, signatures alone, or nobody.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forgeSettingsWith, openGitLab } from '../gitlab/gitlab.ts';
import { gitlabJudge, type Remembered, type SigningPorts } from './gitlab-judge.ts';
import { signedJudge } from './signed-judge.ts';
import { largestStatement, projectOf } from '../signing/statement.ts';
import type { Mirror } from '../history/mirror.ts';
import type { Configuration } from '../config/configuration.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { errnoOf, Misuse, stateFailure, Unavailable, Unusable } from '../errors.ts';
import type { ContentJudge } from '../judge/judge-branch.ts';
import type { ClockWitnesses } from '../membership/clock.ts';
import { surroundingsOf, type Caller } from '../host.ts';
import type { Distrusted } from '../record/approval-count.ts';
import { openSigning, type Carriers, type SigningRecord } from '../signing/collect.ts';
import { verifyBy } from '../signing/ssh-keygen.ts';

export interface NoMirror {
  readonly reason: Unavailable | Unusable;
}

export interface OpenEvidence {
  readonly judge: ContentJudge;
  /** Where a forge is asked. */
  readonly signing?: SigningPorts;
  /** `Date` of the forge's latest answer; asks for one when `required`. */
  readonly forgeClock: (required: boolean) => Promise<ClockWitnesses['gitlab']>;
}

interface EvidenceTerms extends Remembered, Pick<SigningRecord, 'records' | 'append'> {
  /** The project's id on record. */
  readonly project: number | undefined;
  readonly distrusted: readonly Distrusted[];
  /** Milliseconds after which nothing more is asked of GitLab. */
  readonly patience: number;
}

/** Who keeps no record cannot have waited: what GitLab names no merge request for now is taken to have none. */
export const asIfWaited = {
  project: undefined,
  firstSeen: () => instant(0),
  wasHead: () => false,
  unanswered: () => undefined,
  refusedByHand: () => undefined,
  caughtUp: () => true,
  records: () => [],
  append: () => Promise.resolve(),
  distrusted: [],
  patience: Number.POSITIVE_INFINITY,
} as const;

export async function openEvidence(
  configuration: Configuration,
  mirror: Mirror | NoMirror,
  caller: Caller,
  terms: EvidenceTerms,
): Promise<OpenEvidence> {
  if (configuration.evidence === 'none') return { judge: unjudged(terms.now), forgeClock: () => Promise.resolve(undefined) };
  if (configuration.evidence === 'signed') {
    const signing = signingOf(configuration, mirror, () => Promise.resolve([]), terms, caller);
    const { folder, url } = configuration.repository;
    const judge = signedJudge({
      ...terms,
      ...{ folder, project: projectOf(url), signing },
      hasStatements: async (commits) =>
        'history' in mirror && ((await mirror.approvals.read(commits)).length > 0 || approvalFiles(configuration).length > 0),
      notesFailure: () => ('history' in mirror ? mirror.approvals.failure() : undefined),
      jump: (from, to) => ('history' in mirror ? mirror.history.jump(from, to, folder) : Promise.reject(mirror.reason)),
    });
    return { judge, signing, forgeClock: () => Promise.resolve(undefined) };
  }
  const { gitlab, repository, file } = configuration;
  if (!gitlab) throw new Misuse(`${file}: the section "gitlab" is missing`);
  // The machine's own pace, from the first question on: the time of day may jump.
  let begun: number | undefined;
  const mayAsk = (): boolean => performance.now() - (begun ??= performance.now()) < terms.patience;
  const forge = openGitLab({ ...(await forgeSettingsWith(gitlab.tokenFile, gitlab, caller.now)), mayAsk });
  const absent = (): Promise<never> =>
    Promise.reject('reason' in mirror ? mirror.reason : new Unavailable('git', 'the mirror is not open'));
  const signing = signingOf(configuration, mirror, forge.comments, terms, caller);
  const judge = gitlabJudge({
    ...terms,
    forge,
    hasToken: gitlab.tokenFile !== undefined,
    versions: 'history' in mirror ? mirror.versions : { ensureCommits: absent, changeDigests: absent },
    branch: repository.branch,
    folder: repository.folder,
    signing,
    progress: caller.progress,
  });
  return { judge, signing, forgeClock: (required) => readForgeClock(forge, required) };
}

function signingOf(
  { repository, signed, requireTouch, judged, gitlab }: Configuration,
  mirror: Mirror | NoMirror,
  comments: Carriers['comments'],
  { now, distrusted, ...record }: EvidenceTerms,
  caller: Caller,
): SigningPorts {
  const { branch, start, folder } = repository;
  const isOpen = 'history' in mirror;
  // Where no forge names the head of what was merged, git does.
  const isAlone = gitlab === undefined;
  return openSigning(
    {
      carriers: {
        comments,
        notes: async (commits) => (isOpen ? mirror.approvals.read(isAlone ? await withMerged(commits, mirror) : commits) : []),
        files: () => approvalFiles({ judged }),
      },
      record,
      blobs: (...asked) => (isOpen ? mirror.history.blobs(...asked) : Promise.reject(mirror.reason)),
      verify: verifyBy({ path: surroundingsOf(caller).path, state: judged }),
    },
    { branch, start, folder, ceilings: signed, requireTouch, distrusted, now },
  );
}

function approvalFiles({ judged }: Pick<Configuration, 'judged'>): readonly string[] {
  return judged === undefined ? [] : readApprovalFiles(join(judged, 'approvals'));
}

const mostApprovalFiles = 500;

/** The plain files of a folder, in the order of their names, newest names last; longer ones than a statement may be are none. */
export function readApprovalFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .slice(-mostApprovalFiles)
      .map((name) => join(folder, name))
      .filter((path) => isSmallFile(path))
      .map((path) => readFileSync(path, 'latin1'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw stateFailure('ledger', folder, `signed approvals in ${folder} cannot be read`, error);
  }
}

function isSmallFile(path: string): boolean {
  const state = lstatSync(path);
  return state.isFile() && state.size <= largestStatement;
}

/** A merge has the head of the branch that it brings as its second parent, and what was signed stands there. */
async function withMerged(commits: readonly CommitId[], { history }: Mirror): Promise<readonly CommitId[]> {
  const merged: CommitId[] = [];
  for (const commit of commits) merged.push(...(await history.parents(commit)).slice(1, 2));
  return [...commits, ...merged];
}

/** `Date` of GitLab's last answer. A run that asked GitLab nothing asks for the sake of the clock only where it must. */
async function readForgeClock(
  forge: { project(): Promise<unknown>; clock(): { readonly server: number; readonly here: number } | undefined },
  required: boolean,
): Promise<ClockWitnesses['gitlab']> {
  if (required && !forge.clock()) {
    await forge.project().catch((error: unknown) => {
      // Without an answer there is no witness, and that is what the clock check is told.
      if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    });
  }
  const reading = forge.clock();
  return reading && { date: instant(reading.server), receivedAt: instant(reading.here) };
}

/** `evidence: none`: every landing that is well-formed and clean is endorsed, and counts as reviewed by nobody. The committer wrote the time, so it is believed only as far as it lies in the past. */
export function unjudged(now: Instant): ContentJudge {
  return {
    evidence: 'none',
    prepare: () => Promise.resolve([]),
    judge: (_, { commit, committedAt }) =>
      Promise.resolve({
        kind: 'judged',
        evidence: null,
        verdict: {
          kind: 'endorsed',
          reviewed: false,
          commit,
          mergeRequest: null,
          approvedBy: [],
          landedAt: instant(Math.min(committedAt, now)),
        },
      }),
  };
}
