// The token by which notes on merge requests are written.
import { readSecret } from '../config/secret-files.ts';
import type { Configuration } from '../config/configuration.ts';
import { Misuse } from '../errors.ts';
import { forgeSettings } from '../gitlab/gitlab.ts';
import type { Caller } from '../host.ts';

/** What the commands about merge requests cannot do without. */
export type ForgeConfiguration = Configuration & { readonly gitlab: NonNullable<Configuration['gitlab']> };

export async function openComments({ gitlab, file }: ForgeConfiguration, caller: Caller) {
  if (gitlab.commentTokenFile === undefined)
    throw new Misuse(`${file}: the key "gitlab.comment-token-file" is missing; notes are written with that token`);
  const { openNotes } = await import('../gitlab/notes.ts');
  return openNotes({ ...forgeSettings(gitlab, caller.now), token: await readSecret(gitlab.commentTokenFile) });
}
