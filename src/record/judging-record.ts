// The lines of the record of judging as values: what one half writes and the other one takes. What each holds is said by its shape.
import type { judgingShapes } from './judging-shapes.ts';
import type { GrantInForce } from './grants.ts';
import type { Kept } from './shapes.ts';

type Records = { readonly [Type in keyof typeof judgingShapes]: Kept<(typeof judgingShapes)[Type]> };

export type JudgingRecord = Records[keyof Records];
export type StartRecord = Records['start'];
export type VerdictRecord = Records['verdict'];
export type UnansweredRecord = Records['unanswered'];
export type RulesFilesRecord = Records['rules-files'];
export type SignedRecord = Records['signed'];
/** A statement that counted, whole. */
export type KeptStatement = SignedRecord['statements'][number];

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

const evidenceTypes = ['content', 'rules-files', 'statements-seen', 'signed', 'verdict', 'caught-up'] as const;

/** What signatures are verified by. */
export type EvidenceLine = Records[(typeof evidenceTypes)[number]];

/** As much of a verdict as says what is in force. */
export type VerdictGist = Pick<VerdictRecord, 'type' | 'commit' | 'covers'> & {
  readonly verdict: Pick<VerdictRecord['verdict'], 'kind'>;
  readonly delta: { readonly inForce: readonly (readonly [path: string, grant: Pick<GrantInForce, 'from' | 'until'> | null])[] };
};

/** Root let in what was proposed at these paths. */
export interface AllowedLine {
  readonly type: 'allowed';
  readonly paths: readonly string[];
}

/** A line that the verifier goes by, in the order of the ledger. */
export type ProofLine = Exclude<EvidenceLine, VerdictRecord> | VerdictGist | AllowedLine;

export function isEvidence<Line extends { readonly type: string }>(line: Line): line is Line & EvidenceLine {
  return evidenceTypes.some((type) => type === line.type);
}

export function isJudgingType(type: string): type is JudgingRecord['type'] {
  return Object.hasOwn(types, type);
}
