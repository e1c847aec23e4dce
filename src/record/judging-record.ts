// The lines of the record of judging as values: what one half writes and the other one takes.
import type { LandingEvidence } from '../evidence/evidence.ts';
import type { TreeEntry } from '../history/landing.ts';
import type { PolicyDelta, Verdict } from './policy-state.ts';
import type { CommitId, Instant } from '../names.ts';
import type { GrantFile, Rules } from '../policy/policy.ts';
import type { StatedChange, StatedFile } from '../signing/statement.ts';

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

/** What a digest in a line behind it means: a file of the policy, once in a record. */
export interface ContentRecord {
  readonly type: 'content';
  readonly at: Instant;
  /** `sha256:<hex>` of the bytes. */
  readonly sha256: string;
  readonly base64: string;
}

/** The rules files that were in force before a landing, by the digest that statements have; once in a record. Their contents stand before it. */
export interface RulesFilesRecord {
  readonly type: 'rules-files';
  readonly at: Instant;
  readonly rules: string;
  readonly files: readonly (readonly [path: string, StatedFile])[];
}

/** The first time this host saw these statements: SHA-256 of text and signature, as they are kept. */
export interface StatementsSeenRecord {
  readonly type: 'statements-seen';
  readonly at: Instant;
  readonly statements: readonly string[];
}

/** Statements of one landing: more than any policy asks for, and no more than a line of the record holds. */
export const mostKept = 12;

/** A statement that counted, whole. */
export interface KeptStatement {
  readonly text: string;
  /** Armoured anew: one block, and nothing else. */
  readonly signature: string;
  /** Of the key that made it. */
  readonly fingerprint: string;
  readonly firstSeen: Instant;
}

/**
 * Before each verdict, as long as anything has to be signed: what the landing changes. It uses up every statement for the same, whatever its
 * verdict is. With statements, all that they speak of stands before it as `content` and `rules-files`.
 */
export interface SignedRecord {
  readonly type: 'signed';
  readonly at: Instant;
  readonly commit: CommitId;
  /** When this host first saw the landing; null for one from before a record that began anew. */
  readonly firstSeen: Instant | null;
  /** The digest of the rules files in force before it. */
  readonly rules: string;
  /** All that it changes. */
  readonly changes: readonly StatedChange[];
  /** Those that counted. */
  readonly statements: readonly KeptStatement[];
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
  | CaughtUpRecord
  | ContentRecord
  | RulesFilesRecord
  | StatementsSeenRecord
  | SignedRecord;

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
  content: true,
  'rules-files': true,
  'statements-seen': true,
  signed: true,
};

/** What signatures are verified by. */
export type EvidenceLine = ContentRecord | RulesFilesRecord | SignedRecord;

export function isEvidence<Line extends { readonly type: string }>(line: Line): line is Line & EvidenceLine {
  return line.type === 'content' || line.type === 'rules-files' || line.type === 'signed';
}

export function isJudgingType(type: string): type is JudgingRecord['type'] {
  return Object.hasOwn(types, type);
}
