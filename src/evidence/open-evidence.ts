// Who judges what landings contain: GitLab, or nobody.
import { digestOfChanges } from '../history/changes.ts';
import { forgeSettings, openGitLab } from '../gitlab/gitlab.ts';
import { gitlabJudge } from './gitlab-judge.ts';
import { unjudged } from './without-evidence.ts';
import type { Mirror } from '../history/mirror.ts';
import { readSecret } from '../config/secret-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { steadyNow } from '../membership/clock.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { Misuse, Unavailable, Unusable } from '../errors.ts';
import type { ContentJudge } from '../judge/judging.ts';
import type { Sources } from '../reconcile/survey.ts';
import type { Caller } from '../reconcile/host.ts';
import type { State } from '../ledger/state.ts';

export interface NoMirror {
  readonly reason: Unavailable | Unusable;
}

export interface OpenEvidence {
  readonly judge: ContentJudge;
  readonly forgeClock: Sources['forgeClock'];
}

export interface EvidenceTerms {
  /** When this host first saw a landing; the ledger's answer unless told otherwise. */
  readonly firstSeen?: (commit: CommitId) => Instant | undefined;
  /** Milliseconds after which nothing more is asked of GitLab. */
  readonly patience?: number;
}

export async function openEvidence(
  configuration: Configuration,
  mirror: Mirror | NoMirror,
  state: Pick<State, 'memory' | 'lastRun'>,
  caller: Caller,
  { firstSeen = (commit) => state.memory.firstSeen.get(commit), patience = Number.POSITIVE_INFINITY }: EvidenceTerms = {},
): Promise<OpenEvidence> {
  if (configuration.evidence === 'none') {
    return { judge: unjudged(steadyNow(caller.now(), state.lastRun)), forgeClock: () => Promise.resolve(undefined) };
  }
  const { gitlab, repository, file } = configuration;
  if (!gitlab) throw new Misuse(`${file}: the section "gitlab" is missing`);
  const token = gitlab.tokenFile === undefined ? {} : { token: await readSecret(gitlab.tokenFile) };
  // The machine's own pace, from the first question on: the time of day may jump.
  let begun: number | undefined;
  const mayAsk = (): boolean => performance.now() - (begun ??= performance.now()) < patience;
  const forge = openGitLab({ ...forgeSettings(gitlab, caller.now), mayAsk, ...token });
  const { memory } = state;
  const absent = (): Promise<never> =>
    Promise.reject('reason' in mirror ? mirror.reason : new Unavailable('git', 'the mirror is not open'));
  const judge = gitlabJudge({
    forge,
    versions: {
      ensureCommits: 'history' in mirror ? mirror.ensureCommits : absent,
      changeDigests: 'history' in mirror ? mirror.history.changeDigests : absent,
      digestOf: ({ changes }) => digestOfChanges(changes),
    },
    branch: repository.branch,
    folder: repository.folder,
    project: memory.project,
    firstSeen,
    wasHead: (commit) => memory.heads.has(commit),
    unanswered: (commit) => memory.unanswered.get(commit),
    refusedByHand: (commit) => memory.refusedByHand.get(commit),
    now: steadyNow(caller.now(), state.lastRun),
    progress: caller.progress,
  });
  return { judge, forgeClock: (required) => readForgeClock(forge, required) };
}

/** `Date` of GitLab's last answer. A run that asked GitLab nothing asks for the sake of the clock only where it must. */
async function readForgeClock(
  forge: { project(): Promise<unknown>; clock(): { readonly server: number; readonly here: number } | undefined },
  required: boolean,
): ReturnType<Sources['forgeClock']> {
  if (required && !forge.clock()) {
    await forge.project().catch((error: unknown) => {
      // Without an answer there is no witness, and that is what the clock check is told.
      if (!(error instanceof Unavailable || error instanceof Unusable)) throw error;
    });
  }
  const reading = forge.clock();
  return reading && { date: instant(reading.server), receivedAt: instant(reading.here) };
}
