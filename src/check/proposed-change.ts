// What a change of the policy would do if it were endorsed as it stands, and who would have to endorse it.
// It is measured against what is in force, not against the text on the branch: what nobody approved counts for nothing here.
import { noSignedCeilings, requirement, type ReviewedPath } from '../evidence/approval.ts';
import { isWellFormed } from '../judge/form.ts';
import { earlier, isOver, type End } from '../record/grants.ts';
import type { History } from '../history/history.ts';
import type { PathChange } from '../history/landing.ts';
import { inOrder, inOrderOfPath, parseGroupName, type CommitId, type GroupName, type Instant, type TeamName, type Uid } from '../names.ts';
import { grantAt, isRules, membersOf, place, type Approver, type GrantFile, type Rules } from '../policy/policy.ts';

/** The time that a grant gives, from the merge on where it has no `from`. */
export type Term = Pick<GrantFile, 'from' | 'until'>;

export interface Effect {
  /** From the root of the repository. */
  readonly path: string;
  /** Null: `policy.yaml`. */
  readonly group: GroupName | null;
  /** Null: the rules of a group, or of all. */
  readonly uid: Uid | null;
  readonly effect: 'gains' | 'loses' | 'shortens' | 'extends' | 'rules';
  /** The end afterwards; null where there is nothing to end. */
  readonly until: End | null;
  /** Only where access begins later than now. */
  readonly from?: Instant;
}

/** What a set of paths needs, and who may not count for it. */
export interface Need {
  readonly paths: readonly string[];
  readonly teams: readonly TeamName[];
  readonly approvals: number;
  /** Where some of them must be signed. */
  readonly signed?: number;
  /** People of these teams who can give one. */
  readonly candidates: readonly Uid[];
  /** People of these teams whose approval of these paths counts for nothing, whatever they do. */
  readonly notCounted: readonly Uid[];
}

/** `after` stands for the file that is there afterwards, whatever is known of it. */
export interface ChangedPath {
  readonly path: string;
  readonly after?: object;
}

/**
 * What the change does to people and rules, by path; changes that only touch words have no effect.
 * `before` is what is in force, by path; `after` what the changed files say, as far as they could be understood.
 */
export function effectsOf(
  changes: readonly ChangedPath[],
  before: ReadonlyMap<string, Term>,
  after: ReadonlyMap<string, Term>,
  folder: string,
  now: Instant,
): readonly Effect[] {
  return changes.flatMap((change): readonly Effect[] => {
    const where = place(change.path, folder);
    if (isRules(change.path, folder)) {
      const group = where.kind === 'group' ? (parseGroupName(where.name) ?? null) : null;
      return [{ path: change.path, group, uid: null, effect: 'rules', until: null }];
    }
    const grant = grantAt(change.path, folder);
    if (!grant) return [];
    const effect = effectOn(current(before.get(change.path), now), change.after && after.get(change.path), change, now);
    return effect ? [{ path: change.path, ...grant, ...effect }] : [];
  });
}

/** Undefined where it gives nothing from `now` on: it is over, or ends before it begins. */
function current(term: Term | undefined, now: Instant): Term | undefined {
  const isEmpty = term?.from !== undefined && term.until !== 'open' && term.until <= term.from;
  return term && !isEmpty && !isOver(term.until, now) ? term : undefined;
}

function effectOn(
  before: Term | undefined,
  after: Term | undefined,
  change: ChangedPath,
  now: Instant,
): Pick<Effect, 'effect' | 'until' | 'from'> | undefined {
  if (!change.after) return before && { effect: 'loses', until: null };
  if (!after) return undefined;
  const from = after.from !== undefined && after.from > now ? { from: after.from } : {};
  const lasting = current(after, now);
  if (!before) return lasting && { effect: 'gains', until: after.until, ...from };
  if (!lasting) return { effect: 'loses', until: null };
  const starts = Math.max(now, after.from ?? now) - Math.max(now, before.from ?? now);
  if (before.until === after.until && starts === 0) return undefined;
  // Longer at one end is longer: whoever approves must see that somebody has access when they had none.
  const longer = starts < 0 || earlier(after.until, before.until) !== after.until;
  return { effect: longer ? 'extends' : 'shortens', until: after.until, ...from };
}

/**
 * Who must approve, by the rules in force before the change; paths with the same answer are told together.
 * `interested` are persons who may approve nothing of this change: its author, and whoever pushed to its branch.
 */
export function needsOf(
  reviewed: readonly ReviewedPath[],
  rules: Rules,
  interested: ReadonlySet<Uid>,
  folder: string,
  ceilings = noSignedCeilings,
): readonly Need[] {
  const needs = new Map<string, Need>();
  for (const { path: inside, beneficiaries } of reviewed) {
    const path = `${folder}/${inside}`;
    if (!isWellFormed(path, folder)) continue;
    const { teams, approvals, signed } = requirement(rules, inside, ceilings) ?? { teams: [], approvals: 1, signed: 0 };
    const members = membersOf(rules, teams);
    const notCounted = members.filter((uid) => interested.has(uid) || gains(rules.people.get(uid), uid, beneficiaries));
    const candidates = members.filter((uid) => !notCounted.includes(uid));
    const key = JSON.stringify([teams, approvals, signed, notCounted]);
    const paths = [...(needs.get(key)?.paths ?? []), path].sort(inOrder);
    needs.set(key, { teams, approvals, ...(signed > 0 && { signed }), candidates, notCounted, paths });
  }
  return [...needs.values()];
}

function gains(approver: Approver | undefined, uid: Uid, beneficiaries: readonly Uid[]): boolean {
  return beneficiaries.some((one) => one === uid || approver?.also.includes(one));
}

export interface MergedChanges {
  /** What merging now would change on the branch. */
  readonly changes: readonly PathChange[];
  /** Paths that both sides changed, each in its own way: git would mix them, and nobody has seen the mixture. */
  readonly overlaps: readonly string[];
}

/** Both lists are over the whole tree, from the commit that branch and merge request have in common: `own` to the head, `moved` to the branch's tip. */
export function changesIfMerged(own: readonly PathChange[], moved: readonly PathChange[]): MergedChanges {
  const there = new Map(moved.map((change) => [change.path, change]));
  const changes: PathChange[] = [];
  const overlaps: string[] = [];
  for (const change of own) {
    const other = there.get(change.path);
    if (!other) changes.push(change);
    else if (!sameEntry(other.after, change.after)) {
      overlaps.push(change.path);
      const { after: before } = other;
      changes.push({ path: change.path, before, after: change.after });
    }
  }
  return { changes, overlaps };
}

/**
 * What merging `head` into the branch at `tip` would change, with what of it lies `inside` the policy folder; undefined where they have no history in
 * common. `own`: paths of the policy that it changed, be they on the branch already or not.
 */
export async function readProposed(
  history: Pick<History, 'mergeBase' | 'changes' | 'jump'>,
  head: CommitId,
  tip: CommitId,
  folder: string,
) {
  const base = await history.mergeBase(tip, head);
  if (base === undefined) return undefined;
  const own = await history.changes(base, head);
  const { changes, overlaps } = changesIfMerged(own, await history.changes(base, tip));
  const isInside = ({ path }: PathChange) => path === folder || path.startsWith(`${folder}/`);
  const hidden = async (to: CommitId) => (base === to ? undefined : (await history.jump(base, to, folder)).hiddenBy);
  return {
    changes,
    overlaps,
    inside: changes.filter(isInside).sort(inOrderOfPath),
    own: own.filter(isInside).map(({ path }) => path),
    hiddenBy: (await hidden(head)) ?? (await hidden(tip)),
  };
}

function sameEntry(left: PathChange['after'], right: PathChange['after']): boolean {
  return left?.blob === right?.blob && left?.mode === right?.mode;
}
