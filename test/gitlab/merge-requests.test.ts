// What `muster request` writes, over HTTP to the stand-in.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMergeRequests, type MergeRequests } from '../../src/gitlab/merge-requests.ts';
import { instant } from '../../src/names.ts';
import { Misuse, Unavailable } from '../../src/errors.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';
import type { User } from '../support/gitlab/world.ts';

const project = 7;
const action = { action: 'create', path: 'policy/x.yaml', content: new TextEncoder().encode('reason: ü\n') } as const;
let cast: Cast;
let newcomer: User;
let branches = 0;

beforeAll(async () => {
  cast = await startWithPeople({ visibility: 'public' });
  newcomer = cast.gitlab.forge.createUser('newcomer');
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

const commit = (forge: MergeRequests) => forge.commit(project, { name: `b${branches}`, from: 'main' }, 'A file', [action]);

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.catch((one: unknown) => one);
  expect(error).toBeInstanceOf(Misuse);
  return error instanceof Misuse ? error.message : '';
}

describe('given an account that may push to the project', () => {
  it('when it asks, then the branch and the merge request are in the project', async () => {
    expect(await commit(as(cast.carol))).toBe('made');
    const head = await cast.project.git.head(`b${branches}`);
    expect(await cast.project.git.git('rev-parse', `${head}^`)).toBe(await cast.project.git.head('main'));
    expect(await cast.project.git.git('show', `${head}:policy/x.yaml`)).toBe('reason: ü');
    const draft = { sourceBranch: `b${branches}`, targetBranch: 'main', title: 'T', description: 'D' };
    const { iid, url } = await as(cast.carol).open(project, draft);
    expect(url).toBe(`${cast.gitlab.url}/repos/sre/access/-/merge_requests/${iid}`);
    expect(cast.project.mergeRequests.at(-1)).toMatchObject({ iid, source: { id: project }, author: { username: 'carol' }, title: 'T' });
    expect(await messageOf(as(cast.carol).open(project, draft))).toContain('may be there already');
  });
});

describe('given an account that may not', () => {
  it('when it asks in the project, then GitLab says no, and nothing was done', async () => {
    expect(await commit(as(newcomer))).toBe('may-not');
    expect(await cast.project.git.find(`refs/heads/b${branches}`)).toBeUndefined();
  });
});

describe('given a token that is not good enough', () => {
  it('when it may only read, then the message names the scope, and it is not taken for an account that may not push', async () => {
    expect(await messageOf(commit(as(cast.carol, ['read_api'])))).toContain('needs the scope api');
  });

  it('when it is a fine-grained one without the permission, then that is said, and it is not taken for an account that may not push', async () => {
    const body = '{"error":"insufficient_granular_scope"}';
    cast.gitlab.faults.add(/commits$/, { kind: 'answer', status: 403, body }, { method: 'POST' });
    expect(await messageOf(commit(as(cast.carol)))).toMatch(/a fine-grained one and lacks the permission.*needs the scope api/);
  });

  it('when GitLab refuses with a page of HTML, then that is a no like any other', async () => {
    cast.gitlab.faults.add(/commits$/, { kind: 'html', status: 403 }, { method: 'POST' });
    expect(await commit(as(cast.carol))).toBe('may-not');
  });

  it('when GitLab does not answer the commit, then it is sent once and the project counts as not answering', async () => {
    cast.gitlab.faults.add(/commits$/, { kind: 'answer', status: 502 }, { method: 'POST' });
    cast.gitlab.faults.forget();
    await expect(commit(as(cast.carol))).rejects.toBeInstanceOf(Unavailable);
    expect(cast.gitlab.faults.log.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });
});
