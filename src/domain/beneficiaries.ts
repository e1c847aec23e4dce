// Who gains by a change of the policy: they and their other accounts cannot approve it (DESIGN, section 3).
import { place } from './effective.ts';
import type { Landing } from './history.ts';
import { parseExactUid, type Uid } from './names.ts';
import type { ReviewedPath } from './approval.ts';
import { membersOf, type Approver, type Rules } from './policy.ts';

/**
 * Every changed path of a landing, from inside the policy folder, with whom it benefits: the person of a grant that is added or
 * changed; whoever gains a team, an id or an `also` by new rules. A grant that is deleted benefits nobody.
 */
export function reviewedPaths(landing: Landing, before: Rules, after: Rules | undefined, folder: string): readonly ReviewedPath[] {
  const gaining = after ? gainers(before, after) : [];
  return landing.changes.map(({ path, after: entry }) => {
    const where = place(path, folder);
    const uid = where.kind === 'grant' && entry ? parseExactUid(where.uid) : undefined;
    const inside = path.slice(folder.length + 1);
    return { path: inside, beneficiaries: where.kind === 'grant' ? (uid === undefined ? [] : [uid]) : gaining };
  });
}

function gainers(before: Rules, after: Rules): readonly Uid[] {
  const gaining = new Set<Uid>();
  for (const [team, members] of after.teams) {
    const had = new Set(membersOf(before, [team]));
    for (const uid of members) if (!had.has(uid)) gaining.add(uid);
  }
  for (const [uid, approver] of after.people) if (gains(before.people.get(uid), approver)) gaining.add(uid);
  return [...gaining];
}

function gains(before: Approver | undefined, after: Approver): boolean {
  if (!before) return true;
  return after.gitlab.some((id) => !before.gitlab.includes(id)) || after.also.some((uid) => !before.also.includes(uid));
}
