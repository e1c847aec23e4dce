// What `muster revoke` says of the grants and rosters that still name a person, and what makes them follow.
import type { Uid } from '../names.ts';
import type { StillNamed } from './ratification.ts';
import { plain } from '../text.ts';

/** Undefined: there is no record that could tell. Where there is a forge, `muster request` does the deleting. */
export function renderStillNamed(uid: Uid, still: StillNamed | undefined, hasForge: boolean): string {
  if (!still) return `Who still names ${uid} is not known: the record of this host cannot be read, or is empty.\n`;
  const { namedBy, unread, grants, rosters } = still;
  if (namedBy.length + unread.length === 0) return `No grant in force and no roster names ${uid} there.\n`;
  return [
    ...(namedBy.length > 0 ? [`These still give ${uid} access, and only the revocation keeps ${uid} out:`] : []),
    ...namedBy.map((one) => `  ${plain(one)}`),
    ...unread.map((roster) => `  perhaps the roster ${roster}: no list of it can be read`),
    ...(namedBy.length > 0 ? ['Change them:'] : []),
    ...grants.map(({ group, path }) => (hasForge ? `  muster request ${group} ${uid} --revoke` : `  delete ${plain(path)}`)),
    ...rosters.map((roster) => `  have ${uid} taken off the roster ${roster}, by whoever makes it`),
    '',
  ].join('\n');
}
