// The policy in force as a run goes by it: with what waits, what is refused, and about whom nothing may be concluded yet.
import { inOrderOfPath, instant, type CommitId, type GroupName, type Uid } from '../names.ts';
import type { Rules } from '../policy/policy.ts';
import { earlier, latest, type EndedGrant, type GrantInForce, type SignedGroup, type Window } from './grants.ts';
import type { Refusal } from './policy-state.ts';

export interface Pending {
  readonly path: string;
  readonly commit: CommitId;
  readonly code: string;
  readonly detail: string;
}

export interface EffectivePolicy {
  readonly rules: Rules;
  readonly judged: CommitId;
  /** By path, in order. Some may be over or not begun. */
  readonly grants: readonly GrantInForce[];
  /** Paths of which judging says more than signatures give: that counts for nothing, and `grants` is without it. */
  readonly unsigned?: readonly string[];
  readonly ended: ReadonlyMap<string, EndedGrant>;
  readonly proposed: readonly GrantInForce[];
  readonly refused: readonly Refusal[];
  /** Files at the tip that are not in force and not listed in `refused`: too many, or their names too long. */
  readonly unlisted: number;
  readonly pending: readonly Pending[];
  /**
   * While anything waits, the well-formed files at the tip that are not endorsed: whoever they name is neither added nor unexplained. `everybody`:
   * nothing may be concluded yet about who is not named.
   */
  readonly undecided: readonly { readonly group: GroupName; readonly uid: Uid }[] | 'everybody';
}

/** Nothing may be concluded yet about somebody whom no grant in force explains. */
export function isUndecided({ undecided }: EffectivePolicy, group: GroupName, uid: string): boolean {
  return undecided === 'everybody' || undecided.some((one) => one.group === group && one.uid === uid);
}

/** In groups that must be signed nobody has more than signatures give, whatever judging says, but what root allowed. */
export function withinSignatures(
  policy: EffectivePolicy,
  { groups, windows }: { readonly groups: readonly SignedGroup[]; readonly windows: readonly Window[] },
  allowed: ReadonlyMap<string, Window>,
): EffectivePolicy {
  const isSigned = new Set(groups.map(({ group }) => group));
  const given = new Map(windows.map((window) => [window.path, window]));
  const unsigned = new Set(policy.unsigned);
  const grants = policy.grants.flatMap((grant): readonly GrantInForce[] => {
    if (!isSigned.has(grant.group)) return [grant];
    // One of the two says what is in force. Both together would give the time between them too.
    const cuts = [given, allowed].flatMap((by) => by.get(grant.path) ?? []).map((window) => cutToWindow(grant, window));
    const cut = cuts.includes(grant) ? grant : cuts.reduce<GrantInForce | undefined>(later, undefined);
    if (cut !== grant) unsigned.add(grant.path);
    return cut ? [cut] : [];
  });
  return { ...policy, grants, ...(unsigned.size > 0 && { unsigned: [...unsigned] }) };
}

function later(one: GrantInForce | undefined, other: GrantInForce): GrantInForce {
  return one && latest(one.until, other.until) === one.until ? one : other;
}

function cutToWindow(grant: GrantInForce, window: Window): GrantInForce {
  const from = window.from === undefined ? grant.from : instant(Math.max(grant.from ?? window.from, window.from));
  const until = earlier(grant.until, window.until);
  if (from === grant.from && until === grant.until) return grant;
  return { ...grant, from, until, endorsedUntil: earlier(grant.endorsedUntil, window.until) };
}

/** With what a new start proposed for these paths in force, as once a person has allowed it. */
export function withAccepted(policy: EffectivePolicy, paths: readonly string[]): EffectivePolicy {
  const accepted = policy.proposed.filter(({ path }) => paths.includes(path));
  if (accepted.length === 0) return policy;
  const isAccepted = (path: string) => accepted.some((one) => one.path === path);
  return {
    ...policy,
    grants: [...policy.grants.filter(({ path }) => !isAccepted(path)), ...accepted].sort(inOrderOfPath),
    proposed: policy.proposed.filter(({ path }) => !isAccepted(path)),
    ended: new Map([...policy.ended].filter(([path]) => !isAccepted(path))),
  };
}
