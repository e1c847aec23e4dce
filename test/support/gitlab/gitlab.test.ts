// The stand-in's promises: each is a behaviour of GitLab CE that muster must survive.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWithPeople, type Cast } from './people.ts';
import { Refused, type MergeRequest } from './world.ts';
import type { MergeMethod } from './merging.ts';

let cast: Cast;
let counter = 0;

beforeAll(async () => {
  cast = await startWithPeople();
});
afterAll(async () => cast.gitlab.stop());

async function get(path: string, token: string | null = cast.token) {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${cast.gitlab.url}/api/v4/${path}`, { headers });
  const text = await response.text();
  const json = response.headers.get('content-type') === 'application/json';
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

/** An open merge request by alice with one new file, a minute after the last thing that happened. */
async function opened(files: Record<string, string> = {}): Promise<MergeRequest> {
  counter += 1;
  const sourceBranch = `change-${counter}`;
  cast.gitlab.clock.advance(60_000);
  await cast.gitlab.commitAndPush(cast.project, cast.alice, sourceBranch, { [`file-${counter}`]: 'content\n', ...files });
  return cast.gitlab.openMergeRequest(cast.project, { author: cast.alice, sourceBranch });
}

function path(mergeRequest: MergeRequest, rest = ''): string {
  return `projects/7/merge_requests/${mergeRequest.iid}${rest}`;
}

describe('approvals', () => {
  test('given an approval, when the author pushes, then the approval and its time stay', async () => {
    const mergeRequest = await opened();
    cast.gitlab.clock.advance(1000);
    cast.gitlab.approve(mergeRequest, cast.bob);
    const { body: before } = await get(path(mergeRequest, '/approvals'));
    cast.gitlab.clock.advance(1000);
    await cast.gitlab.commitAndPush(cast.project, cast.alice, mergeRequest.sourceBranch, { later: 'unseen\n' });
    const { body: after } = await get(path(mergeRequest, '/approvals'));
    expect(after).toEqual(before);
    expect(Object.keys(after).sort()).toEqual(['approved', 'approved_by', 'user_can_approve', 'user_has_approved']);
  });

  test('given an approval, when the same person approves again, then it is 304 and the old time stays', async () => {
    const mergeRequest = await opened();
    const token = cast.gitlab.forge.createToken(cast.bob, ['api']).value;
    const post = async (action: string) =>
      (await fetch(`${cast.gitlab.url}/api/v4/${path(mergeRequest, action)}`, { method: 'POST', headers: { 'private-token': token } }))
        .status;
    expect(await post('/approve')).toBe(201);
    const [first] = mergeRequest.approvals;
    cast.gitlab.clock.advance(5000);
    expect(await post('/approve')).toBe(304);
    expect(mergeRequest.approvals).toEqual([first]);
    expect(await post('/unapprove')).toBe(201);
    expect(await post('/approve')).toBe(201);
    expect(mergeRequest.approvals[0]?.at).toBe(cast.gitlab.clock.now());
  });

  test('given a merged merge request, when somebody approves, then it is refused', async () => {
    const mergeRequest = await opened();
    await cast.gitlab.merge(mergeRequest, cast.alice);
    expect(() => cast.gitlab.approve(mergeRequest, cast.bob)).toThrow(Refused);
    expect(() => cast.gitlab.unapprove(mergeRequest, cast.bob)).toThrow(Refused);
  });

  test('given an approval, when its account is deleted, then it is gone', async () => {
    const mergeRequest = await opened();
    const passing = cast.gitlab.forge.createUser('passing');
    cast.gitlab.approve(mergeRequest, passing);
    cast.gitlab.forge.deleteUser(passing);
    expect((await get(path(mergeRequest, '/approvals'))).body).toMatchObject({ approved: false, approved_by: [] });
  });

  test('given a server before 18.4, when approvals are read, then no row has a time', async () => {
    const mergeRequest = await opened();
    cast.gitlab.approve(mergeRequest, cast.bob);
    cast.gitlab.forge.tellsApprovalTimes = false;
    const { body } = await get(path(mergeRequest, '/approvals'));
    cast.gitlab.forge.tellsApprovalTimes = true;
    expect(Object.keys(body.approved_by[0])).toEqual(['user']);
  });
});

describe('merging', () => {
  const table: readonly { method: MergeMethod; parents: number; mergeCommit: boolean; squashCommit: boolean }[] = [
    { method: 'merge', parents: 2, mergeCommit: true, squashCommit: false },
    { method: 'semi-linear', parents: 2, mergeCommit: true, squashCommit: false },
    { method: 'squash+merge', parents: 2, mergeCommit: true, squashCommit: true },
    { method: 'squash', parents: 1, mergeCommit: false, squashCommit: true },
    { method: 'ff', parents: 1, mergeCommit: false, squashCommit: false },
  ];
  test.each(table)(
    'given the method $method, when it is merged, then the commits and fields are those of GitLab',
    async ({ method, parents, ...fields }) => {
      const mergeRequest = await opened();
      const tip = await cast.gitlab.merge(mergeRequest, cast.bob, { method });
      const { body } = await get(path(mergeRequest));
      expect((await cast.project.git.git('show', '-s', '--format=%P', tip)).split(' ')).toHaveLength(parents);
      expect({ mergeCommit: body.merge_commit_sha !== null, squashCommit: body.squash_commit_sha !== null }).toEqual(fields);
      expect(body.merge_commit_sha ?? body.squash_commit_sha ?? body.sha).toBe(tip);
      expect(body).toMatchObject({ state: 'merged', merge_user: { id: 51 } });
      expect((await get(path(mergeRequest, '/resource_state_events'))).body).toMatchObject([
        { state: 'merged', source_commit: null, source_merge_request_id: null },
      ]);
    },
  );

  test('given an open merge request, when its head is pushed to main, then it becomes merged and its event names the commit', async () => {
    const mergeRequest = await opened();
    await cast.gitlab.push(cast.project, cast.mallory, 'main', mergeRequest.head);
    const { body } = await get(path(mergeRequest));
    expect(body).toMatchObject({ state: 'merged', merge_commit_sha: mergeRequest.head, merge_user: { id: 66 } });
    expect((await get(path(mergeRequest, '/resource_state_events'))).body).toMatchObject([
      { state: 'merged', source_commit: mergeRequest.head },
    ]);
  });

  test('given a merge that takes time, when the branch has moved, then the state is locked and no commit is named yet', async () => {
    const mergeRequest = await opened();
    const tip = await cast.gitlab.merge(mergeRequest, cast.bob, { lockedFor: 300_000 });
    expect((await get(path(mergeRequest))).body).toMatchObject({ state: 'locked', merge_commit_sha: null, merged_at: null });
    expect((await get(`projects/7/repository/commits/${tip}/merge_requests`)).body).toEqual([]);
    cast.gitlab.clock.advance(300_000);
    expect((await get(path(mergeRequest))).body).toMatchObject({ state: 'merged', merge_commit_sha: tip });
  });

  test('given a stacked merge request, when the one with the same commit is merged, then both are named for it', async () => {
    const first = await opened();
    const stacked = await cast.gitlab
      .openMergeRequest(cast.project, { author: cast.mallory, sourceBranch: first.sourceBranch, targetBranch: 'main' })
      .catch(() => undefined);
    expect(stacked).toBeUndefined();
    await cast.gitlab.push(cast.project, cast.mallory, `${first.sourceBranch}-copy`, first.head);
    const copy = await cast.gitlab.openMergeRequest(cast.project, { author: cast.mallory, sourceBranch: `${first.sourceBranch}-copy` });
    const { body } = await get(`projects/7/repository/commits/${first.head}/merge_requests`);
    expect(body.map(({ iid }: { iid: number }) => iid)).toEqual([first.iid, copy.iid]);
    await cast.gitlab.merge(first, cast.bob);
    expect((await get(path(copy, '/resource_state_events'))).body).toMatchObject([{ state: 'merged', source_merge_request_id: first.id }]);
  });

  test('given main has moved, when the browser rebases, then the change is on top of main and the note names who asked', async () => {
    const mergeRequest = await opened();
    await cast.gitlab.push(
      cast.project,
      cast.bob,
      'main',
      await cast.project.git.commit({ parents: [await cast.project.git.head('main')], changes: { other: '1\n' } }),
    );
    const tip = await cast.gitlab.rebase(mergeRequest, cast.carol);
    expect(await cast.project.git.isAncestor(await cast.project.git.head('main'), tip)).toBe(true);
    expect(mergeRequest.notes.at(-1)).toMatchObject({ author: { username: 'carol' }, system: true });
    expect(await cast.project.git.git('diff', '--name-only', 'main', tip)).toBe(`file-${counter}`);
  });
});

describe('the rest of it', () => {
  test('given a push, when versions are asked for, then the new one appears only after the worker wrote it', async () => {
    const mergeRequest = await opened();
    expect((await get(path(mergeRequest, '/versions'))).body).toEqual([]);
    cast.gitlab.clock.advance(2000);
    await cast.gitlab.commitAndPush(cast.project, cast.alice, mergeRequest.sourceBranch, { more: '1\n' });
    expect((await get(path(mergeRequest, '/versions'))).body).toHaveLength(1);
    cast.gitlab.clock.advance(2000);
    expect((await get(path(mergeRequest, '/versions'))).body).toMatchObject([{ head_commit_sha: mergeRequest.head }, {}]);
  });

  test('given 21 notes, when they are listed, then a page has 20 and Link names the next', async () => {
    const mergeRequest = await opened();
    const token = cast.gitlab.forge.createToken(cast.bob, ['api']).value;
    const write = {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"body":"hello"}',
    };
    for (let note = 0; note < 21; note += 1) await fetch(`${cast.gitlab.url}/api/v4/${path(mergeRequest, '/notes')}`, write);
    const { body, headers } = await get(path(mergeRequest, '/notes'));
    expect(body).toHaveLength(20);
    const next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? '';
    expect((await get(next.slice(`${cast.gitlab.url}/api/v4/`.length))).body).toHaveLength(1);
  });

  test('given no token, a wrong one or a narrow one, then a private project is hidden, 401, or 403', async () => {
    const narrow = cast.gitlab.forge.createToken(cast.bob, ['read_repository']).value;
    expect(await get('projects/7', null)).toMatchObject({ status: 404, body: { message: '404 Project Not Found' } });
    expect(await get('projects/7', 'wrong')).toMatchObject({ status: 401, body: { message: '401 Unauthorized' } });
    expect(await get('projects/7', narrow)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
    expect((await get('projects/repos%2Fsre%2Faccess')).body).toMatchObject({ id: 7, merge_method: 'merge' });
  });

  test('given CE, when Premium routes are asked for, then they are unknown', async () => {
    const mergeRequest = await opened();
    expect(await get(path(mergeRequest, '/approval_state'))).toMatchObject({ status: 404, body: { error: '404 Not Found' } });
  });

  test('given git over HTTP, when a token clones and pushes, then the push counts as that account, and main stays closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'clone-'));
    const token = cast.gitlab.forge.createToken(cast.carol, ['api']).value;
    const git = async (...args: string[]) =>
      promisify(execFile)('git', ['-c', 'user.name=c', '-c', 'user.email=c@example.org', ...args], {
        env: { PATH: process.env['PATH'], GIT_TERMINAL_PROMPT: '0' },
      });
    const address = `${cast.gitlab.url.replace('//', `//oauth2:${token}@`)}/repos/sre/access.git`;
    const mergeRequest = await opened();
    try {
      await expect(git('clone', '-q', `${cast.gitlab.url}/repos/sre/access.git`, join(folder, 'no'))).rejects.toThrow(
        'could not read Username',
      );
      await git('clone', '-q', '--branch', mergeRequest.sourceBranch, address, join(folder, 'yes'));
      await git('-C', join(folder, 'yes'), 'commit', '-q', '--allow-empty', '-m', 'more');
      await git('-C', join(folder, 'yes'), 'push', '-q', 'origin', 'HEAD');
      expect(mergeRequest.notes.at(-1)).toMatchObject({ author: { username: 'carol' } });
      await expect(git('-C', join(folder, 'yes'), 'push', '-q', 'origin', 'HEAD:main')).rejects.toThrow('deny updating a hidden ref');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('forks', () => {
  async function post(at: string, body: object, token: string) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${cast.gitlab.url}/api/v4/${at}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: JSON.parse(await response.text()) };
  }

  const file = (path: string) => ({ commit_message: 'x', actions: [{ action: 'create', file_path: path, content: 'x' }] });

  test('given a fork that lies behind, when a branch is started from the original, then it has what the original has', async () => {
    const { gitlab, project, mallory, carol } = cast;
    const fork = await gitlab.forge.fork(project, mallory);
    const later = await gitlab.commitAndPush(project, carol, 'later', { later: 'x' });
    const token = gitlab.forge.createToken(mallory, ['api']).value;

    const start = { branch: 'mine', start_branch: 'later', start_project: project.id };
    const made = await post(`projects/${fork.id}/repository/commits`, { ...start, ...file('mine') }, token);

    expect([made.status, made.body.parent_ids]).toEqual([201, [later]]);
    expect(await fork.git.find('refs/heads/later')).toBeUndefined();
    const owned = await get(`projects/${project.id}/forks?owned=true`, token);
    expect(owned.body.map(({ id }: { id: number }) => id)).toEqual([fork.id]);
    expect((await get(`projects/${project.id}/forks?owned=true`)).body).toEqual([]);
  });

  test('given a project that is no fork, then neither a branch nor a merge request crosses over', async () => {
    const { gitlab, project, mallory } = cast;
    const other = await gitlab.forge.createProject('mallory/other', { members: [[mallory, 50]] });
    const token = gitlab.forge.createToken(mallory, ['api']).value;
    const start = { branch: 'mine', start_branch: 'main', start_project: project.id };
    expect((await post(`projects/${other.id}/repository/commits`, { ...start, ...file('mine') }, token)).status).toBe(403);
    const draft = { source_branch: 'main', target_branch: 'main', target_project_id: project.id, title: 'x' };
    expect((await post(`projects/${other.id}/merge_requests`, draft, token)).status).toBe(422);
  });

  test('given somebody without the role Developer, then a branch is refused with 403, and a token without the scope says so in its body', async () => {
    const { gitlab, project, carol } = cast;
    const guest = gitlab.forge.createUser('guest');
    project.members.set(guest.id, 10);
    const at = `projects/${project.id}/repository/commits`;
    const body = { branch: 'guest', start_branch: 'main', ...file('x') };
    expect(await post(at, body, gitlab.forge.createToken(guest, ['api']).value)).toMatchObject({
      status: 403,
      body: { message: '403 Forbidden - You are not allowed to push into this branch' },
    });
    expect(await post(at, body, gitlab.forge.createToken(carol, ['read_api']).value)).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    });
  });
});

describe('shapes', () => {
  /** `approved_by.user.id`: every key of an answer, however deep. */
  function keysIn(body: unknown, above = ''): readonly string[] {
    if (Array.isArray(body)) return [...new Set(body.flatMap((one) => keysIn(one, above)))];
    if (typeof body !== 'object' || body === null) return [];
    return Object.entries(body).flatMap(([key, value]) => {
      const below = keysIn(value, `${above}${key}.`);
      return below.length > 0 ? below : [`${above}${key}`];
    });
  }

  test('given what GitLab’s entities have, when anything is asked, then every key is there, and those of EE and of administrators are told apart', async () => {
    const { gitlab, project, bob, carol, mallory } = cast;
    const fork = await gitlab.forge.fork(project, mallory);
    await gitlab.commitAndPush(fork, mallory, 'forked', { forked: 'x' });
    const mergeRequest = await gitlab.openMergeRequest(project, { author: mallory, sourceProject: fork, sourceBranch: 'forked' });
    gitlab.approve(mergeRequest, bob);
    gitlab.clock.advance(60_000);
    await gitlab.merge(mergeRequest, bob);
    const maintainer = gitlab.forge.createToken(bob, ['api']).value;
    const commit = `projects/7/repository/commits/${mergeRequest.head}`;
    const about = ['', '/approvals', '/versions', '/notes', '/resource_state_events'].map((rest) => path(mergeRequest, rest));
    const others = ['repository/branches/main', 'protected_branches', 'members/all', 'events?action=pushed'].map(
      (rest) => `projects/7/${rest}`,
    );
    const asked = [
      ...['version', 'personal_access_tokens/self', 'user', `users/${carol.id}`, 'projects/7', `projects/${fork.id}`],
      ...[...others, commit, `${commit}/merge_requests`, 'projects/7/merge_requests', ...about],
    ];
    const told: string[] = [];
    for (const what of asked) {
      const plain = keysIn((await get(what)).body);
      gitlab.forge.style.edition = 'ee';
      const enterprise = keysIn((await get(what)).body);
      gitlab.forge.style.edition = 'ce';
      const administered = keysIn((await get(what, maintainer)).body);
      const name = what
        .replace(mergeRequest.head, 'SHA')
        .replace(String(fork.id), 'FORK')
        .replace(/merge_requests\/\d+/, 'merge_requests/N');
      const more = (of: readonly string[]) => of.filter((key) => !plain.includes(key)).sort();
      told.push(`GET ${name}`, ...[...plain].sort().map((key) => `    ${key}`));
      told.push(
        ...more(administered).map((key) => `    ${key}   (administrators of the project)`),
        ...more(enterprise).map((key) => `    ${key}   (EE)`),
      );
    }
    await expect(`${told.join('\n')}\n`).toMatchFileSnapshot('../../golden/gitlab-keys.txt');
  });
});
