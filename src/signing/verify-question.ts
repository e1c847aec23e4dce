// The question of converging to the program that verifies signatures, and its answer: one JSON document each.
import * as v from 'valibot';
import type { SignedCeilings } from '../evidence/approval.ts';
import { parseJudgingRecord, renderJudgingRecord } from '../record/judging-shapes.ts';
import { parseAs, commit, digest, end, fingerprint, group, instant, mapOf, natural, texts, uid, type Shape } from '../record/shapes.ts';
import type { SignedGroup, Verified, Window } from '../record/grants.ts';
import { isEvidence, type AllowedLine, type EvidenceLine } from '../record/judging-record.ts';
import type { VerifyTerms } from './verified-grants.ts';

export interface VerifyQuestion extends VerifyTerms {
  readonly lines: readonly (EvidenceLine | AllowedLine)[];
  /** Digests of signatures that were found good before (`verify-answer.ts`): a signature stays what it is. */
  readonly checked: readonly string[];
}

export interface VerifyAnswer {
  /** Signatures that were found good now. */
  readonly checked: readonly string[];
  /** Null: there are more to ask ssh-keygen about than one answer takes. */
  readonly verified: Verified | null;
}

export const window: Shape<Window> = v.strictObject({ path: v.string(), from: v.exactOptional(instant), until: end });
export const signedGroup: Shape<SignedGroup> = v.strictObject({ group, after: natural, before: v.array(window) });
const ceilings: Shape<SignedCeilings> = v.strictObject({
  groups: mapOf(group, v.strictObject({ signed: v.exactOptional(natural) })),
  rules: natural,
  only: v.exactOptional(v.literal(true)),
});

const allowed: Shape<AllowedLine> = v.strictObject({ type: v.literal('allowed'), paths: texts });
const evidence: Shape<EvidenceLine> = v.pipe(v.unknown(), v.transform(parseJudgingRecord), v.custom<EvidenceLine>(isOfEvidence));

function isOfEvidence(record: unknown): boolean {
  const type: unknown = typeof record === 'object' && record !== null && 'type' in record ? record.type : undefined;
  return typeof type === 'string' && isEvidence({ type });
}

const question: Shape<VerifyQuestion> = v.strictObject({
  place: v.strictObject({ project: v.string(), branch: v.string(), start: commit }),
  ceilings,
  requireTouch: v.boolean(),
  folder: v.string(),
  pinned: digest,
  distrusted: v.array(v.strictObject({ person: uid, fingerprint: v.exactOptional(fingerprint), since: instant, at: instant })),
  groups: v.array(signedGroup),
  lines: v.array(v.union([evidence, allowed])),
  checked: v.array(digest),
});

const verified: Shape<Verified> = v.strictObject({ groups: v.array(group), windows: v.array(window) });
const answer: Shape<VerifyAnswer> = v.strictObject({ checked: v.array(digest), verified: v.nullable(verified) });

export function renderQuestion(asked: VerifyQuestion): string {
  const { ceilings: of, lines, ...terms } = asked;
  const groups = [...of.groups].map(([name, { signed = 0 }]) => [name, { signed }]);
  return JSON.stringify({ ...terms, ceilings: { ...of, groups }, lines: lines.map(lineOf) });
}

/** Without its place in the record, which it has in the ledger. */
function lineOf(record: (EvidenceLine & { readonly place?: unknown }) | AllowedLine): object {
  if (record.type === 'allowed') return record;
  const { place: _, ...line } = record;
  return renderJudgingRecord(line);
}

/** Throws what is wrong with it. */
export function parseQuestion(text: string): VerifyQuestion {
  return v.parse(question, JSON.parse(text));
}

/** Undefined: no answer. */
export function parseAnswer(text: string): VerifyAnswer | undefined {
  return parseAs(answer, text);
}
