// Whether the policy and the rosters have followed a local revocation: until they have, it alone keeps the person out. The report, the
// metrics and `revoke` itself all ask here.
import { isOver, type GrantInForce } from '../record/grants.ts';
import { inOrder, type GroupName, type Instant, type RosterName, type Uid } from '../names.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { plain } from '../text.ts';

/** What still says that a revoked person has access. */
export interface StillNamed {
  /** Grants in force, or to come. */
  readonly grants: readonly GrantInForce[];
  /** Rosters of the groups concerned whose accepted list has the person. */
  readonly rosters: readonly RosterName[];
  /** Both, as people read them. */
  readonly namedBy: readonly string[];
  /** Rosters that may have the person: no list of theirs could be read. */
  readonly unread: readonly RosterName[];
}

/** Without `group`, every managed group is revoked. */
export function stillNamed(
  { uid, group: only }: { readonly uid: Uid; readonly group?: GroupName },
  policy: Pick<EffectivePolicy, 'rules' | 'grants'>,
  rosterPeople: ReadonlyMap<RosterName, ReadonlySet<string>>,
  at: Instant,
): StillNamed {
  const isConcerned = (group: GroupName) => only === undefined || only === group;
  const filling = [...policy.rules.groups.values()].flatMap(({ group, members }) =>
    isConcerned(group) && members.kind === 'roster' ? [members.roster] : [],
  );
  const lists = [...new Set(filling)].sort(inOrder);
  const grants = policy.grants.filter((one) => one.uid === uid && isConcerned(one.group) && !isOver(one.until, at));
  const rosters = lists.filter((roster) => rosterPeople.get(roster)?.has(uid));
  return {
    grants,
    rosters,
    namedBy: [...grants.map(({ path }) => path), ...rosters.map((roster) => `roster ${roster}`)].sort(inOrder),
    unread: lists.filter((roster) => !rosterPeople.has(roster)),
  };
}

/** Nothing names the person any more. A list that nobody could read may still do so. */
export function isRatified({ namedBy, unread }: Pick<StillNamed, 'namedBy' | 'unread'>): boolean {
  return namedBy.length + unread.length === 0;
}

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
