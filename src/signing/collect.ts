// Signed statements for landings: collected from wherever they travel, judged, and kept in the record of judging with all that verifies them.
// Who carries them is not trusted and may carry any number of anything: all of it is bounded, and what is not read is a signature that is missing.
import { sha256, sshFingerprint } from '../digest.ts';
import { requirement, type SignedCeilings } from '../evidence/approval.ts';
import type { MergeRequest } from '../record/kept-evidence.ts';
import type { OpenRequest, OpenSigning, SigningPorts } from '../evidence/gitlab-judge.ts';
import type { Landing, TreeEntry } from '../history/landing.ts';
import type { Branch } from '../history/branch.ts';
import { loadParser } from '../judge/landing-files.ts';
import { instant, type CommitId, type Instant } from '../names.ts';
import { isRules, largestFile, mostFiles, type Rules } from '../policy/policy.ts';
import type { Distrusted, JudgedSignature } from '../record/approval-count.ts';
import type { PolicyState } from '../record/policy-state.ts';
import type { JudgingRecord, KeptStatement } from '../record/judging-record.ts';
import { mostKept } from '../record/judging-shapes.ts';
import { readSigned, renderSigned, type Unreadable } from './carried.ts';
import { judgeStatements, SigningMemory, whereSigned, type SignedStatement, type Verify } from './judge-statements.ts';
import {
  signedChange,
  statementOf,
  withContents,
  type Content,
  type ContentChange,
  type InForce,
  type RulesFiles,
  type SignedChange,
} from './signed-change.ts';
import { changeLines, longestValidity, printStatement, type Place } from './statement.ts';
import { day } from '../time.ts';

export interface Comment {
  readonly body: string;
  /** The number of the account that wrote it. */
  readonly by: number | undefined;
}

export interface Carriers {
  /** Of a merge request, newest first. Throws Unavailable where GitLab does not answer. */
  readonly comments: (project: number, iid: number) => Promise<readonly Comment[]>;
  /** Under refs/notes/muster-approvals, on any of these commits. None where they cannot be had. */
  readonly notes: (commits: readonly CommitId[]) => Promise<readonly string[]>;
  /** What lies in the folder `approvals`, for any landing. */
  readonly files: () => readonly string[];
}

/** What judging has on record, and the one way to add to it. */
export interface SigningRecord {
  readonly records: () => readonly JudgingRecord[];
  readonly append: (records: readonly JudgingRecord[]) => Promise<void>;
  readonly caughtUp: () => boolean;
  readonly firstSeen: (commit: CommitId) => Instant | undefined;
}

export interface CollectTerms {
  readonly branch: string;
  readonly start: CommitId;
  readonly folder: string;
  readonly ceilings: SignedCeilings;
  readonly requireTouch: boolean;
  readonly distrusted: readonly Distrusted[];
  readonly now: Instant;
}

interface Ports {
  readonly carriers: Carriers;
  readonly record: SigningRecord;
  readonly blobs: Branch['blobs'];
  readonly verify: Verify;
}

/** Statements that are judged for one landing. */
const mostJudged = 100;
/** Bytes of the files that one landing changes, before and after: all of them are kept. */
export const largestSigned = 1024 * 1024;
/** Statements that cannot be read and are told of. */
const mostTold = 5;
/** Bytes of the statements that are kept of one landing. */
const largestKept = 512 * 1024;

/** What a landing changes, with the contents; its rules are those in force before it. */
export interface WholeChange {
  readonly change: SignedChange;
  readonly changes: readonly ContentChange[];
  readonly rulesFiles: RulesFiles;
}

/** Undefined for what nobody could sign: it is refused for its form, or its rules are not to be understood. */
export async function wholeChangeOf(
  state: Pick<PolicyState, 'endorsed'>,
  { changes, cut, outside }: Pick<Landing, 'changes' | 'cut' | 'outside'>,
  folder: string,
  blobs: Branch['blobs'],
): Promise<WholeChange | undefined> {
  const entries = changes.flatMap(({ before, after }) => [before, after].filter((entry) => entry !== undefined));
  if (cut || outside > 0 || changes.length > mostFiles || entries.some(({ mode }) => mode !== '100644')) return undefined;
  const rules = [...state.endorsed].filter(([path]) => isRules(path, folder));
  const { contents } = await blobs([...entries.map(({ blob }) => blob), ...rules.map(([, blob]) => blob)], largestFile);
  const contentOf = ({ mode, blob }: TreeEntry): Content | undefined => {
    const bytes = contents.get(blob);
    return bytes && { mode, bytes };
  };
  const whole = withContents(changes, contentOf);
  const rulesFiles = new Map<string, Content>();
  for (const [path, blob] of rules) {
    const content = contentOf({ mode: '100644', blob });
    if (content) rulesFiles.set(path, content);
  }
  if (!whole || rulesFiles.size < rules.length) return undefined;
  const change = signedChange(whole, rulesFiles, folder, { parser: await loadParser(), sha256 });
  return change && { change, changes: whole, rulesFiles };
}

/** Every statement in these texts that can be read, each once, at most `mostJudged`; of files, which are for all landings, those for this change. */
export function statementsIn(
  change: SignedChange,
  { files, others }: { readonly files: readonly string[]; readonly others: readonly string[] },
  firstSeen: (name: string) => Instant,
  tellUnreadable: (what: Unreadable) => void = () => undefined,
): ReadonlyMap<string, SignedStatement> {
  const found = new Map<string, SignedStatement>();
  const take = (text: string, isFor: (signed: SignedStatement) => boolean, tell: typeof tellUnreadable = () => undefined): void => {
    for (const read of readSigned(text, firstSeen(''), sshFingerprint)) {
      if (read.kind === 'invalid') tell({ line: read.line, message: read.message });
      if (read.kind === 'invalid' || !isFor(read.signed) || found.size >= mostJudged) continue;
      const name = nameOf(read.signed);
      found.set(name, { ...read.signed, firstSeen: firstSeen(name) });
    }
  };
  for (const file of files) take(file, ({ statement }) => changeLines(statement.changes).join('\n') === change.lines);
  for (const other of others) take(other, () => true, tellUnreadable);
  return found;
}

/** By which a statement is known again. */
function nameOf({ text, signature }: SignedStatement): string {
  return sha256(renderSigned(text, signature.armour));
}

export function openSigning(ports: Ports, terms: CollectTerms): SigningPorts {
  const collector = new Collector(ports, terms);
  return {
    ceilings: terms.ceilings,
    signaturesFor: (...asked) => collector.signaturesFor(...asked),
    openRequest: (...asked) => collector.openRequest(...asked),
    keep: (...asked) => collector.keep(...asked),
  };
}

class Collector {
  readonly #ports: Ports;
  readonly #terms: CollectTerms;
  readonly #memory = new SigningMemory();
  readonly #counted = new Map<CommitId, readonly KeptStatement[]>();
  #last:
    | {
        readonly commit: CommitId;
        readonly parent: CommitId;
        readonly state: PolicyState;
        readonly whole: Promise<WholeChange | undefined>;
      }
    | undefined;

  constructor(ports: Ports, terms: CollectTerms) {
    this.#ports = ports;
    this.#terms = terms;
  }

  async signaturesFor(
    state: PolicyState,
    landing: Landing,
    { project, mergeRequests }: { readonly project: string; readonly mergeRequests: readonly MergeRequest[] },
  ): Promise<readonly JudgedSignature[]> {
    const whole = await this.#wholeOf(state, landing);
    if (!whole) return [];
    const found = await this.#collect(whole.change, landing, mergeRequests);
    // However long the landing waits.
    await this.#see([...found.keys()]);
    const statements = [...found.values()];
    const judged = this.#judged(state, whole, landing, statements, project);
    const kept = keptOf(statements.filter((_, place) => judged[place]?.kind === 'counted'));
    this.#counted.set(
      landing.commit,
      kept.map(({ text, signature: { armour, key }, firstSeen }) => ({ text, signature: armour, fingerprint: key.fingerprint, firstSeen })),
    );
    // What is not kept could never be shown again.
    return judged.filter(({ kind }, place) => kind === 'not-counted' || kept.some((one) => one === statements[place]));
  }

  async openRequest(state: PolicyState, landing: Landing, { project, mergeRequest, blobs }: OpenRequest): Promise<OpenSigning> {
    const whole = await wholeChangeOf(state, landing, this.#terms.folder, blobs);
    const [nobody] = whole?.change.rules.people.keys() ?? [];
    if (!whole || nobody === undefined) return { signatures: [], unreadable: [], statement: undefined };
    const unreadable: Unreadable[] = [];
    const found = await this.#collect(whole.change, landing, [mergeRequest], (what) => unreadable.push(what));
    const signatures = this.#judged(state, whole, landing, [...found.values()], String(project));
    // Whoever may comment could fill the record with others; one that counts now is not a thief's, should its key be stolen before the merge.
    await this.#see([...found.keys()].filter((_, place) => signatures[place]?.kind === 'counted'));
    const today = instant(Math.floor(this.#terms.now / day) * day);
    // The same all day long: whoever keeps the text where people read it need not write it anew.
    const text = printStatement(
      statementOf({ ...whole, inForce: this.#inForce(state) }, this.#placeIn(String(project)), nobody, today, longestValidity),
    );
    return {
      signatures,
      unreadable: unreadable.slice(0, mostTold),
      statement: text.replace(/^signer .*$/m, 'signer NAME'),
    };
  }

  /** From here on it is on record when these were seen. */
  async #see(names: readonly string[]): Promise<void> {
    const { seen } = this.#remembered();
    const statements = names.filter((name) => !seen.has(name));
    if (statements.length > 0) await this.#ports.record.append([{ type: 'statements-seen', at: this.#terms.now, statements }]);
  }

  #placeIn(project: string): Place {
    const { branch, start } = this.#terms;
    return { project, branch: `refs/heads/${branch}`, start };
  }

  #judged(
    state: PolicyState,
    { change, changes }: WholeChange,
    landing: Landing,
    statements: readonly SignedStatement[],
    project: string,
  ): readonly JudgedSignature[] {
    if (sizeOf(changes) > largestSigned) return statements.map(tooLarge);
    const { now: recorded } = this.#terms;
    return judgeStatements(
      { commit: landing.commit, firstSeen: this.#firstSeenOf(landing), recorded, change, inForce: this.#inForce(state) },
      statements,
      this.#remembered().earlier(change.lines, landing.commit),
      { ...this.#terms, place: this.#placeIn(project) },
      this.#ports.verify,
    );
  }

  #inForce({ inForce, rules }: PolicyState): InForce {
    return whereSigned((path) => inForce.get(path) ?? 'nothing', rules, this.#terms.ceilings, this.#terms.folder);
  }

  /** The lines that stand before the verdict on a landing. */
  async keep(state: PolicyState, landing: Landing): Promise<readonly JudgingRecord[]> {
    if ((requirement(state.rules, 'policy.yaml', this.#terms.ceilings)?.signed ?? 0) === 0) return [];
    const whole = await this.#wholeOf(state, landing);
    if (!whole) return [];
    const { now: at } = this.#terms;
    const { change, changes, rulesFiles } = whole;
    const statements = this.#counted.get(landing.commit) ?? [];
    const memory = this.#remembered();
    const isNew = !memory.rulesFiles.has(change.rulesDigest);
    const files = [...changes.flatMap(({ before, after }) => [before, after]), ...(isNew ? rulesFiles.values() : [])];
    const contents = new Map(files.flatMap((file) => (file ? [[sha256(file.bytes), file.bytes] as const] : [])));
    const support: JudgingRecord[] = [...contents]
      .filter(([name]) => !memory.contents.has(name))
      .map(([name, bytes]) => ({ type: 'content', at, sha256: name, base64: Buffer.from(bytes).toString('base64') }));
    if (isNew)
      support.push({
        type: 'rules-files',
        at,
        rules: change.rulesDigest,
        files: [...rulesFiles].map(([path, { mode, bytes }]) => [path, { mode, sha256: sha256(bytes) }]),
      });
    const firstSeen = this.#firstSeenOf(landing) ?? null;
    const { rulesDigest: rules, stated } = change;
    const signed: JudgingRecord = { type: 'signed', at, commit: landing.commit, firstSeen, rules, changes: stated, statements };
    return [...(statements.length > 0 ? support : []), signed];
  }

  /** Both questions about a landing are about the same change. */
  #wholeOf(state: PolicyState, landing: Landing): Promise<WholeChange | undefined> {
    const { commit, parent } = landing;
    if (this.#last?.commit === commit && this.#last.parent === parent && this.#last.state === state) return this.#last.whole;
    const whole = wholeChangeOf(state, landing, this.#terms.folder, this.#ports.blobs);
    this.#last = { commit, parent, state, whole };
    return whole;
  }

  #firstSeenOf({ commit }: Landing): Instant | undefined {
    const { firstSeen, caughtUp } = this.#ports.record;
    return caughtUp() ? (firstSeen(commit) ?? this.#terms.now) : undefined;
  }

  #remembered(): SigningMemory {
    return this.#memory.follow(this.#ports.record.records());
  }

  async #collect(
    change: SignedChange,
    { commit }: Landing,
    mergeRequests: readonly MergeRequest[],
    tellUnreadable?: (what: Unreadable) => void,
  ): Promise<ReadonlyMap<string, SignedStatement>> {
    const { carriers } = this.#ports;
    const { now: at } = this.#terms;
    const heads = mergeRequests.flatMap(({ head }) => head ?? []);
    const comments: Comment[] = [];
    for (const { iid, targetProject } of mergeRequests) comments.push(...(await carriers.comments(targetProject, iid)));
    const others = [...(await carriers.notes([...heads, commit])), ...ofPeopleFirst(comments, change.rules)];
    const { seen } = this.#remembered();
    return statementsIn(change, { files: carriers.files(), others }, (name) => seen.get(name) ?? at, tellUnreadable);
  }
}

/** Whoever may comment could bury the statements that count under others. Who wrote a comment decides nothing else. */
export function ofPeopleFirst(comments: readonly Comment[], { people }: Rules): readonly string[] {
  const accounts = new Set([...people.values()].flatMap(({ gitlab }) => gitlab));
  const isOfSomebody = ({ by }: Comment) => by !== undefined && accounts.has(by);
  return [...comments.filter(isOfSomebody), ...comments.filter((one) => !isOfSomebody(one))].map(({ body }) => body);
}

function sizeOf(changes: readonly ContentChange[]): number {
  return changes.reduce((sum, { before, after }) => sum + (before?.bytes.length ?? 0) + (after?.bytes.length ?? 0), 0);
}

function tooLarge({ statement, signature }: SignedStatement): JudgedSignature {
  const { signer: person, at } = statement;
  return { kind: 'not-counted', person, fingerprint: signature.key.fingerprint, touched: signature.touched, at, reason: 'too-large' };
}

/** One of each person: more of the same prove nothing. */
function keptOf(counted: readonly SignedStatement[]): readonly SignedStatement[] {
  const kept = new Map<string, SignedStatement>();
  let size = 0;
  for (const signed of counted) {
    const { signer } = signed.statement;
    if (kept.has(signer) || kept.size >= mostKept || size + signed.text.length > largestKept) continue;
    size += signed.text.length;
    kept.set(signer, signed);
  }
  return [...kept.values()];
}
