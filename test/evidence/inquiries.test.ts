// What is asked together, and when. Answers are given by hand, so that a test sees what is under way between two of them.
import { describe, expect, it } from 'vitest';
import { changeKey } from '../../src/evidence/pushers.ts';
import type { EvidenceAnswer, OtherMergeRequest } from '../../src/evidence/evidence.ts';
import type { CommitPair, Landing } from '../../src/history/landing.ts';
import type { CommitId } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import { Inquiries, type Forge } from '../../src/evidence/inquiries.ts';
import type { Versions } from '../../src/history/versions.ts';
import { accounts, at, candidate, review, target, version } from './evidence-samples.ts';
import { commitId } from '../support/memory-branch.ts';

const rowLength = 32;

function landingOf(number: number): Landing {
  return { commit: commitId(number), parent: commitId(number - 1), parents: 2, committedAt: at(4), changes: [], outside: 0 };
}

const queue = Array.from({ length: 100 }, (_, index) => landingOf(index + 1));
const nth = (number: number): Landing => queue[number - 1] ?? landingOf(number);
const pairOf = (number: number): CommitPair => [commitId(1000 + number), commitId(2000 + number)];

function answerOf(number: number): EvidenceAnswer {
  const [base, head] = pairOf(number);
  const candidates = [candidate({ iid: number }, { versions: [version({ base, head })] })];
  return { kind: 'known', evidence: { commit: commitId(number), candidates } };
}

class SlowForge implements Forge {
  readonly asked: number[] = [];
  readonly #open = new Map<number, (answer: EvidenceAnswer) => void>();

  others: readonly OtherMergeRequest[] = [];
  readonly silentAbout = new Set<number>();

  project = () => Promise.resolve({ id: target.project });

  othersThan: Forge['othersThan'] = () => Promise.resolve(this.others);

  answersAbout: Forge['answersAbout'] = ({ iid }) => Promise.resolve(!this.silentAbout.has(iid));

  stoodBefore = () => Promise.resolve(undefined);

  evidenceFor: Forge['evidenceFor'] = (commit) => {
    const number = Number.parseInt(commit, 16);
    this.asked.push(number);
    return new Promise((resolve) => this.#open.set(number, resolve));
  };

  answer(from: number, to: number, with_: (number: number) => EvidenceAnswer = answerOf): void {
    for (let number = from; number <= to; number++) this.#open.get(number)?.(with_(number));
  }
}

/** Every commit is there but those `gone`; the digest of a change names its commits. */
class Mirror implements Versions {
  readonly calls: (readonly CommitPair[])[] = [];
  readonly gone = new Set<CommitId>();
  failure: Error | undefined;

  ensureCommits: Versions['ensureCommits'] = (commits) => {
    if (this.failure) return Promise.reject(this.failure);
    return Promise.resolve(new Map([...commits].map((commit) => [commit, this.gone.has(commit) ? 'refused' : 'present'])));
  };

  changeDigests: Versions['changeDigests'] = (pairs) => {
    this.calls.push(pairs);
    return Promise.resolve(pairs.map((pair) => `digest of ${changeKey(...pair)}`));
  };
}

function open() {
  const forge = new SlowForge();
  const versions = new Mirror();
  const told: string[] = [];
  const inquiries = new Inquiries({ forge, versions, progress: (text) => told.push(text) }, queue, target);
  return { forge, versions, told, inquiries };
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('given a long row of landings', () => {
  it('when the first is asked about, then so is its row and no more; with the next row that one, and the one before is still known', async () => {
    const { forge, told, inquiries } = open();
    const first = inquiries.answerFor(nth(1));
    expect(forge.asked).toEqual(numbers(1, rowLength));
    forge.answer(1, rowLength);
    expect(await first).toEqual(answerOf(1));
    for (const number of numbers(2, rowLength)) expect(await inquiries.answerFor(nth(number))).toEqual(answerOf(number));
    expect(forge.asked).toHaveLength(rowLength);

    const next = inquiries.answerFor(nth(rowLength + 1));
    expect(forge.asked).toEqual(numbers(1, 2 * rowLength));
    forge.answer(rowLength + 1, 2 * rowLength);
    expect(await next).toEqual(answerOf(rowLength + 1));
    expect(await inquiries.answerFor(nth(rowLength))).toEqual(answerOf(rowLength));
    expect(forge.asked).toHaveLength(2 * rowLength);
    expect(told).toEqual([32, 64].map((count) => `asking GitLab about ${count} of 100 changes`));
  });

  it('when landings need no evidence, then their rows are passed over, and the last one is asked about once', async () => {
    const { forge, inquiries } = open();
    const last = inquiries.answerFor(nth(100));
    forge.answer(97, 100);
    expect(await last).toEqual(answerOf(100));
    expect(forge.asked).toEqual(numbers(97, 100));
  });

  it('when one was not in the row, then it is asked about by itself', async () => {
    const { forge, inquiries } = open();
    const answer = inquiries.answerFor(landingOf(500));
    await Promise.resolve();
    forge.answer(500, 500);
    expect(await answer).toEqual(answerOf(500));
    expect(forge.asked).toEqual([500]);
  });

  it('when one has to wait, then the answers to the others stand', async () => {
    const { forge, inquiries } = open();
    const waiting: EvidenceAnswer = { kind: 'waiting', code: 'gitlab-unavailable', message: 'no answer' };
    const first = inquiries.answerFor(nth(1));
    forge.answer(1, rowLength, (number) => (number === 2 ? waiting : answerOf(number)));
    expect(await first).toEqual(answerOf(1));
    expect(await inquiries.answerFor(nth(2))).toBe(waiting);
    expect(await inquiries.answerFor(nth(3))).toEqual(answerOf(3));
  });
});

describe('given the digests of versions', () => {
  async function firstRow(prepare: (versions: Mirror) => void = () => undefined) {
    const opened = open();
    prepare(opened.versions);
    const first = opened.inquiries.answerFor(nth(1));
    opened.forge.answer(1, rowLength);
    await first;
    return opened;
  }
  const reviewOf = (number: number) => {
    const [base, head] = pairOf(number);
    return review({ versions: [version({ base, head })] });
  };
  const digestsOf = (number: number) => new Map([[changeKey(...pairOf(number)), `digest of ${changeKey(...pairOf(number))}`]]);

  it('when a row was answered, then Git is asked once for all of it, and each landing gets its own', async () => {
    const { versions, inquiries } = await firstRow();
    for (const number of numbers(1, rowLength))
      expect(await inquiries.digestsOf(reviewOf(number), accounts.alice)).toEqual(digestsOf(number));
    expect(versions.calls).toEqual([numbers(1, rowLength).map(pairOf)]);
  });

  it('when the server refuses the commits of one, then that one is refused, and no digest is asked of it', async () => {
    const { versions, inquiries } = await firstRow(({ gone }) => gone.add(pairOf(2)[0]));
    expect(await inquiries.digestsOf(reviewOf(2), accounts.alice)).toEqual(new Map([[changeKey(...pairOf(2)), 'refused']]));
    expect(await inquiries.digestsOf(reviewOf(3), accounts.alice)).toEqual(digestsOf(3));
    expect(versions.calls.flat()).not.toContainEqual(pairOf(2));
  });

  it.each([new Unavailable('git', 'no answer'), new Unusable('damaged')])(
    'when Git fails for the row with $name, then each landing asks for itself, and hears of it while it lasts',
    async (failure) => {
      const { versions, inquiries } = await firstRow((mirror) => (mirror.failure = failure));
      await expect(inquiries.digestsOf(reviewOf(1), accounts.alice)).rejects.toBe(failure);
      versions.failure = undefined;
      expect(await inquiries.digestsOf(reviewOf(1), accounts.alice)).toEqual(digestsOf(1));
      expect(versions.calls).toEqual([[pairOf(1)]]);
    },
  );

  it('when approvals saw another version than the last, then both count, and those in between do not', async () => {
    const { versions, inquiries } = await firstRow();
    const [seen, between, last] = [pairOf(601), pairOf(602), pairOf(603)];
    const made = [seen, between, last].map(([base, head], index) =>
      version({ id: index + 1, base, head, createdAt: at([0, 2.2, 3][index] ?? 0) }),
    );
    const digests = await inquiries.digestsOf(review({ versions: made }), accounts.alice);
    expect([...digests.keys()]).toEqual([changeKey(...seen), changeKey(...last)]);
    expect(versions.calls.at(-1)).toEqual([seen, last]);
  });

  it('when GitLab names no commits for a version, then nothing is asked of Git', async () => {
    const { versions, inquiries } = open();
    expect(await inquiries.digestsOf(review({ versions: [version({ base: null })] }), accounts.alice)).toEqual(new Map());
    expect(versions.calls).toEqual([]);
  });
});

it('given a row, when asking about it fails, then whoever waits for it hears of it, and nobody else', async () => {
  const forge: Forge = {
    project: () => Promise.resolve({ id: target.project }),
    othersThan: () => Promise.resolve([]),
    answersAbout: () => Promise.resolve(false),
    stoodBefore: () => Promise.resolve(undefined),
    evidenceFor: (commit) => (Number.parseInt(commit, 16) > rowLength ? Promise.reject(new Error('a bug')) : Promise.resolve(answerOf(1))),
  };
  const inquiries = new Inquiries({ forge, versions: new Mirror(), progress: () => undefined }, queue, target);
  expect(await inquiries.answerFor(nth(1))).toEqual(answerOf(1));
  await expect(inquiries.answerFor(nth(rowLength + 1))).rejects.toThrow('a bug');
});

describe('given a landing that GitLab does not answer about', () => {
  const one = (iid: number): OtherMergeRequest => ({ iid, commit: commitId(iid) });

  it.each<{ given: string; others: readonly number[]; judged?: number; silent: readonly number[]; gives: string }>([
    { given: 'it answers about the second of two others', others: [8, 9], silent: [8], gives: 'answered' },
    { given: 'it answers about no other', others: [8, 9], silent: [8, 9], gives: 'silent' },
    { given: 'it answers about the one that was judged last', others: [8], judged: 7, silent: [8], gives: 'answered' },
    {
      given: 'the one that was judged last is all there is, and it does not answer about it',
      others: [],
      judged: 7,
      silent: [7],
      gives: 'silent',
    },
    { given: 'there is no other', others: [], silent: [], gives: 'none' },
  ])('when $given, then that is $gives', async ({ others, judged, silent, gives }) => {
    const { forge, inquiries } = open();
    forge.others = others.map(one);
    for (const iid of silent) forge.silentAbout.add(iid);
    expect(await inquiries.othersAnswered(nth(1), judged === undefined ? undefined : one(judged))).toBe(gives);
  });

  it('when it does not say which others there are, then it answers nobody', async () => {
    const { forge, inquiries } = open();
    forge.othersThan = () => Promise.reject(new Unavailable('gitlab', 'no answer'));
    expect(await inquiries.othersAnswered(nth(1), one(7))).toBe('silent');
  });
});
