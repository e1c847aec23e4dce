// The adapter against the stand-in over real HTTP: what it reads when all is well, and what it says when something is not.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openGitLab, type GitLab, type GitLabSettings } from '../../src/gitlab/gitlab.ts';
import { bindMergeRequests, type Binding } from '../../src/evidence/binding.ts';
import type { EvidenceAnswer } from '../../src/evidence/evidence.ts';
import type { LandingEvidence } from '../../src/record/kept-evidence.ts';
import { instant, parseCommitId, type CommitId } from '../../src/names.ts';
import type { MergeMethod } from '../support/gitlab/merging.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { MergeRequest } from '../support/gitlab/world.ts';

const target = { project: 7, branch: 'main' };
let cast: Cast;
let counter = 0;

beforeAll(async () => {
  cast = await startWithPeople();
});
beforeEach(() => {
  cast.gitlab.faults.clear();
  cast.gitlab.faults.forget();
});
afterAll(async () => cast.gitlab.stop());

function adapter(settings: Partial<GitLabSettings> = {}): GitLab {
  return openGitLab({
    url: cast.gitlab.url,
    token: cast.token,
    project: 'repos/sre/access',
    now: () => instant(cast.gitlab.clock.now()),
    firstPause: 1,
    ...settings,
  });
}

function commitId(text: string): CommitId {
  const commit = parseCommitId(text);
  if (commit === undefined) throw new Error(`${text} is no commit`);
  return commit;
}

async function ask(commit: string, settings: Partial<GitLabSettings> = {}): Promise<EvidenceAnswer> {
  return adapter(settings).evidenceFor(commitId(commit), target);
}

async function known(commit: string): Promise<LandingEvidence> {
  const answer = await ask(commit);
  if (answer.kind !== 'known') throw new Error(`not known: ${answer.message}`);
  return answer.evidence;
}

async function binding(commit: string, used = new Set<number>()): Promise<Binding> {
  const { candidates } = await known(commit);
  const parents = (await cast.project.git.git('show', '-s', '--format=%P', commit)).split(' ').length;
  return bindMergeRequests({ commit: commitId(commit), parents }, candidates, target, used);
}

/** An open merge request by alice, two seconds after its last push. */
async function opened(commits = 1): Promise<MergeRequest> {
  counter += 1;
  const sourceBranch = `grant-${counter}`;
  for (let number = 0; number < commits; number += 1) {
    await cast.gitlab.commitAndPush(cast.project, cast.alice, sourceBranch, { [`grant-${counter}-${number}`]: 'until: tomorrow\n' });
  }
  const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, { author: cast.alice, sourceBranch, title: '/approve @all' });
  cast.gitlab.clock.advance(2000);
  return mergeRequest;
}

async function landed(method: MergeMethod = 'merge'): Promise<{ readonly mergeRequest: MergeRequest; readonly commit: string }> {
  const mergeRequest = await opened();
  cast.gitlab.approve(mergeRequest, cast.bob);
  cast.gitlab.clock.advance(2000);
  return { mergeRequest, commit: await cast.gitlab.merge(mergeRequest, cast.carol, { method }) };
}

describe('what is read', () => {
  test('given a reviewed and merged change, when its landing is asked for, then the evidence has every time and id', async () => {
    const mergeRequest = await opened();
    cast.gitlab.approve(mergeRequest, cast.bob);
    const approvedAt = cast.gitlab.clock.now();
    cast.gitlab.clock.advance(2000);
    await cast.gitlab.commitAndPush(cast.project, cast.carol, mergeRequest.sourceBranch, { more: `${counter}\n` });
    const pushedAt = cast.gitlab.clock.now();
    cast.gitlab.clock.advance(3000);
    const commit = await cast.gitlab.merge(mergeRequest, cast.carol);
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.mergeRequest).toMatchObject({
      iid: mergeRequest.iid,
      author: { id: 42, username: 'alice' },
      mergeCommit: commit,
      mergedAt: cast.gitlab.clock.now(),
      imported: false,
    });
    expect(candidate?.review?.approvals).toEqual([{ account: { id: 51, username: 'bob' }, state: 'active', at: approvedAt }]);
    expect(candidate?.review?.pushes).toEqual([
      // Before the merge request was opened.
      { by: { id: 42, username: 'alice' }, at: mergeRequest.createdAt, told: 'event', head: mergeRequest.versions[0]?.head },
      { by: { id: 57, username: 'carol' }, at: pushedAt, told: 'event', head: mergeRequest.head },
      { by: { id: 57, username: 'carol' }, at: pushedAt + 2100, told: 'note', head: null },
    ]);
    expect(candidate?.review).toMatchObject({ hiddenNotes: 0, eventsShown: true });
    expect(candidate?.review?.versions.map(({ createdAt }) => createdAt)).toEqual([mergeRequest.createdAt + 2000, pushedAt + 2000]);
    expect(candidate?.review?.stateEvents).toMatchObject([{ state: 'merged', sourceCommit: null, sourceMergeRequest: null }]);
    expect(JSON.parse(JSON.stringify(candidate))).toEqual(candidate);
    expect(JSON.stringify(candidate)).not.toContain('/approve');
  });

  test.each([
    {
      given: 'a page on the configured server',
      elsewhere: undefined,
      gives: /^http:\/\/127\.0\.0\.1:\d+\/repos\/sre\/access\/-\/merge_requests\/\d+$/,
    },
    { given: 'a page on another server', elsewhere: 'https://gitlab.example.org/sre/access/-/merge_requests/1', gives: /^$/ },
    { given: 'no page at all', elsewhere: 'javascript:alert(1)', gives: /^$/ },
  ])('given $given as the link of a merge request, then only one of the configured server is kept', async ({ elsewhere, gives }) => {
    const { commit } = await landed();
    const change = (body: unknown) => ({ ...Object(body), ...(elsewhere === undefined ? {} : { web_url: elsewhere }) });
    cast.gitlab.faults.add(/merge_requests\/\d+$/, { kind: 'rewrite', change });
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.mergeRequest.url).toMatch(gives);
  });

  test('given more versions and notes than a page has, when they are read, then none is missing', async () => {
    const mergeRequest = await opened();
    for (let place = 0; place < 230; place += 1) {
      const at = cast.gitlab.clock.now() + place;
      mergeRequest.notes.push({
        id: 100_000 + place,
        body: place % 2 === 0 ? 'added 1 commit\n\n<ul></ul>' : 'a comment',
        system: place % 2 === 0,
        author: cast.mallory,
        at,
        updatedAt: at,
      });
      mergeRequest.versions.push({ id: 100_000 + place, head: mergeRequest.head, base: mergeRequest.head, start: mergeRequest.head, at });
    }
    cast.gitlab.clock.advance(2000);
    const commit = await cast.gitlab.merge(mergeRequest, cast.bob);
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.review?.versions).toHaveLength(231);
    expect(candidate?.review?.pushes).toHaveLength(115);
    expect(candidate?.review?.versions.map(({ createdAt }) => createdAt)).toEqual(
      candidate?.review?.versions.map(({ createdAt }) => createdAt).toSorted((left, right) => left - right),
    );
  });

  test.each([
    ['a server that leaves comments out', true],
    ['one that does not', false],
  ])('given %s and a comment that imitates GitLab, when pushes and retargets are read, then it counts as neither', async (_, filters) => {
    cast.gitlab.forge.filtersNotes = filters;
    const mergeRequest = await opened();
    const at = cast.gitlab.clock.now();
    for (const body of ['added 1 commit', 'changed target branch from `a` to `main`'])
      mergeRequest.notes.push({ id: cast.gitlab.forge.nextId(), body, system: false, author: cast.bob, at, updatedAt: at });
    await cast.gitlab.retarget(mergeRequest, cast.mallory, 'main');
    const commit = await cast.gitlab.merge(mergeRequest, cast.bob);
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.review?.pushes).toEqual([]);
    expect(candidate?.review?.retargets).toMatchObject([{ by: { username: 'mallory' } }]);
    cast.gitlab.forge.filtersNotes = true;
  });

  test('given a thousand comments, when a merge request is read, then they are not asked for', async () => {
    const { mergeRequest, commit } = await landed();
    const at = cast.gitlab.clock.now();
    for (let place = 0; place < 1000; place += 1)
      mergeRequest.notes.push({ id: cast.gitlab.forge.nextId(), body: 'and again', system: false, author: cast.bob, at, updatedAt: at });
    cast.gitlab.faults.forget();
    await known(commit);
    expect(cast.gitlab.faults.count(/\/notes\?/)).toBe(1);
  });

  test('given no time left, when a landing is asked for, then nothing is sent, and the answer waits for the next run', async () => {
    const { commit } = await landed();
    cast.gitlab.faults.forget();
    let left = 3;
    const mayAsk = (): boolean => (left -= 1) >= 0;
    expect(await ask(commit, { mayAsk })).toMatchObject({ kind: 'waiting', code: 'gitlab-unavailable' });
    expect(cast.gitlab.faults.count()).toBe(3);
    expect(await ask(commit)).toMatchObject({ kind: 'known' });
  });

  test('given a suggestion applied in the browser, when pushes are read, then whoever applied it pushed', async () => {
    const mergeRequest = await opened();
    await cast.gitlab.suggestionApplied(mergeRequest, { by: cast.bob, suggestedBy: cast.carol, changes: { suggested: '1\n' } });
    cast.gitlab.clock.advance(3000);
    const [candidate] = (await known(await cast.gitlab.merge(mergeRequest, cast.alice))).candidates;
    expect(candidate?.review?.pushes).toMatchObject([{ by: { id: 51 } }]);
  });

  test('given the numbers and the clock of the server, then the project has its id and the Date header is remembered', async () => {
    cast.gitlab.clock.skew = 7 * 60_000;
    const gitlab = adapter();
    expect(gitlab.clock()).toBeUndefined();
    expect(await gitlab.project()).toMatchObject({ id: 7, path: 'repos/sre/access' });
    const reading = gitlab.clock();
    cast.gitlab.clock.skew = 0;
    expect(reading && reading.server - reading.here).toBeGreaterThan(6 * 60_000);
  });
});

describe('which merge request it is', () => {
  test.each<MergeMethod>(['merge', 'semi-linear', 'squash', 'squash+merge', 'ff'])(
    'given the method %s, when the landing is bound, then it is bound to its merge request',
    async (method) => {
      const { mergeRequest, commit } = await landed(method);
      const result = await binding(commit);
      expect(result.kind === 'bound' && result.mergeRequests.map((bound) => bound.mergeRequest.iid)).toEqual([mergeRequest.iid]);
    },
  );

  test('given a fork, when its change is merged, then the landing is bound', async () => {
    const fork = await cast.gitlab.forge.fork(cast.project, cast.mallory);
    await cast.gitlab.commitAndPush(fork, cast.mallory, 'from-fork', { forked: '1\n' });
    const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, {
      author: cast.mallory,
      sourceBranch: 'from-fork',
      sourceProject: fork,
    });
    expect(await binding(await cast.gitlab.merge(mergeRequest, cast.bob))).toMatchObject({ kind: 'bound' });
  });

  test('given the head of an approved, open merge request pushed to main, then GitLab calls it merged and the landing is not bound', async () => {
    const mergeRequest = await opened();
    cast.gitlab.approve(mergeRequest, cast.bob);
    await cast.gitlab.push(cast.project, cast.mallory, 'main', mergeRequest.head);
    expect(await binding(mergeRequest.head)).toEqual({ kind: 'none', reason: 'merged-elsewhere', mergeRequest: mergeRequest.iid });
  });

  test('given a merge commit made by hand around an approved head, when it is pushed, then it is not bound', async () => {
    const mergeRequest = await opened();
    const tip = await cast.project.git.commit({
      parents: [await cast.project.git.head('main'), mergeRequest.head],
      changes: { evil: '1\n' },
    });
    await cast.gitlab.push(cast.project, cast.mallory, 'main', tip);
    expect(await binding(tip)).toMatchObject({ kind: 'none', reason: 'merged-elsewhere' });
  });

  test('given a fast-forward of three commits, then only the last can be bound', async () => {
    const mergeRequest = await opened(3);
    const tip = await cast.gitlab.merge(mergeRequest, cast.bob, { method: 'ff' });
    expect(await binding(await cast.project.git.git('rev-parse', `${tip}^`))).toMatchObject({ reason: 'part-of-fast-forward' });
    expect(await binding(tip)).toMatchObject({ kind: 'bound' });
  });

  test('given an imported, an open or a used merge request, or none at all, then nothing is bound', async () => {
    const { mergeRequest, commit } = await landed();
    expect(await binding(commit, new Set([mergeRequest.iid]))).toMatchObject({ reason: 'used-before' });
    mergeRequest.imported = true;
    expect(await binding(commit)).toMatchObject({ reason: 'imported' });
    expect(await binding((await opened()).head)).toMatchObject({ reason: 'not-merged' });
    const direct = await cast.gitlab.commitAndPush(cast.project, cast.mallory, 'main', { direct: `${counter}\n` });
    expect(await binding(direct)).toEqual({ kind: 'none', reason: 'no-merge-request' });
  });

  test('given a merge request of another project with the same number, then only its summary is kept', async () => {
    const { commit } = await landed();
    cast.gitlab.faults.add(/merge_requests$|merge_requests\?/, {
      kind: 'rewrite',
      change: (body) => (Array.isArray(body) ? body.map((one) => ({ ...one, target_project_id: 8 })) : body),
    });
    expect(await binding(commit)).toMatchObject({ kind: 'none', reason: 'other-project' });
    expect(cast.gitlab.faults.count(/merge_requests\/\d+/)).toBe(0);
  });
});

describe('merging that is not finished', () => {
  test.each<MergeMethod>(['merge', 'ff'])(
    'given the method %s and a locked merge request, then the answer waits, and is there afterwards',
    async (method) => {
      const mergeRequest = await opened();
      const commit = await cast.gitlab.merge(mergeRequest, cast.bob, { method, lockedFor: 5 * 60_000 });
      expect(await ask(commit)).toMatchObject({ kind: 'waiting', code: 'merge-in-progress' });
      cast.gitlab.clock.advance(5 * 60_000);
      expect(await binding(commit)).toMatchObject({ kind: 'bound' });
    },
  );
});

describe('a merge that does not end', () => {
  test('given another landing with its own merge request, then that is known meanwhile; one without waits, for it may be the one', async () => {
    const stuck = await opened();
    await cast.gitlab.merge(stuck, cast.bob, { lockedFor: 60 * 60_000 });
    const { commit } = await landed();
    expect(await binding(commit)).toMatchObject({ kind: 'bound' });
    const direct = await cast.gitlab.commitAndPush(cast.project, cast.mallory, 'main', { direct: `${(counter += 1)}\n` });
    expect(await ask(direct)).toMatchObject({ kind: 'waiting', code: 'merge-in-progress' });
    cast.gitlab.clock.advance(60 * 60_000);
    expect(await binding(direct)).toMatchObject({ kind: 'none', reason: 'no-merge-request' });
  });
});

describe('what a server need not say', () => {
  /** [A] The keys of facts of `approvals`, `versions`, notes, events and the merge request itself; a key that is null may be missing. */
  const needed = new Set(
    'id iid target_project_id target_branch state author sha merge_commit_sha squash_commit_sha merged_at approved_by user approved_at'
      .concat(' head_commit_sha base_commit_sha created_at body system source_commit source_merge_request_id')
      .split(' '),
  );
  const bare = (body: unknown): unknown => {
    if (Array.isArray(body)) return body.map(bare);
    if (typeof body !== 'object' || body === null) return body;
    const kept = Object.entries(body).filter(([key, value]) => needed.has(key) && value !== null && !(key === 'id' && 'iid' in body));
    return Object.fromEntries(kept.map(([key, value]) => [key, bare(value)]));
  };

  test.each<MergeMethod>(['merge', 'squash', 'squash+merge', 'ff'])(
    'given the method %s and answers of nothing but what a verdict rests on, then the project is known and the landing is bound',
    async (method) => {
      const { mergeRequest, commit } = await landed(method);
      cast.gitlab.faults.add(/projects\//, { kind: 'rewrite', change: bare });
      expect(await adapter().project()).toMatchObject({ id: 7, path: 'repos/sre/access' });
      const result = await binding(commit);
      expect(result.kind === 'bound' && result.mergeRequests.map((bound) => bound.mergeRequest.iid)).toEqual([mergeRequest.iid]);
      expect(result).toMatchObject({ mergeRequests: [{ review: { approvals: [{ account: { id: 51 } }] }, mergeRequest: { url: '' } }] });
    },
  );

  test('given no word on imports but where it was imported from, then it was imported', async () => {
    const { mergeRequest, commit } = await landed();
    mergeRequest.imported = true;
    const change = (body: unknown) => JSON.parse(JSON.stringify(body).replaceAll(/"imported":[a-z]+,/g, ''));
    cast.gitlab.faults.add(/merge_requests/, { kind: 'rewrite', change });
    expect(await binding(commit)).toMatchObject({ reason: 'imported' });
  });

  test.each([
    ['without fractions of a second', 0, '', 'Z'],
    ['with an offset', 60, '.250', '+01:00'],
    ['with an offset and without fractions', 60, '', '+01:00'],
    ['with an offset to the west', -570, '.250', '-09:30'],
  ])('given times %s, then they are the same moments', async (_, minutes, fraction, zone) => {
    const { mergeRequest, commit } = await landed();
    const at = Math.floor((mergeRequest.approvals[0]?.at ?? 0) / 1000) * 1000;
    const written = `${new Date(at + minutes * 60_000).toISOString().slice(0, 19)}${fraction}${zone}`;
    const change = (body: unknown) => JSON.parse(JSON.stringify(body).replace(/"approved_at":"[^"]*"/, `"approved_at":"${written}"`));
    cast.gitlab.faults.add(/approvals/, { kind: 'rewrite', change });
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.review?.approvals).toMatchObject([{ at: at + Number(`0${fraction}`) * 1000 }]);
  });

  test('given one of two approvals without its time, then only the other is there to be counted', async () => {
    const mergeRequest = await opened();
    cast.gitlab.approve(mergeRequest, cast.bob);
    cast.gitlab.approve(mergeRequest, cast.carol);
    cast.gitlab.clock.advance(2000);
    const commit = await cast.gitlab.merge(mergeRequest, cast.carol);
    const change = (body: unknown) => JSON.parse(JSON.stringify(body).replace(/,"approved_at":"[^"]*"/, ''));
    cast.gitlab.faults.add(/approvals/, { kind: 'rewrite', change });
    const [candidate] = (await known(commit)).candidates;
    expect(candidate?.review?.approvals).toMatchObject([{ account: { username: 'carol' } }]);
  });

  test.each([
    { given: 'no such list', harm: /merge_requests\?state=locked/, gives: { kind: 'known' } },
    { given: 'no such project any more', harm: /projects\/7($|\/merge_requests\?)/, gives: { kind: 'waiting', code: 'project-unknown' } },
  ])('given a server that has $given when asked for merges under way, then $gives.kind', async ({ harm, gives }) => {
    const direct = await cast.gitlab.commitAndPush(cast.project, cast.mallory, 'main', { direct: `bare ${(counter += 1)}\n` });
    cast.gitlab.faults.add(harm, { kind: 'answer', status: 404 });
    expect(await ask(direct)).toMatchObject(gives);
  });

  test('given no list of merges under way, when the merge request of the commit is locked itself, then the answer waits', async () => {
    const mergeRequest = await opened();
    const commit = await cast.gitlab.merge(mergeRequest, cast.bob, { method: 'ff', lockedFor: 5 * 60_000 });
    cast.gitlab.faults.add(/merge_requests\?state=locked/, { kind: 'answer', status: 404 });
    expect(await ask(commit)).toMatchObject({ kind: 'waiting', code: 'merge-in-progress' });
    cast.gitlab.clock.advance(5 * 60_000);
  });
});

test('given a server that does not tell when somebody approved, then it is unusable and the message names the version', async () => {
  const { commit } = await landed();
  cast.gitlab.forge.tellsApprovalTimes = false;
  const answer = await ask(commit);
  cast.gitlab.forge.tellsApprovalTimes = true;
  expect(answer).toMatchObject({ kind: 'unusable', message: expect.stringContaining('18.4') });
});
