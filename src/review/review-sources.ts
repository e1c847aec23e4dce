// What a review is read from, and where its note goes: GitLab by two tokens, and the commits of a merge request.
import { readSecret } from '../config/secret-files.ts';
import { surveySettings, type Caller } from '../host.ts';
import type { Configuration } from '../config/configuration.ts';
import { Misuse } from '../errors.ts';
import { forgeSettings } from '../gitlab/gitlab.ts';
import type { ReviewPorts, ReviewSettings } from './review-merge-request.ts';

/** What the commands about merge requests cannot do without. */
export type ForgeConfiguration = Configuration & { readonly gitlab: NonNullable<Configuration['gitlab']> };

export async function openComments({ gitlab, file }: ForgeConfiguration, caller: Caller) {
  if (gitlab.commentTokenFile === undefined)
    throw new Misuse(`${file}: the key "gitlab.comment-token-file" is missing; notes are written with that token`);
  const { openNotes } = await import('../gitlab/notes.ts');
  return openNotes({ ...forgeSettings(gitlab, caller.now), token: await readSecret(gitlab.commentTokenFile) });
}

export async function openForge({ gitlab }: ForgeConfiguration, caller: Caller): Promise<ReviewPorts['forge']> {
  const { openMergeRequests } = await import('../gitlab/merge-requests.ts');
  const token = gitlab.tokenFile === undefined ? {} : { token: await readSecret(gitlab.tokenFile) };
  return openMergeRequests({ ...forgeSettings(gitlab, caller.now), ...token });
}

export function reviewSettings(configuration: Configuration): ReviewSettings {
  const { start, folder, longest } = surveySettings(configuration);
  const { rules, branch } = configuration.repository;
  return { start, folder, longest, rules, branch, ceilings: configuration.signed };
}
