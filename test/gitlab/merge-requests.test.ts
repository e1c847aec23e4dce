// What `muster request` writes, over HTTP to the stand-in: in the project, and in a fork of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMergeRequests, type MergeRequests } from '../../src/gitlab/merge-requests.ts';
import { instant } from '../../src/names.ts';
import { Misuse, Unavailable } from '../../src/errors.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { Project, User } from '../support/gitlab/world.ts';

const project = 7;
const main = { project, branch: 'main' };
const action = { action: 'create', path: 'policy/x.yaml', content: new TextEncoder().encode('reason: ü\n') } as const;
let cast: Cast;
let newcomer: User;
let fork: Project;
let branches = 0;

beforeAll(async () => {
  cast = await startWithPeople({ visibility: 'public' });
  newcomer = cast.gitlab.forge.createUser('newcomer');
  fork = await cast.gitlab.forge.fork(cast.project, newcomer);
  // From here on the fork lies behind the project.
  await cast.gitlab.commitAndPush(cast.project, cast.alice, 'main', { 'later.txt': 'x' });
});
afterAll(() => cast.gitlab.stop());
beforeEach(() => {
  cast.gitlab.faults.clear();
  branches += 1;
});

function as(user: User, scopes: readonly string[] = ['api']): MergeRequests {
  const token = cast.gitlab.forge.createToken(user, scopes).value;
  return openMergeRequests({ url: cast.gitlab.url, project: 'repos/sre/access', token, now: () => instant(0), firstPause: 1 });
}

const commit = (forge: MergeRequests, into: number) => forge.commit({ project: into, branch: `b${branches}` }, main, 'A file', [action]);

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.catch((one: unknown) => one);
  expect(error).toBeInstanceOf(Misuse);
  return error instanceof Misuse ? error.message : '';
}

describe('given an account that may push to the project', () => {
  it('when it asks, then the branch and the merge request are in the project', async () => {
    expect(await commit(as(cast.carol), project)).toBe('made');
    const source = { project, branch: `b${branches}` };
    const draft = { source, targetProject: project, targetBranch: 'main', title: 'T', description: 'D' };
    const { iid, url } = await as(cast.carol).open(draft);
    expect(url).toBe(`${cast.gitlab.url}/repos/sre/access/-/merge_requests/${iid}`);
    expect(cast.project.mergeRequests.at(-1)).toMatchObject({ iid, source: { id: project }, author: { username: 'carol' }, title: 'T' });
    expect(await messageOf(as(cast.carol).open(draft))).toContain('may be there already');
  });
});

describe('given an account that may not', () => {
  it('when it asks in the project, then GitLab says no, and nothing was done', async () => {
    expect(await commit(as(newcomer), project)).toBe('may-not');
    expect(await cast.project.git.find(`refs/heads/b${branches}`)).toBeUndefined();
  });

  it('when it asks from a fork that lies behind, then the branch is main of the project and one commit more', async () => {
    const forge = as(newcomer);
    expect(await commit(forge, fork.id)).toBe('made');
    const head = await fork.git.head(`b${branches}`);
    expect(await fork.git.git('rev-parse', `${head}^`)).toBe(await cast.project.git.head('main'));
    expect(await fork.git.git('show', `${head}:policy/x.yaml`)).toBe('reason: ü');

    const source = { project: fork.id, branch: `b${branches}` };
    const { iid } = await forge.open({ source, targetProject: project, targetBranch: 'main', title: 'T', description: 'D' });
    expect(cast.project.mergeRequests.at(-1)).toMatchObject({ iid, source: { id: fork.id }, author: { username: 'newcomer' }, head });
    expect(fork.mergeRequests).toEqual([]);
  });

  it('when its forks are asked for, then those of others are not among them', async () => {
    await cast.gitlab.forge.fork(cast.project, cast.mallory);
    expect(await as(newcomer).ownForks(project)).toMatchObject([{ id: fork.id, path: 'newcomer/access' }]);
    expect(await as(cast.bob).ownForks(project)).toEqual([]);
    expect(await as(newcomer).forkPage()).toBe(`${cast.gitlab.url}/repos/sre/access/-/forks/new`);
  });

  it.each([
    { given: 'is not there', path: 'newcomer/nothing', says: 'knows no project newcomer/nothing' },
    { given: 'is no fork', path: 'newcomer/other', says: 'newcomer/other is no fork of repos/sre/access' },
  ])('when the named fork $given, then that is misuse', async ({ path, says }) => {
    if (!cast.gitlab.forge.project('newcomer/other'))
      await cast.gitlab.forge.createProject('newcomer/other', { members: [[newcomer, 50]] });
    expect(await as(newcomer).forkAt('newcomer/access', project)).toMatchObject({ id: fork.id });
    expect(await messageOf(as(newcomer).forkAt(path, project))).toContain(says);
  });

  it('when a project is no fork, then no merge request can come from it', async () => {
    const other = await cast.gitlab.forge.createProject(`newcomer/apart-${branches}`, { members: [[newcomer, 50]] });
    await cast.gitlab.commitAndPush(other, newcomer, 'x', { a: 'b' });
    const draft = {
      source: { project: other.id, branch: 'x' },
      targetProject: project,
      targetBranch: 'main',
      title: 'T',
      description: 'D',
    };
    expect(await messageOf(as(newcomer).open(draft))).toContain('does not take the change');
  });
});

describe('given a token that is not good enough', () => {
  it('when it may only read, then the message names the scope, and it is not taken for an account that may not push', async () => {
    expect(await messageOf(commit(as(cast.carol, ['read_api']), project))).toContain('needs the scope api');
  });

  it('when GitLab refuses with a page of HTML, then that is a no like any other', async () => {
    cast.gitlab.faults.add(/commits$/, { kind: 'html', status: 403 }, { method: 'POST' });
    expect(await commit(as(cast.carol), project)).toBe('may-not');
  });

  it('when GitLab does not answer the commit, then it is sent once and the project counts as not answering', async () => {
    cast.gitlab.faults.add(/commits$/, { kind: 'answer', status: 502 }, { method: 'POST' });
    cast.gitlab.faults.forget();
    await expect(commit(as(cast.carol), project)).rejects.toBeInstanceOf(Unavailable);
    expect(cast.gitlab.faults.log.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });
});
