// A policy whose grants and rules must be signed, changes of it, and the people who sign them.
import { sha256 } from '../../src/digest.ts';
import { noSignedCeilings } from '../../src/evidence/approval.ts';
import { instant, parseCommitId, parseExactUid, type CommitId, type Instant, type Uid } from '../../src/names.ts';
import * as parser from '../../src/policy/parser.ts';
import type { JudgedSignature } from '../../src/record/approval-count.ts';
import {
  judgeStatements,
  type EarlierLandings,
  type SignedLanding,
  type SignedStatement,
  type SigningTerms,
} from '../../src/signing/judge-statements.ts';
import { verifyBy } from '../../src/signing/ssh-keygen.ts';
import { signedChange, type Content, type ContentChange, type SignedChange } from '../../src/signing/signed-change.ts';
import { parseStatement, printStatement, type Statement } from '../../src/signing/statement.ts';
import { day } from '../../src/time.ts';
import { makeSecurityKey, makeSoftKey, readSignature, type Press } from './keys.ts';

export function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a name of the tests is none');
  return value;
}

export const uid = (name: string): Uid => known(parseExactUid(name));
export const commit = (digit: string): CommitId => known(parseCommitId(digit.repeat(40)));
export const seen = instant(Date.UTC(2026, 11, 1, 12));
export const after = (length: number): Instant => instant(seen + length);

export const signers = {
  ...{ alice: makeSecurityKey(), bob: makeSecurityKey(), carol: makeSecurityKey(), mallory: makeSecurityKey() },
  /** Of no hardware: a file. */
  soft: makeSoftKey(),
};
export type Signer = keyof typeof signers;

export interface PolicyText {
  readonly keys?: Readonly<Partial<Record<Signer, Signer>>>;
  readonly sre?: readonly Signer[];
  readonly signed?: number;
  readonly groupSigned?: number;
}

const everybody: Readonly<Partial<Record<Signer, Signer>>> = { alice: 'alice', bob: 'bob', carol: 'carol' };

/** alice, bob and carol are on sre, which approves grants and rules; each has the key of that name. */
export function rulesFiles({ keys = everybody, sre = ['alice', 'bob', 'carol'], signed = 1, groupSigned = 1 }: PolicyText = {}) {
  const people = (['alice', 'bob', 'carol'] as const).map((name, place) => {
    const key = keys[name];
    return `  ${name}: { gitlab: ${42 + place}, also: [${name}-test]${key ? `, keys: ["${signers[key].line}"]` : ''} }`;
  });
  const policy = [
    'version: 1',
    'people:',
    ...people,
    `teams: { sre: [${sre.join(', ')}] }`,
    `rules: { approvers: [sre], approvals: 1, signed: ${signed} }`,
  ];
  const group = ['purpose: Testing.', 'owner: sre', 'members: grants', 'longest: none', `signed: ${groupSigned}`];
  return new Map([
    ['policy/policy.yaml', file(policy.join('\n'))],
    ['policy/groups/klaxon-users.yaml', file(group.join('\n'))],
  ]);
}

export function file(text: string): Content {
  return { mode: '100644', bytes: Buffer.from(`${text}\n`) };
}

export function grant(name: string, until = '2026-12-20', before?: string): ContentChange {
  const text = (end: string) => file(`reason: Testing.\nuntil: ${end}`);
  return { path: `policy/grants/klaxon-users/${name}.yaml`, ...(before !== undefined && { before: text(before) }), after: text(until) };
}

/** What makes these rules of those. */
export function rulesChange(from: ReadonlyMap<string, Content>, to: ReadonlyMap<string, Content>): readonly ContentChange[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((path) => {
    const [before, now] = [from.get(path), to.get(path)];
    if (before && now && Buffer.compare(before.bytes, now.bytes) === 0) return [];
    return [{ path, ...(before && { before }), ...(now && { after: now }) }];
  });
}

export function change(changes: readonly ContentChange[], rules: ReadonlyMap<string, Content> = rulesFiles()): SignedChange {
  return known(signedChange(changes, rules, 'policy', { parser, sha256 }));
}

export function landing(of: SignedChange, more: Partial<SignedLanding> = {}): SignedLanding {
  return { commit: commit('1'), firstSeen: seen, recorded: instant(seen + 30 * day), change: of, inForce: () => undefined, ...more };
}

export const place = { project: '1234', branch: 'refs/heads/main', start: commit('4') };

export const terms: SigningTerms = { place, ceilings: noSignedCeilings, requireTouch: false, distrusted: [] };

export interface Signing extends Press {
  readonly key?: Signer;
  readonly says?: Partial<Statement>;
  readonly firstSeen?: Instant;
  /** What is sent in place of the statement that was signed. */
  readonly sent?: (text: string) => string;
}

/** As `muster approve` makes it: an hour before the landing is seen, good for a week. */
export function sign(
  name: Signer,
  of: SignedChange,
  { key = name, says = {}, firstSeen = seen, sent, ...press }: Signing = {},
): SignedStatement {
  const at = says.at ?? instant(seen - 3600_000);
  const statement: Statement = {
    ...place,
    rules: of.rulesDigest,
    changes: of.stated,
    effects: of.effectsAt(at),
    signer: uid(name),
    at,
    until: instant(at + 7 * day),
    ...says,
  };
  const text = printStatement(statement);
  const signature = readSignature(signers[key].sign(text, press));
  const read = parseStatement(Buffer.from(sent?.(text) ?? text));
  if (read.kind === 'invalid') throw new Error(`${read.line}: ${read.message}`);
  return { statement: read.statement, text: read.text, signature, firstSeen };
}

const verify = verifyBy({ path: process.env['PATH'] ?? '' });

export function judged(
  one: SignedLanding,
  statements: readonly SignedStatement[],
  under: Partial<SigningTerms> = {},
  earlier: EarlierLandings = new Map(),
): readonly string[] {
  return judgeStatements(one, statements, earlier, { ...terms, ...under }, verify).map(renderJudged);
}

function renderJudged(one: JudgedSignature): string {
  if (one.kind === 'counted') return `${one.person} counts`;
  return `${one.person}: ${one.reason}${one.detail === undefined ? '' : ` (${one.detail})`}`;
}
