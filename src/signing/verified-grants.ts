// What signatures alone bring into force, worked out once more from the lines of the record: nothing that judging says of rules or grants is
// believed here, only files that hash to what was signed, and rules that begin with those that root pinned. Pure but for the
// question to ssh-keygen.
import { requirement } from '../evidence/approval.ts';
import { inOrder, inOrderOfPath, type CommitId, type GroupName, type Instant } from '../names.ts';
import { isRules, leastSigners, place, type GrantFile, type Rules } from '../policy/policy.ts';
import type { Distrusted, JudgedSignature } from '../record/approval-count.ts';
import type { EvidenceLine, RulesFilesRecord, SignedRecord } from '../record/judging-record.ts';
import { wider, type SignedGroup, type Verified, type Window } from '../record/grants.ts';
import { readSigned, renderSigned, type ReadSigned } from './carried.ts';
import { judgeStatements, useUp, type EarlierLandings, type SignedStatement, type SigningTerms, type Verify } from './judge-statements.ts';
import {
  digestOfRules,
  rulesFilesAfter,
  rulesOf,
  signedChange,
  withContents,
  type Content,
  type ContentChange,
  type Readers,
  type RulesFiles,
} from './signed-change.ts';
import type { Fingerprint } from './ssh-key.ts';
import { changeLines, type StatedFile } from './statement.ts';

export interface VerifyTerms extends Omit<SigningTerms, 'distrusted'> {
  /** The policy's, inside the repository. */
  readonly folder: string;
  /** `repository.rules`: the digest of the rules files at start. */
  readonly pinned: string;
  /** With the time when it was said: what was verified before then stays. */
  readonly distrusted: readonly (Distrusted & { readonly at: Instant })[];
  readonly groups: readonly SignedGroup[];
}

export interface VerifyReaders extends Readers {
  readonly fingerprint: Fingerprint;
}

export function verifiedGrants(lines: Iterable<EvidenceLine>, terms: VerifyTerms, readers: VerifyReaders, verify: Verify): Verified {
  const fold = new Fold(terms, readers, verify);
  let count = 0;
  for (const line of lines) {
    fold.begin(count);
    fold.take(line);
    count += 1;
  }
  fold.begin(count);
  return fold.verified();
}

class Fold {
  readonly #terms: VerifyTerms;
  readonly #readers: VerifyReaders;
  readonly #verify: Verify;
  readonly #contents = new Map<string, Uint8Array>();
  readonly #rulesFiles = new Map<string, RulesFilesRecord['files']>();
  readonly #landings = new Set<CommitId>();
  readonly #windows = new Map<string, Window>();
  readonly #earlier: EarlierLandings = new Map();
  #held: { readonly files: RulesFiles; readonly rules: Rules; readonly digest: string } | undefined;

  constructor(terms: VerifyTerms, readers: VerifyReaders, verify: Verify) {
    this.#terms = terms;
    this.#readers = readers;
    this.#verify = verify;
  }

  /** What was in force when a group first had to be signed counts from there on. */
  begin(count: number): void {
    for (const { after, before } of this.#terms.groups)
      if (after === count) for (const window of before) this.#windows.set(window.path, wider(this.#windows.get(window.path), window));
  }

  take(line: EvidenceLine): void {
    if (line.type === 'content') {
      const bytes = Buffer.from(line.base64, 'base64');
      if (this.#readers.sha256(bytes) === line.sha256) this.#contents.set(line.sha256, bytes);
    } else if (line.type === 'rules-files') {
      this.#rulesFiles.set(line.rules, line.files);
    } else if (!this.#landings.has(line.commit)) {
      // A record that repeats another one tells landings a second time.
      this.#landings.add(line.commit);
      this.#takeLanding(line);
    }
  }

  verified(): Verified {
    this.#holdRules(this.#terms.pinned);
    const named = [...this.#terms.ceilings.groups.keys(), ...(this.#held?.rules.groups.keys() ?? [])];
    const groups = [...new Set(named)].filter((group) => this.#signedIn(group) > 0).sort(inOrder);
    const folders = groups.map((group) => `${this.#terms.folder}/grants/${group}/`);
    const windows = [...this.#windows.values()].filter(({ path }) => folders.some((folder) => path.startsWith(folder)));
    return { groups, windows: windows.sort(inOrderOfPath) };
  }

  #signedIn(group: GroupName): number {
    const { ceilings } = this.#terms;
    return Math.max(
      ceilings.groups.get(group)?.signed ?? 0,
      this.#held?.rules.groups.get(group)?.signed ?? 0,
      ceilings.only ? leastSigners : 0,
    );
  }

  #takeLanding(line: SignedRecord): void {
    this.#holdRules(this.#held ? this.#followed(line) : this.#terms.pinned);
    const lines = changeLines(line.changes).join('\n');
    const change = withContents(line.changes, (file) => this.#contentOf(file));
    // Statements have the digest of the rules that are held here, or they are for others.
    const signed = change && this.#held ? signedChange(change, this.#held.files, this.#terms.folder, this.#readers) : undefined;
    const landing = { commit: line.commit, firstSeen: line.firstSeen ?? undefined, recorded: line.at };
    if (signed && line.statements.length > 0) {
      const statements = line.statements.flatMap(({ text, signature, firstSeen }) =>
        onlyOne(readSigned(renderSigned(text, signature), firstSeen, this.#readers.fingerprint)),
      );
      const distrusted = this.#terms.distrusted.filter(({ at }) => at <= line.at);
      const judged = judgeStatements(
        { ...landing, change: signed },
        statements,
        this.#earlier,
        { ...this.#terms, distrusted },
        this.#verify,
      );
      this.#apply(change ?? [], judged);
    }
    for (const { path, after } of line.changes) if (!after) this.#windows.delete(path);
    useUp(this.#earlier, { ...landing, change: { lines } }, line.at);
  }

  /** While nothing has to be signed, rules are judging's to change. */
  #followed({ rules }: SignedRecord): string {
    const digest = this.#held?.digest ?? this.#terms.pinned;
    const needs = this.#held ? (requirement(this.#held.rules, 'policy.yaml', this.#terms.ceilings)?.signed ?? 0) : 1;
    return needs === 0 ? rules : digest;
  }

  #holdRules(digest: string): void {
    if (this.#held?.digest === digest) return;
    const listed = this.#rulesFiles.get(digest);
    const files = listed && this.#filesOf(listed);
    if (files) this.#hold(files, digest);
  }

  #hold(files: RulesFiles, expected?: string): void {
    const { parser, sha256 } = this.#readers;
    const rules = rulesOf(files, this.#terms.folder, parser);
    const digest = digestOfRules(files, sha256);
    if (rules && (expected === undefined || digest === expected)) this.#held = { files, rules, digest };
  }

  #filesOf(listed: RulesFilesRecord['files']): RulesFiles | undefined {
    const files = new Map<string, Content>();
    for (const [path, file] of listed) {
      const content = this.#contentOf(file);
      if (!content) return undefined;
      files.set(path, content);
    }
    return files;
  }

  #contentOf({ mode, sha256 }: StatedFile): Content | undefined {
    const bytes = this.#contents.get(sha256);
    return bytes && { mode, bytes };
  }

  /** Every path needs its own number of people. A landing that has too few for one path brings nothing at all. */
  #apply(changes: readonly ContentChange[], judged: readonly JudgedSignature[]): void {
    const { folder, ceilings } = this.#terms;
    const rules = this.#held?.rules;
    const isEnough = ({ path }: ContentChange): boolean => {
      const needs = rules && requirement(rules, path.slice(folder.length + 1), ceilings);
      const by = new Set(
        judged.flatMap((one) => (one.kind === 'counted' && one.paths.includes(path.slice(folder.length + 1)) ? [one.person] : [])),
      );
      return needs !== undefined && by.size >= needs.signed;
    };
    if (!changes.every(isEnough)) return;
    for (const { path, after } of changes) {
      const grant = after && this.#grantIn(path, after.bytes);
      if (grant) this.#windows.set(path, { path, ...(grant.from !== undefined && { from: grant.from }), until: grant.until });
    }
    if (this.#held && changes.some(({ path }) => isRules(path, folder))) this.#hold(rulesFilesAfter(this.#held.files, changes, folder));
  }

  #grantIn(path: string, bytes: Uint8Array): GrantFile | undefined {
    if (place(path, this.#terms.folder).kind !== 'grant') return undefined;
    const parsed = this.#readers.parser.parseGrant({ path, bytes }, this.#terms.folder);
    return parsed.kind === 'valid' ? parsed.value : undefined;
  }
}

/** Judging keeps each statement by itself: several in one text are there to make work. */
function onlyOne([read, ...more]: readonly ReadSigned[]): readonly SignedStatement[] {
  return read?.kind === 'valid' && more.length === 0 ? [read.signed] : [];
}
