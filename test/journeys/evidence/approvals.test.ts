// Whose approval counts, and for what (cases 23, 26 to 29, 35, and neighbours).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { User } from '../../support/gitlab/world.ts';
import { grantFile, grantPath, groupFile, policyFile } from './policy-files.ts';
import { refusals } from '../documents.ts';
import { day, group, minute, startWorld, type Scene, type World } from './world.ts';

let world: World;
/** carol's other account on GitLab. */
let carolAgain: User;
beforeAll(async () => {
  world = await startWorld();
  carolAgain = world.gitlab.forge.createUser('carol-again', { id: 99 });
});
afterAll(() => world.stop());

const urbanecm = grantPath('urbanecm');
const carolTwice = policyFile({ people: { carol: { gitlab: [57, 99] } } });

/** Why urbanecm's grant is refused; undefined where it is not the only thing refused, or somebody is in. */
async function refusal(scene: Scene): Promise<string | undefined> {
  const { policy } = await scene.reconcile();
  const [first, ...others] = policy.refused;
  const refused = first?.code === 'no-approval' && first.path === urbanecm && others.length === 0;
  return refused && (await scene.members()).length === 0 ? first.message : undefined;
}

describe('given a merge request with a grant for urbanecm', () => {
  const open = (scene: Scene, author = world.carol) => scene.open(author, { [urbanecm]: grantFile(scene.day(14)) });

  it('when nobody approves it, then it is refused, and the message counts', async () => {
    const scene = await world.scene();
    await scene.merge(await open(scene));
    expect(await refusal(scene)).toContain('0 of 1 approval by sre');
  });

  it('case 26: when its author approves it, then that does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene, world.alice);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice opened the merge request');
  });

  it.each([{ from: 57 }, { from: 99 }])(
    'case 26: when account $from of carol opens it and the other one approves, then that does not count',
    async ({ from }) => {
      const scene = await world.scene({ policy: carolTwice });
      const [author, other] = from === 57 ? [world.carol, carolAgain] : [carolAgain, world.carol];
      const mergeRequest = await open(scene, author);
      scene.approve(mergeRequest, other);
      await scene.merge(mergeRequest);
      expect(await refusal(scene)).toContain('carol opened the merge request');
    },
  );

  it('when mallory approves it, who is nobody in the policy, then that does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    scene.approve(mergeRequest, world.mallory);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('mallory is not among the people of policy.yaml');
  });

  it('when mallory takes the name of alice and approves it, then that does not count: the number is the person', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    scene.approve(mergeRequest, world.mallory);
    await scene.merge(mergeRequest);
    world.mallory.username = 'alice';
    expect(await refusal(scene)).toContain('is not among the people');
    world.mallory.username = 'mallory';
  });

  it('case 27: when alice pushed to its branch and approves it, then that does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    await scene.push(world.alice, { [urbanecm]: grantFile(scene.day(20)) }, mergeRequest.sourceBranch);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice pushed to its branch');
  });

  it('case 27: when alice presses the button of a suggestion and approves it, then that does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    const changes = { [urbanecm]: grantFile(scene.day(20)) };
    await world.gitlab.suggestionApplied(mergeRequest, { by: world.alice, suggestedBy: world.mallory, changes });
    scene.wait(minute);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice pushed to its branch');
  });

  it('case 28: when two are needed and both accounts of carol approve, then she counts once; with bob it is enough', async () => {
    const twice = { policy: policyFile({ people: { carol: { gitlab: [57, 99] } } }), group: groupFile({ approvals: 2 }) };
    const scene = await world.scene(twice);
    const mergeRequest = await open(scene, world.alice);
    scene.approve(mergeRequest, world.carol, carolAgain);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('1 of 2 approvals');

    const enough = await world.scene(twice);
    await enough.land({ [urbanecm]: grantFile(enough.day(14)) }, { author: world.alice, approvers: [world.carol, world.bob] });
    await enough.reconcile();
    expect(await enough.members()).toEqual(['urbanecm']);
  });

  it('case 29: when the approval is of the very moment of the last version, or after the merge, then it does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    world.gitlab.approve(mergeRequest, world.alice, mergeRequest.versions.at(-1)?.at);
    world.gitlab.approve(mergeRequest, world.bob, world.gitlab.clock.now() + minute);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain(
      'alice approved less than a minute after the content had changed; it had to be revoked and given again before the merge; bob approved after the merge',
    );
  });

  it('when the approval is a minute younger than the version to the millisecond, then it counts', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    world.gitlab.approve(mergeRequest, world.alice, (mergeRequest.versions.at(-1)?.at ?? 0) + minute);
    await scene.merge(mergeRequest);
    await scene.reconcile();
    expect(await scene.members()).toEqual(['urbanecm']);
  });

  it('when the approval is older than 14 days at the merge, then it does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(40)) });
    scene.approve(mergeRequest, world.alice);
    scene.wait(14 * day);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice approved more than 14 days before the merge');
  });

  it.each([
    {
      what: 'closed and reopened',
      change: async (scene: Scene, of: Awaited<ReturnType<typeof open>>) => {
        world.gitlab.close(of, world.carol);
        scene.wait(minute);
        await world.gitlab.reopen(of, world.carol);
      },
    },
    {
      what: 'sent to another branch and back',
      change: async (scene: Scene, of: Awaited<ReturnType<typeof open>>) => {
        await scene.project.git.setRef('refs/heads/dev', scene.start);
        await world.gitlab.retarget(of, world.carol, 'dev');
        scene.wait(minute);
        await world.gitlab.retarget(of, world.carol, 'main');
      },
    },
  ])('when it is $what after the approval, then the approval does not count', async ({ change }) => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    scene.approve(mergeRequest, world.alice);
    await change(scene, mergeRequest);
    scene.wait(minute);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice approved before the merge request was pointed at another branch, closed or reopened');
  });

  it('when it was approved for a harmless branch and then sent to main, then the approval does not count', async () => {
    const scene = await world.scene();
    await scene.project.git.setRef('refs/heads/dev', scene.start);
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) }, { targetBranch: 'dev' });
    scene.approve(mergeRequest, world.alice);
    await world.gitlab.retarget(mergeRequest, world.carol, 'main');
    scene.wait(minute);
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice approved before the merge request was pointed at another branch');
  });

  it('case 35: when the approval is withdrawn before anybody looked, then it is refused; afterwards, then nothing changes', async () => {
    const before = await world.scene();
    const withdrawn = await open(before);
    before.approve(withdrawn, world.alice);
    world.gitlab.unapprove(withdrawn, world.alice);
    await before.merge(withdrawn);
    expect(await refusal(before)).toContain('0 of 1 approval');

    const after = await world.scene();
    const judged = await open(after);
    after.approve(judged, world.alice);
    await after.merge(judged);
    await after.reconcile();
    judged.approvals = [];
    const run = await after.reconcile();
    expect([run.status.code, await after.members()]).toEqual([0, ['urbanecm']]);
  });

  it('when alice is blocked on GitLab before anybody looked, then her approval does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await open(scene);
    scene.approve(mergeRequest, world.alice);
    await scene.merge(mergeRequest);
    world.alice.state = 'blocked';
    expect(await refusal(scene)).toContain('alice has an account that is not active');
    world.alice.state = 'active';
  });

  it('when it comes from a fork whose owner approves it, then that counts for nothing; with alice it is endorsed', async () => {
    const scene = await world.scene();
    const fork = await world.gitlab.forge.fork(scene.project, world.mallory);
    const mine = await scene.open(world.mallory, { [grantPath('mallory')]: grantFile(scene.day(14)) }, { sourceProject: fork });
    scene.approve(mine, world.mallory);
    await scene.merge(mine);
    const proper = await scene.open(world.mallory, { [urbanecm]: grantFile(scene.day(14)) }, { sourceProject: fork });
    scene.approve(proper, world.alice);
    await scene.merge(proper);

    const run = await scene.reconcile();

    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${grantPath('mallory')}`], ['urbanecm']]);
  });

  it('when the grant is for alice herself, then bob has to approve it', async () => {
    const scene = await world.scene({ policy: policyFile({ people: { alice: { gitlab: 42, also: ['h2o'] } } }) });
    await scene.land({ [grantPath('h2o')]: grantFile(scene.day(14)) }, { approvers: [world.alice] });
    await scene.land({ [grantPath('alice')]: grantFile(scene.day(14)) }, { approvers: [world.bob] });
    const run = await scene.reconcile();
    expect([refusals(run), await scene.members()]).toEqual([[`no-approval ${grantPath('h2o')}`], ['alice']]);
    expect(run.policy.refused[0]?.message).toContain('alice gains by it');
  });
});

describe(`given the rules of ${group}`, () => {
  it('case 23: when bob takes alice off the team before her approved merge request is merged, then her approval does not count', async () => {
    const scene = await world.scene();
    const mergeRequest = await scene.open(world.carol, { [urbanecm]: grantFile(scene.day(14)) });
    scene.approve(mergeRequest, world.alice);
    await scene.land({ 'policy/policy.yaml': policyFile({ sre: ['bob', 'carol'] }) }, { approvers: [world.bob] });
    await scene.merge(mergeRequest);
    expect(await refusal(scene)).toContain('alice is on no team that approves this');
  });
});
