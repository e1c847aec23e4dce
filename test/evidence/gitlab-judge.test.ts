// What the judge makes of signatures where a group asks for one, whatever GitLab says: a forge in memory that somebody else holds.
import { describe, expect, it } from 'vitest';
import { gitlabJudge, type EvidencePorts, type SigningPorts } from '../../src/evidence/gitlab-judge.ts';
import { noSignedCeilings } from '../../src/evidence/approval.ts';
import { changeKey } from '../../src/evidence/pushers.ts';
import type { Review } from '../../src/record/kept-evidence.ts';
import { Unavailable } from '../../src/errors.ts';
import { digestOfChanges } from '../../src/history/changes.ts';
import type { Landing } from '../../src/history/landing.ts';
import { instant, parseBlobId } from '../../src/names.ts';
import type { GroupRules } from '../../src/policy/policy.ts';
import type { JudgedSignature } from '../../src/record/approval-count.ts';
import { startingState } from '../../src/record/start-state.ts';
import { hour } from '../../src/time.ts';
import { accounts, approval, at, candidate, commit, grantPath, landing as merged, rules, target, uid } from './evidence-samples.ts';

const path = `policy/${grantPath}`;
const blob = parseBlobId('1'.repeat(40));
const landed: Landing = {
  commit: merged,
  parent: commit('a'),
  parents: 2,
  committedAt: at(4),
  changes: [{ path, ...(blob && { after: { mode: '100644', blob } }) }],
  outside: 0,
};
const bobs: JudgedSignature = {
  kind: 'counted',
  person: uid('bob'),
  fingerprint: 'SHA256:x',
  touched: true,
  at: at(1),
  paths: [grantPath],
};

interface World {
  readonly group?: Partial<GroupRules>;
  readonly review?: Partial<Review>;
  readonly signaturesFor?: SigningPorts['signaturesFor'];
  readonly now?: number;
}

/** Asked about one landing, whose merge request everybody approved. */
async function judged({ group = { signed: 1 }, review = {}, signaturesFor = () => Promise.resolve([]), now = 5 }: World) {
  const everybody = [accounts.bob, accounts.carol, accounts.mallory].map((account) => approval({ account }));
  const known = { commit: merged, candidates: [candidate({}, { approvals: everybody, ...review })] };
  const ports: EvidencePorts = {
    forge: {
      project: () => Promise.resolve({ id: target.project }),
      evidenceFor: () => Promise.resolve({ kind: 'known', evidence: known }),
      stoodBefore: () => Promise.resolve(undefined),
      othersThan: () => Promise.resolve([]),
      answersAbout: () => Promise.resolve(true),
    },
    hasToken: true,
    versions: {
      ensureCommits: (commits) => Promise.resolve(new Map([...commits].map((one) => [one, 'present'] as const))),
      changeDigests: (pairs) =>
        Promise.resolve(
          pairs.map((pair) => (changeKey(...pair) === changeKey(commit('a'), commit('b')) ? digestOfChanges(landed.changes) : 'other')),
        ),
    },
    branch: target.branch,
    folder: 'policy',
    project: target.project,
    firstSeen: () => at(4),
    wasHead: () => false,
    // In the last six hours too.
    unanswered: () => ({ since: at(now - 7), total: 6 * hour, last: at(now - 1) }),
    refusedByHand: () => undefined,
    signing: {
      ceilings: noSignedCeilings,
      signaturesFor,
      openRequest: () => Promise.resolve({ signatures: [], unreadable: [], statement: undefined }),
      keep: () => Promise.resolve([]),
    },
    now: at(now),
    progress: () => undefined,
  };
  const judge = gitlabJudge(ports);
  const state = startingState({ commit: commit('0'), committedAt: instant(0), tree: new Map(), rules: rules(group), grants: new Map() });
  await judge.prepare([landed], true);
  return judge.judge(state, landed, { files: new Map() });
}

describe('given a group that asks for a signature', () => {
  it('when somebody writes all approvals of the world into the database, then that is not signed', async () => {
    expect(await judged({})).toMatchObject({
      kind: 'judged',
      verdict: { kind: 'refused', code: 'not-signed', detail: expect.stringMatching(/^0 of 1 signature by sre/), mergeRequest: 1 },
    });
  });

  it('when bob signed, then it is endorsed, and without a click as well', async () => {
    const signaturesFor = () => Promise.resolve([bobs]);
    expect(await judged({ signaturesFor })).toMatchObject({ verdict: { kind: 'endorsed', approvedBy: ['bob', 'carol'] } });
    expect(await judged({ signaturesFor, review: { approvals: [] } })).toMatchObject({
      verdict: { kind: 'endorsed', approvedBy: ['bob'] },
    });
  });

  it('when bob signed and GitLab says that he pushed, then it is refused with that', async () => {
    const pushes = [{ by: accounts.bob, at: at(1), told: 'note', head: null }] as const;
    const verdict = {
      kind: 'refused',
      code: 'no-approval',
      detail: expect.stringContaining('the signature by bob does not count: bob pushed to its branch'),
    };
    expect(await judged({ signaturesFor: () => Promise.resolve([bobs]), review: { pushes, approvals: [] } })).toMatchObject({ verdict });
  });

  it('when ssh-keygen does not run, then it waits for as long as that lasts, and is never refused for it', async () => {
    const signaturesFor = () => Promise.reject(new Unavailable('ssh-keygen', 'it could not be run'));
    for (const now of [5, 50, 30 * 24])
      expect(await judged({ signaturesFor, now })).toMatchObject({ kind: 'waiting', code: 'ssh-keygen-unavailable' });
  });
});

it('given a group that asks for none, then nobody is asked for signatures', async () => {
  const signaturesFor = () => Promise.reject(new Error('this costs time'));
  expect(await judged({ group: {}, signaturesFor })).toMatchObject({ verdict: { kind: 'endorsed', approvedBy: ['bob', 'carol'] } });
});
