// What follows once a change has been made whole. Worked out while the directory still makes it, and of use only when the directory then
// shows exactly that.
import type { MemberValue, ObservedGroup } from '../directory/directory.ts';
import type { Guarded } from './guard.ts';
import { copyOf, knownGroup, rememberGroup, type GroupRecord, type KnownGroup, type Memory } from '../ledger/memory.ts';
import type { DnKey, Instant } from '../names.ts';
import { namesOf, newsOf, settleIntent } from '../reconcile/recording.ts';
import type { IntentRecord, OutcomeRecord, RecordedChanges } from '../ledger/record.ts';
import type { PlannedGroup } from '../reconcile/run.ts';

export interface Foreseen {
  /** In the order of a server that appends. */
  readonly members: readonly MemberValue[];
  /** The outcome tells of all that was intended. It does not where two values have one name: then what is shown is looked at closely. */
  readonly isWhole: boolean;
  readonly outcome: OutcomeRecord;
  readonly news: readonly GroupRecord[];
  /** The group as it is remembered with the outcome and the news. */
  readonly known: KnownGroup;
}

/** `takenOver`: the group has a membership on record from then on. */
export function foresee(proposal: PlannedGroup, intent: IntentRecord, memory: Memory, takenOver: boolean, at: Instant): Foreseen {
  const { group, observed, guarded, desired, plan } = proposal;
  const members = membersAfter(observed, guarded);
  const names = namesOf({ ...observed, members }, desired, plan);
  const outcome = settleIntent(intent, names, members.length, at, 'done');
  const known = copyOf(knownGroup(memory, group));
  rememberGroup(known, outcome);
  const news = newsOf(proposal, takenOver ? names : undefined, known, at);
  for (const record of news) rememberGroup(known, record);
  return { members, isWhole: changesIn(outcome) === changesIn(intent), outcome, news, known };
}

function membersAfter({ members }: ObservedGroup, { add, remove }: Guarded): readonly MemberValue[] {
  const removed = new Set<DnKey>(remove.map(({ member }) => member.key));
  return [...members.filter(({ key }) => !removed.has(key)), ...add.map(({ member }) => member)];
}

function changesIn({ add, remove }: RecordedChanges): number {
  return [...add, ...remove].reduce((sum, { members }) => sum + members.length, 0);
}

/** The same values, in whatever order; two that have one key are not told apart, and so are never the same. */
export function sameMembers(left: readonly MemberValue[], right: readonly MemberValue[]): boolean {
  if (left.length !== right.length) return false;
  if (left.every((member, at) => member === right[at])) return true;
  const [ofLeft, ofRight] = [keysOf(left), keysOf(right)];
  return ofLeft.size === left.length && ofRight.size === right.length && right.every(({ key }) => ofLeft.has(key));
}

function keysOf(members: readonly MemberValue[]): ReadonlySet<DnKey> {
  return new Set(members.map(({ key }) => key));
}
