// What signatures alone bring into force, worked out once more from the lines of the record: nothing that judging says of rules or grants is
// believed here, unless it takes something away; only files that hash to what was signed, and rules that begin with those that root pinned. Pure but
// for the question to ssh-keygen.
import { requirement } from '../evidence/approval.ts';
import { inOrder, inOrderOfPath, type CommitId, type GroupName, type Instant } from '../names.ts';
import { grantAt, isRules, leastSigners, place, type GrantFile, type Rules } from '../policy/policy.ts';
import type { Distrusted, JudgedSignature } from '../record/approval-count.ts';
import type { ProofLine, RulesFilesRecord, SignedRecord, VerdictGist } from '../record/judging-record.ts';
import { narrower, wider, windowOf, type SignedGroup, type Verified, type Window } from '../record/grants.ts';
import { readSigned, renderSigned, type ReadSigned } from './carried.ts';
import {
  judgeStatements,
  useUp,
  whereSigned,
  type EarlierLandings,
  type SignedStatement,
  type SigningTerms,
  type Verify,
} from './judge-statements.ts';
import {
  digestOfRules,
  rulesFilesAfter,
  rulesOf,
  signedChange,
  withContents,
  type Content,
  type ContentChange,
  type InForce,
  type Readers,
  type RulesFiles,
} from './signed-change.ts';
import type { Fingerprint } from './ssh-key.ts';
import { changeLines, type StatedFile } from './statement.ts';

/** What the host asked for from this line on: what was signed under that counts as it did then. */
export type AskedFrom = Pick<SigningTerms, 'ceilings' | 'requireTouch'> & { readonly from: number };

export interface VerifyTerms extends Omit<SigningTerms, 'distrusted'> {
  /** Where it asked for something else before. */
  readonly asked?: readonly AskedFrom[];
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

/** `lines`: in the order in which converging took them, each with the time of that. */
export function verifiedGrants(lines: Iterable<ProofLine>, terms: VerifyTerms, readers: VerifyReaders, verify: Verify): Verified {
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

/** What a landing would bring, until its verdict is known. */
interface Pending {
  readonly line: SignedRecord;
  readonly statements: readonly SignedStatement[];
  readonly windows: readonly Window[];
  readonly rulesFiles: RulesFiles | undefined;
}

class Fold {
  #terms: VerifyTerms;
  readonly #readers: VerifyReaders;
  readonly #verify: Verify;
  readonly #contents = new Map<string, Uint8Array>();
  readonly #rulesFiles = new Map<string, RulesFilesRecord['files']>();
  readonly #statementsSeen = new Map<string, Instant>();
  readonly #decided = new Set<CommitId>();
  readonly #begun = new Set<GroupName>();
  /** Paths that had nothing at their last verdict. */
  readonly #over = new Set<string>();
  /** Paths of which root alone knows what is in force. */
  readonly #allowed = new Set<string>();
  readonly #windows = new Map<string, Window>();
  readonly #earlier: EarlierLandings = new Map();
  #held: { readonly files: RulesFiles; readonly rules: Rules; readonly digest: string } | undefined;
  #pending: Pending | undefined;
  #caughtUp = false;

  constructor(terms: VerifyTerms, readers: VerifyReaders, verify: Verify) {
    this.#terms = terms;
    this.#readers = readers;
    this.#verify = verify;
  }

  /** What was in force when a group first had to be signed counts from there on. */
  begin(count: number): void {
    const asked = this.#terms.asked?.findLast(({ from }) => from === count);
    if (asked) this.#terms = { ...this.#terms, ceilings: asked.ceilings, requireTouch: asked.requireTouch };
    for (const { group, after, before } of this.#terms.groups) {
      if (after !== count) continue;
      this.#begun.add(group);
      for (const window of before) this.#windows.set(window.path, wider(this.#windows.get(window.path), window));
    }
  }

  take(line: ProofLine): void {
    switch (line.type) {
      case 'allowed':
        for (const path of line.paths) this.#allowed.add(path);
        return;
      case 'content': {
        const bytes = Buffer.from(line.base64, 'base64');
        if (this.#readers.sha256(bytes) === line.sha256) this.#contents.set(line.sha256, bytes);
        return;
      }
      case 'rules-files':
        this.#rulesFiles.set(line.rules, line.files);
        return;
      case 'statements-seen':
        for (const name of line.statements) if (!this.#statementsSeen.has(name)) this.#statementsSeen.set(name, line.at);
        return;
      case 'caught-up':
        this.#caughtUp = true;
        return;
      // A record that repeats another one tells landings a second time.
      case 'signed':
        if (!this.#decided.has(line.commit)) this.#takeLanding(line);
        return;
      case 'verdict':
        if (!this.#decided.has(line.commit)) this.#takeVerdict(line);
        return;
    }
  }

  verified(): Verified {
    if (!this.#held) this.#holdRules(this.#terms.pinned);
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

  #isSigned(path: string): boolean {
    const group = grantAt(path, this.#terms.folder)?.group;
    return group === undefined || this.#signedIn(group) > 0;
  }

  #takeLanding(line: SignedRecord): void {
    // A look that was ended before the verdict is told again. What never had a verdict has used its statements up all the same.
    if (this.#pending?.line.commit !== line.commit) this.#settle();
    this.#holdRules(this.#held ? this.#followed(line) : this.#terms.pinned);
    const change = withContents(line.changes, (file) => this.#contentOf(file));
    // Statements have the digest of the rules that are held here, or they are for others.
    const signed = change && this.#held ? signedChange(change, this.#held.files, this.#terms.folder, this.#readers) : undefined;
    if (!change || !signed || line.statements.length === 0) {
      this.#pending = { line, statements: [], windows: [], rulesFiles: undefined };
      return;
    }
    const statements = line.statements.flatMap(({ text, signature }) => {
      const carried = renderSigned(text, signature);
      const firstSeen = this.#statementsSeen.get(this.#readers.sha256(carried)) ?? line.at;
      return onlyOne(readSigned(carried, firstSeen, this.#readers.fingerprint));
    });
    const { folder, ceilings, distrusted } = this.#terms;
    const judged = judgeStatements(
      {
        ...{ commit: line.commit, firstSeen: this.#firstSeenOf(line), recorded: line.at, change: signed },
        inForce: whereSigned((path) => this.#inForce(path), signed.rules, ceilings, folder),
      },
      statements,
      this.#earlier,
      { ...this.#terms, distrusted: distrusted.filter(({ at }) => at <= line.at) },
      this.#verify,
    );
    this.#pending = { line, statements, ...this.#broughtBy(change, judged, line) };
  }

  /** Before a record had caught up for the first time, landings may have no such time; later, one that has none is not younger than its line. */
  #firstSeenOf({ firstSeen, at }: SignedRecord): Instant | undefined {
    return firstSeen ?? (this.#caughtUp ? at : undefined);
  }

  #inForce(path: string): ReturnType<InForce> {
    const group = grantAt(path, this.#terms.folder)?.group;
    if (group === undefined || this.#allowed.has(path)) return undefined;
    const window = this.#windows.get(path);
    if (window) return window;
    return this.#begun.has(group) || this.#over.has(path) ? 'nothing' : undefined;
  }

  /** Whatever judging says is taken away is, for good: also where nobody signed that. What it gives counts where nothing has to be signed. */
  #takeVerdict({ commit, covers = [], verdict, delta }: VerdictGist): void {
    const pending = this.#settle();
    const isEndorsed = verdict.kind === 'endorsed';
    const brought = isEndorsed && pending?.line.commit === commit ? pending : undefined;
    for (const window of brought?.windows ?? []) {
      this.#windows.set(window.path, window);
      this.#allowed.delete(window.path);
    }
    for (const [path, grant] of delta.inForce) {
      const window = this.#windows.get(path);
      if (!grant) this.#end(path);
      else if (isEndorsed && !this.#isSigned(path)) this.#windows.set(path, windowOf(path, grant));
      else if (window) this.#windows.set(path, narrower(window, grant));
    }
    if (brought?.rulesFiles) this.#hold(brought.rulesFiles);
    for (const decided of [commit, ...covers]) this.#decided.add(decided);
  }

  #end(path: string): void {
    this.#windows.delete(path);
    this.#allowed.delete(path);
    this.#over.add(path);
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending) {
      const { line, statements } = pending;
      const lines = changeLines(line.changes).join('\n');
      useUp(this.#earlier, { commit: line.commit, firstSeen: this.#firstSeenOf(line), change: { lines } }, line.at, statements);
    }
    return pending;
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
  #broughtBy(
    changes: readonly ContentChange[],
    judged: readonly JudgedSignature[],
    line: SignedRecord,
  ): Omit<Pending, 'line' | 'statements'> {
    const { folder, ceilings } = this.#terms;
    const held = this.#held;
    const isEnough = ({ path }: ContentChange): boolean => {
      const needs = held && requirement(held.rules, path.slice(folder.length + 1), ceilings);
      const by = new Set(
        judged.flatMap((one) => (one.kind === 'counted' && one.paths.includes(path.slice(folder.length + 1)) ? [one.person] : [])),
      );
      return needs !== undefined && by.size >= needs.signed;
    };
    if (!held || !changes.every(isEnough)) return { windows: [], rulesFiles: undefined };
    const windows = changes.flatMap(({ path, after }): readonly Window[] => {
      const grant = after && this.#grantIn(path, after.bytes);
      return grant ? [windowOf(path, grant)] : [];
    });
    return {
      // Whoever signed it may have done so long ago: a person has to allow it.
      windows: this.#firstSeenOf(line) === undefined ? [] : windows,
      rulesFiles: changes.some(({ path }) => isRules(path, folder)) ? rulesFilesAfter(held.files, changes, folder) : undefined,
    };
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
