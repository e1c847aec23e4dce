// Walks the branch from the last judged landing to its tip and judges what changes the policy: Git and the forge are asked here,
// the verdicts are the domain's. Writes nothing: what was found out is given back as records for the ledger.
import {
  applyDelta,
  dirtyPath,
  dirtyRules,
  isRules,
  place,
  startingState,
  step,
  type PolicyState,
  type Verdict,
} from './domain/effective.ts';
import { formObjection, lengthObjection, understood, type FormSettings, type Reading, type Readings } from './domain/form.ts';
import type { Ancestry, Landing, PolicyTree, TreeEntry } from './domain/history.ts';
import type { BlobId, CommitId, Instant } from './domain/names.ts';
import type { GrantFile, Parsed, PolicyFile, Rules } from './domain/policy.ts';
import type { JudgedRecord, LedgerRecord, SeenRecord } from './domain/record.ts';
import { effectivePolicy, pathsToRead, type EffectivePolicy, type WaitingLanding } from './domain/waiting.ts';
import type { Problem } from './domain/run.ts';
import { Unavailable, Unusable } from './failures.ts';
import { mostFiles } from './domain/form.ts';
import { largestFile } from './domain/policy.ts';
import { rulesObjections } from './domain/policy-rules.ts';

/** The mirror of the branch, read by plumbing. */
export interface Branch {
  /** The branch's tip on the server. Throws Unavailable or Unusable. */
  fetch(): Promise<CommitId>;
  /** The tip as last fetched. */
  head(): Promise<CommitId | undefined>;
  ancestry(judged: CommitId, head: CommitId): Promise<Ancestry>;
  landings(after: CommitId, head: CommitId, folder: string): Promise<readonly Landing[]>;
  jump(after: CommitId, head: CommitId, folder: string): Promise<Landing>;
  policyTree(commit: CommitId, folder: string): Promise<PolicyTree>;
  committedAt(commit: CommitId): Promise<Instant>;
  blobs(
    ids: Iterable<BlobId>,
    limit: number,
  ): Promise<{ readonly contents: ReadonlyMap<BlobId, Uint8Array>; readonly tooLarge: ReadonlySet<BlobId> }>;
}

export interface PolicyParser {
  parseRules(files: readonly PolicyFile[], folder: string): Parsed<Rules>;
  parseGrant(file: PolicyFile, folder: string): Parsed<GrantFile>;
}

/** A verdict, or why there is none yet. The evidence goes to the ledger as it is. */
export type Judgement =
  | { readonly kind: 'judged'; readonly verdict: Verdict; readonly evidence: unknown }
  | { readonly kind: 'waiting'; readonly code: string; readonly detail: string };

/** Conditions 4 and 5 of DESIGN, section 2, for a landing that passed 1 to 3. */
export interface ContentJudge {
  readonly evidence: 'gitlab' | 'none';
  /** Told of all landings to come, oldest first, so that their evidence can be gathered at the same time. */
  prepare(state: PolicyState, landings: readonly Landing[]): Promise<void>;
  judge(state: PolicyState, landing: Landing, readings: Readings): Promise<Judgement>;
}

export interface JudgingSettings extends FormSettings {
  readonly start: CommitId;
}

export interface Judged {
  /** Undefined: there is no policy in force to speak of. */
  readonly policy: EffectivePolicy | undefined;
  readonly head: CommitId | undefined;
  readonly records: readonly LedgerRecord[];
  readonly problems: readonly Problem[];
}

interface Walk {
  state: PolicyState;
  readonly waiting: WaitingLanding[];
  readonly records: LedgerRecord[];
  readonly problems: Problem[];
}

/** The policy in force now, from what the ledger remembers and what came to the branch since. */
export async function judgeBranch(
  branch: Branch,
  parser: PolicyParser,
  judge: ContentJudge,
  remembered: PolicyState | undefined,
  settings: JudgingSettings,
  now: Instant,
): Promise<Judged> {
  const problems: Problem[] = [];
  const head = await currentHead(branch, problems);
  try {
    const started = await start(branch, parser, remembered, settings, now);
    const walk: Walk = { state: started.state, waiting: [], records: [...started.records], problems };
    if (head) await walkTo(head, walk, branch, parser, judge, settings, now);
    const readings = await readTip(branch, parser, walk, settings.folder);
    return { policy: effectivePolicy(walk.state, walk.waiting, readings, now, settings.folder), head, records: walk.records, problems };
  } catch (error) {
    problems.push(problemOf(error, 'policy'));
    const policy = remembered && effectivePolicy(remembered, [], new Map(), now, settings.folder);
    return { policy, head, records: [], problems };
  }
}

async function currentHead(branch: Branch, problems: Problem[]): Promise<CommitId | undefined> {
  try {
    return await branch.fetch();
  } catch (error) {
    problems.push(problemOf(error, 'git'));
    return branch.head();
  }
}

/** Only what is thrown on purpose becomes a problem of the run; anything else is a bug and goes on up. */
export function problemOf(error: unknown, what: string): Problem {
  if (error instanceof Unavailable) return { status: 'unavailable', code: `${what}-unavailable`, message: error.message };
  if (error instanceof Unusable) return { status: 'input', code: `${what}-unusable`, message: error.message };
  throw error;
}

async function start(
  branch: Branch,
  parser: PolicyParser,
  remembered: PolicyState | undefined,
  settings: JudgingSettings,
  now: Instant,
): Promise<{ state: PolicyState; records: readonly LedgerRecord[] }> {
  if (remembered?.start === settings.start) return { state: remembered, records: [] };
  const tree = await branch.policyTree(settings.start, settings.folder);
  const entries = [...tree].filter(([path, entry]) => place(path, settings.folder).kind !== 'other' && entry.mode === '100644');
  const { contents, tooLarge } = await branch.blobs(
    entries.map(([, { blob }]) => blob),
    largestFile,
  );
  const files = entries.map(([path, { blob }]) => ({ path, bytes: contents.get(blob) ?? new Uint8Array() }));
  if (tooLarge.size > 0) throw new Unusable(`the policy at start ${settings.start} has files over ${largestFile} bytes`);
  const rules = valid(
    parser.parseRules(
      files.filter(({ path }) => isRules(path, settings.folder)),
      settings.folder,
    ),
    settings.start,
  );
  const [objection] = rulesObjections(rules);
  if (objection) throw new Unusable(`the policy at start ${settings.start} cannot be used: ${objection.message}`);
  const grants = new Map<string, GrantFile>();
  for (const file of files) {
    if (!isRules(file.path, settings.folder)) grants.set(file.path, valid(parser.parseGrant(file, settings.folder), settings.start));
  }
  const state = startingState(
    { commit: settings.start, committedAt: await branch.committedAt(settings.start), tree, rules, grants },
    remembered,
  );
  return { state, records: [{ type: 'start', at: now, state }] };
}

function valid<Value>(parsed: Parsed<Value>, commit: CommitId): Value {
  if (parsed.kind === 'valid') return parsed.value;
  const [{ path, line, column, message }] = parsed.findings;
  throw new Unusable(`the policy at start ${commit} cannot be used: ${path}:${line}:${column}: ${message}`);
}

async function walkTo(
  head: CommitId,
  walk: Walk,
  branch: Branch,
  parser: PolicyParser,
  judge: ContentJudge,
  settings: JudgingSettings,
  now: Instant,
): Promise<void> {
  const { judged } = walk.state;
  if (judged === head) return;
  const ancestry = await branch.ancestry(judged, head);
  if (ancestry === 'rewritten') {
    walk.problems.push({ status: 'input', code: 'history-rewritten', message: rewritten(judged, head) });
    return;
  }
  if (ancestry === 'off-chain') {
    const jump = await branch.jump(judged, head, settings.folder);
    const verdict: Verdict = {
      kind: 'refused',
      code: 'off-chain',
      detail: `${judged} is no longer on the first-parent chain`,
      mergeRequest: null,
    };
    take(
      walk,
      jump,
      await readLanding(branch, parser, walk.state, jump, settings.folder),
      { kind: 'judged', verdict, evidence: null },
      settings,
      now,
    );
    return;
  }
  await judgeAll(await branch.landings(judged, head, settings.folder), walk, branch, parser, judge, settings, now);
  if (walk.waiting.length === 0 && walk.state.judged !== head) walk.records.push(advance(walk, head, now));
}

function rewritten(judged: CommitId, head: CommitId): string {
  return (
    `the branch was rewritten: the last judged commit ${judged} is not in the history of its tip ${head}. Nothing is judged until a person has looked ` +
    `(git log ${judged}..${head}, git log ${head}..${judged}) and has set repository.start to a commit of the new history`
  );
}

function advance(walk: Walk, commit: CommitId, now: Instant): JudgedRecord {
  walk.state = { ...walk.state, judged: commit };
  return { type: 'judged', at: now, commit };
}

async function judgeAll(
  landings: readonly Landing[],
  walk: Walk,
  branch: Branch,
  parser: PolicyParser,
  judge: ContentJudge,
  settings: JudgingSettings,
  now: Instant,
): Promise<void> {
  const relevant = landings.filter(({ changes }) => changes.length > 0);
  await judge.prepare(walk.state, relevant);
  const contents = await readBlobs(branch, relevant);
  for (const landing of relevant) {
    const readings = await readLanding(branch, parser, walk.state, landing, settings.folder, contents);
    if (walk.waiting.length > 0) {
      walk.waiting.push({ landing, code: 'waits-for-earlier', detail: 'an earlier change waits for its verdict' });
      continue;
    }
    const judgement = await judgeLanding(walk.state, landing, readings, judge, settings);
    take(walk, landing, readings, judgement, settings, now);
  }
}

async function judgeLanding(
  state: PolicyState,
  landing: Landing,
  readings: Readings,
  judge: ContentJudge,
  settings: JudgingSettings,
): Promise<Judgement> {
  const refused = (
    code: Extract<Verdict, { kind: 'refused' }>['code'],
    detail: string,
    mergeRequest: number | null = null,
    evidence: unknown = null,
  ): Judgement => ({
    kind: 'judged',
    verdict: { kind: 'refused', code, detail, mergeRequest },
    evidence,
  });
  const form = formObjection(state, landing, readings, settings);
  if (form) return refused(form.code, form.detail);
  const rules = dirtyRules(state, settings.folder);
  if (rules !== undefined) return refused('rules-dirty', rules);
  const dirty = dirtyPath(state, landing);
  if (dirty !== undefined) return refused('dirty', dirty);
  const judgement = await judge.judge(state, landing, readings);
  if (judgement.kind === 'waiting' || judgement.verdict.kind === 'refused') return judgement;
  const { landedAt, mergeRequest } = judgement.verdict;
  const length = lengthObjection(landing, readings, state.rules, landedAt, settings);
  return length ? refused(length.code, length.detail, mergeRequest, judgement.evidence) : judgement;
}

function take(walk: Walk, landing: Landing, readings: Readings, judgement: Judgement, settings: JudgingSettings, now: Instant): void {
  if (judgement.kind === 'waiting') {
    walk.waiting.push({ landing, code: judgement.code, detail: judgement.detail });
    walk.records.push({ type: 'seen', at: now, commit: landing.commit } satisfies SeenRecord);
    return;
  }
  const { verdict, evidence } = judgement;
  const delta = step(walk.state, landing, understood(readings), verdict, settings.folder);
  walk.records.push({ type: 'verdict', at: now, commit: landing.commit, verdict, evidence, delta });
  walk.state = applyDelta(walk.state, delta);
}

type Contents = Awaited<ReturnType<Branch['blobs']>>;

/** One process for the files of all landings. A landing with too many files is refused for that; its files are not looked at. */
async function readBlobs(branch: Branch, landings: readonly Landing[]): Promise<Contents> {
  const ids = landings
    .filter(({ changes }) => changes.length <= mostFiles)
    .flatMap(({ changes }) => changes.flatMap(({ after }) => (after && isFile(after) ? [after.blob] : [])));
  return ids.length === 0 ? { contents: new Map(), tooLarge: new Set() } : branch.blobs(ids, largestFile);
}

function isFile({ mode }: TreeEntry): boolean {
  return mode === '100644' || mode === '100755';
}

async function readLanding(
  branch: Branch,
  parser: PolicyParser,
  state: PolicyState,
  landing: Landing,
  folder: string,
  contents?: Contents,
): Promise<Readings> {
  const read = contents ?? (await readBlobs(branch, [landing]));
  const files = new Map<string, Reading>();
  for (const { path, after } of landing.changes.slice(0, mostFiles + 1)) {
    if (after && isFile(after)) files.set(path, readFile(parser, path, after, read, folder));
  }
  const rulesChange = landing.changes.some(({ path }) => isRules(path, folder));
  return rulesChange ? { files, rules: await readRulesAfter(branch, parser, state, landing, folder) } : { files };
}

function readFile(parser: PolicyParser, path: string, { blob }: TreeEntry, { contents, tooLarge }: Contents, folder: string): Reading {
  if (tooLarge.has(blob)) return { kind: 'too-large' };
  const bytes = contents.get(blob);
  if (!bytes) return { kind: 'unreadable', detail: path };
  const { kind } = place(path, folder);
  if (kind === 'policy' || kind === 'group') return { kind: 'rules' };
  if (kind === 'other') return { kind: 'unreadable', detail: path };
  const parsed = parser.parseGrant({ path, bytes }, folder);
  if (parsed.kind === 'valid') return { kind: 'grant', grant: parsed.value };
  const [{ line, column, message }] = parsed.findings;
  return { kind: 'unreadable', detail: `${path}:${line}:${column}: ${message}` };
}

/** The rules as a whole after the landing: a landing changes some of their files, and only together they make sense. */
async function readRulesAfter(
  branch: Branch,
  parser: PolicyParser,
  state: PolicyState,
  landing: Landing,
  folder: string,
): Promise<NonNullable<Readings['rules']>> {
  const tree = new Map([...state.tree].filter(([path]) => isRules(path, folder)));
  for (const { path, after } of landing.changes) {
    if (!isRules(path, folder)) continue;
    if (after) tree.set(path, after);
    else tree.delete(path);
  }
  const { contents } = await branch.blobs(
    [...tree.values()].filter(isFile).map(({ blob }) => blob),
    largestFile,
  );
  const files = [...tree].flatMap(([path, { blob }]) => {
    const bytes = contents.get(blob);
    return bytes ? [{ path, bytes }] : [];
  });
  if (files.length < tree.size) return { kind: 'invalid', detail: 'a rules file is too large or no regular file' };
  const parsed = parser.parseRules(files, folder);
  if (parsed.kind === 'valid') return { kind: 'valid', value: parsed.value };
  const [{ path, line, column, message }] = parsed.findings;
  return { kind: 'invalid', detail: `${path}:${line}:${column}: ${message}` };
}

async function readTip(branch: Branch, parser: PolicyParser, walk: Walk, folder: string): Promise<ReadonlyMap<string, Reading>> {
  const wanted = pathsToRead(walk.state, walk.waiting, folder);
  if (wanted.size === 0) return new Map();
  const contents = await branch.blobs(
    [...wanted.values()].map(({ blob }) => blob),
    largestFile,
  );
  return new Map([...wanted].map(([path, entry]) => [path, readFile(parser, path, entry, contents, folder)]));
}
