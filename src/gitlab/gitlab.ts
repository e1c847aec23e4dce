// GitLab as muster sees it: who merged and approved what. gitbeaker is slow to import, so it is loaded with the first question.
import type { EvidenceAnswer, OtherMergeRequest, TargetBranch } from '../evidence/evidence.ts';
import { instant, isInstant, type CommitId, type Instant } from '../names.ts';
import { Unavailable, Unusable } from '../errors.ts';
import { landingCommit } from '../evidence/binding.ts';
import type { Api, Project } from './api.ts';
import { answersAbout, evidenceFor } from './gathering.ts';
import type { Comment } from '../signing/collect.ts';
import { Declined, Malformed } from './failure.ts';
import { openGate } from './budget.ts';
import { trustIn, type Trust } from '../tls.ts';
import type { Configuration } from '../config/configuration.ts';
import { readSecret } from '../config/secret-files.ts';
import { day } from '../time.ts';
import type { RequesterSettings } from './requester.ts';

export interface GitLabSettings {
  /** The server, with its path prefix if it has one. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; project, personal and OAuth tokens all work so. Without one, what a public project shows to everybody. */
  readonly token?: string;
  /** For https://. */
  readonly trust?: Trust | undefined;
  /** The project's path or number. */
  readonly project: string;
  readonly now: () => Instant;
  /** Requests at a time. */
  readonly concurrency?: number;
  /** Milliseconds for one request. */
  readonly timeout?: number;
  readonly attempts?: number;
  /** Milliseconds before the second attempt, doubled before each further one. */
  readonly firstPause?: number;
  /** False once the time for questions is over; without it, they have all the time they take. */
  readonly mayAsk?: () => boolean;
}

/** Two clocks at one moment: the server's, in whole seconds, and ours. */
export interface ClockReading {
  readonly server: Instant;
  readonly here: Instant;
}

export type GitLab = ReturnType<typeof openGitLab>;

/** What the configuration says of the server, with the token in a file, if there is one. Throws Misuse where a file cannot be used. */
export async function forgeSettingsWith(
  tokenFile: string | undefined,
  gitlab: NonNullable<Configuration['gitlab']>,
  now: () => Instant,
): Promise<GitLabSettings> {
  return { ...forgeSettings(gitlab, now), ...(tokenFile !== undefined && { token: await readSecret(tokenFile) }) };
}

/** What the configuration says of the server, but for the token. Throws Misuse where `gitlab.ca-file` cannot be used. */
export function forgeSettings(
  { url, project, concurrency, authoritiesFile, proxy }: NonNullable<Configuration['gitlab']>,
  now: () => Instant,
): Omit<GitLabSettings, 'token'> {
  const trust = url.startsWith('https:') ? trustIn(authoritiesFile, 'gitlab.ca-file', proxy) : undefined;
  return { url, project, concurrency, now, trust };
}

export function openGitLab(settings: GitLabSettings) {
  let reading: ClockReading | undefined;
  const onDate = (header: string | null): void => {
    const server = header === null ? Number.NaN : Date.parse(header);
    if (isInstant(server)) reading = { server, here: settings.now() };
  };
  // All that is loaded late, before the first question: after an answer that took minutes an upgrade may have put other files in its place.
  let loaded: Promise<Api> | undefined;
  const connected = () => (loaded ??= import('./api.ts').then(({ connect }) => connect(requesterSettings(settings, onDate))));
  return {
    /** @throws Unavailable without an answer; Unusable when GitLab knows no such project or does not take the token */
    project: async (): Promise<Project> =>
      (await connected()).project(settings.project).catch((error: unknown) => complain(error, settings.project)),
    /** What GitLab knows of a landing; never throws for anything the server does. */
    evidenceFor: async (commit: CommitId, target: TargetBranch): Promise<EvidenceAnswer> => evidenceFor(await connected(), commit, target),
    /** Where the branch stood before a push, or a merge, brought it to the commit. @throws Unavailable or Unusable */
    async stoodBefore(commit: CommitId, { project, branch }: TargetBranch, at: Instant): Promise<CommitId | undefined> {
      const around = [instant(at - day), instant(at + day)] as const;
      const events = await (await connected()).pushEvents(project, ...around).catch((error: unknown) => {
        if (error instanceof Declined && (error.status === 403 || error.status === 404)) return { entries: [], hidden: 0 };
        return complain(error, settings.project);
      });
      return events.entries.findLast((event) => event.branch === branch && event.to === commit)?.from ?? undefined;
    },
    /** Some that were merged last; where there are none but `own`, others of the project. @throws Unavailable or Unusable */
    async othersThan(own: CommitId, { project, branch }: TargetBranch): Promise<readonly OtherMergeRequest[]> {
      const asked = await connected();
      const newest = async (mergedInto?: string): Promise<readonly OtherMergeRequest[]> => {
        const found = await asked.newest(project, mergedInto).catch((error: unknown) => complain(error, settings.project));
        return found.flatMap((one) => {
          const commit = landingCommit(one) ?? one.head;
          return commit === null || commit === own ? [] : [{ iid: one.iid, commit }];
        });
      };
      const merged = await newest(branch);
      return merged.length > 0 ? merged : newest();
    },
    /** Whether it answers about this one, whole, everything that may have to be known of a landing; never throws for anything the server does. */
    answersAbout: async (other: OtherMergeRequest, { project }: TargetBranch): Promise<boolean> =>
      answersAbout(await connected(), other, project),
    /** What people wrote on a merge request, newest first. @throws Unavailable or Unusable */
    comments: async (project: number, iid: number): Promise<readonly Comment[]> =>
      (await connected()).comments(project, iid).catch((error: unknown) => complain(error, settings.project)),
    /** From the `Date` header of the last answer; undefined before the first. */
    clock: () => reading,
  };
}

/** The token goes to the server's origin only; every request is bounded. */
export function requesterSettings(settings: GitLabSettings, onDate: RequesterSettings['onDate'] = () => undefined): RequesterSettings {
  return {
    server: new URL(settings.url),
    token: settings.token,
    trust: settings.trust,
    gate: openGate(settings.concurrency ?? 4),
    timeout: settings.timeout ?? 20_000,
    attempts: settings.attempts ?? 4,
    firstPause: settings.firstPause ?? 250,
    longestPause: 30_000,
    largestAnswer: 16 * 1024 * 1024,
    mayAsk: settings.mayAsk ?? (() => true),
    onDate,
  };
}

/** Makes of an answer that is a no what the person at the keyboard can act on; passes on what is none. */
export function complain(error: unknown, project: string): never {
  if (error instanceof Malformed) throw new Unavailable('gitlab', error.message);
  if (!(error instanceof Declined)) throw error;
  if (error.status === 401)
    throw new Unusable('GitLab does not accept the token: it is wrong, revoked or expired. Make a new one and put it into the token file');
  if (error.status === 301 || error.status === 302 || error.status === 307 || error.status === 308) {
    const how =
      error.movedTo === undefined
        ? 'write where it is now'
        : `write "project: ${error.movedTo}", its number, which stays when it moves again,`;
    throw new Unusable(
      `GitLab says that the project ${project} has moved: the administrator of this host looks whether that is right, and ${how} into gitlab.project (and its new address into repository.url)`,
    );
  }
  if (error.status === 403) throw new Unusable('the token may not read the project: it needs the scope read_api');
  if (error.status === 404)
    throw new Unusable(
      `GitLab knows no project ${project}, or the token's account may not see it: check gitlab.project, and that the account is a member`,
    );
  throw new Unusable(`${error.message}: check gitlab.url`);
}
