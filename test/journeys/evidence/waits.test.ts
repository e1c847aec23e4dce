// Every wait has an end: one that is a landing's own, after six hours; one that is everybody's, when it is over (cases 74, 96, 98, 119).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Harm } from '../../support/gitlab/faults.ts';
import { free } from '../../support/gitlab/reviewing.ts';
import type { MergeRequest } from '../../support/gitlab/world.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals, waitsFor } from '../documents.ts';
import { minute, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const hour = 60 * minute;
const urbanecm = grantPath('urbanecm');
const hoo = grantPath('hoo');

/** !1 is in force; !2, of urbanecm, has been merged after it, and !3, of hoo, behind that. */
async function landedTwo(): Promise<Scene> {
  const scene = await world.scene();
  await scene.land({ [grantPath('h2o')]: grantFile(scene.day(14)) });
  await scene.reconcile();
  await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
  await scene.land({ [hoo]: grantFile(scene.day(14)) });
  return scene;
}

const broken = (change: (row: object) => object): Harm => ({
  kind: 'rewrite',
  change: (body) => [body].flat().map((row) => change(Object(row))),
});

describe('case 74: given a landing whose own question GitLab never answers well', () => {
  it.each<{ what: string; where: RegExp; harm: Harm }>([
    { what: 'a malformed note', where: /merge_requests\/2\/notes/, harm: { kind: 'answer', status: 200, body: '[{"id":1,"body":7}]' } },
    {
      what: 'a version without an end',
      where: /merge_requests\/2\/versions/,
      harm: broken((row) => ({ ...row, head_commit_sha: 'none' })),
    },
    { what: 'approvals that fail', where: /merge_requests\/2\/approvals/, harm: { kind: 'answer', status: 500 } },
  ])('when it is $what, then it is refused after six hours, and what stands behind it is judged', async ({ where, harm }) => {
    const scene = await landedTwo();
    world.gitlab.faults.add(where, harm);
    const first = await scene.reconcile();
    expect(first.policy.pending[1]?.message).toMatch(/answers the same about other changes since 20.*refused at 20/);
    scene.wait(3 * hour);
    expect(refusals(await scene.reconcile())).toEqual([]);
    scene.wait(3 * hour);
    const last = await scene.reconcile();
    expect([refusals(last), last.policy.pending]).toEqual([[`unanswered ${urbanecm}`], []]);
    expect(await scene.members()).toEqual(['h2o', 'hoo']);
  });

  it('when it was asked about in the last run, then what stands behind it is not asked about again', async () => {
    const scene = await landedTwo();
    world.gitlab.faults.add(/merge_requests\/2\/notes/, { kind: 'answer', status: 200, body: '[7]' });
    await scene.reconcile();
    world.gitlab.faults.forget();
    await scene.reconcile();
    // Once, as a witness that others are answered.
    expect(world.gitlab.faults.count(/merge_requests\/3\/notes/)).toBe(1);
  });
});

describe('case 119: given what fails for all', () => {
  it.each<{ what: string; where: RegExp; harm: Harm }>([
    { what: 'notes answer 500', where: /\/notes/, harm: { kind: 'answer', status: 500 } },
    {
      what: 'the token loses a scope',
      where: /\/notes/,
      harm: { kind: 'answer', status: 403, body: '{"error":"insufficient_granular_scope"}' },
    },
    { what: 'the token is over', where: /\/api\/v4\//, harm: { kind: 'answer', status: 401 } },
    { what: 'commits name no merge requests any more', where: /commits\/[0-9a-f]+\/merge_requests/, harm: { kind: 'answer', status: 500 } },
  ])('when $what for days, then nothing is refused, and after it all counts', async ({ where, harm }) => {
    const scene = await landedTwo();
    world.gitlab.faults.add(where, harm);
    for (let time = 0; time < 3; time += 1) {
      const run = await scene.reconcile();
      expect([refusals(run), run.policy.pending.length]).toEqual([[], 2]);
      scene.wait(20 * hour);
    }
    world.gitlab.faults.clear();
    await scene.reconcile();
    expect(await scene.members()).toEqual(['h2o', 'hoo', 'urbanecm']);
  });

  it('when events answer 500, and the others that were merged need none, then nothing is refused for that', async () => {
    const scene = await world.scene();
    await scene.land({ [grantPath('h2o')]: grantFile(scene.day(14)) });
    await scene.reconcile();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    // Nobody approved it: who pushed to it does not matter.
    for (let place = 0; place < 5; place += 1) await scene.land({ [`other-${place}`]: 'not the policy\n' }, { approvers: [] });
    world.gitlab.faults.add(/\/events/, { kind: 'answer', status: 500 });
    for (let time = 0; time < 3; time += 1) {
      const run = await scene.reconcile();
      expect([refusals(run), waitsFor(run)]).toEqual([[], ['gitlab-unavailable']]);
      scene.wait(20 * hour);
    }
    world.gitlab.faults.clear();
    await scene.reconcile();
    expect(await scene.members()).toEqual(['h2o', 'urbanecm']);
  });

  it('when there is a weekend without GitLab after a bad answer, and another bad answer after it, then nothing is refused for that', async () => {
    const scene = await landedTwo();
    const bad = /merge_requests\/2\/notes/;
    world.gitlab.faults.add(bad, { kind: 'answer', status: 200, body: '[7]' });
    await scene.reconcile();
    world.gitlab.faults.add(/\/api\/v4\//, { kind: 'drop' });
    scene.wait(hour);
    const during = await scene.reconcile();
    expect(during.policy.pending.length === 0 || refusals(during).length === 0).toBe(true);
    scene.wait(48 * hour);
    await scene.reconcile();
    world.gitlab.faults.clear();
    world.gitlab.faults.add(bad, { kind: 'answer', status: 200, body: '[7]' });
    const after = await scene.reconcile();
    expect([refusals(after), waitsFor(after)]).toEqual([[], ['waits-for-earlier', 'malformed-answer']]);
  });
});

describe('given the only merge request of a project, which GitLab does not answer about well', () => {
  it('when there is no other, then the message says so and how to end it; when another is opened, then it has an end', async () => {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    world.gitlab.faults.add(/merge_requests\/1\/notes/, { kind: 'answer', status: 200, body: '[7]' });
    await scene.reconcile();
    scene.wait(20 * hour);
    const alone = await scene.reconcile();
    expect([refusals(alone), alone.policy.pending[0]?.message]).toEqual([
      [],
      expect.stringMatching(
        /there is no other merge request .* until there is one, or until somebody types "muster refuse [0-9a-f]{12} --reason/,
      ),
    ]);
    await scene.open(world.carol, { [hoo]: grantFile(scene.day(14)) });
    expect((await scene.reconcile()).policy.pending[0]?.message).toMatch(/answers the same about other changes since 20.*refused at 20/);
    scene.wait(6 * hour);
    expect(refusals(await scene.reconcile())).toEqual([`unanswered ${urbanecm}`]);
  });
});

it('case 96: given a push that neither a visible note nor an event tells of, when six hours are over, then it is refused with the way on', async () => {
  const scene = await world.scene();
  const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
  await scene.push(world.carol, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
  for (const note of mergeRequest.notes) note.hidden = true;
  world.gitlab.faults.add(/\/events/, { kind: 'answer', status: 403 });
  scene.approve(mergeRequest, world.alice);
  await scene.merge(mergeRequest);
  await scene.reconcile();
  scene.wait(6 * hour);
  const { policy } = await scene.reconcile();
  expect(policy.refused).toMatchObject([
    { code: 'unanswered', message: expect.stringContaining('pushes a new version, and that one is approved') },
  ]);
});

describe('case 98: given a merge request that stays locked', () => {
  async function locked(): Promise<{ scene: Scene; mergeRequest: MergeRequest }> {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { lockedFor: 100 * hour });
    return { scene, mergeRequest };
  }

  it('when hours pass, then it is said from two on and refused at six', async () => {
    const { scene } = await locked();
    expect((await scene.reconcile()).policy.pending[0]?.message).not.toContain('administrator of GitLab');
    scene.wait(2 * hour);
    expect((await scene.reconcile()).policy.pending[0]?.message).toMatch(/administrator of GitLab looks.* at 20.* it is refused/);
    scene.wait(4 * hour);
    expect(refusals(await scene.reconcile())).toEqual([`unanswered ${urbanecm}`]);
  });

  it('when it is freed before that, without a time and without an event, then it is dated by the commit and counts', async () => {
    const { scene, mergeRequest } = await locked();
    await scene.reconcile();
    scene.wait(3 * hour);
    free(mergeRequest);
    const { groups } = await scene.reconcile();
    expect([groups[0]?.add.map(({ uid }) => uid), await scene.members()]).toEqual([['urbanecm'], ['urbanecm']]);
  });
});

describe('case 98: given a host whose GitLab is not as it was', () => {
  async function landed(): Promise<Scene> {
    const scene = await world.scene();
    await scene.land({ [urbanecm]: grantFile(scene.day(14)) });
    return scene;
  }

  it('when it has no token, then the run says so with status 5, and doctor says ERROR', async () => {
    const scene = await landed();
    const config = join(scene.folder, 'muster.yaml');
    const text = readFileSync(config, 'utf8');
    const [before = '', after = ''] = text.split(/^gitlab:\n/m);
    writeFileSync(config, `${before}gitlab:\n${after.replace(/^ +token-file: .*\n/m, '')}`);
    const run = await scene.reconcile();
    expect([run.status.code, waitsFor(run), run.problems?.map(({ code }) => code)]).toEqual([5, ['no-token'], ['no-token']]);
    expect((await scene.run('doctor')).stdout).toMatch(/ERROR +gitlab +GitLab shows [^>]*gitlab\.token-file/);
  });

  it('when the project has moved, then the run names the number to write', async () => {
    const scene = await landed();
    const old = scene.project.path;
    world.gitlab.forge.move(scene.project, `${old}-moved`);
    const git = await scene.reconcile();
    expect([git.status.code, git.problems?.map(({ message }) => message).join()]).toEqual([5, expect.stringContaining('has moved')]);
    const config = join(scene.folder, 'muster.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(`${old}.git`, `${old}-moved.git`));
    const api = await scene.reconcile();
    expect([api.status.code, api.problems?.map(({ message }) => message).join()]).toEqual([
      5,
      expect.stringContaining(`"project: ${scene.project.id}"`),
    ]);
    writeFileSync(config, readFileSync(config, 'utf8').replace(`project: ${old}`, `project: ${scene.project.id}`));
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });
});

describe('given a landing that waits', () => {
  it('when it is refused by the twelve digits that plan prints, then nobody is asked for that', async () => {
    const scene = await landedTwo();
    world.gitlab.faults.add(/merge_requests\/2\/notes/, { kind: 'answer', status: 200, body: '[7]' });
    const { policy } = await scene.reconcile();
    const commit = policy.pending.find(({ path }) => path === urbanecm)?.commit ?? '';
    world.gitlab.faults.forget();
    const refused = await scene.run('refuse', commit.slice(0, 12), '--reason', 'its notes are broken');
    expect([refused.status, world.gitlab.faults.count()]).toEqual([0, 0]);
    expect(refusals(await scene.reconcile())).toEqual([`refused-by-hand ${urbanecm}`]);
    expect((await scene.run('refuse', commit.slice(0, 11), '--reason', 'too short')).status).toBe(2);
  });
});
