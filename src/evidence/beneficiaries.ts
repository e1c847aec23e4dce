// Who gains by a change of the policy: they and their other accounts cannot approve it.
import { place } from '../policy/policy.ts';
import type { ChangedPath } from '../check/proposed-change.ts';
import { inOrder, parseExactUid, type Uid } from '../names.ts';
import type { ReviewedPath } from './approval.ts';
import { membersOf, type Approver, type Rules } from '../policy/policy.ts';

/**
 * Every changed path of a landing, from inside the policy folder, with whom it benefits: the person of a grant that is added or
 * changed; whoever gains a team by new rules, or whose ids or other names they change. A grant that is deleted benefits nobody.
 */
export function reviewedPaths(
  landing: { readonly changes: readonly ChangedPath[] },
  before: Rules,
  after: Rules | undefined,
  folder: string,
): readonly ReviewedPath[] {
  const gaining = after ? gainers(before, after) : [];
  return landing.changes.map(({ path, after: entry }) => {
    const where = place(path, folder);
    const uid = where.kind === 'grant' && entry ? parseExactUid(where.uid) : undefined;
    const inside = path.slice(folder.length + 1);
    return { path: inside, beneficiaries: where.kind === 'grant' ? (uid === undefined ? [] : [uid]) : gaining };
  });
}

/**
 * Whoever is on a new team or has a new account gains. So does whoever lets go of an account or another name: apart from it they could
 * approve what it asks for. And whoever had an id or a name that is somebody else's now.
 */
function gainers(before: Rules, after: Rules): readonly Uid[] {
  const gaining = new Set<Uid>();
  for (const [team, members] of after.teams) {
    const had = new Set(membersOf(before, [team]));
    for (const uid of members) if (!had.has(uid)) gaining.add(uid);
  }
  for (const uid of new Set([...before.people.keys(), ...after.people.keys()])) {
    if (!isSame(before.people.get(uid), after.people.get(uid))) gaining.add(uid);
  }
  return [...gaining];
}

/** The same accounts, names and keys. Somebody who leaves the people altogether gains nothing they could use, unless another takes up what was theirs. */
function isSame(before: Approver | undefined, after: Approver | undefined): boolean {
  const facts = ({ gitlab = [], also = [], keys = [] }: Partial<Approver> = {}) =>
    [gitlab, also, keys.map(({ fingerprint }) => fingerprint)].map((some) => some.map(String).sort(inOrder).join());
  return facts(before).join('\n') === facts(after).join('\n');
}
