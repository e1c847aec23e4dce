// What `muster revoke` says of the grants and rosters that still name a person, and what it writes on GitLab to have them follow. Nothing in
// it was written by anybody but muster: the reason of a revocation stays on the host.
import type { Uid } from '../names.ts';
import type { StillNamed } from './ratification.ts';
import { plain } from '../text.ts';

export interface AskedFor {
  readonly kind: 'merge-request' | 'issue';
  readonly opened: { readonly iid: number; readonly url: string };
}

export interface Draft {
  readonly title: string;
  readonly description: string;
}

const onlyRevoked = (uid: Uid) =>
  `\`${uid}\` was revoked on the host that runs muster. Until this is done, only that keeps \`${uid}\` out.`;

/** Takes away every grant that names the person. */
export function draftOfRemoval(uid: Uid, { grants }: Pick<StillNamed, 'grants'>): Draft {
  const groups = [...new Set(grants.map(({ group }) => group))];
  const paths = grants.map(({ path }) => `- \`${path}\``);
  return {
    title: `End the access of ${uid} to ${groups.join(', ')}`,
    description: `${onlyRevoked(uid)}\n\nThis deletes:\n\n${paths.join('\n')}\n`,
  };
}

/** Where no merge request will do: what somebody has to change. */
export function draftOfIssue(uid: Uid, { grants, rosters }: Pick<StillNamed, 'grants' | 'rosters'>): Draft {
  const steps = [
    ...grants.map(({ path }) => `- Delete \`${path}\`, in a merge request that is approved before it is merged.`),
    ...rosters.map((roster) => `- Have \`${uid}\` taken off the list that is the roster \`${roster}\`, by whoever makes it.`),
  ];
  const where = [...new Set(grants.map(({ group }) => group)), ...rosters.map((roster) => `the roster ${roster}`)];
  return { title: `Take ${uid} out of ${where.join(', ')}`, description: `${onlyRevoked(uid)}\n\n${steps.join('\n')}\n` };
}

export function renderStillNamed(uid: Uid, { namedBy, unread }: StillNamed): string {
  if (namedBy.length + unread.length === 0) return `No grant in force and no roster names ${uid} there.\n`;
  return [
    ...(namedBy.length > 0 ? [`Until these follow, only the revocation keeps ${uid} out:`] : []),
    ...namedBy.map((one) => `  ${plain(one)}`),
    ...unread.map((roster) => `  perhaps the roster ${roster}: no list of it can be read`),
    '',
  ].join('\n');
}

/** Where there is a forge, `muster request` does the deleting. */
export function renderByHand(uid: Uid, { grants, rosters }: StillNamed, hasForge: boolean): string {
  return [
    ...grants.map(({ group, path }) => (hasForge ? `  muster request ${group} ${uid} --revoke\n` : `  delete ${plain(path)}\n`)),
    ...rosters.map((roster) => `  have ${uid} taken off the roster ${roster}, by whoever makes it\n`),
  ].join('');
}

export function renderAskedFor({ kind, opened: { iid, url } }: AskedFor): string {
  return `${kind === 'issue' ? `Issue #${iid}` : `Merge request !${iid}`} asks for it: ${plain(url)}\n`;
}
