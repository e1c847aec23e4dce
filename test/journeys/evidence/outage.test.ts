// GitLab or Git is down, slow or lies: nothing widens, nothing that should stay goes, and what may narrow still does (cases 29, 32).
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Harm } from '../../support/gitlab/faults.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, waitsFor } from '../documents.ts';
import { day, minute, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const urbanecm = grantPath('urbanecm');
const api = /\/api\/v4\//;

/** hoo is in for two days, h2o and person1 for fourteen; then h2o's file is deleted by a push, person1 is revoked, and urbanecm's approved grant lands. */
async function dayOfTheOutage(): Promise<Scene> {
  const scene = await world.scene();
  await scene.land({ [grantPath('hoo')]: grantFile(scene.day(2)) });
  await scene.land({ [grantPath('h2o')]: grantFile(scene.day(14)) });
  await scene.land({ [grantPath('person1')]: grantFile(scene.day(14)), [grantPath('person2')]: grantFile(scene.day(14)) });
  await scene.reconcile();
  expect(await scene.members()).toEqual(['h2o', 'hoo', 'person1', 'person2']);
  await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
  await scene.push(world.mallory, { [grantPath('h2o')]: null });
  return scene;
}

function revoke(scene: Scene, uid: string): void {
  const at = new Date(world.gitlab.clock.now()).toISOString();
  mkdirSync(join(scene.state, 'revoked'), { recursive: true });
  writeFileSync(join(scene.state, 'revoked', `${uid}.json`), JSON.stringify({ format: 1, uid, reason: 'a test', at }));
}

describe('given members whose grants were judged before', () => {
  it.each<{ what: string; where: RegExp; harm: Harm }>([
    { what: 'GitLab hangs up', where: api, harm: { kind: 'drop' } },
    { what: 'GitLab answers 503', where: api, harm: { kind: 'answer', status: 503 } },
    { what: 'case 32: GitLab answers 429', where: api, harm: { kind: 'rate-limit', retryAfter: 3600 } },
    { what: 'case 32: GitLab answers HTML with 200', where: api, harm: { kind: 'html' } },
    { what: 'the list of merge requests is cut off', where: /commits\/[0-9a-f]+\/merge_requests/, harm: { kind: 'truncate' } },
    { what: 'case 32: approvals are a list', where: /approvals/, harm: { kind: 'answer', status: 200, body: '[]' } },
    { what: 'the approvals are not found', where: /approvals/, harm: { kind: 'answer', status: 404, body: '{"message":"404 Not found"}' } },
    {
      what: 'case 32: numbers are strings',
      where: /versions/,
      harm: { kind: 'rewrite', change: (body) => [body].flat().map((one) => ({ ...Object(one), id: String(Object(one).id) })) },
    },
  ])('when $what, then the grant waits, what narrows still happens, and after the outage the grant counts', async ({ where, harm }) => {
    const scene = await dayOfTheOutage();
    revoke(scene, 'person1');
    world.gitlab.faults.add(where, harm);

    const during = await scene.reconcile();
    expect(during.status.all).toContain('unavailable');
    expect(during.policy.pending.map(({ path }) => path)).toContain(urbanecm);
    expect(await scene.members()).toEqual(['hoo', 'person2']);

    scene.wait(3 * day);
    const later = await scene.reconcile();
    expect([later.groups[0]?.remove, await scene.members()]).toEqual([
      [expect.objectContaining({ uid: 'hoo', because: expect.objectContaining({ kind: 'expired' }) })],
      ['person2'],
    ]);

    world.gitlab.faults.clear();
    await scene.reconcile();
    expect(await scene.members()).toEqual(['person2', 'urbanecm']);
  });

  it('when GitLab is down, then the text says what waits, for what, and that it has no effect until then', async () => {
    const scene = await dayOfTheOutage();
    world.gitlab.faults.add(api, { kind: 'drop' });
    const { status, stdout } = await scene.run('reconcile');
    expect(stdout).toContain(`waits      ${urbanecm}`);
    expect(stdout.replaceAll(/\n {11}/g, ' ')).toContain('until then the change has no effect');
    expect(stdout).toMatch(/h2o +out: .*was deleted in/);
    expect(status).toBe(75);
  });

  it('when Git is down, then nothing is judged, members stay, and expiry and revocation go on', async () => {
    const scene = await dayOfTheOutage();
    world.gitlab.faults.add(/\.git\//, { kind: 'answer', status: 503 });
    revoke(scene, 'person1');
    const during = await scene.reconcile();
    expect([during.status.all, await scene.members()]).toEqual([['unavailable'], ['h2o', 'hoo', 'person2']]);
    scene.wait(3 * day);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['h2o', 'person2']);
    world.gitlab.faults.clear();
    await scene.reconcile();
    expect(await scene.members()).toEqual(['person2', 'urbanecm']);
  });

  it('when both are down before the very first run, then nothing is known and nothing is done', async () => {
    const scene = await world.scene();
    await world.slapd.setMembers('klaxon-users', ['mallory']);
    world.gitlab.faults.add(/./, { kind: 'answer', status: 503 });
    const run = await scene.reconcile();
    expect([run.status.all.includes('unavailable'), run.groups[0]?.state, await scene.members()]).toEqual([true, 'frozen', ['mallory']]);
  });

  it('when GitLab is slow, then it is waited for', async () => {
    const scene = await dayOfTheOutage();
    world.gitlab.faults.add(api, { kind: 'delay', milliseconds: 400 });
    expect((await scene.reconcile()).status.code).toBe(75);
    expect(await scene.members()).toContain('urbanecm');
  });

  it('case 32: when the second page of the notes fails, then alice, who pushed on that page, is not taken for a reviewer', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    const at = world.gitlab.clock.now();
    const note = { body: 'changed the description', author: world.carol, system: true, at, updatedAt: at };
    for (let index = 1; index <= 105; index += 1) mergeRequest.notes.push({ id: index, ...note });
    await scene.push(world.alice, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    world.gitlab.faults.add(/notes\?.*\bpage=2\b/, { kind: 'answer', status: 500 });

    const during = await scene.reconcile();
    world.gitlab.faults.clear();
    const after = await scene.reconcile();

    expect([waitsFor(during), refusals(after), await scene.members()]).toEqual([['gitlab-unavailable'], [`no-approval ${urbanecm}`], []]);
  });

  it('case 29: when the server does not say when somebody approved, then status 5 with a hint, and nobody gains', async () => {
    const scene = await dayOfTheOutage();
    world.gitlab.forge.tellsApprovalTimes = false;
    const run = await scene.reconcile();
    world.gitlab.forge.tellsApprovalTimes = true;
    expect([run.status.all, run.problems?.map(({ message }) => message).join()]).toEqual([
      ['input'],
      expect.stringContaining('update the server'),
    ]);
    expect(await scene.members()).toEqual(['hoo', 'person1', 'person2']);
  });

  it('when the token is refused, then status 5 says what to do', async () => {
    const scene = await dayOfTheOutage();
    world.gitlab.faults.add(api, { kind: 'answer', status: 401, body: '{"message":"401 Unauthorized"}' });
    const run = await scene.reconcile();
    expect([run.status.code, run.problems?.map(({ message }) => message).join()]).toEqual([5, expect.stringContaining('Make a new one')]);
  });

  it('when another project takes the place of the one in the configuration, then status 5, and nobody gains', async () => {
    const scene = await dayOfTheOutage();
    const body = JSON.stringify({ id: 4711, path_with_namespace: scene.project.path, default_branch: 'main', web_url: world.gitlab.url });
    world.gitlab.faults.add(/\/api\/v4\/projects\/[^/]+$/, { kind: 'answer', status: 200, body });
    const run = await scene.reconcile();
    expect([run.status.code, run.problems?.map(({ code }) => code), await scene.members()]).toEqual([
      5,
      ['project-changed'],
      ['hoo', 'person1', 'person2'],
    ]);
  });
});

describe('given what was judged once', () => {
  it('when nothing changed, then GitLab is asked nothing; when something else landed, nothing; when the policy changed, once in its life', async () => {
    const scene = await world.scene();
    const asked = () => world.gitlab.faults.count(api);
    // The first run asks GitLab for the time.
    await scene.reconcile();
    world.gitlab.faults.forget();
    await scene.reconcile();
    expect(asked()).toBe(0);

    await scene.push(world.mallory, { 'README.md': 'not the policy\n' });
    await scene.reconcile();
    expect(asked()).toBe(0);

    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    await scene.reconcile();
    expect(world.gitlab.faults.count(/\/approvals/)).toBe(1);

    world.gitlab.faults.forget();
    await scene.reconcile();
    await scene.reconcile();
    expect(asked()).toBe(0);
  });

  it('when a landing waits and a person refuses it, then the next run refuses it; a commit that does not wait is status 1', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    const landing = await scene.merge(mergeRequest);
    await scene.land({ [grantPath('hoo')]: grantFile(scene.day(14)) });
    world.gitlab.faults.add(new RegExp(`commits/${landing}`), { kind: 'html' });
    await scene.reconcile();
    scene.wait(60 * minute);
    expect((await scene.reconcile()).policy.pending.map(({ path }) => path)).toEqual([grantPath('hoo'), urbanecm]);

    const refuse = await scene.run('refuse', landing, '--reason', 'GitLab lost it');
    const run = await scene.reconcile();

    expect(refuse.status).toBe(0);
    expect([refusals(run), await scene.members()]).toEqual([[`refused-by-hand ${urbanecm}`], ['hoo']]);
    expect(run.policy.refused[0]?.message).toMatch(/GitLab lost it, by (?:login \S+, )?account \S/);
    world.gitlab.faults.clear();
    await scene.reconcile();
    expect(await scene.members()).toEqual(['hoo']);
    expect((await scene.run('refuse', landing, '--reason', 'again')).status).toBe(1);
    expect((await scene.run('refuse', scene.start, '--reason', 'the start')).status).toBe(1);
  });
});
