// Every way in which GitLab can fail to answer leads to "not known", never to "no", and the token stays where it belongs.
import { createServer, type Server } from 'node:http';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openGitLab, type GitLab, type GitLabSettings } from '../../src/gitlab/gitlab.ts';
import type { EvidenceAnswer } from '../../src/evidence/evidence.ts';
import { instant, parseCommitId, type CommitId } from '../../src/names.ts';
import { Unavailable, Unusable } from '../../src/errors.ts';
import type { Harm } from '../support/gitlab/faults.ts';
import { startWithPeople, type Cast } from '../support/gitlab/people.ts';

let cast: Cast;
let commit: CommitId;

beforeAll(async () => {
  cast = await startWithPeople();
  await cast.gitlab.commitAndPush(cast.project, cast.alice, 'grant', { grant: '1\n' });
  const mergeRequest = await cast.gitlab.openMergeRequest(cast.project, { author: cast.alice, sourceBranch: 'grant' });
  for (let place = 0; place < 130; place += 1) {
    mergeRequest.notes.push({
      id: 100_000 + place,
      body: 'added 1 commit',
      system: true,
      author: cast.alice,
      at: cast.gitlab.clock.now(),
      updatedAt: 0,
    });
  }
  cast.gitlab.clock.advance(3000);
  cast.gitlab.approve(mergeRequest, cast.bob);
  commit = parseCommitId(await cast.gitlab.merge(mergeRequest, cast.bob)) ?? raise();
});
beforeEach(() => {
  cast.gitlab.faults.clear();
  cast.gitlab.faults.forget();
});
afterAll(async () => cast.gitlab.stop());

function raise(): never {
  throw new Error('no commit');
}

function adapter(settings: Partial<GitLabSettings> = {}): GitLab {
  return openGitLab({
    url: cast.gitlab.url,
    token: cast.token,
    project: 'repos/sre/access',
    now: () => instant(0),
    firstPause: 1,
    timeout: 10_000,
    ...settings,
  });
}

async function ask(settings: Partial<GitLabSettings> = {}): Promise<EvidenceAnswer> {
  return adapter(settings).evidenceFor(commit, { project: 7, branch: 'main' });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : raise();
}

/** One request of each kind that the evidence is made of. */
const requests = [
  ['the merge requests of the commit', /commits\/[0-9a-f]+\/merge_requests/],
  ['the merge request', /merge_requests\/1$/],
  ['the approvals', /merge_requests\/1\/approvals/],
  ['the versions', /merge_requests\/1\/versions/],
  ['the notes', /merge_requests\/1\/notes/],
  ['the second page of the notes', /merge_requests\/1\/notes.*[?&]page=2/],
  ['the state events', /merge_requests\/1\/resource_state_events/],
] as const;

const harms: readonly (readonly [string, Harm, string])[] = [
  ['is a 500', { kind: 'answer', status: 500 }, 'gitlab-unavailable'],
  ['is a 502 page', { kind: 'html', status: 502 }, 'gitlab-unavailable'],
  ['is a 503', { kind: 'answer', status: 503 }, 'gitlab-unavailable'],
  ['is "Retry later" for an hour', { kind: 'rate-limit', retryAfter: 3600 }, 'gitlab-unavailable'],
  ['is a page with status 200', { kind: 'html' }, 'malformed-answer'],
  ['never comes', { kind: 'hang' }, 'gitlab-unavailable'],
  ['is a closed connection', { kind: 'drop' }, 'gitlab-unavailable'],
  ['is cut short', { kind: 'truncate' }, 'gitlab-unavailable'],
  ['has broken JSON', { kind: 'answer', status: 200, body: '[{"id":' }, 'malformed-answer'],
  ['is null', { kind: 'answer', status: 200, body: 'null' }, 'malformed-answer'],
  ['is a number', { kind: 'answer', status: 200, body: '7' }, 'malformed-answer'],
  ['is a string', { kind: 'answer', status: 200, body: '"yes"' }, 'malformed-answer'],
  ['is an object without content', { kind: 'answer', status: 200, body: '{}' }, 'malformed-answer'],
  ['is a redirect', { kind: 'answer', status: 302, headers: { location: '/api/v4/user' } }, 'gitlab-unavailable'],
  ['is another protocol', { kind: 'answer', status: 101, headers: { connection: 'Upgrade', upgrade: 'x' } }, 'gitlab-unavailable'],
  ['is compressed', { kind: 'compress' }, 'malformed-answer'],
  ['is called compressed', { kind: 'headers', headers: { 'content-encoding': 'gzip' } }, 'malformed-answer'],
  ['is a project that has moved', { kind: 'answer', status: 301, headers: { location: '/api/v4/projects/8' } }, 'gitlab-unavailable'],
  ['is a 403 for a fine-grained token', { kind: 'answer', status: 403, body: '{"error":"insufficient_granular_scope"}' }, 'token-refused'],
  ['is a 401', { kind: 'answer', status: 401 }, 'token-refused'],
  ['is a 403', { kind: 'answer', status: 403 }, 'token-refused'],
  ['is a 404', { kind: 'answer', status: 404 }, 'commit-unknown'],
  [
    'has numbers as strings',
    { kind: 'rewrite', change: (body) => JSON.parse(JSON.stringify(body).replace(/"id":(\d+)/g, '"id":"$1"')) },
    'malformed-answer',
  ],
];

describe.each(requests)('given that the answer for %s', (_, where) => {
  test.each(harms)('%s, when evidence is asked for, then it is not known', async (__, harm, code) => {
    cast.gitlab.faults.add(where, harm);
    expect(await ask({ timeout: harm.kind === 'hang' ? 300 : 10_000 })).toMatchObject({ kind: 'waiting', code });
  });
});

test.each([
  ['is compressed, which nobody asked for', { kind: 'compress' }, /it is compressed, which was not asked for/],
  [
    'is no, to a fine-grained token',
    { kind: 'answer', status: 403, body: '{"error":"insufficient_granular_scope"}' },
    /fine-grained one and lacks the permission/,
  ],
  ['is no, to a token without the scope', { kind: 'answer', status: 403, body: '{"error":"insufficient_scope"}' }, /lacks the scope/],
] as const)('given an answer that %s, then the message says so', async (_, harm, words) => {
  cast.gitlab.faults.add(/merge_requests\/1\/versions/, harm);
  expect(await ask()).toMatchObject({ kind: 'waiting', message: expect.stringMatching(words) });
});

test.each(requests)('given that %s hiccups twice, when evidence is asked for, then it is known', async (_, where) => {
  cast.gitlab.faults.add(where, { kind: 'answer', status: 502 }, { times: 1 });
  cast.gitlab.faults.add(where, { kind: 'drop' }, { times: 1 });
  expect(await ask()).toMatchObject({ kind: 'known' });
});

test('given that a proxy takes the Link header away, when a list is longer than a page, then the answer is not taken for the whole', async () => {
  cast.gitlab.faults.add(/notes/, { kind: 'headers', headers: { link: null } });
  expect(await ask()).toMatchObject({ kind: 'waiting', code: 'malformed-answer' });
});

describe('given entries that the account of the token may not see', () => {
  test.each([
    ['notes', /merge_requests\/1\/notes/],
    ['pushes to the project', /\/events/],
  ])('when they are %s, then GitLab counts them all the same, and nobody has to wait for them', async (_, where) => {
    cast.gitlab.faults.add(where, { kind: 'headers', headers: { 'x-total': '999' } });
    expect(await ask()).toMatchObject({ kind: 'known' });
  });

  test('when notes are among them, then it is known how many, and where pushes are, that not all are shown', async () => {
    cast.gitlab.faults.add(/merge_requests\/1\/notes/, { kind: 'rewrite', change: () => [] });
    const hidden = await ask();
    expect(hidden).toMatchObject({ evidence: { candidates: [{ review: { hiddenNotes: expect.any(Number), eventsShown: true } }] } });
    cast.gitlab.faults.add(/\/events/, { kind: 'headers', headers: { 'x-total': '999' } });
    expect(await ask()).toMatchObject({ evidence: { candidates: [{ review: { eventsShown: false } }] } });
  });
});

test('given that a proxy takes every header of the pages away, when a page is full, then the answer is not taken for the whole', async () => {
  const none = ['link', 'x-total', 'x-total-pages', 'x-page', 'x-per-page', 'x-next-page', 'x-prev-page'].map((name) => [name, null]);
  cast.gitlab.faults.add(/notes/, { kind: 'headers', headers: Object.fromEntries(none) });
  expect(await ask()).toMatchObject({ kind: 'waiting', code: 'malformed-answer' });
});

test('given a server that answers without a length and does not end, when the time is over, then it counts as not answering', async () => {
  const endless = createServer((_, response) => {
    response.removeHeader('transfer-encoding');
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, { 'content-type': 'application/json' }).write('[]');
  });
  const url = await listen(endless);
  const answer = await openGitLab({ url, project: 'repos/sre/access', now: () => instant(0), timeout: 300, attempts: 1 })
    .project()
    .catch((error: unknown) => error);
  endless.closeAllConnections();
  await new Promise((resolve) => endless.close(resolve));
  expect(answer).toBeInstanceOf(Unavailable);
  expect(String(answer)).toContain('took too long');
});

test('given a server that asks to wait a second, when it is asked again, then that second has passed', async () => {
  cast.gitlab.faults.add(/approvals/, { kind: 'rate-limit', retryAfter: 1 }, { times: 1 });
  const before = Date.now();
  expect(await ask()).toMatchObject({ kind: 'known' });
  expect(Date.now() - before).toBeGreaterThanOrEqual(1000);
});

test('given a server that is down, when evidence is asked for, then each read was tried four times and no more', async () => {
  cast.gitlab.faults.add(/./, { kind: 'answer', status: 503 });
  await ask();
  expect(cast.gitlab.faults.count()).toBe(4);
});

test('given no server at all, then evidence is not known and the project is unavailable', async () => {
  const gone = createServer();
  const nowhere = { url: await listen(gone) };
  await new Promise((resolve) => gone.close(resolve));
  expect(await ask(nowhere)).toMatchObject({
    kind: 'waiting',
    code: 'gitlab-unavailable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await expect(adapter(nowhere).project()).rejects.toBeInstanceOf(Unavailable);
});

test('given a project that was deleted, when evidence is asked for, then that is said and not that the commit is unknown', async () => {
  cast.gitlab.faults.add(/projects\/7/, { kind: 'answer', status: 404 });
  expect(await ask()).toMatchObject({ kind: 'waiting', code: 'project-unknown' });
});

test.each([401, 403, 404])('given status %i for the project, when it is resolved, then the message says what to do', async (status) => {
  cast.gitlab.faults.add(/projects\//, { kind: 'answer', status });
  await expect(adapter().project()).rejects.toBeInstanceOf(Unusable);
});

test('given at most two requests at a time, when evidence is asked for, then never more are under way', async () => {
  let running = 0;
  let most = 0;
  const proxy = createServer((request, response) => {
    running += 1;
    most = Math.max(most, running);
    void fetch(`${cast.gitlab.url}${request.url}`, { headers: { authorization: request.headers.authorization ?? '' } }).then(
      async (answer) => {
        const body = await answer.text();
        running -= 1;
        response.writeHead(answer.status, { 'content-type': 'application/json', link: answer.headers.get('link') ?? '' });
        response.end(body);
      },
    );
  });
  const gitlab = adapter({ url: `${await listen(proxy)}/`, concurrency: 2 });
  const answers = await Promise.all([1, 2, 3].map(async () => gitlab.evidenceFor(commit, { project: 7, branch: 'main' })));
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  expect(answers.map(({ kind }) => kind)).toEqual(['known', 'known', 'known']);
  expect(most).toBe(2);
});

describe('the token', () => {
  test('given any failure, when its error is printed in full, then the token is not in it', async () => {
    for (const [, harm] of harms) {
      cast.gitlab.faults.clear();
      cast.gitlab.faults.add(/projects/, harm);
      const error: unknown = await adapter({ attempts: 1, timeout: 300 })
        .project()
        .catch((reason: unknown) => reason);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(cast.token);
      expect(JSON.stringify(await ask({ attempts: 1, timeout: 300 }))).not.toContain(cast.token);
    }
    expect(inspect(adapter(), { depth: 20, showHidden: true })).not.toContain(cast.token);
  });

  test('given a redirect or a next page elsewhere, when it is answered, then nobody else hears anything', async () => {
    const heard: string[] = [];
    const other = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    });
    const elsewhere = `${await listen(other)}/api/v4/projects/7`;
    cast.gitlab.faults.add(/approvals/, { kind: 'answer', status: 307, headers: { location: elsewhere } });
    cast.gitlab.faults.add(/versions$|versions\?per/, { kind: 'headers', headers: { link: `<${elsewhere}?page=2>; rel="next"` } });
    await ask();
    await new Promise((resolve) => other.close(resolve));
    expect(heard).toEqual([]);
  });

  test('given a token, when GitLab is asked, then it goes as Authorization, and without one nothing is sent', async () => {
    await adapter().project();
    await openGitLab({ url: cast.gitlab.url, project: 'repos/sre/access', now: () => instant(0) })
      .project()
      .catch(() => undefined);
    expect(cast.gitlab.faults.log.map(({ authorization, privateToken }) => ({ authorization, privateToken }))).toEqual([
      { authorization: true, privateToken: false },
      { authorization: false, privateToken: false },
    ]);
  });
});
