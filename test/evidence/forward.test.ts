// Where a fast-forward begins: four things tell of it, and each of them is enough.
import { describe, expect, it } from 'vitest';
import { longestForward } from '../../src/judge/judge-branch.ts';
import { findForward, mayBePart, NotAnswered, type Branch } from '../../src/evidence/forward.ts';
import type { EvidenceAnswer } from '../../src/evidence/evidence.ts';
import type { Candidate, MergeRequest } from '../../src/record/kept-evidence.ts';
import type { Landing } from '../../src/history/landing.ts';
import { commitId } from '../support/memory-branch.ts';
import { at, candidate, merged, target } from './evidence-samples.ts';

function landingOf(number: number, parents = 1): Landing {
  return { commit: commitId(number), parent: commitId(number - 1), parents, committedAt: at(4), changes: [], outside: 0 };
}

/** Five landings, whose last is the head of !1. */
const landings = [1, 2, 3, 4, 5].map((number) => landingOf(number));
const whole = candidate({ iid: 1, head: commitId(5), mergeCommit: null });
const below = (number: number, changes: Partial<MergeRequest> = {}): Candidate =>
  candidate({ iid: 2, head: commitId(number), mergeCommit: null, ...changes });

interface Told {
  readonly judged?: number;
  /** A host saw the branch there. */
  readonly seen?: number;
  /** The push event names it. */
  readonly event?: number;
  readonly others?: readonly Candidate[];
  readonly of?: Candidate;
  readonly landings?: readonly Landing[];
  readonly used?: readonly number[];
}

function branchOf({ judged = -1, seen, event, others = [], of = whole, used = [], ...told }: Told): Branch {
  const all = told.landings ?? landings;
  return {
    ...{ landings: all, judged, target },
    answerFor: ({ commit }) => Promise.resolve({ kind: 'known', evidence: { commit, candidates: [of, ...others] } }),
    stoodBefore: () => Promise.resolve(event === undefined ? undefined : commitId(event)),
    wasHead: (commit) => seen !== undefined && commit === commitId(seen),
    used: () => new Set(used),
  };
}

describe('given a fast-forward of five commits', () => {
  it.each<{ given: string; told: Told; gives: { from: number; to: number } | undefined }>([
    { given: 'nothing else is known', told: {}, gives: { from: -1, to: 4 } },
    { given: 'the first was judged', told: { judged: 0 }, gives: { from: 0, to: 4 } },
    { given: 'a host saw the branch at the second', told: { seen: 2 }, gives: { from: 1, to: 4 } },
    { given: 'the event says that it came from the second', told: { event: 2 }, gives: { from: 1, to: 4 } },
    { given: 'the event says that it came from where all begins', told: { event: 0 }, gives: { from: -1, to: 4 } },
    { given: 'the second is the head of another one that was merged', told: { others: [below(2)] }, gives: { from: 1, to: 4 } },
    { given: 'the event is older than what a host saw', told: { event: 1, seen: 2 }, gives: { from: 1, to: 4 } },
    { given: 'what was judged is newer than the event', told: { event: 1, judged: 1 }, gives: { from: 1, to: 4 } },
    { given: 'the event names a commit that is not on the branch', told: { event: 77 }, gives: undefined },
    { given: 'the branch stood one commit before its head', told: { event: 4 }, gives: undefined },
    {
      given: 'the second is the head of one for another branch',
      told: { others: [below(2, { targetBranch: 'next' })] },
      gives: { from: -1, to: 4 },
    },
    { given: 'the second is the head of one that is open', told: { others: [below(2, { state: 'opened' })] }, gives: { from: -1, to: 4 } },
    { given: 'GitLab made a commit of it', told: { of: candidate({ head: commitId(5), mergeCommit: commitId(9) }) }, gives: undefined },
    { given: 'it brought another landing', told: { used: [1] }, gives: undefined },
    {
      given: 'its head was pushed, and not merged',
      told: { of: candidate({ head: commitId(5), mergeCommit: null }, { stateEvents: [merged({ sourceCommit: commitId(5) })] }) },
      gives: undefined,
    },
    {
      given: 'another branch was merged into it',
      told: { landings: landings.map((one, place) => (place === 3 ? { ...one, parents: 2 } : one)) },
      gives: undefined,
    },
  ])('when $given, then it is $gives', async ({ told, gives }) => {
    const branch = branchOf(told);
    const first = Math.max(gives ? gives.from + 1 : 3, (told.judged ?? -1) + 1);
    expect(await findForward(branch, first)).toEqual(gives && { kind: 'forward', ...gives });
  });

  it('when a commit before where it begins is asked about, then that one stands alone', async () => {
    expect(await findForward(branchOf({ event: 2 }), 1)).toBeUndefined();
  });

  it('when it is longer than is taken for one, then it is none', async () => {
    const many = Array.from({ length: longestForward + 1 }, (_, place) => landingOf(place + 1));
    const of = candidate({ head: commitId(many.length), mergeCommit: null });
    expect(await findForward(branchOf({ landings: many, of, event: 0 }), 0)).toBeUndefined();
    expect(await findForward(branchOf({ landings: many, of, event: 1 }), 1)).toEqual({ kind: 'forward', from: 0, to: longestForward });
  });

  it('when one of its commits is not answered about, then nothing is known of the whole', async () => {
    const answer: EvidenceAnswer = { kind: 'waiting', code: 'gitlab-unavailable', message: 'no answer' };
    const known = branchOf({});
    const branch: Branch = { ...known, answerFor: (one) => (one.commit === commitId(5) ? Promise.resolve(answer) : known.answerFor(one)) };
    await expect(findForward(branch, 0)).rejects.toThrow(NotAnswered);
  });
});

it('given commits that nobody has to be asked about, then a merge is part of none, nor is what stands alone', () => {
  const row = [landingOf(1), landingOf(2, 2), landingOf(3), landingOf(4)];
  expect([0, 1, 2, 3].map((place) => mayBePart({ landings: row, judged: -1 }, place))).toEqual([false, false, true, true]);
});
