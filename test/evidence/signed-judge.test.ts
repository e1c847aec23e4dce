// Who approved is what signatures say, and nothing else: how many are enough, when a change landed, and what of a row of commits is one change.
import { describe, expect, it } from 'vitest';
import { onlySigned } from '../../src/evidence/approval.ts';
import { signedJudge, type SignedPorts } from '../../src/evidence/signed-judge.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Landing } from '../../src/history/landing.ts';
import { instant, parseBlobId, type CommitId } from '../../src/names.ts';
import type { JudgedSignature } from '../../src/record/approval-count.ts';
import { startingState } from '../../src/record/start-state.ts';
import { minute } from '../../src/time.ts';
import { at, commit, grantPath, rules, uid } from './evidence-samples.ts';

const path = `policy/${grantPath}`;
const blob = parseBlobId('1'.repeat(40));
const change = { path, ...(blob && { after: { mode: '100644', blob } }) };
const landing = (digit: string, parent: string, more: Partial<Landing> = {}): Landing => ({
  ...{ commit: commit(digit), parent: commit(parent), parents: 1, committedAt: at(4), changes: [change], outside: 0 },
  ...more,
});
const signature = (person: string, hours = 1, fingerprint = 'SHA256:x'): JudgedSignature => ({
  ...{ kind: 'counted', person: uid(person), fingerprint, touched: false, at: at(hours), paths: [grantPath] },
});
const other = (person: string): JudgedSignature => {
  const { paths: _, ...rest } = { ...signature(person), paths: [] };
  return { ...rest, kind: 'not-counted', reason: 'other-content', detail: path };
};

interface World extends Partial<Omit<SignedPorts, 'signing'>> {
  readonly signatures?: readonly JudgedSignature[];
  readonly signaturesFor?: SignedPorts['signing']['signaturesFor'];
  readonly takenOut?: readonly string[];
}

function judgeIn({ signatures = [], signaturesFor = () => Promise.resolve(signatures), takenOut = [], ...more }: World) {
  const judge = signedJudge({
    ...{ folder: 'policy', project: 'https://git.example.org/access.git', now: at(5), notesFailure: () => undefined },
    ...{ firstSeen: () => at(4), caughtUp: () => true, refusedByHand: () => undefined, wasHead: () => false },
    ...{ hasStatements: () => Promise.resolve(true), jump: (from: CommitId, to: CommitId) => Promise.resolve(jumped(from, to)) },
    signing: {
      ceilings: onlySigned,
      signaturesFor,
      openRequest: () => Promise.reject(new Error('there is no forge')),
      keep: () => Promise.resolve([]),
    },
    ...more,
  });
  const fresh = startingState({ commit: commit('0'), committedAt: instant(0), tree: new Map(), rules: rules(), grants: new Map() });
  return { judge, state: { ...fresh, takenOut: new Set(takenOut.map(uid)) } };
}

function judged(world: World) {
  const { judge, state } = judgeIn(world);
  return judge.judge(state, landing('f', 'a'), { files: new Map() });
}

const jumped = (from: CommitId, to: CommitId): Landing => ({ ...landing('f', 'a'), commit: to, parent: from });

describe('given that nothing but signatures approves', () => {
  it('when two people signed, then it counts as of when it was first seen, whatever its committer wrote', async () => {
    expect(await judged({ signatures: [signature('bob'), signature('carol')] })).toMatchObject({
      kind: 'judged',
      evidence: null,
      verdict: { kind: 'endorsed', reviewed: true, mergeRequest: null, approvedBy: ['bob', 'carol'], landedAt: at(4) },
    });
  });

  it('when nobody saw it land, then it landed after the last of them signed, and not in the future', async () => {
    const landedAt = async (hours: number) => judged({ signatures: [signature('bob'), signature('carol', hours)], caughtUp: () => false });
    expect(await landedAt(3)).toMatchObject({ verdict: { landedAt: at(3) } });
    expect(await landedAt(9)).toMatchObject({ verdict: { landedAt: at(5) } });
  });

  it.each([
    { given: 'one person', world: { signatures: [signature('bob')] } },
    { given: 'one person with two keys', world: { signatures: [signature('bob'), signature('bob', 2, 'SHA256:y')] } },
    { given: 'somebody who was taken out', world: { signatures: [signature('bob'), signature('carol')], takenOut: ['carol'] } },
    { given: 'one for this and one for something else', world: { signatures: [signature('bob'), other('carol')] } },
  ])('when $given signed, then it waits a quarter of an hour, and is refused', async ({ world }) => {
    const now = (minutes: number) => instant(at(4) + minutes * minute);
    expect(await judged({ ...world, now: now(14) })).toMatchObject({ kind: 'waiting', code: 'not-signed-yet' });
    expect(await judged({ ...world, now: now(15) })).toMatchObject({
      verdict: { kind: 'refused', code: 'not-signed', mergeRequest: null, detail: expect.stringMatching(/^1 of 2 signatures by sre/) },
    });
  });

  it('when notes of git cannot be had, then that is told where signatures are missing', async () => {
    const notesFailure = () => 'it is larger than what is read of one';
    expect(await judged({ notesFailure })).toMatchObject({ verdict: { detail: expect.stringContaining('larger than what is read') } });
  });

  it('when ssh-keygen does not run, then it waits for as long as that lasts', async () => {
    const signaturesFor = () => Promise.reject(new Unavailable('ssh-keygen', 'it could not be run'));
    expect(await judged({ signaturesFor })).toMatchObject({ kind: 'waiting', code: 'ssh-keygen-unavailable' });
  });

  it('when it was refused by hand, then nobody is asked', async () => {
    const signaturesFor = () => Promise.reject(new Error('this costs time'));
    expect(await judged({ signaturesFor, refusedByHand: () => 'A mistake.' })).toMatchObject({ verdict: { code: 'refused-by-hand' } });
  });
});

describe('given three commits in a row', () => {
  const row: readonly Landing[] = [landing('1', '0'), landing('2', '1'), landing('3', '2')];
  const both = [signature('bob'), signature('carol')];
  /** Signed as a whole up to the last. */
  const whole = (_: unknown, { commit: to, parent }: Landing) =>
    Promise.resolve(to === commit('3') && parent === commit('0') ? both : [other('bob')]);
  const forward = (world: World, landings = row) => {
    const { judge, state } = judgeIn({ signaturesFor: whole, ...world });
    return judge.forwardOf?.(state, landings, 0, -1);
  };

  it('when people signed all of it, then it is one change', async () => {
    expect(await forward({})).toEqual({ kind: 'forward', from: -1, to: 2 });
  });

  it.each<{ given: string; world: World; landings?: readonly Landing[] }>([
    {
      given: 'the first is signed by itself',
      world: { signaturesFor: (_, one) => (one.commit === commit('1') ? Promise.resolve(both) : whole(_, one)) },
    },
    { given: 'nobody signed all of it', world: { signaturesFor: () => Promise.resolve([other('bob')]) } },
    { given: 'a merge is among them', world: {}, landings: row.map((one, place) => (place === 1 ? { ...one, parents: 2 } : one)) },
    { given: 'the branch was seen to stand between', world: { wasHead: (one) => one === commit('2') } },
    { given: 'one of them was refused by hand', world: { refusedByHand: (one) => (one === commit('2') ? 'A mistake.' : undefined) } },
    { given: 'nothing that could be signed stands on them', world: { hasStatements: () => Promise.resolve(false) } },
    { given: 'the first is the last', world: {}, landings: row.slice(0, 1) },
  ])('when $given, then each is judged by itself', async ({ world, landings }) => {
    expect(await forward(world, landings)).toBeUndefined();
  });

  it('when more than twenty came in a row, then those are not looked at', async () => {
    const long = Array.from({ length: 25 }, (_, place) =>
      landing((place % 10).toString(), 'a', place === 24 ? { commit: commit('e') } : {}),
    );
    const asked: CommitId[] = [];
    const signaturesFor = (_: unknown, one: Landing) => Promise.resolve((asked.push(one.commit), [other('bob')]));
    await forward({ signaturesFor }, long);
    expect(asked).toHaveLength(20);
    expect(asked).not.toContain(commit('e'));
  });

  it('when git does not answer, then it waits', async () => {
    const jump = () => Promise.reject(new Unavailable('git', 'it hangs'));
    expect(await forward({ jump })).toMatchObject({ kind: 'waiting', code: 'git-unavailable' });
  });
});
