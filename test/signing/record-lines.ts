// Lines of the record as judging writes them of signed landings, and what the verifier makes of them.
import * as parser from '../../src/policy/parser.ts';
import { sha256, sshFingerprint } from '../../src/digest.ts';
import { noSignedCeilings } from '../../src/evidence/approval.ts';
import type { Instant } from '../../src/names.ts';
import type { Verified } from '../../src/record/grants.ts';
import type { AllowedLine, EvidenceLine, SignedRecord, VerdictRecord } from '../../src/record/judging-record.ts';
import type { SignedStatement } from '../../src/signing/judge-statements.ts';
import type { Content, ContentChange } from '../../src/signing/signed-change.ts';
import { verifyBy } from '../../src/signing/ssh-keygen.ts';
import { verifiedGrants, type VerifyTerms } from '../../src/signing/verified-grants.ts';
import { grantAt } from '../../src/policy/policy.ts';
import { change, commit, grant, place, rulesFiles, seen, sign } from './signing-world.ts';

export const rules = rulesFiles();
export const digestOf = (files: ReadonlyMap<string, Content>) => change([], files).rulesDigest;
export const pinned = digestOf(rules);
export const ep1c = grant('ep1c');
export const klaxon = 'klaxon-users';

export const terms: VerifyTerms = {
  place,
  ceilings: noSignedCeilings,
  requireTouch: false,
  folder: 'policy',
  pinned,
  distrusted: [],
  groups: [],
};

export function verified(lines: readonly (EvidenceLine | AllowedLine)[], more: Partial<VerifyTerms> = {}): Verified {
  const readers = { parser, sha256, fingerprint: sshFingerprint };
  return verifiedGrants(lines, { ...terms, ...more }, readers, verifyBy({ path: process.env['PATH'] ?? '' }));
}

/** Who may be in, and until when. */
export function inForce(lines: readonly (EvidenceLine | AllowedLine)[], more: Partial<VerifyTerms> = {}): readonly string[] {
  return verified(lines, more).windows.map(({ path, until }) => `${path.split('/').at(-1)} ${String(until)}`);
}

export const until = (text: string) => String(Date.parse(text));
export const whole = [`ep1c.yaml ${until('2026-12-21')}`];

export const content = ({ bytes }: Content): EvidenceLine & { type: 'content' } => ({
  type: 'content',
  at: seen,
  sha256: sha256(bytes),
  base64: Buffer.from(bytes).toString('base64'),
});

export function rulesLines(files = rules): readonly EvidenceLine[] {
  const listed = [...files].map(([path, { mode, bytes }]) => [path, { mode, sha256: sha256(bytes) }] as const);
  return [...[...files.values()].map(content), { type: 'rules-files', at: seen, rules: digestOf(files), files: listed }];
}

/** What judging says of the grants of a landing; null: it is over. */
type InForce = VerdictRecord['delta']['inForce'];

export interface Told {
  readonly under?: ReadonlyMap<string, Content>;
  readonly digit?: string;
  readonly firstSeen?: Instant | null;
  readonly as?: Partial<SignedRecord>;
  /** Undefined: it was endorsed, with what the files say then. */
  readonly refused?: true;
  readonly inForce?: InForce;
}

/** The lines of one landing, as judging writes them. */
export function landing(
  changes: readonly ContentChange[],
  by: readonly SignedStatement[],
  { under = rules, digit = '1', firstSeen = seen, as = {}, refused, inForce = grantsAfter(changes, digit) }: Told = {},
): readonly EvidenceLine[] {
  const { stated, rulesDigest } = change(changes, under);
  const statements = by.map(({ text, signature, firstSeen: first }) => {
    return { text, signature: signature.armour, fingerprint: signature.key.fingerprint, firstSeen: first };
  });
  const contents = changes.flatMap(({ before, after }) => [before, after].flatMap((one) => (one ? [content(one)] : [])));
  return [
    ...contents,
    { type: 'signed', at: seen, commit: commit(digit), firstSeen, rules: rulesDigest, changes: stated, statements, ...as },
    verdict(digit, inForce, refused),
  ];
}

function grantsAfter(changes: readonly ContentChange[], digit: string): InForce {
  return changes.flatMap(({ path, after }): InForce => {
    const read = after && grantAt(path, 'policy') ? parser.parseGrant({ path, bytes: after.bytes }, 'policy') : undefined;
    if (!after) return [[path, null]];
    if (read?.kind !== 'valid') return [];
    const provenance = { commit: commit(digit), mergeRequest: null, approvedBy: [], landedAt: seen };
    return [[path, { ...read.value, ...provenance, path, endorsedUntil: read.value.until }]];
  });
}

export function verdict(digit: string, inForce: InForce, refused?: true): VerdictRecord {
  const landed = { commit: commit(digit), mergeRequest: null, approvedBy: [], landedAt: seen };
  return {
    type: 'verdict',
    at: seen,
    commit: commit(digit),
    verdict: refused
      ? { kind: 'refused', code: 'not-signed', detail: '', mergeRequest: null }
      : { kind: 'endorsed', reviewed: true, ...landed },
    evidence: null,
    delta: {
      ...{ judged: commit(digit), endorsed: [], inForce, ended: [], tree: [], refusals: [], usedMergeRequest: null },
    },
  };
}

export const alice = () => sign('alice', change([ep1c]));
export const start = rulesLines();
