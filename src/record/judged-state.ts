// The record of judging as a state: a left fold over its lines, the same on both sides. Judging goes on from it; converging has it in force.
import { prolonged, type Unanswered } from './waits.ts';
import { MapDraft, PolicyDraft } from './deltas.ts';
import type { PolicyDelta, PolicyState } from './policy-state.ts';
import { meet } from './grants.ts';
import { beginAnew, holdBack, startingState, type StartingPoint } from './start-state.ts';
import type { CommitId, Instant } from '../names.ts';
import type { JudgingRecord, VerdictRecord } from './judging-record.ts';
import type { TreeEntry } from '../history/landing.ts';
import type { GrantFile } from '../policy/policy.ts';

export interface JudgedState {
  /** Undefined: nothing is in force yet. */
  readonly policy: PolicyState | undefined;
  /** A start of which grants are still to come. */
  readonly starting: { readonly point: StartingPoint; readonly parts: number } | undefined;
  /** The project's numeric id on GitLab. */
  readonly project: number | undefined;
  /** When judging first saw a landing that waited. */
  readonly firstSeen: ReadonlyMap<CommitId, Instant>;
  /** Where the branch stood while something waited, and when that was seen; in this order. */
  readonly heads: ReadonlyMap<CommitId, Instant>;
  /** Landings that GitLab did not answer about, for how long. */
  readonly unanswered: ReadonlyMap<CommitId, Unanswered>;
  /** Judging has passed the commit that was the branch's head when this record began. */
  readonly caughtUp: boolean;
  /** A landing that people signed and that this record never saw land: its verdict is the next one. */
  readonly unseen: CommitId | undefined;
  /** The last landing that got a verdict, or the start. */
  readonly decided: CommitId | undefined;
  /**
   * Another record, from its beginning. `succeeds`: root began it anew, and it counts once it has caught up. `repeats`: it was lost or is another
   * host's, and it must come to the same.
   */
  readonly other: { readonly state: JudgedState; readonly how: 'succeeds' | 'repeats' } | undefined;
  /** That one came to other verdicts: nothing of it counts. */
  readonly contradicted: boolean;
}

export const nothingJudged: JudgedState = {
  policy: undefined,
  starting: undefined,
  project: undefined,
  firstSeen: new Map(),
  heads: new Map(),
  unanswered: new Map(),
  caughtUp: false,
  unseen: undefined,
  decided: undefined,
  other: undefined,
  contradicted: false,
};

/**
 * `judging`: a new start is taken whole. `converging`: what it adds or lengthens waits for a person (`proposed`), and what nobody endorsed
 * gives nothing, whatever the record says.
 */
export type Side = 'judging' | 'converging';

/** The state after these lines. */
export function takeJudged(before: JudgedState, records: Iterable<JudgingRecord>, side: Side): JudgedState {
  const draft = new JudgedDraft(before, side);
  for (const record of records) draft.take(record);
  return draft.state;
}

/** Another record lies there from now on. */
export function goOnWith(state: JudgedState, how: 'succeeds' | 'repeats'): JudgedState {
  return state.policy ? { ...state, other: { state: nothingJudged, how }, contradicted: false } : nothingJudged;
}

interface Starting {
  readonly point: StartingPoint;
  readonly tree: MapDraft<string, TreeEntry>;
  readonly grants: MapDraft<string, GrantFile>;
  readonly parts: number;
}

interface Drafts {
  policy: PolicyDraft | undefined;
  starting: Starting | undefined;
  project: number | undefined;
  readonly firstSeen: MapDraft<CommitId, Instant>;
  readonly heads: MapDraft<CommitId, Instant>;
  readonly unanswered: MapDraft<CommitId, Unanswered>;
  caughtUp: boolean;
  unseen: CommitId | undefined;
  decided: CommitId | undefined;
  other: { readonly draft: JudgedDraft; readonly how: 'succeeds' | 'repeats' } | undefined;
  contradicted: boolean;
}

/** A state that takes lines in. Each costs what it changes: whoever writes many of them must not keep the fold from its end. */
export class JudgedDraft {
  readonly #side: Side;
  #now: Drafts;

  constructor(before: JudgedState, side: Side) {
    const { policy, starting, firstSeen, heads, unanswered, other } = before;
    this.#side = side;
    this.#now = {
      ...before,
      policy: policy && new PolicyDraft(policy),
      starting: starting && startingOf(starting.point, starting.parts),
      firstSeen: new MapDraft(firstSeen),
      heads: new MapDraft(heads),
      unanswered: new MapDraft(unanswered),
      other: other && { draft: new JudgedDraft(other.state, side), how: other.how },
    };
  }

  /** As it is now, changed by the next line. */
  get state(): JudgedState {
    const { policy, starting, firstSeen, heads, unanswered, other } = this.#now;
    return {
      ...this.#now,
      policy: policy?.state,
      starting: starting && { point: pointOf(starting), parts: starting.parts },
      ...{ firstSeen: firstSeen.map, heads: heads.map, unanswered: unanswered.map },
      other: other && { state: other.draft.state, how: other.how },
    };
  }

  /** What comes now is about what is in force: no other record lies there that has still to show itself. */
  get counts(): boolean {
    return !this.#now.other && !this.#now.contradicted;
  }

  take(record: JudgingRecord): void {
    if (this.#now.contradicted) return;
    if (this.#now.other) {
      this.#now.other.draft.take(record);
      this.#compare(this.#now.other);
      return;
    }
    switch (record.type) {
      case 'start':
        this.#now.starting = startingOf({ ...record, tree: new Map(record.tree), grants: new Map() }, record.parts);
        return this.#begin();
      case 'start-part':
        if (!this.#now.starting) return;
        this.#now.starting.tree.change(record.tree);
        this.#now.starting.grants.change(record.grants);
        this.#now.starting = { ...this.#now.starting, parts: this.#now.starting.parts - 1 };
        return this.#begin();
      case 'verdict':
        return this.#takeVerdict(record);
      case 'judged':
        this.#now.policy?.apply({ ...noChange, judged: record.commit });
        return this.#settle([...this.#now.heads.map.keys()]);
      case 'seen':
        this.#now.firstSeen.set(record.commit, record.at);
        if (record.head) this.#now.heads.set(record.commit, record.at);
        return;
      case 'unanswered':
        return this.#now.unanswered.set(record.commit, prolonged(this.#now.unanswered.map.get(record.commit), record.at, record.others));
      case 'project':
        // What is signed names it: whoever takes judging over must not let signatures for another one count.
        this.#now.project ??= record.project;
        return;
      case 'caught-up':
        this.#now.caughtUp = true;
        return;
      case 'signed':
        this.#now.unseen = record.firstSeen === null && record.statements.length > 0 ? record.commit : undefined;
        return;
      case 'record':
      case 'content':
      case 'rules-files':
      case 'statements-seen':
        return;
    }
  }

  #takeVerdict(record: VerdictRecord): void {
    const { commit, covers = [], verdict } = record;
    const counts = this.#side === 'judging' || verdict.kind === 'endorsed';
    if (!counts && !this.#now.policy) return;
    if (this.#now.policy) this.#applyTo(this.#now.policy, record);
    // Whatever waited lies within the jump.
    const isJump = verdict.kind === 'refused' && verdict.code === 'off-chain';
    this.#settle(isJump ? [...this.#now.firstSeen.map.keys()] : [commit, ...covers]);
    this.#now.decided = commit;
  }

  /** On the side of converging whole only where it was endorsed, and seen to land where it was signed. */
  #applyTo(policy: PolicyDraft, { commit, verdict, delta }: VerdictRecord): void {
    if (this.#side === 'converging' && verdict.kind === 'refused') policy.apply(onlyNarrowing(policy.inForce, delta));
    else if (this.#side === 'converging' && commit === this.#now.unseen) holdBack(policy, delta);
    else policy.apply(delta);
  }

  /** These waited and are decided now. Where the branch stood before is of no use once it has been judged to there. */
  #settle(commits: readonly CommitId[]): void {
    const passed = new Set(commits.filter((commit) => this.#now.heads.map.has(commit)));
    for (const commit of commits) {
      this.#now.firstSeen.delete(commit);
      this.#now.unanswered.delete(commit);
    }
    for (const head of this.#now.heads.map.keys()) {
      if (passed.size === 0) return;
      this.#now.heads.delete(head);
      this.#now.firstSeen.delete(head);
      passed.delete(head);
    }
  }

  #begin(): void {
    if (!this.#now.starting || this.#now.starting.parts > 0) return;
    const started = startingState(pointOf(this.#now.starting));
    if (this.#side === 'converging' && this.#now.policy) beginAnew(this.#now.policy, started);
    // One merge request endorses one landing, also after a new start.
    else
      this.#now.policy = new PolicyDraft({
        ...started,
        ...(this.#now.policy && { usedMergeRequests: this.#now.policy.usedMergeRequests }),
      });
    this.#now.starting = undefined;
    this.#now.decided = started.start;
  }

  #compare({ draft, how }: { readonly draft: JudgedDraft; readonly how: 'succeeds' | 'repeats' }): void {
    const [mine, other] = [this.#now.policy, draft.#now.policy];
    if (!other) return;
    if (how === 'succeeds' && draft.#now.caughtUp) {
      if (mine) beginAnew(mine, other.state);
      return this.#goOnAs(draft, mine ?? other);
    }
    if (how === 'repeats' && mine && draft.#now.decided === this.#now.decided) {
      const { project } = this.#now;
      const isSame = render(other.state) === render(mine.state) && (project === undefined || (draft.#now.project ?? project) === project);
      if (isSame) return this.#goOnAs(draft, mine);
      this.#now.other = undefined;
      this.#now.contradicted = true;
    }
  }

  #goOnAs(draft: JudgedDraft, policy: PolicyDraft): void {
    this.#now = { ...draft.#now, policy, project: draft.#now.project ?? this.#now.project, other: undefined };
  }
}

const noChange = { endorsed: [], inForce: [], ended: [], tree: [], refusals: [], usedMergeRequest: null } as const;

function startingOf(point: StartingPoint, parts: number): Starting {
  return { point, tree: new MapDraft(point.tree), grants: new MapDraft(point.grants), parts };
}

function pointOf({ point: { commit, committedAt, rules }, tree, grants }: Starting): StartingPoint {
  return { commit, committedAt, rules, tree: tree.map, grants: grants.map };
}

/** All that gives access, in order: the rules in force, what is endorsed, and the grants. */
function render({ rules, endorsed, inForce, proposed }: PolicyState): string {
  const inOrder = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([left], [right]) => (left < right ? -1 : 1));
  const grants = inOrder(new Map([...inForce, ...proposed])).map(([path, { from, until, endorsedUntil, commit }]) => [
    path,
    from,
    until,
    endorsedUntil,
    commit,
  ]);
  const { people, teams, groups } = rules;
  return JSON.stringify([[...people], [...teams], rules.rules, [...groups], inOrder(endorsed), grants]);
}

/** What nobody endorsed can take from a grant in force, or from one that a new start proposes, and give nothing. */
function onlyNarrowing(before: PolicyState['inForce'], delta: PolicyDelta): PolicyDelta {
  const { rules: _rules, ...rest } = delta;
  const inForce = delta.inForce.flatMap(([path, left]): PolicyDelta['inForce'] => {
    const had = before.get(path);
    if (!had) return [];
    return [[path, left && meet(had, left, delta.judged)]];
  });
  return { ...rest, inForce, usedMergeRequest: null };
}
