// Lines of the record as judging writes them of signed landings, and what the verifier makes of them.
import * as parser from '../../src/policy/parser.ts';
import { sha256, sshFingerprint } from '../../src/digest.ts';
import { noSignedCeilings } from '../../src/evidence/approval.ts';
import type { Instant } from '../../src/names.ts';
import type { Verified } from '../../src/record/grants.ts';
import type { ContentRecord, SignedRecord } from '../../src/record/judging-record.ts';
import type { SignedStatement } from '../../src/signing/judge-statements.ts';
import type { Content, ContentChange } from '../../src/signing/signed-change.ts';
import { verifyBy } from '../../src/signing/ssh-keygen.ts';
import { verifiedGrants, type VerifyTerms } from '../../src/signing/verified-grants.ts';
import type { EvidenceLine } from '../../src/record/judging-record.ts';
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

export function verified(lines: readonly EvidenceLine[], more: Partial<VerifyTerms> = {}): Verified {
  const readers = { parser, sha256, fingerprint: sshFingerprint };
  return verifiedGrants(lines, { ...terms, ...more }, readers, verifyBy({ path: process.env['PATH'] ?? '' }));
}

/** Who may be in, and until when. */
export function inForce(lines: readonly EvidenceLine[], more: Partial<VerifyTerms> = {}): readonly string[] {
  return verified(lines, more).windows.map(({ path, until }) => `${path.split('/').at(-1)} ${String(until)}`);
}

export const until = (text: string) => String(Date.parse(text));
export const whole = [`ep1c.yaml ${until('2026-12-21')}`];

export const content = ({ bytes }: Content): ContentRecord => ({
  type: 'content',
  at: seen,
  sha256: sha256(bytes),
  base64: Buffer.from(bytes).toString('base64'),
});

export function rulesLines(files = rules): readonly EvidenceLine[] {
  const listed = [...files].map(([path, { mode, bytes }]) => [path, { mode, sha256: sha256(bytes) }] as const);
  return [...[...files.values()].map(content), { type: 'rules-files', at: seen, rules: digestOf(files), files: listed }];
}

export interface Told {
  readonly under?: ReadonlyMap<string, Content>;
  readonly digit?: string;
  readonly firstSeen?: Instant | null;
  readonly as?: Partial<SignedRecord>;
}

/** The lines of one landing, as judging writes them. */
export function landing(
  changes: readonly ContentChange[],
  by: readonly SignedStatement[],
  { under = rules, digit = '1', firstSeen = seen, as = {} }: Told = {},
): readonly EvidenceLine[] {
  const { stated, rulesDigest } = change(changes, under);
  const statements = by.map(({ text, signature, firstSeen: first }) => {
    return { text, signature: signature.armour, fingerprint: signature.key.fingerprint, firstSeen: first };
  });
  const contents = changes.flatMap(({ before, after }) => [before, after].flatMap((one) => (one ? [content(one)] : [])));
  return [
    ...contents,
    { type: 'signed', at: seen, commit: commit(digit), firstSeen, rules: rulesDigest, changes: stated, statements, ...as },
  ];
}

export const alice = () => sign('alice', change([ep1c]));
export const start = rulesLines();
