// One host over a branch in memory, run after run, and a judge that answers as it is told.
import type { Verdict } from '../../src/record/policy-state.ts';
import type { CommitId } from '../../src/names.ts';
import { nothingJudged, takeJudged } from '../../src/record/judged-state.ts';
import type { JudgingRecord } from '../../src/record/judging-record.ts';
import { judgeBranch, type ContentJudge, type Judged, type Judgement } from '../../src/judge/judge-branch.ts';
import { commitId, committedAt, MemoryBranch, type Files } from '../support/memory-branch.ts';

export const policy = `version: 1
people: { alice: { gitlab: 42 }, bob: { gitlab: 51 }, carol: { gitlab: 57 } }
teams: { sre: [alice, bob, carol] }
rules: { approvers: [sre] }
`;
export const klaxon = 'purpose: Paging.\nowner: sre\nmembers: grants\nlongest: 30 days\n';
export const grant = (until: string) => `reason: Testing.\nuntil: ${until}\n`;

export const alice = 'policy/grants/klaxon-users/alice.yaml';
export const bob = 'policy/grants/klaxon-users/bob.yaml';
export const first: Files = { 'policy/policy.yaml': policy, 'policy/groups/klaxon-users.yaml': klaxon, [alice]: grant('2026-11-20') };

/** Approves, refuses or waits as told, landing by landing, and remembers what it was asked. */
export class TestJudge implements ContentJudge {
  readonly evidence = 'gitlab';
  readonly asked: number[] = [];
  readonly prepared: number[] = [];
  readonly #answers: Readonly<Record<number, 'no' | 'later' | 'unusable'>>;

  constructor(answers: Readonly<Record<number, 'no' | 'later' | 'unusable'>> = {}) {
    this.#answers = answers;
  }

  prepare: ContentJudge['prepare'] = (landings) => {
    this.prepared.push(...landings.map(({ commit }) => Number.parseInt(commit, 16)));
    return Promise.resolve([]);
  };

  judge: ContentJudge['judge'] = (_, { commit }) => {
    const number = Number.parseInt(commit, 16);
    this.asked.push(number);
    const answer = this.#answers[number];
    if (answer === 'later')
      return Promise.resolve<Judgement>({ kind: 'waiting', code: 'gitlab-unavailable', detail: 'GitLab did not answer' });
    if (answer === 'unusable') return Promise.resolve<Judgement>({ kind: 'unusable', code: 'project-changed', detail: 'another project' });
    const verdict: Verdict = answer
      ? { kind: 'refused', code: 'no-approval', detail: '', mergeRequest: number }
      : { kind: 'endorsed', reviewed: true, commit, mergeRequest: number, approvedBy: [], landedAt: committedAt(number) };
    return Promise.resolve<Judgement>({ kind: 'judged', verdict, evidence: { commit, candidates: [] } });
  };
}

/** One run after another over the same branch and ledger. */
export class Host {
  readonly branch = new MemoryBranch();
  memory = nothingJudged;

  constructor() {
    this.branch.push(first);
  }

  async run(judge: ContentJudge = new TestJudge(), start: CommitId = commitId(0), folder = 'policy', rules?: string): Promise<Run> {
    const { memory, branch } = this;
    const records: JudgingRecord[] = [];
    const ports = {
      branch,
      judge,
      record: {
        state: () => memory,
        begin: () => Promise.resolve(),
        firstHead: () => undefined,
        append: (more: readonly JudgingRecord[]) => {
          records.push(...more);
          return Promise.resolve();
        },
      },
      now: committedAt(100),
    };
    const judged = await judgeBranch(ports, { start, folder, rules, longest: new Map() });
    this.memory = takeJudged(memory, records, 'judging');
    return { ...judged, records };
  }
}

export interface Run extends Judged {
  /** What was recorded, in order. */
  readonly records: readonly JudgingRecord[];
}

export function verdicts({ records }: Run): readonly string[] {
  return records.flatMap((record) =>
    record.type === 'verdict' ? [record.verdict.kind === 'refused' ? record.verdict.code : 'endorsed'] : [],
  );
}

export function members({ policy: effective }: Judged): readonly string[] | undefined {
  return effective?.grants.map(({ uid }) => uid);
}
