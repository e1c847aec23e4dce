// A fast-forward by one merge request is one landing, from where the branch stood to its head (cases 11, 76, 116, and neighbours).
import { describe, expect, it } from 'vitest';
import type { FileChanges } from '../../support/gitlab/repository.ts';
import type { MergeRequest, User } from '../../support/gitlab/world.ts';
import { grantFile, grantPath } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { lookingTime, minute, startWorld, type Scene } from './world.ts';
import { ofThisFile } from '../../support/of-this-file.ts';

const world = ofThisFile(() => startWorld());

const [h2o, hoo, urbanecm] = [grantPath('h2o'), grantPath('hoo'), grantPath('urbanecm')];

/** A merge request of several commits, the first of them on top of main or of another branch. */
async function stack(
  scene: Scene,
  branch: string,
  commits: readonly FileChanges[],
  on?: string,
  author: User = world.carol,
): Promise<MergeRequest> {
  const { git } = scene.project;
  let tip = await git.head(on ?? 'main');
  for (const changes of commits) tip = await git.commit({ parents: [tip], changes, at: world.gitlab.clock.now() });
  await world.gitlab.push(scene.project, author, branch, tip);
  const mergeRequest = await world.gitlab.openMergeRequest(scene.project, { author, sourceBranch: branch });
  scene.wait(lookingTime);
  return mergeRequest;
}

describe.each([
  { events: 'where GitLab shows its events', shown: true },
  { events: 'where it does not', shown: false },
])('given h2o with a grant, $events', ({ shown }) => {
  async function begun(): Promise<Scene> {
    const scene = await world.scene();
    await scene.land({ [h2o]: grantFile(scene.day(14)) });
    await scene.reconcile();
    expect(await scene.members()).toEqual(['h2o']);
    world.gitlab.forge.showsEvents = shown;
    return scene;
  }

  it('cases 11 and 76: when three commits delete it, put it back and grant urbanecm, and are approved as a whole, then urbanecm is in and h2o untouched', async () => {
    const scene = await begun();
    const mergeRequest = await stack(scene, 'three', [
      { [h2o]: null },
      { [h2o]: grantFile(scene.day(14)) },
      { [urbanecm]: grantFile(scene.day(14)) },
    ]);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { method: 'ff' });
    const run = await scene.reconcile();
    expect([refusals(run), run.policy.pending, await scene.members()]).toEqual([[], [], ['h2o', 'urbanecm']]);
    expect(refusals(await scene.reconcile())).toEqual([]);
  });

  it('case 76: when nobody approved them, then the whole is refused, and h2o is untouched', async () => {
    const scene = await begun();
    await scene.merge(
      await stack(scene, 'three', [{ [h2o]: null }, { [h2o]: grantFile(scene.day(14)) }, { [urbanecm]: grantFile(scene.day(14)) }]),
      { method: 'ff' },
    );
    const run = await scene.reconcile();
    expect([refusals(run), run.policy.pending, await scene.members()]).toEqual([[`no-approval ${urbanecm}`], [], ['h2o']]);
  });

  it('when what comes to nothing is fast-forwarded, then nothing changes, and nothing is refused', async () => {
    const scene = await begun();
    await scene.merge(await stack(scene, 'nothing', [{ [h2o]: null }, { [h2o]: grantFile(scene.day(14)) }]), { method: 'ff' });
    const run = await scene.reconcile();
    expect([refusals(run), run.policy.pending, await scene.members()]).toEqual([[], [], ['h2o']]);
    // It has left no verdict, and an auditor does not miss one.
    expect((await scene.run('verify')).stdout).toContain('All of it holds.');
  });

  it('when one of its commits changes another file, then the whole is refused as impure', async () => {
    const scene = await begun();
    const mergeRequest = await stack(scene, 'impure', [{ 'README.md': 'more\n' }, { [urbanecm]: grantFile(scene.day(14)) }]);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { method: 'ff' });
    expect(refusals(await scene.reconcile())).toEqual([`impure ${urbanecm}`]);
  });

  it('when main was merged into its branch, then it is refused, and the message says rebase', async () => {
    const scene = await begun();
    const mergeRequest = await stack(scene, 'merged-into', [{ [urbanecm]: grantFile(scene.day(14)) }]);
    await scene.push(world.bob, { 'README.md': 'something else\n' });
    await world.gitlab.updateFromTarget(mergeRequest, world.carol);
    scene.wait(lookingTime);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { method: 'ff' });
    const run = await scene.settle();
    expect([run.policy.refused.map(({ path }) => path), await scene.members()]).toEqual([[urbanecm], ['h2o']]);
    expect(run.policy.refused[0]?.message).toContain('rebase the branch before it is approved');
  });

  describe('case 116: and one merge request that takes it away, and another stacked on it that puts it back and grants urbanecm', () => {
    async function stacked(): Promise<{ scene: Scene; below: MergeRequest; above: MergeRequest }> {
      const scene = await begun();
      const below = await stack(scene, 'below', [{ [hoo]: grantFile(scene.day(7)) }, { [hoo]: null, [h2o]: null }]);
      const above = await stack(scene, 'above', [{ [h2o]: grantFile(scene.day(14)) }, { [urbanecm]: grantFile(scene.day(14)) }], 'below');
      scene.approve(below, world.alice);
      scene.approve(above, world.alice);
      return { scene, below, above };
    }
    const ends = async (scene: Scene) => {
      const run = await scene.reconcile();
      return [refusals(run), run.policy.pending, await scene.members()];
    };
    const refused = [[`no-approval ${h2o}`, `no-approval ${urbanecm}`], [], []];

    it('when both are merged within one fetch, then the first counts and the second is refused', async () => {
      const { scene, below, above } = await stacked();
      await scene.merge(below, { method: 'ff' });
      scene.wait(minute);
      await scene.merge(above, { method: 'ff' });
      expect(await ends(scene)).toEqual(refused);
    });

    it('when a run comes between them, then the verdicts are the same', async () => {
      const { scene, below, above } = await stacked();
      await scene.merge(below, { method: 'ff' });
      await scene.reconcile();
      await scene.merge(above, { method: 'ff' });
      expect(await ends(scene)).toEqual(refused);
    });

    it('when a run that cannot judge comes between them, then the verdicts are the same', async () => {
      const { scene, below, above } = await stacked();
      await scene.merge(below, { method: 'ff' });
      world.gitlab.faults.add(/\/api\/v4\//, { kind: 'drop' });
      await scene.reconcile();
      world.gitlab.faults.clear();
      await scene.merge(above, { method: 'ff' });
      expect(await ends(scene)).toEqual(refused);
    });

    it('when the record is rebuilt, then the verdicts are the same', async () => {
      const { scene, below, above } = await stacked();
      await scene.merge(below, { method: 'ff' });
      await scene.reconcile();
      await scene.merge(above, { method: 'ff' });
      await scene.reconcile();
      scene.loseState();
      const { policy } = await scene.plan();
      expect([refusals({ ...(await scene.plan()) }), policy.pending]).toEqual([refused[0], []]);
    });
  });
});

it('given the commits of a merge request that somebody pushed past it, then nothing of it is one landing', async () => {
  world.gitlab.forge.showsEvents = true;
  const scene = await world.scene();
  const mergeRequest = await stack(scene, 'pushed', [{ [hoo]: grantFile(scene.day(14)) }, { [urbanecm]: grantFile(scene.day(14)) }]);
  scene.approve(mergeRequest, world.alice);
  await world.gitlab.push(scene.project, world.mallory, 'main', mergeRequest.head);
  const run = await scene.settle();
  expect([run.policy.refused.map(({ path }) => path), await scene.members()]).toEqual([[hoo, urbanecm], []]);
});

describe('given what is refused for its form', () => {
  const impure = (scene: Scene) => ({ [urbanecm]: grantFile(scene.day(14)), 'README.md': 'more\n' });
  const end = async (scene: Scene) => {
    const run = await scene.reconcile();
    return [refusals(run), run.policy.pending.length];
  };

  it.each([
    { what: 'pushed', merged: false },
    { what: 'merged', merged: true },
  ])('when it was $what alone, and GitLab says nothing of commits, then that is final at once', async ({ merged }) => {
    const scene = await world.scene();
    if (merged) await scene.land(impure(scene));
    else await scene.push(world.mallory, impure(scene));
    world.gitlab.faults.add(/commits\/[0-9a-f]+\/merge_requests/, { kind: 'answer', status: 500 });
    expect(await end(scene)).toEqual([[`impure ${urbanecm}`], 0]);
  });

  it.each([
    { what: 'answers nothing', where: /\/api\/v4\// },
    { what: 'says nothing of commits', where: /commits\/[0-9a-f]+\/merge_requests/ },
  ])('when it may be the middle of a fast-forward, and GitLab $what, then it waits until that is known', async ({ where }) => {
    const scene = await world.scene();
    const mergeRequest = await stack(scene, 'middle', [impure(scene), { 'README.md': null }, { [hoo]: grantFile(scene.day(14)) }]);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest, { method: 'ff' });
    world.gitlab.faults.add(where, { kind: 'answer', status: 500 });
    const [refused] = await end(scene);
    world.gitlab.faults.clear();
    expect([refused, await end(scene), await scene.members()]).toEqual([[], [[], 0], ['hoo', 'urbanecm']]);
  });
});
