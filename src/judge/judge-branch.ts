// Walks the branch from the last judged landing to its tip and judges what changes the policy: Git and the forge are asked here,
// the verdicts are the domain's. What was found out is recorded as it is found out.
import { applyDelta } from '../record/deltas.ts';
import { dirtyPath, dirtyRules, isCountNeeded, knownPaths, step, unlistedAfter, withKnown, type Counted } from './effective.ts';
import type { PolicyState, RefusalCode, Verdict } from '../record/policy-state.ts';
import type { EvidenceKind } from '../evidence/evidence.ts';
import type { LandingEvidence } from '../record/kept-evidence.ts';
import { formObjection, lengthObjection, understood, type FormSettings, type Reading, type Readings } from './form.ts';
import type { Landing } from '../history/landing.ts';
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord } from '../record/judging-record.ts';
import { effectivePolicy, pathsToRead, tipTree, type WaitingLanding } from './waiting.ts';
import type { EffectivePolicy } from '../record/effective-policy.ts';
import { landingFiles, loadParser, type LandingFiles } from './landing-files.ts';
import type { Branch } from '../history/branch.ts';
import type { Blobs } from '../history/objects.ts';
import { problemOf, type Problem } from '../errors.ts';
import type { OwnRecord } from './own-record.ts';
import { startPolicy } from './starting.ts';

/**
 * A verdict, or why there is none yet, and what to keep of that. The evidence goes to the ledger as it is. `unusable` does not pass by waiting alone.
 */
export type Judgement =
  | { readonly kind: 'judged'; readonly verdict: Verdict; readonly evidence: LandingEvidence | null }
  | { readonly kind: 'waiting' | 'unusable'; readonly code: string; readonly detail: string; readonly record?: JudgingRecord };

export type Trouble = Extract<Judgement, { kind: 'waiting' | 'unusable' }>;

/** From where the branch stood before it, -1 for where the first landing begins, to its head; by their places among the landings. */
export interface Forward {
  readonly kind: 'forward';
  readonly from: number;
  readonly to: number;
}

/** What is left once the form is in order: is what stands there clean, and did somebody approve it? */
export interface ContentJudge {
  readonly evidence: EvidenceKind;
  /**
   * Told of all landings to come, oldest first, so that their evidence can be gathered at the same time, and whether the server of the branch
   * answered. Gives lines for the record.
   */
  prepare(landings: readonly Landing[], fetched: boolean): Promise<readonly JudgingRecord[]>;
  /**
   * The fast-forward that the landing at `place` belongs to, if it is part of one of several commits: one merge request is one landing. `judged` is
   * the place of the last one that was judged, -1 before the first.
   */
  forwardOf?(state: PolicyState, landings: readonly Landing[], place: number, judged: number): Promise<Forward | Trouble | undefined>;
  judge(state: PolicyState, landing: Landing, readings: Readings): Promise<Judgement>;
  /** Lines for the record that stand before the verdict, whatever it is. */
  keep?(state: PolicyState, landing: Landing): Promise<readonly JudgingRecord[]>;
}

export interface JudgingSettings extends FormSettings {
  readonly start: CommitId;
  /** What root pins of the rules at `start`. */
  readonly rules?: string | undefined;
}

export interface JudgingPorts {
  readonly branch: Branch;
  readonly judge: ContentJudge;
  /** Whoever kills judging loses no verdict that was appended. */
  readonly record: Pick<OwnRecord, 'state' | 'begin' | 'append' | 'firstHead'>;
  readonly now: Instant;
}

export interface Judged {
  /** Undefined: there is no policy in force to speak of. */
  readonly policy: EffectivePolicy | undefined;
  readonly head: CommitId | undefined;
  readonly problems: readonly Problem[];
}

/** The policy in force now, from what the ledger remembers and what came to the branch since. */
export async function judgeBranch(ports: JudgingPorts, settings: JudgingSettings): Promise<Judged> {
  const { branch, record, now } = ports;
  const remembered = record.state().policy;
  const problems: Problem[] = [];
  const head = await currentHead(branch, problems);
  const fetched = problems.length === 0;
  if (!head && !remembered) return { policy: undefined, head, problems };
  let walk: Walk | undefined;
  try {
    const files = landingFiles(branch.blobs, settings.folder);
    if (head) await record.begin(head);
    const started = await startPolicy(branch, remembered, settings, now, head);
    for (const one of started.records) await record.append([one]);
    walk = new Walk(started.state, problems, ports, settings, files);
    if (head) await walk.to(head, fetched);
    const { state, waiting, unlisted } = walk;
    // Without the branch there is nothing to read them from: what was refused before stays refused.
    const readings = head ? await files.readFiles(pathsToRead(state, waiting, settings.folder)) : new Map<string, Reading>();
    return { policy: effectivePolicy(state, waiting, readings, now, settings.folder, unlisted), head, problems };
  } catch (error) {
    problems.push(problemOf(error, 'policy'));
    // What was judged before it failed stays judged.
    const state = walk?.state ?? remembered;
    const policy = state && effectivePolicy(state, walk?.waiting ?? [], new Map(), now, settings.folder, walk?.unlisted);
    return { policy, head, problems };
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

/** A fast-forward of more commits is not taken for one landing. */
export const longestForward = 100;

/** Landings whose files are in memory at a time: 16 KiB each, and 50 of them. */
const mostAtOnce = 32;

/** One walk along the first-parent chain: the state so far, and what waits. */
class Walk {
  state: PolicyState;
  readonly waiting: WaitingLanding[] = [];
  readonly #problems: Problem[];
  readonly #ports: JudgingPorts;
  readonly #settings: JudgingSettings;
  readonly #files: LandingFiles;
  #unlistedAhead: number | undefined;
  #head: CommitId | undefined;

  constructor(state: PolicyState, problems: Problem[], ports: JudgingPorts, settings: JudgingSettings, files: LandingFiles) {
    this.state = state;
    this.#problems = problems;
    this.#ports = ports;
    this.#settings = settings;
    this.#files = files;
  }

  async to(head: CommitId, fetched: boolean): Promise<void> {
    const { judged } = this.state;
    const { branch, now, record } = this.#ports;
    if (judged === head) return this.#catchUp([]);
    // Before GitLab is asked, which may take minutes: an upgrade puts other files in the place of those that are not loaded yet.
    await loadParser();
    const ancestry = await branch.ancestry(judged, head);
    if (ancestry === 'rewritten') this.#problems.push({ status: 'input', code: 'history-rewritten', message: rewritten(judged, head) });
    if (ancestry === 'off-chain') await this.#refuseJump(await branch.jump(judged, head, this.#settings.folder));
    if (ancestry !== 'on-chain') return;
    this.#head = head;
    for (let after = judged; after !== head;) {
      const landings = await branch.landings(after, head, this.#settings.folder);
      after = await this.#judgeAll(landings, fetched, landings.at(-1)?.commit === head);
      if (landings.some(({ commit }) => commit === this.#toCatchUp)) await this.#catchUp(landings, after);
      if (this.waiting.length === 0) continue;
      if (after !== head) await this.#wait(await branch.jump(after, head, this.#settings.folder), 'waits-for-earlier', waitsForEarlier);
      await this.#lookAhead(head);
      return;
    }
    if (this.state.judged !== head) {
      this.state = { ...this.state, judged: head };
      await record.append([{ type: 'judged', at: now, commit: head }]);
    }
    await this.#catchUp([]);
  }

  /** The branch's head when the record began, until judging has passed it. */
  get #toCatchUp(): CommitId | undefined {
    const { state, firstHead } = this.#ports.record;
    return state().caughtUp ? undefined : firstHead();
  }

  /** `landings` lead to the commit that was the head when the record began; none: it lies behind, or was rewritten away. */
  async #catchUp(landings: readonly Landing[], judged?: CommitId): Promise<void> {
    const head = this.#toCatchUp;
    if (head === undefined) return;
    const place = landings.findIndex(({ commit }) => commit === head);
    // Some may be looked at once more together with what follows them.
    if (landings.findIndex(({ commit }) => commit === judged) < place) return;
    const upTo = landings.slice(0, place + 1);
    const waits = new Set(this.waiting.map(({ landing }) => landing.commit));
    if (!upTo.some(({ commit }) => waits.has(commit)))
      await this.#ports.record.append([{ type: 'caught-up', at: this.#ports.now, commit: head }]);
  }

  /** Files at the head of the branch that are not listed. */
  get unlisted(): number {
    return this.#unlistedAhead ?? this.state.unlisted;
  }

  /** Where not all is listed that waits, what is known is looked up at the head: nobody stays by a file that is gone. */
  async #lookAhead(head: CommitId): Promise<void> {
    const last = this.waiting.at(-1);
    if (!last || (this.state.unlisted === 0 && !this.waiting.some(({ landing }) => landing.cut))) return;
    const ahead = { ...this.state, tree: tipTree(this.state, this.waiting) };
    const { entries, files } = await this.#ports.branch.entries(head, this.#settings.folder, [...knownPaths(ahead)]);
    const changed = withKnown(ahead, { ...last.landing, cut: true, changes: [] }, entries, files);
    const changes = new Map([...last.landing.changes, ...changed.changes].map((change) => [change.path, change]));
    this.waiting[this.waiting.length - 1] = { ...last, landing: { ...changed, changes: [...changes.values()] } };
    this.#unlistedAhead = unlistedAfter(ahead.tree, changed.changes, changed);
  }

  /** With what it changes of all that is known, and the number of files after it, where not all that it changes is listed. */
  async #whole(landing: Landing): Promise<Landing & Counted> {
    if (!isCountNeeded(this.state, landing)) return landing;
    const { entries, files } = await this.#ports.branch.entries(landing.commit, this.#settings.folder, [...knownPaths(this.state)]);
    return withKnown(this.state, landing, entries, files);
  }

  async #refuseJump(offChain: Landing): Promise<void> {
    const jump = await this.#whole(offChain);
    const readings = await this.#files.readingsOf(this.state, jump, await this.#files.contentsOf([jump]));
    await this.#decide(jump, readings, refused('off-chain', `${jump.parent.slice(0, 12)} is no longer on the first-parent chain`));
  }

  /** Gives the last that it has judged, or the last of them where something waits. */
  async #judgeAll(landings: readonly Landing[], fetched: boolean, areLast: boolean): Promise<CommitId> {
    const last = landings.at(-1)?.commit;
    if (last === undefined) throw new Error('there are no landings between two commits of a chain');
    const relevant = landings.flatMap((landing, place) => (isRelevant(landing) ? [{ landing, place }] : []));
    if (relevant.length === 0) return last;
    // What may end behind the last of these is looked at together with what follows.
    const end = areLast ? landings.length : Math.max(1, landings.length - longestForward);
    await this.#ports.record.append(await this.#ports.judge.prepare(landings, fetched));
    let judged = -1;
    for (let start = 0; start < relevant.length; start += mostAtOnce) {
      const some = relevant.slice(start, start + mostAtOnce);
      // What waits behind another is not read: a flood of changes must fit into the memory of this host.
      const contents = await this.#files.contentsOf(this.waiting.length > 0 ? [] : some.map(({ landing }) => landing));
      for (const { landing, place } of some) {
        if (place <= judged) continue;
        if (this.waiting.length > 0) await this.#wait(landing, 'waits-for-earlier', waitsForEarlier);
        else if (place >= end) return landings[Math.max(judged, end - 1)]?.commit ?? last;
        else judged = await this.#judgeNext(landings, place, judged, contents);
      }
    }
    return last;
  }

  /** Gives the place of the last landing that was judged, or waits, with it. */
  async #judgeNext(landings: readonly Landing[], place: number, judged: number, contents: Blobs): Promise<number> {
    const landing = landings[place];
    if (!landing) return place;
    const forward = await this.#ports.judge.forwardOf?.(this.state, landings, place, judged);
    if (forward && forward.kind !== 'forward') await this.#keepWaiting(landing, forward);
    if (!forward) await this.#judgeOne(await this.#whole(landing), contents);
    if (forward?.kind !== 'forward') return place;
    const [before, end] = [landings[forward.from]?.commit ?? landings[0]?.parent, landings[forward.to]?.commit];
    if (before === undefined || end === undefined) throw new Error('a fast-forward lies outside the landings');
    const covers = landings.slice(forward.from + 1, forward.to).map(({ commit }) => commit);
    const whole = await this.#ports.branch.jump(before, end, this.#settings.folder);
    // What stands between has no effect of its own, and what comes to nothing has none.
    if (isRelevant(whole)) await this.#judgeOne(await this.#whole(whole), await this.#files.contentsOf([whole]), covers);
    return forward.to;
  }

  async #judgeOne(landing: Landing & Counted, contents: Blobs, covers: readonly CommitId[] = []): Promise<void> {
    const readings = await this.#files.readingsOf(this.state, landing, contents);
    const judgement = await judgeLanding(this.state, landing, readings, this.#ports.judge, this.#settings);
    if (judgement.kind === 'judged') await this.#decide(landing, readings, judgement, covers);
    else await this.#keepWaiting(landing, judgement);
  }

  async #keepWaiting(landing: Landing, { kind, code, detail, record }: Trouble): Promise<void> {
    if (record) await this.#ports.record.append([record]);
    if (kind === 'unusable') this.#problems.push({ status: 'input', code, message: detail });
    await this.#wait(landing, code, detail);
  }

  /**
   * The moment at which this host first saw a landing is on record from then on: it bounds the wait for its merge request. Those behind one that waits
   * come here in the same walk, so that all of a fetch have the same moment. So is where the branch stood.
   */
  async #wait(landing: Landing, code: string, detail: string): Promise<void> {
    this.waiting.push({ landing, code, detail });
    const { state, append } = this.#ports.record;
    for (const commit of new Set([landing.commit, this.#head ?? landing.commit])) {
      if (state().firstSeen.has(commit)) continue;
      await append([{ type: 'seen', at: this.#ports.now, commit, ...(commit === this.#head && { head: true }) }]);
    }
  }

  async #decide(
    landing: Landing & Counted,
    readings: Readings,
    { verdict, evidence }: Extract<Judgement, { kind: 'judged' }>,
    covers: readonly CommitId[] = [],
  ): Promise<void> {
    const delta = step(this.state, landing, understood(readings), verdict, this.#settings.folder);
    const more = covers.length > 0 ? { covers } : {};
    const kept = (await this.#ports.judge.keep?.(this.state, landing)) ?? [];
    await this.#ports.record.append([
      ...kept,
      { type: 'verdict', at: this.#ports.now, commit: landing.commit, ...more, verdict, evidence, delta },
    ]);
    this.state = applyDelta(this.state, delta);
  }
}

function isRelevant({ changes, cut }: Landing): boolean {
  return changes.length > 0 || cut === true;
}

const waitsForEarlier = 'an earlier change waits for its verdict';

function rewritten(judged: CommitId, head: CommitId): string {
  return (
    `the branch was rewritten: the last judged commit ${judged} is not in the history of its tip ${head}. Nothing is judged until a person has looked ` +
    `(git log ${judged}..${head}, git log ${head}..${judged}) and has set repository.start in the configuration to a commit of the new history that they trust`
  );
}

function refused(
  code: RefusalCode,
  detail: string,
  mergeRequest: number | null = null,
  evidence: LandingEvidence | null = null,
): Extract<Judgement, { kind: 'judged' }> {
  const told = detail.length > longestDetail ? `${detail.slice(0, longestDetail)}…` : detail;
  return { kind: 'judged', verdict: { kind: 'refused', code, detail: told, mergeRequest }, evidence };
}

/** A path may be a megabyte long, and the record keeps every verdict for good. */
const longestDetail = 512;

/** The conditions, in order: the first that fails gives the reason. The rules come before the files, for they may be why a file is not clean. */
async function judgeLanding(
  state: PolicyState,
  landing: Landing,
  readings: Readings,
  judge: ContentJudge,
  settings: JudgingSettings,
): Promise<Judgement> {
  const form = formObjection(state, landing, readings, settings);
  if (form) return refused(form.code, form.detail);
  const rules = dirtyRules(state, settings.folder);
  if (rules !== undefined) return refused('rules-dirty', rules);
  const dirty = dirtyPath(state, landing);
  if (dirty !== undefined) return refused('dirty', dirty);
  const judgement = await judge.judge(state, landing, readings);
  if (judgement.kind !== 'judged' || judgement.verdict.kind === 'refused') return judgement;
  const { landedAt, mergeRequest } = judgement.verdict;
  const length = lengthObjection(landing, readings, state.rules, landedAt, settings);
  return length ? refused(length.code, length.detail, mergeRequest, judgement.evidence) : judgement;
}
