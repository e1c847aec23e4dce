// What `explain` says of a person or a group: where they stand, why, and how it came to be.
import type { Because, WithheldReason } from './desired.ts';
import type { Refusal } from './effective.ts';
import type { Dn, GroupName, Instant, Uid } from './names.ts';
import type { Removal } from './plan.ts';
import type { GroupResult, RunReport } from './run.ts';
import type { Pending } from './waiting.ts';

export interface HistoryEntry {
  readonly at: Instant;
  readonly event: 'added' | 'removed' | 'appeared' | 'vanished' | 'endorsed' | 'refused' | 'deleted' | 'revoked' | 'lifted';
  readonly because: Because | Removal['because'] | null;
  readonly commit?: string;
  readonly mergeRequest?: number | null;
  /** The merge request's page. */
  readonly link?: string;
  readonly detail?: string;
}

export interface GroupStanding {
  readonly group: GroupName;
  readonly member: boolean | null;
  readonly desired: boolean;
  readonly because: Because | null;
  readonly withheld: { readonly reason: WithheldReason; readonly because: Because } | null;
  readonly refused: readonly Refusal[];
  readonly pending: readonly Pending[];
  /** Changes of this person that are planned or wait for a person. */
  readonly planned: 'add' | 'remove' | 'held' | null;
  readonly leaves: Removal['because'] | null;
  readonly history: readonly HistoryEntry[];
}

export interface PersonExplained extends Pick<RunReport, 'evidence'> {
  readonly kind: 'person';
  readonly uid: Uid;
  readonly dn: Dn | null;
  readonly groups: readonly GroupStanding[];
  /** Where nothing at all is known of the uid: people and groups with names so like it that it may be a slip of the hand. */
  readonly near: readonly string[];
}

export interface GroupExplained {
  readonly kind: 'group';
  readonly group: GroupName;
  readonly result: GroupResult;
}
