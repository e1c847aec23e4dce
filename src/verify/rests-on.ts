// Whose word each grant in force rests on.
import type { Memory } from '../ledger/memory.ts';
import { inOrder, type CommitId, type GroupName, type Uid } from '../names.ts';
import type { SignedBy } from '../record/approval-count.ts';
import type { End, GrantInForce } from '../record/grants.ts';

/**
 * `signature`: of these keys, whatever GitLab says. `gitlab`: the answer that is kept. `allow`: root let it in of a new start. `start`: root took the
 * policy as it was there. `nobody`: no evidence was asked for.
 */
export interface RestsOn {
  readonly path: string;
  readonly group: GroupName;
  readonly uid: Uid;
  readonly until: End;
  readonly commit: CommitId;
  readonly word: 'signature' | 'gitlab' | 'allow' | 'start' | 'nobody';
  readonly signedBy: readonly SignedBy[];
  readonly mergeRequest: number | null;
  readonly approvedBy: readonly Uid[];
}

/** Of all that converging has in force, by path. */
export function restsOn({ policy, verified, allowed }: Memory, start: CommitId): readonly RestsOn[] {
  const given = new Set(verified?.windows.map(({ path }) => path));
  const isGiven = ({ path, group }: GrantInForce) =>
    given.has(path) || allowed.has(path) || verified?.groups.every((one) => one.group !== group) !== false;
  return [...(policy?.inForce.values() ?? [])]
    .filter(isGiven)
    .map(({ path, group, uid, until, commit, signedBy = [], mergeRequest, approvedBy }) => ({
      ...{ path, group, uid, until, commit, signedBy, mergeRequest, approvedBy },
      word: wordOf({ path, commit, signedBy, mergeRequest }, allowed, start),
    }))
    .sort((left, right) => inOrder(left.path, right.path));
}

function wordOf(
  { path, commit, signedBy, mergeRequest }: Pick<RestsOn, 'path' | 'commit' | 'signedBy' | 'mergeRequest'>,
  allowed: Memory['allowed'],
  start: CommitId,
): RestsOn['word'] {
  if (signedBy.length > 0) return 'signature';
  if (mergeRequest !== null) return 'gitlab';
  if (commit !== start) return 'nobody';
  return allowed.has(path) ? 'allow' : 'start';
}
