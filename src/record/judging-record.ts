// The lines of the record of judging as values: what one half writes and the other one takes.
import type { LandingEvidence } from '../evidence/evidence.ts';
import type { TreeEntry } from '../history/landing.ts';
import type { PolicyDelta, Verdict } from './policy-state.ts';
import type { CommitId, Instant } from '../names.ts';
import type { GrantFile, Rules } from '../policy/policy.ts';

/** The first line: the name by which a record is known again, and the branch's head when it began. */
interface RecordRecord {
  readonly type: 'record';
  readonly at: Instant;
  readonly id: string;
  readonly head: CommitId;
}

/** The configured `start`, taken as it is: its rules, and how many parts with its grants follow. */
export interface StartRecord {
  readonly type: 'start';
  readonly at: Instant;
  readonly commit: CommitId;
  readonly committedAt: Instant;
  readonly rules: Rules;
  /** Of the rules files. */
  readonly tree: readonly (readonly [string, TreeEntry])[];
  readonly parts: number;
}

interface StartPartRecord {
  readonly type: 'start-part';
  readonly at: Instant;
  readonly tree: readonly (readonly [string, TreeEntry])[];
  readonly grants: readonly (readonly [string, GrantFile])[];
}

export interface VerdictRecord {
  readonly type: 'verdict';
  readonly at: Instant;
  readonly commit: CommitId;
  /** The other commits of a fast-forward that is judged as one landing. */
  readonly covers?: readonly CommitId[];
  readonly verdict: Verdict;
  /** What GitLab and Git said when it was judged; null where nobody was asked, and in what converging takes. */
  readonly evidence: LandingEvidence | null;
  readonly delta: PolicyDelta;
}

/** Landings up to this commit change nothing under the policy folder. */
interface JudgedRecord {
  readonly type: 'judged';
  readonly at: Instant;
  readonly commit: CommitId;
}

/** The first time this host saw a landing that waits, or where the branch stood while something waits. */
interface SeenRecord {
  readonly type: 'seen';
  readonly at: Instant;
  readonly commit: CommitId;
  /** The branch stood there. */
  readonly head?: boolean;
}

/** A look in which the question of this landing had no good answer. */
export interface UnansweredRecord {
  readonly type: 'unanswered';
  readonly at: Instant;
  readonly commit: CommitId;
  /** The same was answered about another landing. */
  readonly others: boolean;
}

/** The project's numeric id, resolved once: another one later is an error. */
interface ProjectRecord {
  readonly type: 'project';
  readonly at: Instant;
  readonly project: number;
}

/** Judging has passed the commit that was the branch's head when the record began. */
interface CaughtUpRecord {
  readonly type: 'caught-up';
  readonly at: Instant;
  readonly commit: CommitId;
}

export type JudgingRecord =
  | RecordRecord
  | StartRecord
  | StartPartRecord
  | VerdictRecord
  | JudgedRecord
  | SeenRecord
  | UnansweredRecord
  | ProjectRecord
  | CaughtUpRecord;

const types: Readonly<Record<JudgingRecord['type'], true>> = {
  record: true,
  start: true,
  'start-part': true,
  verdict: true,
  judged: true,
  seen: true,
  unanswered: true,
  project: true,
  'caught-up': true,
};

export function isJudgingType(type: string): type is JudgingRecord['type'] {
  return Object.hasOwn(types, type);
}
