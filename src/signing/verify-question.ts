// The question of converging to the program that verifies signatures, and its answer, as JSON.
import * as v from 'valibot';
import type { SignedCeilings } from '../evidence/approval.ts';
import { parseJudgingRecord } from '../record/judging-shapes.ts';
import { parseAs, commit, digest, end, fingerprint, group, instant, mapOf, natural, texts, uid, type Shape } from '../record/shapes.ts';
import type { SignedGroup, Verified, Window } from '../record/grants.ts';
import {
  isEvidence,
  type AllowedLine,
  type EvidenceLine,
  type ProofLine,
  type VerdictGist,
  type VerdictRecord,
} from '../record/judging-record.ts';
import type { AskedFrom, VerifyTerms } from './verified-grants.ts';

export interface VerifyQuestion extends VerifyTerms {
  readonly lines: Iterable<ProofLine>;
  /** Digests of signatures that were found good before (`verify-answer.ts`): a signature stays what it is. */
  readonly checked: readonly string[];
  /** Those that were found bad. */
  readonly bad?: readonly string[];
}

export interface VerifyAnswer {
  /** Signatures that were found good now. */
  readonly checked: readonly string[];
  /** And bad: only judging that lies keeps such. */
  readonly bad?: readonly string[];
  /** Null: there are more to ask ssh-keygen about than one answer takes. */
  readonly verified: Verified | null;
}

export const window: Shape<Window> = v.strictObject({ path: v.string(), from: v.exactOptional(instant), until: end });
export const signedGroup: Shape<SignedGroup> = v.strictObject({ group, after: natural, before: v.array(window) });
const ceilings: Shape<SignedCeilings> = v.strictObject({
  groups: mapOf(group, v.strictObject({ signed: natural })),
  rules: natural,
  only: v.exactOptional(v.literal(true)),
});

export const askedFrom: Shape<AskedFrom> = v.strictObject({ from: natural, ceilings, requireTouch: v.boolean() });

const allowed: Shape<AllowedLine> = v.strictObject({ type: v.literal('allowed'), paths: texts });
const term = v.strictObject({ from: v.exactOptional(instant), until: end });
const gist: Shape<VerdictGist> = v.strictObject({
  type: v.literal('verdict'),
  commit,
  covers: v.exactOptional(v.array(commit)),
  verdict: v.strictObject({ kind: v.picklist(['endorsed', 'refused']) }),
  delta: v.strictObject({ inForce: v.array(v.strictTuple([v.string(), v.nullable(term)])) }),
});
const others = v.pipe(v.unknown(), v.transform(parseJudgingRecord), v.custom<Exclude<EvidenceLine, VerdictRecord>>(isOther));

function isOther(record: unknown): boolean {
  const type: unknown = typeof record === 'object' && record !== null && 'type' in record ? record.type : undefined;
  return typeof type === 'string' && isEvidence({ type }) && type !== 'verdict';
}

const line: Shape<ProofLine> = v.union([gist, allowed, others]);

const question: Shape<Omit<VerifyQuestion, 'lines'>> = v.strictObject({
  place: v.strictObject({ project: v.string(), branch: v.string(), start: commit }),
  ceilings,
  requireTouch: v.boolean(),
  asked: v.exactOptional(v.array(askedFrom)),
  folder: v.string(),
  pinned: digest,
  distrusted: v.array(v.strictObject({ person: uid, fingerprint: v.exactOptional(fingerprint), since: instant, at: instant })),
  groups: v.array(signedGroup),
  checked: v.array(digest),
  bad: v.exactOptional(v.array(digest)),
});

const verified: Shape<Verified> = v.strictObject({ groups: v.array(group), windows: v.array(window) });
const answer: Shape<VerifyAnswer> = v.strictObject({
  checked: v.array(digest),
  bad: v.exactOptional(v.array(digest)),
  verified: v.nullable(verified),
});

/** Behind the last line: a question that was cut would be one without what judging took away. */
const lastLine = '"end"';

/** What is asked, and then line by line what it is asked about. */
export function renderQuestion(asked: VerifyQuestion): string {
  const { ceilings: of, lines, asked: before, ...terms } = asked;
  let text = `${JSON.stringify({ ...terms, ceilings: renderCeilings(of), ...(before && { asked: before.map(renderAsked) }) })}\n`;
  for (const one of lines) text += `${JSON.stringify(lineOf(one))}\n`;
  return `${text}${lastLine}\n`;
}

export function renderAsked({ ceilings: of, ...rest }: AskedFrom): object {
  return { ...rest, ceilings: renderCeilings(of) };
}

function renderCeilings(of: SignedCeilings): object {
  return { ...of, groups: [...of.groups].map(([name, { signed = 0 }]) => [name, { signed }]) };
}

/** Without its place in the record, which it has in the ledger. */
function lineOf(record: ProofLine & { readonly place?: unknown }): object {
  if (record.type === 'verdict') return gistOf(record);
  const { place: _, ...line } = record;
  return line;
}

function gistOf({ type, commit: of, covers, verdict: { kind }, delta }: VerdictGist): VerdictGist {
  const inForce = delta.inForce.map(([path, grant]): VerdictGist['delta']['inForce'][number] => [
    path,
    grant && { ...(grant.from !== undefined && { from: grant.from }), until: grant.until },
  ]);
  return { type, commit: of, covers, verdict: { kind }, delta: { inForce } };
}

/** Throws what is wrong with it; with a line, only when that is read. */
export function parseQuestion(text: string | Buffer): VerifyQuestion {
  const lines = linesOf(typeof text === 'string' ? Buffer.from(text) : text);
  return { ...v.parse(question, JSON.parse(lines.next().value ?? '')), lines: parsedLines(lines) };
}

function* linesOf(bytes: Buffer): Generator<string, undefined> {
  for (let at = 0, end = bytes.indexOf(0x0a); end !== -1; at = end + 1, end = bytes.indexOf(0x0a, at))
    yield bytes.toString('utf8', at, end);
  return undefined;
}

function* parsedLines(lines: Iterable<string>): Generator<ProofLine> {
  for (const one of lines) {
    if (one === lastLine) return;
    yield v.parse(line, JSON.parse(one));
  }
  throw new Error('the question was cut off');
}

/** Undefined: no answer. */
export function parseAnswer(text: string): VerifyAnswer | undefined {
  return parseAs(answer, text);
}
