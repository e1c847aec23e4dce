// Which signed statements count for a landing (SSH signatures on exactly its change, by people entitled under the rules before it). Pure but for
// the one question to ssh-keygen, which is an argument, and asked only about statements that nothing else keeps from counting.
import { requirement, type SignedCeilings } from '../evidence/approval.ts';
import type { CommitId, Instant } from '../names.ts';
import { membersOf, type Rules } from '../policy/policy.ts';
import type { Distrusted, JudgedSignature, SignatureReason } from '../record/approval-count.ts';
import type { JudgingRecord, SignedRecord } from '../record/judging-record.ts';
import { minute } from '../time.ts';
import type { InForce, SignedChange } from './signed-change.ts';
import type { SshKey } from './ssh-key.ts';
import type { SshSignature } from './ssh-signature.ts';
import { changeLines, type Place, type Statement } from './statement.ts';

/** A statement and the signature that came with it, both parsed. */
export interface SignedStatement {
  readonly statement: Statement;
  /** Its bytes. */
  readonly text: string;
  readonly signature: SshSignature;
  /** When this host first saw it. */
  readonly firstSeen: Instant;
}

export interface SignedLanding {
  readonly commit: CommitId;
  /** When this host first saw it; undefined for landings from before a record that began anew, which are judged without these times. */
  readonly firstSeen: Instant | undefined;
  /** When it is judged, or was: whatever is signed later was not there to be judged. */
  readonly recorded: Instant;
  readonly change: SignedChange;
  /** Of grants that must be signed. */
  readonly inForce: InForce;
}

/** Other grants are not known here in the same way on both sides. */
export function whereSigned(inForce: InForce, rules: Rules, ceilings: SignedCeilings, folder: string): InForce {
  return (path) => ((requirement(rules, path.slice(folder.length + 1), ceilings)?.signed ?? 0) > 0 ? inForce(path) : undefined);
}

export interface SigningTerms {
  readonly place: Place;
  readonly ceilings: SignedCeilings;
  /** Only signatures made with a touch count. */
  readonly requireTouch: boolean;
  readonly distrusted: readonly Distrusted[];
}

/** By the lines of their change: the landings before, as far as they use statements up, and the texts of those that came with them. */
export type EarlierLandings = Map<string, { readonly commit: CommitId; readonly firstSeen: Instant; readonly texts: Set<string> }>;

/**
 * Whatever its verdict is, a landing uses up every statement for the same lines. A record that began anew does not know when it was first seen, only
 * when it was recorded: until then anybody could show the statements of the past once more.
 */
export function useUp(
  earlier: EarlierLandings,
  { commit, firstSeen: seen, change }: Pick<SignedLanding, 'commit' | 'firstSeen'> & { readonly change: Pick<SignedChange, 'lines'> },
  recorded: Instant,
  statements: readonly { readonly text: string }[],
): void {
  const known = earlier.get(change.lines);
  const firstSeen = seen ?? recorded;
  const texts = known?.texts ?? new Set<string>();
  for (const { text } of statements) texts.add(text);
  const last = known && known.firstSeen >= firstSeen ? known : { commit, firstSeen };
  earlier.set(change.lines, { ...last, texts });
}

/** The answer of ssh-keygen: the person's key made the signature over these bytes. */
export type Verify = (signed: SignedStatement, key: SshKey) => boolean;

/** A clock of whoever signs may be ahead by so much. */
const mostAhead = 5 * minute;

/** In the order of `statements`. What is wrong is told once, the cheapest question first. */
export function judgeStatements(
  landing: SignedLanding,
  statements: readonly SignedStatement[],
  earlier: EarlierLandings,
  terms: SigningTerms,
  verify: Verify,
): readonly JudgedSignature[] {
  return statements.map((signed) => judge(landing, signed, earlier, terms, verify));
}

type Why = { readonly reason: SignatureReason; readonly detail?: string };

function judge(
  landing: SignedLanding,
  signed: SignedStatement,
  earlier: EarlierLandings,
  terms: SigningTerms,
  verify: Verify,
): JudgedSignature {
  const { statement, signature } = signed;
  const { signer: person, at } = statement;
  const { fingerprint } = signature.key;
  const { rules, reviewed } = landing.change;
  const approver = rules.people.get(person);
  const key = isOfOne(fingerprint, rules) ? approver?.keys.find((one) => one.fingerprint === fingerprint) : undefined;
  const entitled = reviewed.filter(({ path }) => membersOf(rules, requirement(rules, path, terms.ceilings)?.teams ?? []).includes(person));
  const disinterested = entitled.filter(
    ({ beneficiaries }) => ![person, ...(approver?.also ?? [])].some((uid) => beneficiaries.includes(uid)),
  );
  const why: Why | undefined =
    whyNotThisContent(landing.change, statement, terms.place) ??
    whyNotTheseEffects(landing, statement) ??
    (key ? undefined : { reason: 'key-not-in-force' }) ??
    (isDistrusted(signed, terms.distrusted) ? { reason: 'distrusted' } : undefined) ??
    // For every path: a statement is signed whole, and counts whole.
    (entitled.length < reviewed.length ? { reason: 'not-entitled' } : undefined) ??
    (disinterested.length === 0 ? { reason: 'benefits' } : undefined) ??
    whyNotThen(landing, signed, earlier) ??
    (terms.requireTouch && !signature.touched ? { reason: 'no-touch' } : undefined) ??
    (key && verify(signed, key) ? undefined : { reason: 'signature-bad' });
  const shared = { person, fingerprint, touched: signature.touched, at };
  return why ? { kind: 'not-counted', ...shared, ...why } : { kind: 'counted', ...shared, paths: disinterested.map(({ path }) => path) };
}

/** The rules are checked for it before they come into force, but whoever judges could be taken over. */
function isOfOne(fingerprint: string, { people }: Rules): boolean {
  return [...people.values()].filter(({ keys }) => keys.some((key) => key.fingerprint === fingerprint)).length === 1;
}

/** The first line of the statement that says something else than what is so. */
function whyNotThisContent(change: SignedChange, statement: Statement, place: Place): Why | undefined {
  for (const part of ['project', 'branch', 'start'] as const)
    if (statement[part] !== place[part]) return { reason: 'other-content', detail: part };
  const path = otherPath(changeLines(change.stated), changeLines(statement.changes), [...change.stated, ...statement.changes]);
  if (path !== undefined) return { reason: 'other-content', detail: path };
  if (statement.rules !== change.rulesDigest) return { reason: 'other-content', detail: 'rules' };
  return undefined;
}

/** People sign what they read. That nobody gains, say, is not so where somebody has changed the words of a file that nobody ever approved. */
function whyNotTheseEffects({ change, inForce }: SignedLanding, { at, effects }: Statement): Why | undefined {
  const says = (known?: InForce): boolean => isSame(change.effectsAt(at, known), effects);
  // Whoever knows more than is known here may have had more to say.
  if (says(inForce) || says((path) => inForce(path) ?? 'nothing')) return undefined;
  if (!says()) return { reason: 'other-content', detail: 'effects' };
  const odd = change.stated.find(({ path }) => !says((one) => (one === path ? inForce(path) : undefined)));
  return { reason: 'not-in-force', detail: odd?.path };
}

/** Of lines of effects. */
export function isSame(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.length === theirs.length && ours.every((effect, place) => effect === theirs[place]);
}

function otherPath(ours: readonly string[], theirs: readonly string[], all: SignedChange['stated']): string | undefined {
  const odd = new Set([...ours.filter((line) => !theirs.includes(line)), ...theirs.filter((line) => !ours.includes(line))]);
  return all.find((change) => changeLines([change]).some((line) => odd.has(line)))?.path;
}

function isDistrusted({ statement, signature, firstSeen }: SignedStatement, distrusted: readonly Distrusted[]): boolean {
  return distrusted.some(
    ({ person, fingerprint = signature.key.fingerprint, since }) =>
      person === statement.signer && fingerprint === signature.key.fingerprint && firstSeen > since,
  );
}

function whyNotThen(
  { firstSeen, recorded, change }: SignedLanding,
  { statement: { at, until }, text }: SignedStatement,
  earlier: EarlierLandings,
): Why | undefined {
  if (at > (firstSeen ?? recorded) + mostAhead) return { reason: 'too-late', detail: 'after' };
  if (firstSeen !== undefined && firstSeen > until) return { reason: 'too-late', detail: 'expired' };
  const used = earlier.get(change.lines);
  // By its text: whoever has one signature can make another one of some kinds, without the key.
  return used && (at <= used.firstSeen || used.texts.has(text)) ? { reason: 'used-before', detail: used.commit } : undefined;
}

/** What the record of judging says of signatures so far: what need not be kept twice, and which statements landings have used up. */
export class SigningMemory {
  readonly contents = new Set<string>();
  readonly rulesFiles = new Set<string>();
  /** When statements were first seen, by their names. */
  readonly seen = new Map<string, Instant>();
  readonly #landings = new Map<string, SignedRecord[]>();
  #read = 0;

  follow(records: readonly JudgingRecord[]): this {
    for (const record of records.slice(this.#read)) this.#take(record);
    this.#read = records.length;
    return this;
  }

  #take(record: JudgingRecord): void {
    if (record.type === 'content') this.contents.add(record.sha256);
    if (record.type === 'rules-files') this.rulesFiles.add(record.rules);
    if (record.type === 'statements-seen') for (const name of record.statements) this.seen.set(name, record.at);
    if (record.type !== 'signed') return;
    const lines = changeLines(record.changes).join('\n');
    const known = this.#landings.get(lines);
    if (known) known.push(record);
    else this.#landings.set(lines, [record]);
  }

  /** Landings with these lines but for one: its own line may be on record from a look that was ended before the verdict. */
  earlier(lines: string, but: CommitId): EarlierLandings {
    const earlier: EarlierLandings = new Map();
    for (const { commit, firstSeen, at, statements } of this.#landings.get(lines) ?? [])
      if (commit !== but) useUp(earlier, { commit, firstSeen: firstSeen ?? undefined, change: { lines } }, at, statements);
    return earlier;
  }
}
