// What `explain` says of a person or a group: where they stand, why, and how it came to be.
import type { DistrustStory } from '../ledger/distrusted.ts';
import type { Because, WithheldReason } from '../membership/desired.ts';
import type { Refusal } from '../record/policy-state.ts';
import type { Hold } from '../membership/guard.ts';
import type { CommitId, Dn, GroupName, Instant, RosterName, Uid } from '../names.ts';
import type { Removal } from '../membership/plan.ts';
import type { RunReport } from '../reconcile/run.ts';
import type { Pending } from '../record/effective-policy.ts';
import type { OpenEffect } from '../record/now.ts';

export interface HistoryEntry {
  readonly at: Instant;
  readonly event: 'added' | 'removed' | 'appeared' | 'vanished' | 'endorsed' | 'refused' | 'deleted' | 'revoked' | 'lifted';
  readonly because: Because | Removal['because'] | null;
  readonly commit?: string;
  readonly mergeRequest?: number | null;
  /** The merge request's page. */
  readonly link?: string;
  readonly detail?: string;
  /** Who typed it, where somebody did. */
  readonly by?: string;
}

/** A merge request that is open and would do something to the person. */
export interface OpenRequest {
  readonly mergeRequest: number;
  readonly effect: OpenEffect['effect'];
  readonly link: string | undefined;
}

/** A grant file at the tip of the branch that gives nothing, though it neither waits nor is refused now. */
export interface IdleFile {
  readonly path: string;
  readonly why:
    | { readonly kind: 'ended'; readonly at: Instant }
    | { readonly kind: 'roster'; readonly roster: RosterName }
    /** Judging got as far as this commit, and nothing is judged after it now. */
    | { readonly kind: 'not-judged'; readonly judged: CommitId }
    /** It must be signed, and what judging says of it no signature gives. */
    | { readonly kind: 'not-signed' }
    | { readonly kind: 'other' };
  /** The change that last touched it was refused: the code. */
  readonly refusedAs: string | undefined;
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
  /** The held sets that the person is part of. */
  readonly holds: readonly Hold[];
  readonly idle: IdleFile | null;
  readonly open: readonly OpenRequest[];
  readonly history: readonly HistoryEntry[];
}

export interface PersonExplained extends Pick<RunReport, 'evidence' | 'mode'> {
  readonly uid: Uid;
  readonly dn: Dn | null;
  /** Whether the directory has such a person; `not-told` where it did not answer. */
  readonly inDirectory: 'yes' | 'no' | 'ambiguous' | 'not-told';
  /** The files on the branch could be read. */
  readonly isTipKnown: boolean;
  readonly groups: readonly GroupStanding[];
  /** What came in by signatures that count no more, of anybody. */
  readonly distrusted?: readonly DistrustStory[];
  /** Where nothing at all is known of the uid: people and groups with names so like it that it may be a slip of the hand. */
  readonly near: readonly string[];
}
